// SPDX-License-Identifier: Apache-2.0
/* v1_chat.c: chat completions (https://platform.openai.com/docs/api-reference/chat), as a server speaks them. */
#include <string.h>

#include "gateway/v1_problem.h"
#include "gateway/v1_read.h"

/* ---- the request ---- */

static enum err read_role(struct v1_request *r, const json_t *m, const char *where, enum role *out)
{
    static const struct { const char *word; enum role role; } words[] = {
        { "system", ROLE_SYSTEM }, { "developer", ROLE_SYSTEM }, { "user", ROLE_USER }, { "assistant", ROLE_ASSISTANT },
        { "tool", ROLE_TOOL },
    };
    const char *word = json_text(m, "role");

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (strcmp(word, words[i].word) == 0) {
            *out = words[i].role;
            return OK;
        }
    return v1_wrong(r, where, "role", "must be system, developer, user, assistant or tool");
}

static enum err read_call(struct v1_request *r, const json_t *j, const char *where, struct tool_call *out)
{
    *out = (struct tool_call){ json_text_str(j, "id"), json_text_str(j, "function.name"), json_text_str(j, "function.arguments") };
    if (out->id.len == 0)
        return v1_wrong(r, where, "id", "is missing");
    if (out->name.len == 0)
        return v1_wrong(r, v1_path(r, where, "function"), "name", "is missing");
    return OK;
}

static enum err read_calls(struct v1_request *r, const json_t *m, const char *where, struct chat_message *out)
{
    const json_t *list = NULL, *one;
    size_t i;

    TRY(v1_read_list(r, m, where, "tool_calls", &list));
    struct tool_call *calls = arena_alloc(r->arena, (json_array_size(list) + 1) * sizeof *calls);

    json_array_foreach((json_t *)list, i, one)
        TRY(read_call(r, one, v1_place(r, where, "tool_calls", i), &calls[i]));
    out->calls = calls;
    out->n_calls = json_array_size(list);
    return v1_read_text(r, m, where, "reasoning_content", &out->reasoning);
}

static enum err read_message(struct v1_request *r, const json_t *m, const char *where)
{
    CLEANUP(v1_content_done) struct v1_content content = { 0 };
    struct chat_message out = { .reasoning = S("") };

    TRY(read_role(r, m, where, &out.role));
    TRY(v1_read_content(r, m, where, "content", &content));
    if (out.role == ROLE_ASSISTANT)
        TRY(read_calls(r, m, where, &out));
    if (out.role == ROLE_TOOL)
        TRY(v1_read_text(r, m, where, "tool_call_id", &out.call_id));
    if (out.role == ROLE_TOOL && out.call_id.len == 0)
        return v1_wrong(r, where, "tool_call_id", "is missing");
    out.text = v1_content_words(&content, r->arena);
    out.images = content.images;
    out.n_images = content.n_images;
    if (out.n_images && out.role != ROLE_USER)
        return v1_wrong(r, where, "content", "has an image, which only a user's message may have");
    transcript_add(&r->messages, out);
    return OK;
}

static enum err read_messages(struct v1_request *r, const json_t *body)
{
    const json_t *list = NULL, *one;
    size_t i;

    TRY(v1_read_list(r, body, "", "messages", &list));
    if (json_array_size(list) == 0)
        return v1_wrong(r, "", "messages", "must be an array with at least one message");
    json_array_foreach((json_t *)list, i, one)
        TRY(read_message(r, one, v1_place(r, "", "messages", i)));
    return OK;
}

static enum err read_tools(struct v1_request *r, const json_t *body)
{
    const json_t *list = NULL, *one;
    size_t i;

