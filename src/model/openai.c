// SPDX-License-Identifier: Apache-2.0
/* openai.c: translates between our prompt and the OpenAI-compatible chat completions that nearly every server
 * speaks (https://platform.openai.com/docs/api-reference/chat).  It does no I/O: model/complete.c opens the
 * stream, retries, cancels and feeds openai_event() one event at a time. */
#include <string.h>

#include "domain/provider.h"
#include "domain/tool.h"
#include "model/api.h"
#include "model/openai_shared.h"
#include "model/quirks.h"
#include "net/sse.h"

static const char name[] = "openai";

/* --- the request --- */

static void add_images(struct buf *b, const struct chat_message *m)
{
    buf_add_char(b, '[');
    if (m->text.len) {
        openai_add_text(b, S("{\"type\":\"text\",\"text\":"), m->text);
        buf_add(b, S("},"));
    }
    for (size_t i = 0; i < m->n_images; i++) {
        buf_add(b, i ? S(",") : S(""));
        openai_add_data_url(b, S("{\"type\":\"image_url\",\"image_url\":{\"url\":"), &m->images[i]);
        buf_add(b, S("}}"));
    }
    buf_add_char(b, ']');
}

/* What Gemini's OpenAI-compatible API gave with a call, signatures of thoughts, and refuses to do without. */
static const json_t *extra_of(const json_t *kept, str call_id)
{
    const json_t *item;
    size_t i;

    json_array_foreach(kept, i, item)
        if (json_at(item, "extra_content") && str_eq(json_text_str(item, "call_id"), call_id))
            return json_at(item, "extra_content");
    return NULL;
}

static void add_calls(struct buf *b, const struct chat_message *m, const json_t *kept)
{
    buf_add(b, S(",\"tool_calls\":["));
    for (size_t i = 0; i < m->n_calls; i++) {
        const json_t *extra = extra_of(kept, m->calls[i].id);

        openai_add_text(b, i ? S(",{\"id\":") : S("{\"id\":"), m->calls[i].id);
        openai_add_text(b, S(",\"type\":\"function\",\"function\":{\"name\":"), m->calls[i].name);
        openai_add_text(b, S(",\"arguments\":"), api_call_arguments(m->calls[i].arguments));
        if (extra) {
            buf_add(b, S("},\"extra_content\":"));
            json_print_to(b, extra);
            buf_add_char(b, '}');
        } else {
            buf_add(b, S("}}"));
        }
    }
    buf_add_char(b, ']');
}

/* https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks */
static void add_reasoning_details(struct buf *b, const json_t *kept)
{
    const json_t *item;
    size_t i, n = 0;

    json_array_foreach(kept, i, item) {
        if (json_at(item, "extra_content"))
            continue;
        buf_add(b, n++ ? S(",") : S(",\"reasoning_details\":["));
        json_print_to(b, item);
    }
    if (n)
        buf_add_char(b, ']');
}

static void add_assistant(struct buf *b, const struct chat_message *m, unsigned quirks)
{
    CLEANUP(json_decrefp) json_t *kept = api_kept(m->kept, name);

    if (m->n_calls)
        add_calls(b, m, kept);
    if (quirks & QUIRK_REASONING_BACK)
        openai_add_text(b, S(",\"reasoning_content\":"), m->reasoning);
    if (!(quirks & QUIRK_NO_REASONING_DETAILS))
        add_reasoning_details(b, kept);
}

static void add_message(struct buf *b, const struct chat_message *m, unsigned quirks)
{
    bool developer = m->role == ROLE_SYSTEM && (quirks & QUIRK_DEVELOPER_ROLE);

    buf_addf(b, "{\"role\":\"%s\"", developer ? "developer" : role_name(m->role));
    if (m->role == ROLE_TOOL)
        openai_add_text(b, S(",\"tool_call_id\":"), m->call_id);
    buf_add(b, S(",\"content\":"));
    if (m->role == ROLE_ASSISTANT && m->n_calls && m->text.len == 0)
        buf_add(b, S("null"));
    else if (m->role == ROLE_USER && m->n_images)
        add_images(b, m);
    else
        json_add_string(b, m->text);
    if (m->role == ROLE_ASSISTANT)
        add_assistant(b, m, quirks);
    buf_add_char(b, '}');
}

static void add_tools(struct buf *b, const struct prompt *p)
{
    buf_add(b, S(",\"tools\":["));
    for (size_t i = 0; i < p->n_tools; i++) {
        const struct tool *t = p->tools[i];

        buf_add(b, i ? S(",") : S(""));
        openai_add_text(b, S("{\"type\":\"function\",\"function\":{\"name\":"), str_from(t->name));
        openai_add_text(b, S(",\"description\":"), str_from(t->description));
        buf_addf(b, ",\"parameters\":%s}}", t->schema);        /* is JSON: tools_test */
    }
    buf_add_char(b, ']');
}

static void add_tool_use(struct buf *b, const struct prompt *p, unsigned quirks)
{
    if (!openai_offers_tools(p, quirks))
        return;
    add_tools(b, p);
    openai_add_choice(b, p, quirks, S("{\"type\":\"function\",\"function\":{\"name\":"), S("}}"));
}

