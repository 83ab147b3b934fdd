// SPDX-License-Identifier: Apache-2.0
#include "tool/command.h"
#include "tool/file_job.h"

static enum err take_line(struct arena *a, str line, struct sandbox_job *job)
{
    if (str_find_char(line, '\0') != STR_NONE || line.len > COMMAND_WORD_MAX)
        return failed(ERR_INPUT, "a command has at most %d bytes and no NUL; a longer one is written to a file first",
                      COMMAND_WORD_MAX);
    if (str_trim(line).len == 0)
        return failed(ERR_INPUT, "give command, a line of shell, or argv, a program and its arguments");
    job->command = arena_c(a, line);
    return OK;
}

static enum err take_command(struct arena *a, const json_t *arguments, struct sandbox_job *job)
{
    static const char *const nothing[] = { NULL };

    if (!json_at(arguments, "argv"))
        return take_line(a, json_text_str(arguments, "command"), job);
    if (json_at(arguments, "command"))
        return failed(ERR_INPUT, "give command or argv, not both");
    TRY(command_words(a, arguments, "argv", nothing, &job->argv));
    if (!job->argv[0] || !job->argv[0][0])
        return failed(ERR_INPUT, "argv: its first word is the program to run");
    return OK;
}

static enum err exec_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct sandbox_job job;
    struct sandbox_outcome outcome;

    TRY(command_job(cx, arguments, &job, out));
    if (out->is_error)
        return OK;
    if (take_command(cx->arena, arguments, &job) != OK) {
        *out = tool_refusal(cx, "%s", failed_text());
        return OK;
    }
    TRY(command_run(&job, &outcome, out));
    *out = command_result(cx->arena, &job, &outcome);
    return OK;
}

const struct tool tool_exec = {
    .name = "exec",
    .description = "Runs a line of shell, or a program with its arguments, in a sandbox without network (but for the proxy in "
                   "$HTTPS_PROXY, if it is set); it sees the system read-only and may write in the workspace, where it starts, "
                   "and in /tmp, which is empty each time.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"command\":{\"type\":\"string\",\"description\":\"Line for /bin/sh\"},"
              "\"argv\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},"
              "\"description\":\"Instead of command: a program and its arguments, taken as they are, without a shell\"},"
              COMMAND_SCHEMA "}}",
    .risk = RISK_EXECUTE, .reads = READS_WORKSPACE, .repeatable = false, .run = exec_run,
};
