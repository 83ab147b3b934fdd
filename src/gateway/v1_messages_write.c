// SPDX-License-Identifier: Apache-2.0
/* v1_messages_write.c: Anthropic's messages (https://docs.anthropic.com/en/docs/build-with-claude/streaming): the answer.
 *
 * What a model's API wants back (struct reply's `kept`) travels as a block of type redacted_thinking, which clients hand back and
 * do not read, whichever API it is. */
#include "gateway/v1_messages.h"
#include "gateway/v1_problem.h"
#include "gateway/v1_write.h"

static const char *stop_reason(enum stop_reason s)
{
    static const char *const words[] = {
        [STOP_NONE] = "end_turn", [STOP_END] = "end_turn", [STOP_CALLS] = "tool_use", [STOP_LENGTH] = "max_tokens",
        [STOP_FILTER] = "refusal",
    };

    return words[s];
}

/* input there does not count what was read from a cache or written to one. */
static json_t *usage_of(const struct usage *u)
{
    int64_t fresh = u->input - u->cached - u->written;

    return json_pack("{s:I, s:I, s:I, s:I}", "input_tokens", (json_int_t)(fresh > 0 ? fresh : 0), "cache_read_input_tokens",
                     (json_int_t)u->cached, "cache_creation_input_tokens", (json_int_t)u->written, "output_tokens",
                     (json_int_t)u->output);
}

/* reply NULL: it is only begun. */
static json_t *message_of(const struct v1_answer *x, const struct reply *reply, json_t *content)
{
    struct usage none = { 0 };

    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:s?, s:n, s:o}", "id", json_from_str(x->id), "type", "message", "role", "assistant",
                     "model", json_from_str(x->model), "content", content, "stop_reason", reply ? stop_reason(reply->stop) : NULL,
                     "stop_sequence", "usage", usage_of(reply ? &reply->usage : &none));
}

static json_t *text_block(str text)
{
    return json_pack("{s:s, s:o}", "type", "text", "text", json_from_str(text));
}

static json_t *thinking_block(str text)
{
    return json_pack("{s:s, s:o, s:s}", "type", "thinking", "thinking", json_from_str(text), "signature", "");
}

static json_t *kept_block(const struct v1_answer *x, str kept)
{
    return json_pack("{s:s, s:o}", "type", "redacted_thinking", "data", json_from_str(v1_kept_to(x->arena, kept)));
}

/* arguments that are no object are the model's mistake, and have no place in this API. */
static json_t *tool_block(const struct tool_call *c, bool is_begun_only)
{
    json_t *input = NULL;

    if (is_begun_only || json_parse(c->arguments, &input) || !json_is_object(input)) {
        json_decref(input);
        input = json_object();
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "type", "tool_use", "id", json_from_str(c->id), "name", json_from_str(c->name), "input",
                     input);
}

static json_t *messages_whole(struct v1_answer *x, const struct reply *reply)
{
    json_t *content = json_array();

    if (reply->reasoning.len)
        json_array_append_new(content, thinking_block(reply->reasoning));
    if (reply->kept.len)
        json_array_append_new(content, kept_block(x, reply->kept));
    if (reply->text.len)
        json_array_append_new(content, text_block(reply->text));
    for (size_t i = 0; i < reply->n_calls; i++)
        json_array_append_new(content, tool_block(&reply->calls[i], false));
    return message_of(x, reply, content);
}

/* ---- the stream ---- */

static void messages_begin(struct v1_answer *x, struct buf *b)
{
    v1_event(b, "message_start", json_pack("{s:s, s:o}", "type", "message_start", "message", message_of(x, NULL, json_array())));
    buf_add(b, S("event: ping\ndata: {\"type\":\"ping\"}\n\n"));
}

static void start_block(struct v1_answer *x, struct buf *b, json_t *block)
{
    v1_event(b, "content_block_start", json_pack("{s:s, s:i, s:o}", "type", "content_block_start", "index", (int)x->n_items,
                                                 "content_block", block));
}

static void add_delta(struct v1_answer *x, struct buf *b, const char *type, const char *name, str text)
{
    v1_event(b, "content_block_delta", json_pack("{s:s, s:i, s:{s:s, s:o}}", "type", "content_block_delta", "index", (int)x->n_items,
                                                 "delta", "type", type, name, json_from_str(text)));
}

static void stop_block(struct v1_answer *x, struct buf *b)
{
    v1_event(b, "content_block_stop", json_pack("{s:s, s:i}", "type", "content_block_stop", "index", (int)x->n_items++));
    x->is_open = false;
}

static void messages_piece(struct v1_answer *x, struct buf *b, enum v1_piece kind, str text)
{
    if (x->is_open && x->kind != kind)
        stop_block(x, b);
    if (!x->is_open)
        start_block(x, b, kind == V1_TEXT ? text_block(S("")) : thinking_block(S("")));
    x->is_open = true;
    x->kind = kind;
    if (kind == V1_TEXT)
        add_delta(x, b, "text_delta", "text", text);
    else
        add_delta(x, b, "thinking_delta", "thinking", text);
}

static void messages_end(struct v1_answer *x, struct buf *b, const struct reply *reply)
{
    if (x->is_open)
        stop_block(x, b);
    if (reply->kept.len) {
        start_block(x, b, kept_block(x, reply->kept));
        stop_block(x, b);
    }
    for (size_t i = 0; i < reply->n_calls; i++) {
        start_block(x, b, tool_block(&reply->calls[i], true));
        add_delta(x, b, "input_json_delta", "partial_json", reply->calls[i].arguments);
        stop_block(x, b);
    }
    v1_event(b, "message_delta", json_pack("{s:s, s:{s:s, s:n}, s:o}", "type", "message_delta", "delta", "stop_reason",
                                           stop_reason(reply->stop), "stop_sequence", "usage", usage_of(&reply->usage)));
    buf_add(b, S("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

static void messages_error(struct v1_answer *x UNUSED, struct buf *b, const struct v1_problem *p)
{
    v1_event(b, "error", v1_problem_anthropic(p));
}

const struct v1_dialect v1_messages = {
    .id_prefix = "msg_", .ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n", .read = v1_messages_read, .whole = messages_whole,
    .begin = messages_begin, .piece = messages_piece, .end = messages_end, .error = messages_error,
};
