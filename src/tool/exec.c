// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool/file_job.h"
#include "tool/sandbox.h"
#include "tool/settings.h"

enum { COMMAND_MAX = 100 << 10 };      /* the kernel takes 128 KiB in one argument */

/* The folder is looked up as the file tools look theirs up, for the sake of a clear answer; what keeps the command
 * inside is the sandbox. */
static enum err find_folder(struct file_job *job)
{
    str cwd = json_text_str(job->arguments, "cwd");
    const char *relative;
    int fd;

    TRY(workspace_relative(&job->workspace, job->arena, cwd, &relative));
    TRY(workspace_open_at(&job->workspace, relative, O_PATH | O_DIRECTORY, &fd));
    close(fd);
    buf_add(&job->text, str_from(relative));
    return OK;
}

static const char *how_it_ended(struct arena *a, const struct sandbox_job *job, const struct sandbox_outcome *o)
{
    double seconds = (double)o->ms / 1000;

    if (o->timed_out)
        return arena_printf(a, "[timed out after %.1f s and was killed]", (double)job->limits.wall_ms / 1000);
    if (o->out_of_memory)
        return arena_printf(a, "[exit status %d after %.1f s; killed for using more than %" PRIu64 " MiB of memory]",
                            o->exit_code, seconds, job->limits.memory >> 20);
    if (o->exit_code > 128 && o->exit_code < 128 + 65)
        return arena_printf(a, "[exit status %d (%s) after %.1f s]", o->exit_code, strsignal(o->exit_code - 128), seconds);
    return arena_printf(a, "[exit status %d after %.1f s]", o->exit_code, seconds);
}

static struct tool_result describe(struct arena *a, const struct sandbox_job *job, const struct sandbox_outcome *o)
{
    const char *end = o->output.len && o->output.p[o->output.len - 1] != '\n' ? "\n" : "";
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_add(&text, o->output);
    buf_addf(&text, "%s%s", end, how_it_ended(a, job, o));
    return (struct tool_result){ .text = arena_str(a, buf_str(&text)), .is_error = o->timed_out || o->out_of_memory };
}

static enum err exec_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    str command = json_text_str(arguments, "command");
    struct sandbox_job job = {
        .arena = cx->arena, .workspace = cx->workspace, .command = arena_c(cx->arena, command),
        .input = json_text_str(arguments, "stdin"), .limits = sandbox_limits_now(), .require = sandbox_required_now(),
    };
    int64_t seconds = json_int(arguments, "timeout", 0);
    struct sandbox_outcome outcome;

    if (str_find_char(command, '\0') != STR_NONE || command.len > COMMAND_MAX) {
        *out = tool_refusal(cx, "a command has at most %d bytes and no NUL; a longer one is written to a file first", COMMAND_MAX);
        return OK;
    }
    if (seconds > 0)
        job.limits.wall_ms = (uint64_t)seconds * 1000;
    TRY(file_job_run(cx, arguments, find_folder, out));
    if (out->is_error)
        return OK;
    job.cwd = arena_c(cx->arena, out->text);
    TRY(sandbox_run(&job, &outcome));
    *out = describe(cx->arena, &job, &outcome);
    return OK;
}

const struct tool tool_exec = {
    .name = "exec",
    .description = "Runs a line of shell in a sandbox without network; it sees the system read-only and may write in the "
                   "workspace, where it starts, and in /tmp, which is empty each time.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"command\"],\"properties\":{"
              "\"command\":{\"type\":\"string\",\"description\":\"Line for /bin/sh\"},"
              "\"cwd\":{\"type\":\"string\",\"description\":\"Folder to start in, relative to the workspace\"},"
              "\"stdin\":{\"type\":\"string\",\"description\":\"Its standard input; empty if absent\"},"
              "\"timeout\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":300,"
              "\"description\":\"Seconds after which it is killed\"}}}",
    .risk = RISK_EXECUTE, .repeatable = false, .run = exec_run,
};
