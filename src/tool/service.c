// SPDX-License-Identifier: Apache-2.0
/* service.c: systemd's services of this machine.  Nothing goes through a shell, and a name is only ever a name. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "tool/ask_program.h"
#include "tool/file_job.h"
#include "tool/services.h"

enum { LOOK_MS = 10000, ACT_MS = 120000, SHOWN_MAX = 64 << 10, NAME_MAX_BYTES = 255, QUERY_MAX = 200, STATUS_LINES = 10, LOG_LINES = 50 };

/* What `systemctl status` and `start` end with (LSB): not running, no such unit. */
enum { EXIT_NOT_RUNNING = 3, EXIT_NO_SUCH_UNIT = 4 };

struct call {
    const struct tool_context *cx;
    const json_t       *arguments;
    const char         *action, *name;      /* name: "" when absent */
    struct tool_result *out;
};

/* ---- arguments ---- */

static bool is_unit_name(str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.@-", name.p[i]) || name.p[i] == '\0')
            return false;
    return name.len > 0 && name.len <= NAME_MAX_BYTES && name.p[0] != '-';
}

static enum err take_name(struct call *c, bool needed)
{
    str name = json_text_str(c->arguments, "name");

    if (name.len == 0 && !needed) {
        c->name = "";
        return OK;
    }
    if (!is_unit_name(name))
        return failed(ERR_INPUT, "name: a service's name has letters, digits and :_.@- only, such as nginx or postgresql@16-main");
    c->name = arena_c(c->cx->arena, name);
    return OK;
}

/* A day, maybe with a time of day, by the machine's own clock; systemd reads it. */
static bool is_local_time(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!strchr("0123456789-: ", text.p[i]) || text.p[i] == '\0')
            return false;
    return text.len >= strlen("2026-01-31") && text.len <= strlen("2026-01-31 12:00:00") && text.p[4] == '-';
}

static enum err add_since(struct arena *a, str text, const char **out)
{
    int64_t ms;

    if (text.len == 0)
        return OK;
    if (is_local_time(text)) {
        *out = arena_printf(a, "--since=%.*s", STR(text));
        return OK;
    }
    if (time_or_age_parse(text, clock_wall_ms(), &ms))
        return failed_in(ERR_INPUT, "since: ");
    *out = arena_printf(a, "--since=@%" PRId64, ms / 1000);
    return OK;
}

/* PCRE2 takes what is between \Q and \E literally. */
static enum err add_query(struct arena *a, str text, const char **out)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (text.len == 0)
        return OK;
    if (text.len > QUERY_MAX || str_find_char(text, '\n') != STR_NONE || str_find_char(text, '\0') != STR_NONE)
        return failed(ERR_INPUT, "query: one line of at most %d bytes", QUERY_MAX);
    for (size_t at; (at = str_find(text, S("\\E"))) != STR_NONE; text = str_skip(text, at + 2))
        buf_addf(&b, "%.*s\\E\\\\E\\Q", STR(str_take(text, at)));
    buf_add(&b, text);
    *out = arena_printf(a, "--grep=\\Q%s\\E", buf_c(&b));
    return OK;
}

/* ---- looking ---- */

static bool has_text(str hay, str needle)
{
    for (size_t i = 0; i + needle.len <= hay.len; i++)
        if (str_eq_nocase(str_cut(hay, i, i + needle.len), needle))
            return true;
    return false;
}

static bool is_wanted(const struct call *c, const struct service_unit *u)
{
    str query = json_text_str(c->arguments, "query");

    if (strcmp(c->action, "failed") == 0)
        return service_has_failed(u);
    if (query.len)
        return has_text(u->name, query) || has_text(u->about, query);
    return !str_eq(u->active, S("inactive"));
}

static enum err list(struct call *c) AWAITS
{
    CLEANUP(buf_done) struct buf text = { .max = SHOWN_MAX };
    struct services s;

    TRY(services_read(c->cx->arena, &s));
    for (size_t i = 0; i < s.n; i++) {
        const struct service_unit *u = &s.units[i];

        if (is_wanted(c, u))
            buf_addf(&text, "%-36.*s %-10.*s %-10.*s %.*s\n", STR(u->name), STR(u->active), STR(u->sub), STR(u->about));
    }
    if (text.len == 0)
        buf_add(&text, strcmp(c->action, "failed") == 0 ? S("No service has failed.") : S("[no such service]"));
    c->out->text = arena_str(c->cx->arena, buf_str(&text));
    return buf_check(&text, "the list");
}

static enum err status(struct call *c) AWAITS
{
    struct arena *a = c->cx->arena;
    const char *lines = arena_printf(a, "--lines=%" PRId64, json_int(c->arguments, "lines", STATUS_LINES));
    const char *const argv[] = { "systemctl", "status", "--no-pager", "--full", lines, "--", c->name, NULL };
    struct program_answer answer;

