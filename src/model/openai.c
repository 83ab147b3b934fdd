// SPDX-License-Identifier: Apache-2.0
/* openai.c: translates between our prompt and the OpenAI-compatible chat completions that nearly every server
 * speaks (https://platform.openai.com/docs/api-reference/chat).  It does no I/O: model/complete.c opens the
 * stream, retries, cancels and feeds openai_event() one event at a time. */
#include <string.h>

#include "domain/provider.h"
#include "domain/tool.h"
#include "model/api.h"
#include "model/quirks.h"
#include "net/sse.h"

/* The body is written as text: a conversation is many strings, and a tree of them would cost ten times the writing. */

static void add_images(struct buf *b, const struct chat_message *m)
{
    buf_add_char(b, '[');
    if (m->text.len) {
        buf_add(b, S("{\"type\":\"text\",\"text\":"));
        json_add_string(b, m->text);
        buf_add(b, S("},"));
    }
    for (size_t i = 0; i < m->n_images; i++) {
        CLEANUP(buf_done) struct buf url = { .max = SIZE_MAX / 2 };

        buf_addf(&url, "data:%.*s;base64,", STR(m->images[i].mime));
        buf_add(&url, m->images[i].base64);
        buf_add(b, i ? S(",") : S(""));
        buf_add(b, S("{\"type\":\"image_url\",\"image_url\":{\"url\":"));
        json_add_string(b, buf_str(&url));
        buf_add(b, S("}}"));
    }
    buf_add_char(b, ']');
}

static void add_calls(struct buf *b, const struct chat_message *m)
{
    buf_add(b, S(",\"tool_calls\":["));
    for (size_t i = 0; i < m->n_calls; i++) {
        buf_add(b, i ? S(",{\"id\":") : S("{\"id\":"));
        json_add_string(b, m->calls[i].id);
        buf_add(b, S(",\"type\":\"function\",\"function\":{\"name\":"));
        json_add_string(b, m->calls[i].name);
        buf_add(b, S(",\"arguments\":"));
        json_add_string(b, api_call_arguments(m->calls[i].arguments));
        buf_add(b, S("}}"));
    }
    buf_add_char(b, ']');
}

static void add_message(struct buf *b, const struct chat_message *m, unsigned quirks)
{
    buf_addf(b, "{\"role\":\"%s\"", role_name(m->role));
    if (m->role == ROLE_TOOL) {
        buf_add(b, S(",\"tool_call_id\":"));
        json_add_string(b, m->call_id);
    }
    buf_add(b, S(",\"content\":"));
    if (m->role == ROLE_ASSISTANT && m->n_calls && m->text.len == 0)
        buf_add(b, S("null"));
    else if (m->role == ROLE_USER && m->n_images)
        add_images(b, m);
    else
        json_add_string(b, m->text);
    if (m->role == ROLE_ASSISTANT && m->n_calls)
        add_calls(b, m);
    if (m->role == ROLE_ASSISTANT && (quirks & QUIRK_REASONING_BACK)) {
        buf_add(b, S(",\"reasoning_content\":"));
        json_add_string(b, m->reasoning);
    }
    buf_add_char(b, '}');
}

static void add_tools(struct buf *b, const struct prompt *p)
{
    buf_add(b, S(",\"tools\":["));
    for (size_t i = 0; i < p->n_tools; i++) {
        const struct tool *t = p->tools[i];

        buf_add(b, i ? S(",") : S(""));
        buf_add(b, S("{\"type\":\"function\",\"function\":{\"name\":"));
        json_add_string(b, str_from(t->name));
        buf_add(b, S(",\"description\":"));
        json_add_string(b, str_from(t->description));
        buf_addf(b, ",\"parameters\":%s}}", t->schema);        /* is JSON: tools_test */
    }
    buf_add_char(b, ']');
}

static void add_body(struct buf *b, const struct prompt *p, unsigned quirks)
{
    buf_add(b, S("{\"model\":"));
    json_add_string(b, p->model);
    buf_add(b, S(",\"messages\":["));
    for (size_t i = 0; i < p->n_messages; i++) {
        buf_add(b, i ? S(",") : S(""));
        add_message(b, &p->messages[i], quirks);
    }
    buf_add(b, S("],\"stream\":true"));
    if (!(quirks & QUIRK_NO_STREAM_OPTIONS))
        buf_add(b, S(",\"stream_options\":{\"include_usage\":true}"));
    if (p->max_tokens > 0)
        buf_addf(b, ",\"%s\":%lld", quirks & QUIRK_MAX_COMPLETION_TOKENS ? "max_completion_tokens" : "max_tokens",
                 (long long)p->max_tokens);
    if (p->temperature >= 0 && !(quirks & QUIRK_NO_TEMPERATURE)) {
        CLEANUP(json_decrefp) json_t *number = json_real(p->temperature);

        buf_add(b, S(",\"temperature\":"));
        json_print_to(b, number);
    }
    if (p->n_tools)
        add_tools(b, p);
    buf_add_char(b, '}');
}

