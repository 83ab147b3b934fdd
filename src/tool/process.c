// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "runtime/clock.h"
#include "tool/background.h"
#include "tool/command.h"
#include "tool/file_job.h"

enum { WRITE_MS = 5000, ANSWER_MS = 1000, QUIET_MS = 200, GRACE_MS = 5000, PAGE_MAX = 32 << 10, WAIT_DEFAULT_S = 30 };

/* One call. */
struct call {
    const struct tool_context *cx;
    const json_t       *arguments;
    struct background  *b;          /* NULL: of `list` */
    struct tool_result *out;
};

static const char *state(struct arena *a, const struct background *b)
{
    if (!b->ended)
        return arena_printf(a, "[%s is running, %.1f s]", b->id, (double)(clock_ms() - b->began_ms) / 1000);
    if (b->failure)
        return arena_printf(a, "[%s ended: %s]", b->id, b->why);
    return arena_printf(a, "[%s ended] %s", b->id, command_end(a, &b->job, &b->outcome));
}

struct tool_result background_page(const struct tool_context *cx, struct background *b, uint64_t from)
{
    CLEANUP(buf_done) struct buf text = { .max = 4 * PAGE_MAX + 1024 };
    const struct capture *c = sandbox_output(b->command);
    uint64_t next, missing;
    str page = capture_page(c, cx->arena, from, PAGE_MAX, &next, &missing);

    if (missing)
        buf_addf(&text, "... %" PRIu64 " bytes were not kept ...\n", missing);
    buf_add(&text, page);
    if (text.len && text.p[text.len - 1] != '\n')
        buf_add_char(&text, '\n');
    buf_add(&text, str_from(state(cx->arena, b)));
    if (next < c->total)
        buf_addf(&text, " [output goes on at offset %" PRIu64 " of %" PRIu64 "]", next, c->total);
    if (next > b->seen)
        b->seen = next;
    return (struct tool_result){ .text = arena_str(cx->arena, buf_str(&text)), .taint = background_taint(cx->arena, b) };
}

/* ---- actions ---- */

static enum err list(struct call *k)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    size_t n;
    struct background **all = background_list(k->cx, &n);

    for (size_t i = 0; i < n; i++) {
        const struct background *b = all[i];
        uint64_t total = sandbox_output(b->command)->total;

        buf_addf(&text, "%s %" PRIu64 " bytes of output (%" PRIu64 " new): %.200s\n", state(k->cx->arena, b), total,
                 total - b->seen, b->shown);
    }
    if (n == 0)
        buf_add(&text, S("no processes (those of an earlier run of the assistant have ended with it)"));
    k->out->text = arena_str(k->cx->arena, buf_str(&text));
    return OK;
}

static enum err read_output(struct call *k)
{
    *k->out = background_page(k->cx, k->b, (uint64_t)json_int(k->arguments, "offset", (int64_t)k->b->seen));
    return OK;
}

/* Waits no longer than the process needs to take it; *bytes is what it did not take. */
static enum err write_within(struct background *b, str *bytes, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    b->writing = true;
    enum err e = sandbox_write(b->command, bytes);

    b->writing = false;
    return e;
}

static enum err write_input(struct call *k) AWAITS
{
    str text = json_text_str(k->arguments, "text"), rest = text;

    if (k->b->writing) {
        *k->out = tool_refusal(k->cx, "somebody writes to %s at this moment", k->b->id);
        return OK;
    }
    enum err e = write_within(k->b, &rest, WRITE_MS);

    TRY(fiber_check());
    if (e == ERR_TIMEOUT)
        *k->out = tool_refusal(k->cx, "%s does not read: it took %zu of %zu bytes", k->b->id, text.len - rest.len, text.len);
    else if (e)
        *k->out = tool_refusal(k->cx, "%s: %s", k->b->id, failed_text());
    if (e)
        return OK;
    if (json_flag(k->arguments, "close") && !k->b->ended)
        sandbox_close_input(k->b->command);
    TRY(background_settle(k->b, ANSWER_MS, QUIET_MS));
    return read_output(k);
}

