// SPDX-License-Identifier: Apache-2.0
#include "cli/ask.h"

#include <string.h>

#include "base/json.h"

enum { SHOWN_MAX = 4 << 20 };

static void show(struct ask *t, str text)
{
    if (text.len == 0)
        return;
    cli_print_text(stdout, text);
    fflush(stdout);
    t->line_open = text.p[text.len - 1] != '\n';
}

static void end_line(struct ask *t)
{
    if (t->line_open)
        putchar('\n');
    t->line_open = false;
    fflush(stdout);
}

/* What was streamed already is not printed again. */
static void on_reply(struct ask *t, str text)
{
    t->answered = true;
    if (str_find(buf_str(&t->shown), str_trim(text)) == STR_NONE) {
        end_line(t);
        show(t, text);
    }
    end_line(t);
}

static void on_tool(struct ask *t, const json_t *j)
{
    if (!t->on_terminal)
        return;
    end_line(t);
    fputs("\033[2m[", stdout);
    cli_print_text(stdout, json_text_str(j, "name"));
    putchar(' ');
    cli_print_text(stdout, json_text_str(j, "state"));
    fputs("]\033[0m\n", stdout);
}

static void on_problem(struct ask *t, const json_t *j)
{
    const char *why = json_text(j, "detail");

    snprintf(t->problem, sizeof t->problem, "%s", *why ? why : json_text(j, "title"));
    if (t->problem[0] == '\0')
        snprintf(t->problem, sizeof t->problem, "the turn failed");
}

/* The stream would be silent until somebody answers, who may sit here: it is left, and gone on with later. */
static enum err on_question(struct ask *t, const json_t *j)
{
    if (strcmp(json_text(j, "state"), "pending"))
        return OK;
    if (!t->cli->json) {
        end_line(t);
        show(t, json_text_str(j, "text"));
        end_line(t);
    }
    snprintf(t->question, sizeof t->question, "%s", json_text(j, "code"));
    return failed(ERR_CANCELLED, "it waits for your word");
}

static void print_event(str name, const json_t *j)
{
    CLEANUP(json_decrefp) json_t *line = json_object();

    json_object_set_new(line, "event", json_from_str(name));
    json_object_set(line, "data", (json_t *)j);
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
}

static enum err on_event(void *arg, const struct sse_event *ev)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct ask *t = arg;

    TRY(json_parse(ev->data, &j));
    if (str_eq(ev->name, S("accepted")))
        snprintf(t->session, sizeof t->session, "%s", json_text(j, "session_id"));
    else if (str_eq(ev->name, S("error")))
        on_problem(t, j);
    else if (str_eq(ev->name, S("done")))
        snprintf(t->state, sizeof t->state, "%s", json_text(j, "state"));
    if (t->cli->json) {
        print_event(ev->name, j);
    } else if (str_eq(ev->name, S("delta"))) {
        buf_add(&t->shown, json_text_str(j, "text"));
        show(t, json_text_str(j, "text"));
    } else if (str_eq(ev->name, S("reply"))) {
        on_reply(t, json_text_str(j, "text"));
    } else if (str_eq(ev->name, S("tool"))) {
        on_tool(t, j);
    }
    return str_eq(ev->name, S("approval")) ? on_question(t, j) : OK;
}

static void keep_for_later(struct ask *t, str text)
{
    memcpy(t->waiting_key, t->key, sizeof t->waiting_key);
    buf_clear(&t->waiting_text);
    buf_add(&t->waiting_text, text);
}

static enum err send_and_follow(struct ask *t, str text) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:{s:o}, s:s}", "content", "text", json_from_str(text), "external_id", t->key);
    CLEANUP(sse_done) struct sse sse = { .on_event = on_event, .arg = t };

    if (t->session[0])
        json_object_set_new(body, "session_id", json_string(t->session));
    buf_done(&t->shown);
    t->shown.max = SHOWN_MAX;
    t->state[0] = t->problem[0] = '\0';
    t->answered = t->cli->told = false;
    t->running = true;
    enum err e = remote_stream(t->cli, "/api/v1/messages?mode=stream", body, &sse);

    t->running = false;
    end_line(t);
    if (t->question[0] && e == ERR_CANCELLED) {
        keep_for_later(t, text);
        return OK;
    }
    if (e)
        return e;
    if (t->problem[0])
        return failed(ERR_REMOTE, "%s", t->problem);
    if (t->state[0] == '\0')
        return failed(ERR_NET, "the gateway went away in the middle of the answer; it goes on when the gateway is back");
    t->cli->told = t->answered;
    if (strcmp(t->state, "done"))
        return failed(ERR_REMOTE, "the message ended as %s", t->state);
    return OK;
}

enum err ask_run(struct ask *t, str text)
{
    char before[sizeof t->question];

    random_uuid(t->key);
    memcpy(before, t->question, sizeof before);
    t->question[0] = '\0';
    TRY(send_and_follow(t, text));
    if (t->question[0] == '\0')
        memcpy(t->question, before, sizeof before);     /* that of an earlier message */
    return OK;
}

static enum err is_open(struct ask *t, bool *ret_open) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;
    json_t *q;
    size_t i;

    *ret_open = false;
    TRY(remote_call(t->cli, "GET", arena_printf(t->cli->arena, "/api/v1/approvals?session_id=%s", t->session), NULL, &answer));
    json_array_foreach(json_at(answer, "approvals"), i, q)
        *ret_open = *ret_open || strcmp(json_text(q, "code"), t->question) == 0;
    return OK;
}

enum err ask_go_on(struct ask *t)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    bool open;

    if (t->question[0] == '\0')
        return OK;
    TRY(is_open(t, &open));
    if (open)
        return OK;
    t->question[0] = '\0';
    memcpy(t->key, t->waiting_key, sizeof t->key);
    buf_add(&text, buf_str(&t->waiting_text));
    return send_and_follow(t, buf_str(&text));
}

enum err ask_stop(struct ask *t)
{
    CLEANUP(json_decrefp) json_t *answer = NULL;

    if (!t->running || t->session[0] == '\0')
        return OK;
    return remote_call(t->cli, "POST", arena_printf(t->cli->arena, "/api/v1/sessions/%s/stop", t->session), NULL, &answer);
}

void ask_done(struct ask *t)
{
    buf_done(&t->shown);
    buf_done(&t->waiting_text);
}