static enum err openai_request(struct arena *a, const struct model_target *t, const struct prompt *p,
                               struct http_request *out)
{
    CLEANUP(buf_done) struct buf body = { .max = SIZE_MAX / 2 };

    add_body(&body, p, t->quirks);
    api_request(a, t, &(struct api_head){ "chat/completions", "Authorization" }, buf_str(&body), out);
    return OK;
}

static void fold_stop(struct completion *c, const char *reason)
{
    static const struct { const char *word; enum stop_reason stop; } words[] = {
        { "stop", STOP_END }, { "tool_calls", STOP_CALLS }, { "function_call", STOP_CALLS },
        { "length", STOP_LENGTH }, { "content_filter", STOP_FILTER },
    };
    if (*reason == '\0')
        return;
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (strcmp(reason, words[i].word) == 0) {
            completion_stop(c, words[i].stop);
            return;
        }
    completion_stop(c, STOP_END);   /* "eos", "end_turn": whatever they call it, it ended */
}

static void fold_usage(struct completion *c, const json_t *usage)
{
    if (json_is_object(usage))
        completion_usage(c, (struct usage){
            .input = json_int(usage, "prompt_tokens", 0), .output = json_int(usage, "completion_tokens", 0),
            .cached = json_int(usage, "prompt_tokens_details.cached_tokens", json_int(usage, "prompt_cache_hit_tokens", 0)),
        });
}

/* A string, or (Mistral) a list of parts. */
static enum err fold_content(struct completion *c, const json_t *content)
{
    const json_t *part;
    size_t i;

    if (!json_is_array(content))
        return completion_text(c, json_strval(content));
    json_array_foreach(content, i, part)
        TRY(completion_text(c, json_text_str(part, "text")));
    return OK;
}

/* `m` is the delta of a stream or the message of a whole answer: they differ in nothing we read. */
static enum err fold_message(struct completion *c, const json_t *m)
{
    const json_t *calls = json_at(m, "tool_calls"), *call;
    size_t i;

    TRY(completion_reasoning(c, json_text_str(m, json_at(m, "reasoning_content") ? "reasoning_content" : "reasoning")));
    TRY(fold_content(c, json_at(m, "content")));
    TRY(completion_text(c, json_text_str(m, "refusal")));
    json_array_foreach(calls, i, call) {
        int64_t index = json_int(call, "index", (int64_t)i);
        json_t *arguments = json_at(call, "function.arguments");
        CLEANUP(buf_done) struct buf object = {0};

        if (json_is_object(arguments))      /* some local servers: an object instead of its text */
            json_print_to(&object, arguments);
        TRY(completion_call(c, index < 0 ? 0 : (size_t)index, json_text_str(call, "id"), json_text_str(call, "function.name"),
                            object.len ? buf_str(&object) : json_strval(arguments)));
    }
    return OK;
}

static enum err openai_event(void *arg, const struct sse_event *ev)
{
    struct completion *c = arg;
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (str_eq(str_trim(ev->data), S("[DONE]")))
        return completion_finish(c);
    if (json_parse(ev->data, &j) != OK)
        return failed_in(ERR_INPUT, "an event of the stream is not JSON: ");
    if (json_at(j, "error") || str_eq(json_text_str(j, "object"), S("error")) || str_eq(ev->name, S("error")))
        return api_broke_off(j);
    completion_model(c, json_text_str(j, "model"));
    fold_usage(c, json_at(j, "usage"));
    const json_t *choice = json_at(j, "choices.0"), *whole = json_at(choice, "message");

    TRY(fold_message(c, whole ? whole : json_at(choice, "delta")));
    fold_stop(c, json_text(choice, "finish_reason"));
    return whole ? completion_finish(c) : OK;
}

static enum err openai_list_models(struct arena *a, const struct model_target *t, struct http_request *out)
{
    api_request(a, t, &(struct api_head){ "models", "Authorization" }, NO_STR, out);
    return OK;
}

static enum err openai_listed(struct arena *a, str body, const char ***ret_names, size_t *ret_n)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j) != OK || !json_is_array(json_at(j, "data")))
        return failed(ERR_REMOTE, "the list of models is not what an OpenAI-compatible server sends");
    api_names(a, json_at(j, "data"), "id", ret_names, ret_n);
    return OK;
}

const struct provider provider_openai = {
    .name = "openai", .caps = CAP_TOOLS | CAP_VISION,
    .request = openai_request, .event = openai_event, .refused = api_refused, .quirks = quirks_learned,
    .list_models = openai_list_models, .listed = openai_listed,
};
