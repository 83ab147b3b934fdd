// SPDX-License-Identifier: Apache-2.0
/* desk.h: for tests: the tools as a model calls them, by name, with arguments as text, in a workspace of the test's own. */
#pragma once
#include "tool/sandbox_fixture.h"
#include "tool/run.h"

struct desk { struct fixture f; struct tool_context cx; };

void desk_open(struct desk *);
void desk_done(struct desk *) AWAITS;
#define DESK(d) CLEANUP(desk_done) struct desk d; desk_open(&d)

/* A failure of the call fails the test; so does a result that is not UTF-8. */
struct tool_result desk_call(struct desk *, const char *name, const char *arguments) AWAITS;
/* What a file of the workspace begins with, at most 4095 bytes. */
const char *desk_content(struct desk *, const char *name);

#define CHECK_SAYS(d, name, arguments, want) \
    do { struct tool_result says_ = desk_call((d), (name), (arguments)); CHECK_STR(says_.text, (want)); CHECK(!says_.is_error); } while (0)
/* `want` is a part of what is said */
#define CHECK_TELLS(d, name, arguments, want, error) \
    do { \
        struct tool_result says_ = desk_call((d), (name), (arguments)); \
        if (says_.is_error != (error) || str_find(says_.text, str_from(want)) == STR_NONE) \
            test_failed(__FILE__, __LINE__, "%s %s: %.*s", (name), (arguments), STR(says_.text)); \
    } while (0)
#define CHECK_REFUSES(d, name, arguments, want) CHECK_TELLS((d), (name), (arguments), (want), true)