    if (json_at(body, "functions"))
        return v1_wrong(r, "", "functions", "is out of use: send 'tools'");
    TRY(v1_read_list(r, body, "", "tools", &list));
    v1_tools_room(r, json_array_size(list));
    json_array_foreach((json_t *)list, i, one) {
        const char *where = v1_place(r, "", "tools", i);

        if (strcmp(json_text(one, "type"), "function") != 0)
            return v1_wrong(r, where, "type", "must be function");
        TRY(v1_add_tool(r, v1_path(r, where, "function"), json_at(one, "function"), "parameters"));
    }
    return OK;
}

static enum err read_format(struct v1_request *r, const json_t *body)
{
    const json_t *format = NULL, *schema = NULL;

    TRY(v1_read_object(r, body, "", "response_format", &format));
    if (format == NULL)
        return OK;
    TRY(v1_read_object(r, format, "response_format", "json_schema", &schema));
    return v1_read_format(r, schema, schema ? "response_format.json_schema" : "response_format", json_text_str(format, "type"));
}

static enum err read_rest(struct v1_request *r, const json_t *body)
{
    int64_t n = 1;
    const json_t *stream_options = NULL;
    str effort = NO_STR;

    TRY(v1_read_sampling(r, body, 2));
    TRY(v1_read_count(r, body, "max_tokens", &r->prompt.max_tokens));
    TRY(v1_read_count(r, body, "max_completion_tokens", &r->prompt.max_tokens));
    TRY(v1_read_stops(r, body, "stop"));
    TRY(v1_read_text(r, body, "", "reasoning_effort", &effort));
    TRY(v1_read_effort(r, "", "reasoning_effort", effort));
    TRY(v1_read_count(r, body, "n", &n));
    if (n != 1)
        return v1_wrong(r, "", "n", "must be 1: one answer is given");
    TRY(v1_read_flag(r, body, "", "stream", &r->stream));
    TRY(v1_read_object(r, body, "", "stream_options", &stream_options));
    TRY(v1_read_flag(r, stream_options, "stream_options", "include_usage", &r->wants_usage));
    return v1_read_text(r, body, "", "user", &r->user);
}

static enum err chat_read(struct v1_request *r, const json_t *body)
{
    TRY(v1_read_text(r, body, "", "model", &r->model));
    TRY(read_messages(r, body));
    TRY(read_tools(r, body));
    TRY(v1_read_tool_choice(r, body, "function.name"));
    TRY(read_format(r, body));
    return read_rest(r, body);
}

/* ---- the answer ---- */

static const char *finish_reason(enum stop_reason s)
{
    static const char *const words[] = {
        [STOP_NONE] = "stop", [STOP_END] = "stop", [STOP_CALLS] = "tool_calls", [STOP_LENGTH] = "length",
        [STOP_FILTER] = "content_filter",
    };

    return words[s];
}

static json_t *usage_of(const struct usage *u)
{
    return json_pack("{s:I, s:I, s:I, s:{s:I}, s:{s:I}}", "prompt_tokens", (json_int_t)u->input, "completion_tokens",
                     (json_int_t)u->output, "total_tokens", (json_int_t)(u->input + u->output), "prompt_tokens_details",
                     "cached_tokens", (json_int_t)u->cached, "completion_tokens_details", "reasoning_tokens",
                     (json_int_t)u->reasoning);
}

static json_t *call_of(const struct tool_call *c)
{
    return json_pack("{s:o, s:s, s:{s:o, s:o}}", "id", json_from_str(c->id), "type", "function", "function", "name",
                     json_from_str(c->name), "arguments", json_from_str(c->arguments));
}

static json_t *message_of(const struct reply *reply)
{
    json_t *m = json_pack("{s:s, s:o, s:n}", "role", "assistant", "content",
                          reply->text.len || reply->n_calls == 0 ? json_from_str(reply->text) : json_null(), "refusal");

    if (reply->reasoning.len)
        json_object_set_new(m, "reasoning_content", json_from_str(reply->reasoning));
    if (reply->n_calls == 0)
        return m;
    json_t *calls = json_array();

    for (size_t i = 0; i < reply->n_calls; i++)
        json_array_append_new(calls, call_of(&reply->calls[i]));
    json_object_set_new(m, "tool_calls", calls);
    return m;
}