    TRY(services_check());
    TRY(program_ask(a, argv, LOOK_MS, SHOWN_MAX, &answer));
    if (answer.exit_code > EXIT_NOT_RUNNING)
        return failed(ERR_INPUT, "%.*s", STR(str_take(str_trim(answer.text), 400)));
    *c->out = (struct tool_result){ .text = answer.text, .taint = str_from(arena_printf(a, "log of %s", c->name)) };
    return OK;
}

static enum err logs(struct call *c) AWAITS
{
    struct arena *a = c->cx->arena;
    const char *argv[9] = { "journalctl", "--no-pager", "--output=short-iso", "--case-sensitive=false" };
    size_t n = 4;
    struct program_answer answer;

    argv[n++] = arena_printf(a, "--lines=%" PRId64, json_int(c->arguments, "lines", LOG_LINES));
    if (c->name[0])
        argv[n++] = arena_printf(a, "--unit=%s", c->name);
    TRY(add_since(a, json_text_str(c->arguments, "since"), &argv[n]));
    n += argv[n] != NULL;
    TRY(add_query(a, json_text_str(c->arguments, "query"), &argv[n]));
    TRY(services_check());
    TRY(program_ask(a, argv, LOOK_MS, SHOWN_MAX, &answer));
    str text = str_trim(answer.text);
    bool none = text.len == 0 || str_eq(text, S("-- No entries --"));

    if (answer.exit_code && !none)      /* 1 and no words: nothing has the query */
        return failed(ERR_INPUT, "%.*s", STR(str_take(text, 400)));
    *c->out = (struct tool_result){ .text = none ? S("[no such lines in the log]") : answer.text };
    if (!none)
        c->out->taint = str_from(arena_printf(a, "log of %s", c->name[0] ? c->name : "this machine"));
    return OK;
}

/* ---- acting ---- */

static str value_of(str text, str key)
{
    for (str line; str_split(&text, '\n', &line); )
        if (str_eat(&line, key) && str_eat(&line, S("=")))
            return line;
    return S("not known");
}

/* What became of it: starting is one thing, still running another. */
static enum err tell_state(struct call *c, const char *done) AWAITS
{
    const char *const argv[] = { "systemctl", "show", "--no-pager", "--property=ActiveState,SubState", "--", c->name, NULL };
    struct program_answer answer;

    TRY(program_ask(c->cx->arena, argv, LOOK_MS, SHOWN_MAX, &answer));
    str active = value_of(answer.text, S("ActiveState")), sub = value_of(answer.text, S("SubState"));

    c->out->text = str_from(arena_printf(c->cx->arena, "%s was %s; it is %.*s (%.*s).", c->name, done, STR(active), STR(sub)));
    c->out->is_error = str_eq(active, S("failed")) && strcmp(c->action, "stop") != 0;
    return OK;
}

static enum err act(struct call *c, const char *done) AWAITS
{
    const char *const argv[] = { "systemctl", c->action, "--no-pager", "--no-ask-password", "--", c->name, NULL };
    struct program_answer answer;

    TRY(services_check());
    TRY(program_ask(c->cx->arena, argv, ACT_MS, SHOWN_MAX, &answer));
    if (answer.exit_code)
        return failed(ERR_INPUT, "systemctl %s %s: %.*s", c->action, c->name, STR(str_take(str_trim(answer.text), 400)));
    return tell_state(c, done);
}

/* ---- the tool ---- */

static enum err serve(struct call *c) AWAITS
{
    static const struct { const char *name, *done; } acts[] = { { "start", "started" }, { "stop", "stopped" }, { "restart", "restarted" } };
    bool lists = strcmp(c->action, "list") == 0 || strcmp(c->action, "failed") == 0, logged = strcmp(c->action, "logs") == 0;

    TRY(take_name(c, !lists && !logged));
    if (lists)
        return list(c);
    if (logged)
        return logs(c);
    for (size_t i = 0; i < N_ELEMENTS(acts); i++)
        if (strcmp(c->action, acts[i].name) == 0)
            return act(c, acts[i].done);
    return status(c);
}

static enum err service_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    struct call c = { .cx = cx, .arguments = arguments, .action = json_text(arguments, "action"), .out = out };

    *out = (struct tool_result){ 0 };
    if (serve(&c) == OK)
        return OK;
    *out = tool_refusal(cx, "%s", failed_text());
    return fiber_check();
}

const struct tool tool_service = {
    .name = "service",
    .description = "systemd services of this machine: their state and logs; starts, stops, restarts them.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"action\"],\"properties\":{"
              "\"action\":{\"type\":\"string\",\"enum\":[\"status\",\"list\",\"failed\",\"logs\",\"start\",\"stop\",\"restart\"]},"
              "\"name\":{\"type\":\"string\",\"description\":\"Not for list, failed; logs without it: of all\"},"
              "\"lines\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":500,\"description\":\"Of the log\"},"
              "\"since\":{\"type\":\"string\",\"description\":\"logs: an age such as 2h, or a time such as 2026-01-31 12:00:00\"},"
              "\"query\":{\"type\":\"string\",\"description\":\"list, logs: only what has this text\"}}}",
    .risk = RISK_OUTSIDE, .repeatable = false, .run = service_run,
};
