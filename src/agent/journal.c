// SPDX-License-Identifier: Apache-2.0
#include "agent/journal.h"

#include <string.h>

#include "runtime/clock.h"

static void add(struct journal *j, struct batch *b, const char *kind, str call_id, json_t *body)
{
    CLEANUP(buf_done) struct buf text = { .max = SIZE_MAX / 2 };

    json_print_to(&text, body);
    json_decref(body);
    batch_add(b, "journal.add", "iicssi", j->inbox_id, j->next_seq++, kind, call_id, buf_str(&text), clock_wall_ms());
    batch_expect(b, 1);
}

void journal_reply(struct journal *j, struct batch *b, const struct reply *r)
{
    add(j, b, "reply", S(""), reply_to_json(r));
}

void journal_call(struct journal *j, struct batch *b, const struct tool_call *c)
{
    json_t *body = json_object();

    json_object_set_new(body, "name", json_from_str(c->name));
    json_object_set_new(body, "arguments", json_from_str(c->arguments));
    add(j, b, "call", c->id, body);
}

void journal_result(struct journal *j, struct batch *b, str call_id, const struct tool_result *r, bool unknown)
{
    json_t *body = json_object();

    json_object_set_new(body, "text", json_from_str(r->text));
    json_object_set_new(body, "is_error", json_boolean(r->is_error));
    if (unknown)
        json_object_set_new(body, "unknown", json_true());
    if (r->taint.len)
        json_object_set_new(body, "taint", json_from_str(r->taint));
    add(j, b, "result", call_id, body);
}

void transcript_add(struct transcript *t, struct chat_message m)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 32;
        struct chat_message *bigger = arena_alloc(t->arena, cap * sizeof *bigger);

        if (t->n)
            memcpy(bigger, t->messages, t->n * sizeof *bigger);
        t->messages = bigger;
        t->cap = cap;
    }
    t->messages[t->n++] = m;
}

void transcript_user(struct transcript *t, str text)
{
    transcript_add(t, (struct chat_message){ .role = ROLE_USER, .text = text });
}

void transcript_reply(struct transcript *t, const struct reply *r)
{
    transcript_add(t, (struct chat_message){ .role = ROLE_ASSISTANT, .text = r->text, .calls = r->calls,
                                             .n_calls = r->n_calls, .reasoning = r->reasoning });
}

void transcript_result(struct transcript *t, str call_id, str text, str taint)
{
    transcript_add(t, (struct chat_message){ .role = ROLE_TOOL, .call_id = call_id, .text = text, .taint = taint });
}

str transcript_taint(const struct transcript *t)
{
    for (size_t i = t->n; i-- > 0; )
        if (t->messages[i].taint.len)
            return t->messages[i].taint;
    return NO_STR;
}

enum err transcript_row(struct transcript *t, str kind, str call_id, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (str_eq(kind, S("call")))
        return OK;
    TRY(json_parse(body, &j));
    if (str_eq(kind, S("result"))) {
        transcript_result(t, arena_str(t->arena, call_id), arena_str(t->arena, json_text_str(j, "text")),
                          arena_str(t->arena, json_text_str(j, "taint")));
        return OK;
    }
    struct reply r;

    TRY(reply_from_json(t->arena, j, &r));
    transcript_repair(t);
    transcript_reply(t, &r);
    t->messages[t->n - 1].taint = arena_str(t->arena, json_text_str(j, "taint"));
    return OK;
}

static bool has_result(const struct transcript *t, size_t from, str call_id)
{
    for (size_t i = from; i < t->n; i++)
        if (t->messages[i].role == ROLE_TOOL && str_eq(t->messages[i].call_id, call_id))
            return true;
    return false;
}

void transcript_repair(struct transcript *t)
{
    size_t last = t->n;

    while (last && t->messages[last - 1].role == ROLE_TOOL)
        last--;
    if (last == 0 || t->messages[last - 1].role != ROLE_ASSISTANT)
        return;
    struct chat_message reply = t->messages[last - 1];      /* adding may move the array */

    for (size_t i = 0; i < reply.n_calls; i++)
        if (!has_result(t, last, reply.calls[i].id))
            transcript_result(t, reply.calls[i].id, S("(the result of this call was not recorded)"), NO_STR);
}
