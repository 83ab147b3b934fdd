// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "model/anthropic.h"
#include "model/api.h"
#include "net/sse.h"

/* input_tokens are those that came from no cache and went into none.  What is told twice is told as the sum so far. */
static int64_t tokens(const json_t *usage, const char *path, int64_t otherwise)
{
    int64_t n = json_int(usage, path, otherwise);

    return n < 0 || n > (int64_t)1 << 40 ? otherwise : n;
}

static void fold_usage(struct completion *c, const json_t *usage)
{
    const struct usage was = c->usage;
    struct usage u = {
        .cached = tokens(usage, "cache_read_input_tokens", was.cached),
        .written = tokens(usage, "cache_creation_input_tokens", was.written),
        .output = tokens(usage, "output_tokens", was.output),
        .reasoning = tokens(usage, "output_tokens_details.thinking_tokens", was.reasoning),
    };

    u.input = tokens(usage, "input_tokens", was.input - was.cached - was.written) + u.cached + u.written;
    if (json_is_object(usage))
        completion_usage(c, u);
}

static void fold_stop(struct completion *c, const char *reason)
{
    static const struct { const char *word; enum stop_reason stop; } words[] = {
        { "end_turn", STOP_END }, { "stop_sequence", STOP_END }, { "pause_turn", STOP_END }, { "tool_use", STOP_CALLS },
        { "max_tokens", STOP_LENGTH }, { "model_context_window_exceeded", STOP_LENGTH }, { "refusal", STOP_FILTER },
    };
    enum stop_reason stop = STOP_END;

    if (*reason == '\0')
        return;
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (strcmp(reason, words[i].word) == 0)
            stop = words[i].stop;
    completion_stop(c, stop == STOP_CALLS && c->n_calls == 0 ? STOP_END : stop);     /* the schema's tool was no call */
}

/* A block of thoughts, as it begins, and where it stands. */
static enum err keep(struct completion *c, const json_t *block)
{
    return completion_keep(c, "anthropic", anthropic_kept_item(block, c->model, c->text.len, c->n_calls));
}

static enum err fold_thought(struct completion *c, str piece)
{
    TRY(completion_keep_more(c, "thinking", piece));
    return completion_reasoning(c, piece);
}

static enum err begin_thought(struct completion *c, const json_t *block)
{
    if (c->reasoning.len)
        TRY(completion_reasoning(c, S("\n\n")));
    TRY(keep(c, block));
    return completion_reasoning(c, json_text_str(block, "thinking"));
}

static enum err begin_call(struct completion *c, size_t index, const json_t *block)
{
    CLEANUP(buf_done) struct buf input = {0};
    json_t *whole = json_at(block, "input");

    if (str_starts(json_text_str(block, "name"), S(ANTHROPIC_ANSWER_TOOL)))
        completion_call_is_text(c, index);
    if (json_object_size(whole))            /* {} before a stream of it */
        json_print_to(&input, whole);
    return completion_call(c, index, json_text_str(block, "id"), json_text_str(block, "name"), buf_str(&input));
}

static enum err begin_block(struct completion *c, size_t index, const json_t *block)
{
    str type = json_text_str(block, "type");

    if (str_eq(type, S("text")))
        return completion_text(c, json_text_str(block, "text"));
    if (str_eq(type, S("thinking")))
        return begin_thought(c, block);
    if (str_eq(type, S("redacted_thinking")))
        return keep(c, block);
    return str_eq(type, S("tool_use")) ? begin_call(c, index, block) : OK;
}

static enum err fold_delta(struct completion *c, size_t index, const json_t *delta)
{
    str type = json_text_str(delta, "type");

    if (str_eq(type, S("text_delta")))
        return completion_text(c, json_text_str(delta, "text"));
    if (str_eq(type, S("thinking_delta")))
        return fold_thought(c, json_text_str(delta, "thinking"));
    if (str_eq(type, S("signature_delta")))
        return completion_keep_more(c, "signature", json_text_str(delta, "signature"));
    if (str_eq(type, S("input_json_delta")))
        return completion_call(c, index, S(""), S(""), json_text_str(delta, "partial_json"));
    return OK;
}

static void begin_message(struct completion *c, const json_t *message)
{
    completion_model(c, json_text_str(message, "model"));
    fold_usage(c, json_at(message, "usage"));
}

/* A server that does not stream. */
static enum err fold_whole(struct completion *c, const json_t *message)
{
    const json_t *block;
    size_t i;

    begin_message(c, message);
    json_array_foreach(json_at(message, "content"), i, block)
        TRY(begin_block(c, i, block));
    fold_stop(c, json_text(message, "stop_reason"));
    return completion_finish(c);
}

static enum err fold_event(struct completion *c, const json_t *j)
{
    str type = json_text_str(j, "type");
    size_t index = (size_t)tokens(j, "index", 0);

    if (str_eq(type, S("message_start")))
        begin_message(c, json_at(j, "message"));
    else if (str_eq(type, S("content_block_start")))
        return begin_block(c, index, json_at(j, "content_block"));
    else if (str_eq(type, S("content_block_delta")))
        return fold_delta(c, index, json_at(j, "delta"));
    else if (str_eq(type, S("message_delta"))) {
        fold_usage(c, json_at(j, "usage"));
        fold_stop(c, json_text(j, "delta.stop_reason"));
    } else if (str_eq(type, S("message_stop")))
        return completion_finish(c);
    return OK;          /* "ping", and what may be added: https://docs.anthropic.com/en/api/versioning */
}

enum err anthropic_event(void *arg, const struct sse_event *ev)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (str_eq(str_trim(ev->data), S("[DONE]")))        /* not Anthropic's, but some servers' that speak as it does */
        return OK;
    if (json_parse(ev->data, &j) != OK)
        return failed_in(ERR_INPUT, "an event of the stream is not JSON: ");
    if (json_at(j, "error") || str_eq(json_text_str(j, "type"), S("error")))
        return api_broke_off(j);
    return str_eq(json_text_str(j, "type"), S("message")) ? fold_whole(arg, j) : fold_event(arg, j);
}