static int signal_of(str name)
{
    static const struct { const char *name; int number; } known[] = {
        { "TERM", SIGTERM }, { "INT", SIGINT }, { "HUP", SIGHUP }, { "QUIT", SIGQUIT }, { "KILL", SIGKILL }, { "USR1", SIGUSR1 },
        { "USR2", SIGUSR2 }, { "STOP", SIGSTOP }, { "CONT", SIGCONT }, { "WINCH", SIGWINCH },
    };

    for (size_t i = 0; i < N_ELEMENTS(known); i++)
        if (str_eq(name, str_from(known[i].name)))
            return known[i].number;
    return SIGTERM;     /* the schema allows no other name */
}

/* Without a signal's name: until it is gone. */
static enum err kill_process(struct call *k) AWAITS
{
    str name = json_text_str(k->arguments, "signal");
    enum err e = sandbox_signal(k->b->command, signal_of(name));

    TRY(fiber_check());
    if (e == ERR_CONFLICT)
        return read_output(k);
    if (e && name.len) {
        *k->out = tool_refusal(k->cx, "%s: %s", k->b->id, failed_text());
        return OK;
    }
    if (e == OK)
        TRY(background_settle(k->b, name.len ? ANSWER_MS : GRACE_MS, 0));
    if (!k->b->ended && (name.len == 0 || str_eq(name, S("KILL")))) {
        (void)!sandbox_signal(k->b->command, SIGKILL);      /* it ended meanwhile: as well */
        TRY(background_settle(k->b, GRACE_MS, 0));
    }
    return read_output(k);
}

static enum err wait_process(struct call *k) AWAITS
{
    TRY(background_settle(k->b, (uint64_t)json_int(k->arguments, "seconds", WAIT_DEFAULT_S) * 1000, 0));
    return read_output(k);
}

static enum err with_process(struct call *k, enum err (*action)(struct call *) AWAITS) AWAITS
{
    str id = json_text_str(k->arguments, "id");
    CLEANUP(background_unrefp) struct background *b = background_find(k->cx, id);

    if (b == NULL) {
        *k->out = tool_refusal(k->cx, "there is no process \"%.*s\" of this conversation; process list tells which there are",
                               STR(str_take(id, 20)));
        return OK;
    }
    k->b = b;
    return action(k);
}

static enum err process_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    static const struct { const char *name; enum err (*run)(struct call *) AWAITS; } actions[] = {
        { "read", read_output }, { "write", write_input }, { "kill", kill_process }, { "wait", wait_process },
    };
    str action = json_text_str(arguments, "action");
    struct call k = { .cx = cx, .arguments = arguments, .out = out };

    *out = (struct tool_result){ .text = S("") };
    for (size_t i = 0; i < N_ELEMENTS(actions); i++)
        if (str_eq(action, str_from(actions[i].name)))
            return with_process(&k, actions[i].run);
    return list(&k);
}

const struct tool tool_process = {
    .name = "process",
    .description = "Looks after the commands that exec left running in the background: list them, read their new output, write to "
                   "their standard input, wait for their end, send them a signal.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"list\",\"read\",\"write\",\"wait\",\"kill\"]},"
              "\"id\":{\"type\":\"string\",\"description\":\"Of the process, as exec told it; for all but list\"},"
              "\"offset\":{\"type\":\"integer\",\"minimum\":0,"
              "\"description\":\"read: from this byte of the output on; what is new if absent\"},"
              "\"text\":{\"type\":\"string\","
              "\"description\":\"write: what it reads, line ends included; on a terminal \\\\u0003 interrupts\"},"
              "\"close\":{\"type\":\"boolean\",\"description\":\"write: its input ends after that\"},"
              "\"seconds\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":300,"
              "\"description\":\"wait: at most; 30 if absent\"},"
              "\"signal\":{\"type\":\"string\","
              "\"enum\":[\"TERM\",\"INT\",\"HUP\",\"QUIT\",\"KILL\",\"USR1\",\"USR2\",\"STOP\",\"CONT\",\"WINCH\"],"
              "\"description\":\"kill: the one signal to send; if absent TERM, and after 5 seconds KILL\"}}}",
    .risk = RISK_EXECUTE, .reads = READS_WORKSPACE, .repeatable = false, .run = process_run,
};