static void add_sampling(struct buf *b, const struct prompt *p, unsigned quirks)
{
    if (p->max_tokens > 0)
        buf_addf(b, ",\"%s\":%lld", quirks & QUIRK_MAX_COMPLETION_TOKENS ? "max_completion_tokens" : "max_tokens",
                 (long long)p->max_tokens);
    openai_add_randomness(b, p, quirks);
    if (p->n_stops == 0 || (quirks & QUIRK_NO_STOP))
        return;
    for (size_t i = 0; i < p->n_stops; i++)
        openai_add_text(b, i ? S(",") : S(",\"stop\":["), p->stops[i]);
    buf_add_char(b, ']');
}

static void add_effort(struct buf *b, str effort, unsigned quirks)
{
    bool on = !str_eq(effort, S("none"));

    if (effort.len == 0 || (quirks & QUIRK_NO_EFFORT))
        return;
    if (quirks & QUIRK_THINKING_FLAG)
        buf_addf(b, ",\"enable_thinking\":%s", on ? "true" : "false");
    else if (quirks & QUIRK_THINKING_TYPE)
        buf_addf(b, ",\"thinking\":{\"type\":\"%s\"}", on ? "enabled" : "disabled");
    else if (quirks & QUIRK_THINKING_TEMPLATE)
        buf_addf(b, ",\"chat_template_kwargs\":{\"enable_thinking\":%s}", on ? "true" : "false");
    else
        openai_add_text(b, S(",\"reasoning_effort\":"), effort);
}

