// SPDX-License-Identifier: Apache-2.0
/* pytest.c: runs pytest through pytest_driver.py, whose last line says what happened.  The tests run in the same process
 * and could write that line themselves: it is the word of code from the workspace, as all output is. */
#include <inttypes.h>
#include <string.h>

#include "base/embedded.h"
#include "tool/command.h"
#include "tool/file_job.h"

extern const struct embedded_file pytest_files[];

enum { OUTPUT_MIN = 16 << 10, NO_TESTS = 5 };      /* the last line must not be cut */
#define MARK "\n@clawdbot-pytest "

static const char *const quiet[] = { "-q", "--tb=short", "--no-header", "--color=no", "-p", "no:cacheprovider" };
static const char *const environment[] = { "PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1", NULL };

static const char *const *driver_argv(struct arena *a, const char *workspace, const char *path, str keyword)
{
    const char **argv = arena_alloc(a, (N_ELEMENTS(quiet) + 8) * sizeof *argv);
    size_t n = 0;

    argv[n++] = "python3";
    argv[n++] = "-c";
    argv[n++] = embedded_named(pytest_files, S("pytest_driver.py")).p;
    argv[n++] = workspace;
    for (size_t i = 0; i < N_ELEMENTS(quiet); i++)
        argv[n++] = quiet[i];
    if (keyword.len) {
        argv[n++] = "-k";
        argv[n++] = arena_c(a, keyword);
    }
    argv[n] = path;
    return argv;
}

/* What the driver said last; NULL: nothing, it did not come to its end. */
static json_t *report_of(str output, str *ret_before)
{
    size_t at = STR_NONE, next, from = 0;
    json_t *report = NULL;

    while ((next = str_find(str_skip(output, from), S(MARK))) != STR_NONE) {
        at = from + next;
        from = at + 1;
    }
    *ret_before = str_trim(str_take(output, at));
    if (at == STR_NONE || json_parse(str_trim(str_skip(output, at + strlen(MARK))), &report) != OK)
        return NULL;
    return report;
}

static void add_counts(const json_t *report, uint64_t ms, struct buf *out)
{
    static const struct { const char *name, *text; bool always; } counts[] = {
        { "passed", "passed", true }, { "failed", "failed", true }, { "errors", "errors", true }, { "skipped", "skipped", true },
        { "xfailed", "failed as expected", false }, { "xpassed", "passed unexpectedly", false },
    };

    for (size_t i = 0; i < N_ELEMENTS(counts); i++) {
        int64_t n = json_int(report, counts[i].name, 0);

        if (n || counts[i].always)
            buf_addf(out, "%s%" PRId64 " %s", i ? ", " : "", n, counts[i].text);
    }
    buf_addf(out, " in %.1f s\n", (double)ms / 1000);
}

static struct tool_result describe(const struct tool_context *cx, const json_t *report, str said, uint64_t ms)
{
    CLEANUP(buf_done) struct buf text = { .max = said.len + (64 << 10) };
    str test = json_text_str(report, "first.test"), where = json_text_str(report, "first.where");

    add_counts(report, ms, &text);
    if (json_at(report, "first"))
        buf_addf(&text, "first failure: %.*s%s%.*s\n%.*s\n", STR(test), where.len ? ", at " : "", STR(where),
                 STR(json_text_str(report, "first.message")));
    buf_addf(&text, "\n%.*s\n", STR(said));
    return (struct tool_result){ .text = arena_str(cx->arena, buf_str(&text)) };
}

static struct tool_result judge(const struct tool_context *cx, const struct sandbox_job *job, const struct sandbox_outcome *o)
{
    str said;
    CLEANUP(json_decrefp) json_t *report = report_of(o->output, &said);
    struct sandbox_outcome shown = *o;
    struct tool_result r;
    int64_t code = json_int(report, "code", -1);

    if (command_was_missing(o, "python3") || json_flag(report, "missing"))
        return tool_refusal(cx, "pytest is not installed on this machine; its owner can: apt install python3-pytest. "
                            "Until then the tool python runs code, and unittest with it");
    if (code == NO_TESTS)
        return tool_refusal(cx, "no tests were found there; pytest takes functions test_* in files test_*.py or *_test.py");
    if (report && (code == 0 || code == 1 || json_at(report, "first")))
        return describe(cx, report, said, o->ms);
    if (report)
        shown.output = said;
    r = command_result(cx->arena, job, &shown);
    r.is_error = true;      /* pytest's own trouble, or none of its words: killed, or a test ended the process */
    return r;
}

static enum err pytest_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
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
    job.argv = driver_argv(cx->arena, cx->workspace, path, json_text_str(arguments, "keyword"));
    command_set_env(&job, environment);
    if (job.limits.output < OUTPUT_MIN)
        job.limits.output = OUTPUT_MIN;
    TRY(command_run(&job, &outcome, out));
    *out = judge(cx, &job, &outcome);
    out->taint = command_taint(cx->arena, &outcome);
    return OK;
}

const struct tool tool_pytest = {
    .name = "pytest",
    .description = "Runs Python tests of the workspace with pytest, in the sandbox; tells how many passed and failed, and the "
                   "first failure.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"path\":{\"type\":\"string\",\"description\":\"Folder, file or test (tests/test_a.py::test_x), relative to the "
              "workspace; all of it if absent\"},"
              "\"keyword\":{\"type\":\"string\",\"description\":\"Only tests that match: an expression as for pytest -k\"},"
              COMMAND_SCHEMA "}}",
    .risk = RISK_EXECUTE, .reads = READS_WORKSPACE, .repeatable = false, .run = pytest_run,
};