static json_t *chat_whole(struct v1_answer *x, const struct reply *reply)
{
    return json_pack("{s:o, s:s, s:I, s:o, s:[{s:i, s:o, s:n, s:s}], s:o}", "id", json_from_str(x->id), "object", "chat.completion",
                     "created", (json_int_t)x->created, "model", json_from_str(x->model), "choices", "index", 0, "message",
                     message_of(reply), "logprobs", "finish_reason", finish_reason(reply->stop), "usage", usage_of(&reply->usage));
}

/* Written as text: a chunk comes with every word. */
static void begin_chunk(const struct v1_answer *x, struct buf *b)
{
    buf_add(b, S("data: {\"id\":"));
    json_add_string(b, x->id);
    buf_addf(b, ",\"object\":\"chat.completion.chunk\",\"created\":%lld,\"model\":", (long long)x->created);
    json_add_string(b, x->model);
}

static void begin_choice(const struct v1_answer *x, struct buf *b)
{
    begin_chunk(x, b);
    if (x->request->wants_usage)
        buf_add(b, S(",\"usage\":null"));
    buf_add(b, S(",\"choices\":[{\"index\":0,\"delta\":"));
}

static void end_choice(struct buf *b, const char *reason)
{
    buf_addf(b, reason ? ",\"finish_reason\":\"%s\"}]}\n\n" : ",\"finish_reason\":null}]}\n\n", reason);
}

static void chat_begin(struct v1_answer *x, struct buf *b)
{
    begin_choice(x, b);
    buf_add(b, S("{\"role\":\"assistant\",\"content\":\"\"}"));
    end_choice(b, NULL);
}

static void chat_piece(struct v1_answer *x, struct buf *b, enum v1_piece kind, str text)
{
    begin_choice(x, b);
    buf_add(b, kind == V1_REASONING ? S("{\"reasoning_content\":") : S("{\"content\":"));
    json_add_string(b, text);
    buf_add_char(b, '}');
    end_choice(b, NULL);
}

static void add_call(const struct v1_answer *x, struct buf *b, const struct reply *reply, size_t i)
{
    CLEANUP(json_decrefp) json_t *call = call_of(&reply->calls[i]);

    json_object_set_new(call, "index", json_integer((json_int_t)i));
    begin_choice(x, b);
    buf_add(b, S("{\"tool_calls\":["));
    json_print_to(b, call);
    buf_add(b, S("]}"));
    end_choice(b, NULL);
}

static void chat_end(struct v1_answer *x, struct buf *b, const struct reply *reply)
{
    for (size_t i = 0; i < reply->n_calls; i++)
        add_call(x, b, reply, i);
    begin_choice(x, b);
    buf_add(b, S("{}"));
    end_choice(b, finish_reason(reply->stop));
    if (x->request->wants_usage) {
        CLEANUP(json_decrefp) json_t *usage = usage_of(&reply->usage);

        begin_chunk(x, b);
        buf_add(b, S(",\"choices\":[],\"usage\":"));
        json_print_to(b, usage);
        buf_add(b, S("}\n\n"));
    }
    buf_add(b, S("data: [DONE]\n\n"));
}

static void chat_error(struct v1_answer *x UNUSED, struct buf *b, const struct v1_problem *p)
{
    CLEANUP(json_decrefp) json_t *j = v1_problem_openai(p);

    buf_add(b, S("data: "));
    json_print_to(b, j);
    buf_add(b, S("\n\n"));
}

const struct v1_dialect v1_chat = {
    .id_prefix = "chatcmpl-", .ping = ": ping\n\n", .read = chat_read, .whole = chat_whole, .begin = chat_begin,
    .piece = chat_piece, .end = chat_end, .error = chat_error,
};
