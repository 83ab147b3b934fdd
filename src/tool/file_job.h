// SPDX-License-Identifier: Apache-2.0
/* file_job.h: what the file tools share: their work runs in a pool thread with the workspace open, and what goes
 * wrong with a file is a result for the model to read, not an error of the turn. */
#pragma once
#include "domain/tool.h"
#include "tool/workspace.h"

struct file_job {
    struct arena     *arena;        /* of the job alone: the context's belongs to the loop thread */
    const char       *root;
    const json_t     *arguments;
    struct workspace  workspace;
    const char       *path;         /* the argument "path", relative to the workspace; "." when it is absent */
    struct buf        text;         /* the result; capped at FILE_JOB_TEXT_MAX */
};

enum { FILE_JOB_TEXT_MAX = 256 << 10 };

/* work() may block; an error of it becomes a result with is_error, with the error's text. */
enum err file_job_run(const struct tool_context *, const json_t *arguments, enum err (*work)(struct file_job *),
                      struct tool_result *out) AWAITS MUST_USE;

/* A result with is_error, in the context's arena. */
struct tool_result tool_refusal(const struct tool_context *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The whole of a file that is at most `max` bytes, as text of the job's arena: ERR_LIMIT, ERR_INPUT when binary. */
enum err file_job_read(struct file_job *, size_t max, str *ret_content) MUST_USE;
enum err file_job_binary(const struct file_job *, int64_t size) MUST_USE;      /* the error for it */
