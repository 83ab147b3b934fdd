// SPDX-License-Identifier: Apache-2.0
#include "agent/journal.h"

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

void journal_steer(struct journal *j, struct batch *b, json_t *body)
{
    add(j, b, "steer", S(""), body);
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
    if (str_eq(kind, S("steer"))) {
        transcript_repair(t);
        transcript_add(t, (struct chat_message){ .role = ROLE_USER, .text = arena_str(t->arena, json_text_str(j, "text")),
                                                 .taint = arena_str(t->arena, json_text_str(j, "taint")) });
        return OK;
    }
    struct reply r;

    TRY(reply_from_json(t->arena, j, &r));
    transcript_repair(t);
    transcript_reply(t, &r);
    return OK;
}
