// SPDX-License-Identifier: Apache-2.0
/* project.h: the folder of a conversation's project (/project), and the commands by which it is tested, built and checked: those of the
 * setting `projects`, else what its files suggest (pyproject.toml: pytest, Cargo.toml: cargo test, ...). */
#pragma once
#include "base/arena.h"

struct project {
    str name;               /* "": none; then the folder is the workspace */
    str folder;             /* absolute */
    str test, build, lint;  /* lines of shell */
};

/* A project that the settings do not have is the folder of that name in the workspace; the commands are looked for only `with_commands`. */
enum project_wish { PROJECT_FOLDER, PROJECT_COMMANDS };
enum err project_find(struct arena *, str name, const char *workspace, enum project_wish, struct project *out) AWAITS MUST_USE;
