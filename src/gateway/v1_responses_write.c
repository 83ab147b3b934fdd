// SPDX-License-Identifier: Apache-2.0
/* v1_responses_write.c: OpenAI's responses (https://platform.openai.com/docs/api-reference/responses-streaming): the answer.
 * A stream and a whole answer are made of the same items. */
#include <string.h>

#include "gateway/v1_problem.h"
#include "gateway/v1_responses.h"
#include "gateway/v1_write.h"

/* ---- items ---- */

static str item_id(const struct v1_answer *x, const char *prefix, unsigned i)
{
    return str_from(arena_printf(x->arena, "%s_%.*s_%u", prefix, STR(str_skip(x->id, strlen("resp_"))), i));
}

static json_t *text_part(str text)
{
    return json_pack("{s:s, s:o, s:[], s:[]}", "type", "output_text", "text", json_from_str(text), "annotations", "logprobs");
}

static json_t *message_item(const struct v1_answer *x, unsigned i, const char *status, json_t *content)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:o}", "id", json_from_str(item_id(x, "msg", i)), "type", "message", "status", status, "role",
                     "assistant", "content", content);
}

static json_t *reasoning_item(const struct v1_answer *x, unsigned i, str thoughts, str kept)
{
    json_t *summary = json_array();
    json_t *item = json_pack("{s:o, s:s, s:o}", "id", json_from_str(item_id(x, "rs", i)), "type", "reasoning", "summary", summary);

    if (thoughts.len)
        json_array_append_new(summary, json_pack("{s:s, s:o}", "type", "summary_text", "text", json_from_str(thoughts)));
    if (kept.len)
        json_object_set_new(item, "encrypted_content", json_from_str(v1_kept_to(x->arena, kept)));
    return item;
}

static json_t *call_item(const struct v1_answer *x, unsigned i, const char *status, const struct tool_call *c, str arguments)
{
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "id", json_from_str(item_id(x, "fc", i)), "type", "function_call", "status", status,
                     "call_id", json_from_str(c->id), "name", json_from_str(c->name), "arguments", json_from_str(arguments));
}

/* ---- the object ---- */

static json_t *usage_of(const struct usage *u)
{
    return json_pack("{s:I, s:{s:I}, s:I, s:{s:I}, s:I}", "input_tokens", (json_int_t)u->input, "input_tokens_details", "cached_tokens",
                     (json_int_t)u->cached, "output_tokens", (json_int_t)u->output, "output_tokens_details", "reasoning_tokens",
                     (json_int_t)u->reasoning, "total_tokens", (json_int_t)(u->input + u->output));
}

/* What was asked is repeated; what was not has the API's own default. */
static void add_asked(const struct v1_answer *x, json_t *o)
{
    static const struct { const char *name, *otherwise; } fields[] = {
        { "instructions", "null" }, { "max_output_tokens", "null" }, { "metadata", "{}" }, { "parallel_tool_calls", "true" },
        { "previous_response_id", "null" }, { "reasoning", "{\"effort\":null,\"summary\":null}" }, { "temperature", "1.0" },
        { "text", "{\"format\":{\"type\":\"text\"}}" }, { "tool_choice", "\"auto\"" }, { "tools", "[]" }, { "top_p", "1.0" },
        { "truncation", "\"disabled\"" }, { "user", "null" },
    };

    for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
        json_t *asked = json_object_get(x->request->body, fields[i].name);

        json_object_set_new(o, fields[i].name, asked && !json_is_null(asked)
                            ? json_incref(asked) : json_loads(fields[i].otherwise, JSON_DECODE_ANY, NULL));
    }
}

/* reply NULL: it is only begun. */
static json_t *object_of(const struct v1_answer *x, const struct reply *reply)
{
    bool cut = reply && (reply->stop == STOP_LENGTH || reply->stop == STOP_FILTER);
    const char *status = reply == NULL ? "in_progress" : cut ? "incomplete" : "completed";
    json_t *o = json_pack("{s:o, s:s, s:I, s:s, s:b, s:n, s:o, s:o, s:b, s:O, s:o}", "id", json_from_str(x->id), "object", "response",
                          "created_at", (json_int_t)x->created, "status", status, "background", 0, "error", "incomplete_details",
                          json_null(), "model", json_from_str(x->model), "store", 0, "output", x->items, "usage",
                          reply ? usage_of(&reply->usage) : json_null());

    if (cut)
        json_object_set_new(o, "incomplete_details", json_pack("{s:s}", "reason", reply->stop == STOP_LENGTH ? "max_output_tokens"
                                                                                                       : "content_filter"));
    add_asked(x, o);
    return o;
}

static json_t *responses_whole(struct v1_answer *x, const struct reply *reply)
{
    x->items = json_array();
    if (reply->reasoning.len || reply->kept.len)
        json_array_append_new(x->items, reasoning_item(x, x->n_items++, reply->reasoning, reply->kept));
    if (reply->text.len || reply->n_calls == 0)
        json_array_append_new(x->items, message_item(x, x->n_items++, "completed", json_pack("[o]", text_part(reply->text))));
    for (size_t i = 0; i < reply->n_calls; i++)
        json_array_append_new(x->items, call_item(x, x->n_items++, "completed", &reply->calls[i], reply->calls[i].arguments));
    return object_of(x, reply);
}

/* ---- the stream ---- */

static void event(struct v1_answer *x, struct buf *b, const char *type, json_t *o)
{
    json_object_set_new(o, "type", json_string(type));
    json_object_set_new(o, "sequence_number", json_integer((json_int_t)x->n_events++));
    v1_event(b, type, o);
}