static void add_format(struct buf *b, const struct prompt *p, unsigned quirks)
{
    enum openai_format format = openai_format(p, quirks);

    if (format == FORMAT_OBJECT)
        buf_add(b, S(",\"response_format\":{\"type\":\"json_object\"}"));
    if (format == FORMAT_SCHEMA) {
        buf_add(b, S(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"));
        openai_add_schema(b, p);
        buf_add(b, S("}}"));
    }
}

static void add_body(struct buf *b, const struct prompt *p, unsigned quirks)
{
    openai_add_text(b, S("{\"model\":"), p->model);
    buf_add(b, S(",\"messages\":["));
    for (size_t i = 0; i < p->n_messages; i++) {
        buf_add(b, i ? S(",") : S(""));
        add_message(b, &p->messages[i], quirks);
    }
    buf_add(b, S("],\"stream\":true"));
    if (!(quirks & QUIRK_NO_STREAM_OPTIONS))
        buf_add(b, S(",\"stream_options\":{\"include_usage\":true}"));
    add_sampling(b, p, quirks);
    add_effort(b, p->effort, quirks);
    add_format(b, p, quirks);
    if (p->conversation.len && !(quirks & QUIRK_NO_CACHE_KEY))
        openai_add_text(b, S(",\"prompt_cache_key\":"), p->conversation);
    add_tool_use(b, p, quirks);
    buf_add_char(b, '}');
}

static enum err openai_request(struct arena *a, const struct model_target *t, const struct prompt *p,
                               struct http_request *out)
{
    CLEANUP(buf_done) struct buf body = { .max = SIZE_MAX / 2 };
    struct prompt adapted = *p;

    openai_adapt(a, &adapted, t->quirks);
    add_body(&body, &adapted, t->quirks);
    api_request(a, t, &(struct api_head){ "chat/completions", "Authorization" }, buf_str(&body), out);
    return OK;
}

/* --- the answer --- */

/* Ends that the server did not mean. */
static enum err broke_off(const json_t *choice, const char *reason)
{
    if (json_at(choice, "error"))
        return api_broke_off(choice);
    return failed(ERR_NET, "the server broke off: finish_reason %.40s", reason);
}

static enum err fold_stop(struct completion *c, const json_t *choice)
{
    static const struct { const char *word; enum stop_reason stop; } words[] = {
        { "stop", STOP_END }, { "tool_calls", STOP_CALLS }, { "function_call", STOP_CALLS },
        { "length", STOP_LENGTH }, { "max_tokens", STOP_LENGTH }, { "model_length", STOP_LENGTH },
        { "model_context_window_exceeded", STOP_LENGTH }, { "content_filter", STOP_FILTER }, { "sensitive", STOP_FILTER },
        { "error", STOP_NONE }, { "network_error", STOP_NONE }, { "insufficient_system_resource", STOP_NONE },
    };
    const char *reason = json_text(choice, "finish_reason");
    enum stop_reason stop = STOP_END;       /* "eos", "end_turn": whatever they call it, it ended */

    if (*reason == '\0')
        return OK;
    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (strcmp(reason, words[i].word) == 0)
            stop = words[i].stop;
    if (stop == STOP_NONE)
        return broke_off(choice, reason);
    if (c->stop != STOP_FILTER || stop != STOP_END)     /* a refusal ends like an answer */
        completion_stop(c, stop);
    return OK;
}

/* DeepSeek and Moonshot have names of their own for what was cached; OpenRouter tells what was written to a cache. */
static void fold_usage(struct completion *c, const json_t *usage)
{
    static const char *const cached[] = { "prompt_tokens_details.cached_tokens", "prompt_cache_hit_tokens", "cached_tokens" };
    struct usage u = {
        .input = json_int(usage, "prompt_tokens", 0), .output = json_int(usage, "completion_tokens", 0),
        .written = json_int(usage, "prompt_tokens_details.cache_write_tokens", 0),
        .reasoning = json_int(usage, "completion_tokens_details.reasoning_tokens", 0),
    };

    if (!json_is_object(usage))
        return;
    for (size_t i = 0; i < N_ELEMENTS(cached) && u.cached == 0; i++)
        u.cached = json_int(usage, cached[i], 0);
    completion_usage(c, u);
}

/* Mistral: {"type": "thinking", "thinking": [{"type": "text", "text"}]} among the parts of the text. */
static enum err fold_part(struct completion *c, const json_t *part)
{
    const json_t *thought;
    size_t i;

    json_array_foreach(json_at(part, "thinking"), i, thought)
        TRY(completion_reasoning(c, json_text_str(thought, "text")));
    return completion_text(c, json_text_str(part, "text"));
}

static enum err fold_content(struct completion *c, const json_t *content)
{
    const json_t *part;
    size_t i;

    if (!json_is_array(content))
        return completion_thoughtful_text(c, json_strval(content));
    json_array_foreach(content, i, part)
        TRY(fold_part(c, part));
    return OK;
}

static bool continues(const json_t *last, const json_t *detail)
{
    const json_t *index = json_at(detail, "index");

    return json_is_integer(index) && json_equal(json_at(last, "index"), index)
        && str_eq(json_text_str(last, "type"), json_text_str(detail, "type"));
}

/* OpenRouter streams one thought as many details of one index: texts in pieces, and at the end the signature, which is of the whole. */
static enum err fold_detail(struct completion *c, const json_t *detail)
{
    static const char *const whole[] = { "signature", "data", "id", "format" };
    json_t *last = completion_last_kept(c);

    if (!json_is_object(detail))
        return OK;
    if (!continues(last, detail))
        return completion_keep(c, name, json_deep_copy(detail));
    for (size_t i = 0; i < N_ELEMENTS(whole); i++)
        if (json_at(detail, whole[i]))
            json_object_set(last, whole[i], json_at(detail, whole[i]));
    TRY(completion_keep_more(c, "text", json_text_str(detail, "text")));
    return completion_keep_more(c, "summary", json_text_str(detail, "summary"));
}

/* The same text comes under one of several names, or only as details. */
static enum err fold_reasoning(struct completion *c, const json_t *m)
{
    static const char *const names[] = { "reasoning_content", "reasoning" };
    const json_t *details = json_at(m, "reasoning_details"), *detail;
    str text = NO_STR;
    size_t i;

    for (i = 0; i < N_ELEMENTS(names) && text.len == 0; i++)
        text = json_text_str(m, names[i]);
    TRY(completion_reasoning(c, text));
    json_array_foreach(details, i, detail) {
        TRY(fold_detail(c, detail));
        if (text.len == 0) {
            TRY(completion_reasoning(c, json_text_str(detail, "text")));
            TRY(completion_reasoning(c, json_text_str(detail, "summary")));
        }
    }
    return OK;
}

static enum err fold_call(struct completion *c, const json_t *call, int64_t index)
{
    json_t *arguments = json_at(call, "function.arguments"), *extra = json_at(call, "extra_content");
    CLEANUP(buf_done) struct buf object = {0};

    if (extra)
        TRY(completion_keep(c, name, json_pack("{s:o, s:O}", "call_id", json_from_str(json_text_str(call, "id")), "extra_content", extra)));
    if (json_is_object(arguments))      /* some local servers: an object instead of its text */
        json_print_to(&object, arguments);
    return completion_call(c, index < 0 ? 0 : (size_t)index, json_text_str(call, "id"), json_text_str(call, "function.name"),
                           object.len ? buf_str(&object) : json_strval(arguments));
}

/* `m` is the delta of a stream or the message of a whole answer: they differ in nothing we read. */
static enum err fold_message(struct completion *c, const json_t *m)
{
    const json_t *calls = json_at(m, "tool_calls"), *call;
    size_t i;

    TRY(fold_reasoning(c, m));
    TRY(fold_content(c, json_at(m, "content")));
    if (*json_text(m, "refusal"))
        completion_stop(c, STOP_FILTER);
    TRY(completion_text(c, json_text_str(m, "refusal")));
    json_array_foreach(calls, i, call)
        TRY(fold_call(c, call, json_int(call, "index", (int64_t)i)));
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

    fold_usage(c, json_at(choice, "usage"));        /* Moonshot has it there */
    TRY(fold_message(c, whole ? whole : json_at(choice, "delta")));
    TRY(fold_stop(c, choice));
    return whole ? completion_finish(c) : OK;
}

const struct provider provider_openai = {
    .name = name, .caps = CAP_TOOLS | CAP_VISION,
    .request = openai_request, .event = openai_event, .refused = api_refused, .quirks = quirks_learned,
    .list_models = openai_list_models, .listed = openai_listed, .embed = openai_embed, .embedded = openai_embedded,
};
