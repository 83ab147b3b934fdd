// SPDX-License-Identifier: Apache-2.0
/* engine_context.h: what the command engine is told of a conversation, and the values that every plan can name besides an intent's slots:
 *
 *   workspace, cwd      the folder of the tools; the project's, or the same          project     its name
 *   today, stamp        2026-11-21; 20261121-083553, for names of files             zone        of the IANA database
 *   test, build, lint   the project's commands
 *   outside             there where `path` leads out of the workspace
 *   path_is_zip, path_is_python, path_is_node, path_is_file, destination_is_zip, process_is_number      conditions
 *   path_folder, path_name      of `path`, where there is one                        text_said   the message */
#pragma once
#include "gateway/answer.h"
#include "gateway/project.h"
#include "nlu/understand.h"

struct engine_context {
    struct nlu_context nlu;
    const char        *zone;        /* name */
    struct project     project;
};

enum err engine_context(struct gateway *, const struct answer *, struct engine_context *out) AWAITS MUST_USE;
/* Adds them to an intent's values. */
enum err engine_values(const struct answer *, struct engine_context *, const struct intent *, json_t *values) AWAITS MUST_USE;
/* The time zone of a conversation: its own, the setting's, this machine's. */
const char *engine_zone_name(str session_zone);