/* About the item that is open. */
static json_t *about(const struct v1_answer *x, const char *prefix, const char *part)
{
    json_t *o = json_pack("{s:o, s:i}", "item_id", json_from_str(item_id(x, prefix, x->n_items)), "output_index", (int)x->n_items);

    if (part)
        json_object_set_new(o, part, json_integer(0));
    return o;
}

static json_t *with(json_t *o, const char *name, json_t *value)
{
    json_object_set_new(o, name, value);
    return o;
}

static void add_item(struct v1_answer *x, struct buf *b, json_t *item)
{
    event(x, b, "response.output_item.added", json_pack("{s:i, s:o}", "output_index", (int)x->n_items, "item", item));
}

static void end_item(struct v1_answer *x, struct buf *b, json_t *item)
{
    json_array_append(x->items, item);
    event(x, b, "response.output_item.done", json_pack("{s:i, s:o}", "output_index", (int)x->n_items, "item", item));
    x->n_items++;
}

static void responses_begin(struct v1_answer *x, struct buf *b)
{
    x->items = json_array();
    x->text.max = SIZE_MAX / 2;
    event(x, b, "response.created", json_pack("{s:o}", "response", object_of(x, NULL)));
    event(x, b, "response.in_progress", json_pack("{s:o}", "response", object_of(x, NULL)));
}

static void open_item(struct v1_answer *x, struct buf *b, enum v1_piece kind)
{
    x->is_open = true;
    x->kind = kind;
    buf_clear(&x->text);
    if (kind == V1_TEXT) {
        add_item(x, b, message_item(x, x->n_items, "in_progress", json_array()));
        event(x, b, "response.content_part.added", with(about(x, "msg", "content_index"), "part", text_part(S(""))));
    } else {
        add_item(x, b, reasoning_item(x, x->n_items, NO_STR, NO_STR));
        event(x, b, "response.reasoning_summary_part.added",
              with(about(x, "rs", "summary_index"), "part", json_pack("{s:s, s:s}", "type", "summary_text", "text", "")));
    }
}

static void close_text(struct v1_answer *x, struct buf *b)
{
    str text = buf_str(&x->text);

    event(x, b, "response.output_text.done",
          with(with(about(x, "msg", "content_index"), "text", json_from_str(text)), "logprobs", json_array()));
    event(x, b, "response.content_part.done", with(about(x, "msg", "content_index"), "part", text_part(text)));
    end_item(x, b, message_item(x, x->n_items, "completed", json_pack("[o]", text_part(text))));
}

static void close_reasoning(struct v1_answer *x, struct buf *b)
{
    str text = buf_str(&x->text);

    event(x, b, "response.reasoning_summary_text.done", with(about(x, "rs", "summary_index"), "text", json_from_str(text)));
    event(x, b, "response.reasoning_summary_part.done",
          with(about(x, "rs", "summary_index"), "part", json_pack("{s:s, s:o}", "type", "summary_text", "text", json_from_str(text))));
    end_item(x, b, reasoning_item(x, x->n_items, text, NO_STR));
}

static void close_item(struct v1_answer *x, struct buf *b)
{
    if (!x->is_open)
        return;
    x->is_open = false;
    if (x->kind == V1_TEXT)
        close_text(x, b);
    else
        close_reasoning(x, b);
}

static void responses_piece(struct v1_answer *x, struct buf *b, enum v1_piece kind, str text)
{
    if (x->is_open && x->kind != kind)
        close_item(x, b);
    if (!x->is_open)
        open_item(x, b, kind);
    buf_add(&x->text, text);
    if (kind == V1_TEXT)
        event(x, b, "response.output_text.delta",
              with(with(about(x, "msg", "content_index"), "delta", json_from_str(text)), "logprobs", json_array()));
    else
        event(x, b, "response.reasoning_summary_text.delta", with(about(x, "rs", "summary_index"), "delta", json_from_str(text)));
}

static void stream_call(struct v1_answer *x, struct buf *b, const struct tool_call *c)
{
    add_item(x, b, call_item(x, x->n_items, "in_progress", c, S("")));
    event(x, b, "response.function_call_arguments.delta", with(about(x, "fc", NULL), "delta", json_from_str(c->arguments)));
    event(x, b, "response.function_call_arguments.done",
          with(with(about(x, "fc", NULL), "arguments", json_from_str(c->arguments)), "name", json_from_str(c->name)));
    end_item(x, b, call_item(x, x->n_items, "completed", c, c->arguments));
}

static void responses_end(struct v1_answer *x, struct buf *b, const struct reply *reply)
{
    close_item(x, b);
    if (reply->kept.len) {
        add_item(x, b, reasoning_item(x, x->n_items, NO_STR, NO_STR));
        end_item(x, b, reasoning_item(x, x->n_items, NO_STR, reply->kept));
    }
    for (size_t i = 0; i < reply->n_calls; i++)
        stream_call(x, b, &reply->calls[i]);
    if (x->n_items == 0) {      /* it said nothing */
        open_item(x, b, V1_TEXT);
        close_item(x, b);
    }
    bool cut = reply->stop == STOP_LENGTH || reply->stop == STOP_FILTER;

    event(x, b, cut ? "response.incomplete" : "response.completed", json_pack("{s:o}", "response", object_of(x, reply)));
}

static void responses_error(struct v1_answer *x, struct buf *b, const struct v1_problem *p)
{
    event(x, b, "error", json_pack("{s:s, s:o, s:s?}", "code", p->code ? p->code : p->type, "message", json_from_str(p->text),
                                   "param", p->param));
}

const struct v1_dialect v1_responses = {
    .id_prefix = "resp_", .ping = ": ping\n\n", .read = v1_responses_read, .whole = responses_whole, .begin = responses_begin,
    .piece = responses_piece, .end = responses_end, .error = responses_error,
};
