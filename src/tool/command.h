// SPDX-License-Identifier: Apache-2.0
/* command.h: what the tools that run code share: the arguments that say how it runs, and how its end is told. */
#pragma once
#include "domain/tool.h"
#include "tool/sandbox.h"

enum { COMMAND_WORD_MAX = 100 << 10 };      /* the kernel takes 128 KiB in one word */

/* The members of a schema's "properties" that command_job() takes. */
#define COMMAND_SCHEMA \
    "\"cwd\":{\"type\":\"string\",\"description\":\"Folder to start in, relative to the workspace\"}," \
    "\"env\":{\"type\":\"object\",\"description\":\"Environment variables to set: names and their values\"}," \
    "\"stdin\":{\"type\":\"string\",\"description\":\"Its standard input; empty if absent\"}," \
    "\"timeout\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":300,\"description\":\"Seconds after which it is killed\"}"

/* A job as the configuration and the arguments cwd, env, stdin and timeout have it: only the command is missing.
 * When out->is_error, they do not fit, and it says why. */
enum err command_job(const struct tool_context *, const json_t *arguments, struct sandbox_job *ret_job,
                     struct tool_result *out) AWAITS MUST_USE;

/* The argument `name`, an array of strings, as words behind those of `first` (ends with NULL); in the arena. */
enum err command_words(struct arena *, const json_t *arguments, const char *name, const char *const *first,
                       const char *const **ret_argv) MUST_USE;

/* Variables under those of the call, which hold where both say something. */
void command_set_env(struct sandbox_job *, const char *const *more);
/* The argument "path" as an absolute path, the workspace itself when absent; what follows "::" need not be there.
 * When out->is_error, there is nothing, and it says so. */
enum err command_path(const struct tool_context *, const json_t *arguments, const char **ret_path, struct tool_result *out) AWAITS MUST_USE;

/* "[exit status 1 after 0.2 s]", or what else ended it. */
const char *command_end(struct arena *, const struct sandbox_job *, const struct sandbox_outcome *);
/* Its output, and then how it ended; an error of the tool only when it was cut off. */
struct tool_result command_result(struct arena *, const struct sandbox_job *, const struct sandbox_outcome *);
/* sandbox_run(); where that fails on the way, out->taint says that what it left behind may come from the network. */
enum err command_run(const struct sandbox_job *, struct sandbox_outcome *, struct tool_result *out) AWAITS MUST_USE;
/* Whose words its output may be: "what came from api.github.com"; "" when it reached nobody. */
str command_taint(struct arena *, const struct sandbox_outcome *);
/* Was there no such program to run? */
bool command_was_missing(const struct sandbox_outcome *, const char *program);
