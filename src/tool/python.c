// SPDX-License-Identifier: Apache-2.0
#include "tool/command.h"
#include "tool/file_job.h"

static const char *const environment[] = { "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", NULL };

static enum err take_code(struct arena *a, const json_t *arguments, const char *path, struct sandbox_job *job)
{
    str code = json_text_str(arguments, "code");
    const char *const run_code[] = { "python3", "-c", arena_c(a, code), NULL };
    const char *const run_file[] = { "python3", path, NULL };

    if (!json_at(arguments, "code") == !json_at(arguments, "path"))
        return failed(ERR_INPUT, "give code, or path, a file with code");
    if (code.len > COMMAND_WORD_MAX)
        return failed(ERR_INPUT, "code has at most %d bytes; more is written to a file first, and path names it", COMMAND_WORD_MAX);
    return command_words(a, arguments, "args", json_at(arguments, "code") ? run_code : run_file, &job->argv);
}

static enum err python_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct sandbox_outcome outcome;
    struct sandbox_job job;
    const char *path;

    TRY(command_job(cx, arguments, &job, out));
    if (out->is_error)
        return OK;
    TRY(command_path(cx, arguments, &path, out));
    if (out->is_error)
        return OK;
    if (take_code(cx->arena, arguments, path, &job) != OK) {
        *out = tool_refusal(cx, "%s", failed_text());
        return OK;
    }
    command_set_env(&job, environment);
    TRY(command_run(&job, &outcome, out));
    *out = command_result(cx->arena, &job, &outcome);
    if (command_was_missing(&outcome, "python3"))
        *out = tool_refusal(cx, "python3 is not installed on this machine; its owner can: apt install python3");
    return OK;
}

const struct tool tool_python = {
    .name = "python",
    .description = "Runs Python 3 code, or a file of the workspace with it, in the sandbox of exec; what it prints is the result.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"code\":{\"type\":\"string\",\"description\":\"The code\"},"
              "\"path\":{\"type\":\"string\",\"description\":\"Instead of code: a file with it, relative to the workspace\"},"
              "\"args\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"Its arguments, sys.argv[1:]\"},"
              COMMAND_SCHEMA "}}",
    .risk = RISK_EXECUTE, .reads = READS_WORKSPACE, .repeatable = false, .run = python_run,
};
