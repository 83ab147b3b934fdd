// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"
#include "tool/background.h"
#include "tool/command.h"
#include "tool/file_job.h"

enum { FIRST_MS = 1000, QUIET_MS = 200, TYPED_MAX = 4000 };

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

/* A terminal takes a line of 4095 bytes, and holds about as much as nobody has read yet. */
static enum err take_terminal(const json_t *arguments, struct sandbox_job *job)
{
    if (!json_flag(arguments, "terminal"))
        return OK;
    if (job->input.len > TYPED_MAX)
        return failed(ERR_INPUT, "stdin: on a terminal at most %d bytes are typed ahead", TYPED_MAX);
    job->terminal = (struct terminal_size){ (unsigned short)json_int(arguments, "columns", 100),
                                            (unsigned short)json_int(arguments, "rows", 30) };
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

static enum err make_job(const struct tool_context *cx, const json_t *arguments, struct sandbox_job *job, struct tool_result *out) AWAITS
{
    TRY(command_job(cx, arguments, job, out));
    if (!out->is_error && (take_command(cx->arena, arguments, job) != OK || take_terminal(arguments, job) != OK))
        *out = tool_refusal(cx, "%s", failed_text());
    return OK;
}

/* As it was asked for, for the list of processes. */
static const char *show(struct arena *a, const struct sandbox_job *job)
{
    CLEANUP(buf_done) struct buf text = { .max = 1000 };

    if (!job->argv)
        return job->command;
    for (size_t i = 0; job->argv[i]; i++)
        buf_addf(&text, "%s%s", i ? " " : "", job->argv[i]);
    return arena_c(a, buf_str(&text));
}

/* What the call leaves behind lives in the process's own arena. */
static enum err run_in_background(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    CLEANUP(background_unrefp) struct background *b = NULL;
    struct tool_context own;

    if (background_new(cx, &b, &own) != OK) {
        *out = tool_refusal(cx, "%s", failed_text());
        return OK;
    }
    TRY(make_job(&own, arguments, &b->job, out));
    if (out->is_error) {
        out->text = arena_str(cx->arena, out->text);
        return OK;
    }
    b->shown = show(own.arena, &b->job);
    b->job.input = arena_str(own.arena, b->job.input);
    b->job.input_later = b->job.input.len == 0 || b->job.terminal.columns;
    if (json_int(arguments, "timeout", 0) == 0)
        b->job.limits.wall_ms = config_now()->sandbox_background_wall_time;
    TRY(background_start(b));
    TRY(background_settle(b, FIRST_MS, QUIET_MS));
    if (b->ended && b->failure)
        return failed(b->failure, "%s", b->why);
    *out = background_page(cx, b, 0);
    return OK;
}

static enum err exec_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct sandbox_job job;
    struct sandbox_outcome outcome;

    if (json_flag(arguments, "background"))
        return run_in_background(cx, arguments, out);
    TRY(make_job(cx, arguments, &job, out));
    if (out->is_error)
        return OK;
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
              "\"background\":{\"type\":\"boolean\",\"description\":\"Return after a second at most and let it go on: the tool process "
              "looks after it. Without stdin its input stays open\"},"
              "\"terminal\":{\"type\":\"boolean\",\"description\":\"Give it a terminal, for programs that want one; stdin is typed\"},"
              "\"columns\":{\"type\":\"integer\",\"minimum\":10,\"maximum\":1000,\"description\":\"Of the terminal; 100 if absent\"},"
              "\"rows\":{\"type\":\"integer\",\"minimum\":2,\"maximum\":500,\"description\":\"Of the terminal; 30 if absent\"},"
              COMMAND_SCHEMA "}}",
    .risk = RISK_EXECUTE, .reads = READS_WORKSPACE, .repeatable = false, .run = exec_run,
};
