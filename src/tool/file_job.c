// SPDX-License-Identifier: Apache-2.0
#include "tool/file_job.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "runtime/offload.h"

struct offloaded { struct file_job *job; enum err (*work)(struct file_job *); };

static enum err in_thread(void *arg)
{
    const struct offloaded *o = arg;
    struct file_job *job = o->job;
    CLEANUP(workspace_close) struct workspace w = { .fd = -1 };
    str path = json_text_str(job->arguments, "path");

    TRY(workspace_open(job->root, &w));
    job->workspace = w;
    TRY(workspace_relative(&w, job->arena, path, &job->path));
    return o->work(job);
}

enum err file_job_run(const struct tool_context *cx, const json_t *arguments, enum err (*work)(struct file_job *),
                      struct tool_result *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct file_job job = {
        .arena = a, .root = cx->workspace, .arguments = arguments, .path = ".", .text = { .max = FILE_JOB_TEXT_MAX },
    };
    struct offloaded o = { .job = &job, .work = work };
    enum err e = fiber_offload(in_thread, &o);
    str text = arena_str(cx->arena, buf_str(&job.text));

    buf_done(&job.text);
    if (e == ERR_CANCELLED || e == ERR_TIMEOUT || e == ERR_BUG)
        return e;
    *out = e ? tool_refusal(cx, "%s", failed_text()) : (struct tool_result){ .text = text };
    return OK;
}

struct tool_result tool_refusal(const struct tool_context *cx, const char *fmt, ...)
{
    CLEANUP(buf_done) struct buf clean = { 0 };
    char text[1024];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    utf8_add_repaired(&clean, str_from(text));
    return (struct tool_result){ .text = arena_str(cx->arena, buf_str(&clean)), .is_error = true };
}

enum err file_job_binary(const struct file_job *job, int64_t size)
{
    return failed(ERR_INPUT, "%s: a binary file of %" PRId64 " bytes; exec with file, xxd or strings shows what is in it",
                  job->path, size);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

enum err file_job_read(struct file_job *job, size_t max, str *ret_content)
{
    CLEANUP(close_fd) int fd = -1;
    struct stat st;
    size_t n = 0, size;
    char *text;

    TRY(workspace_open_file(&job->workspace, job->path, &fd, &st));
    size = (size_t)st.st_size;
    if (size > max)
        return failed(ERR_LIMIT, "%s: %zu bytes are too many for this tool, which takes %zu", job->path, size, max);
    text = arena_alloc(job->arena, size + 1);
    while (n < size) {
        ssize_t got = read(fd, text + n, size - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(ERR_IO, "%s: %s", job->path, strerror(errno));
        if (got == 0)
            break;
        n += (size_t)got;
    }
    if (memchr(text, '\0', n))
        return file_job_binary(job, st.st_size);
    *ret_content = str_of(text, n);
    return OK;
}
