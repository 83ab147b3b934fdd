// SPDX-License-Identifier: Apache-2.0
/* ollama.c: translates between our prompt and Ollama's own API (https://github.com/ollama/ollama/blob/main/docs/api.md): one JSON
 * document a line, calls without ids, options in an object of their own.  Its OpenAI-compatible API lacks num_ctx, and what does
 * not fit into the context that the server chose by itself is dropped there without a word. */
#include <string.h>

#include "domain/tool.h"
#include "model/api.h"
#include "model/quirks.h"
#include "model/turns.h"
#include "net/sse.h"

/* The body is written as text: a conversation is many strings, and a tree of them would cost ten times the writing. */

static void add_images(struct buf *b, const struct chat_message *m)
{
    buf_add(b, S(",\"images\":["));
    for (size_t i = 0; i < m->n_images; i++) {
        buf_add(b, i ? S(",") : S(""));
        json_add_string(b, m->images[i].base64);
    }
    buf_add_char(b, ']');
}

static void add_calls(struct buf *b, const struct chat_message *m)
{
    buf_add(b, S(",\"tool_calls\":["));
    for (size_t i = 0; i < m->n_calls; i++) {
        buf_add(b, i ? S(",{\"function\":{\"name\":") : S("{\"function\":{\"name\":"));
        json_add_string(b, m->calls[i].name);
        buf_add(b, S(",\"arguments\":"));
        buf_add(b, api_call_arguments(m->calls[i].arguments));
        buf_add(b, S("}}"));
    }
    buf_add_char(b, ']');
}

/* A result names its tool: there are no ids, and results stand in the order of the calls. */
static void add_message(struct buf *b, const struct prompt *p, size_t i)
{
    const struct chat_message *m = &p->messages[i];

    buf_addf(b, "{\"role\":\"%s\",\"content\":", role_name(m->role));
    json_add_string(b, m->text);
    if (m->role == ROLE_TOOL) {
        buf_add(b, S(",\"tool_name\":"));
        json_add_string(b, turns_tool_of_result(p, i));
    }
    if (m->role == ROLE_USER && m->n_images)
        add_images(b, m);
    if (m->role == ROLE_ASSISTANT && m->reasoning.len) {
        buf_add(b, S(",\"thinking\":"));
        json_add_string(b, m->reasoning);
    }
    if (m->role == ROLE_ASSISTANT && m->n_calls)
        add_calls(b, m);
    buf_add_char(b, '}');
}

/* The API has no word for a choice of tools; which ones are offered says nearly as much. */
static bool is_offered(const struct prompt *p, const struct tool *t)
{
    return p->tool_choice != CHOOSE_NONE && (p->tool_choice != CHOOSE_NAMED || str_eq(p->tool_named, str_from(t->name)));
}

static void add_tools(struct buf *b, const struct prompt *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_tools; i++) {
        const struct tool *t = p->tools[i];

        if (!is_offered(p, t))
            continue;
        buf_add(b, n++ ? S(",") : S(",\"tools\":["));
        buf_add(b, S("{\"type\":\"function\",\"function\":{\"name\":"));
        json_add_string(b, str_from(t->name));
        buf_add(b, S(",\"description\":"));
        json_add_string(b, str_from(t->description));
        buf_addf(b, ",\"parameters\":%s}}", t->schema);        /* is JSON: tools_test */
    }
    if (n)
        buf_add_char(b, ']');
}

static json_t *stops_of(const struct prompt *p)
{
    json_t *list = json_array();

    for (size_t i = 0; i < p->n_stops; i++)
        json_array_append_new(list, json_from_str(p->stops[i]));
    return list;
}

static void add_options(struct buf *b, const struct model_target *t, const struct prompt *p)
{
    CLEANUP(json_decrefp) json_t *o = json_object();

    if (t->context > 0)
        json_object_set_new(o, "num_ctx", json_integer((json_int_t)t->context));
    if (p->max_tokens > 0)
        json_object_set_new(o, "num_predict", json_integer((json_int_t)p->max_tokens));
    if (p->temperature >= 0)
        json_object_set_new(o, "temperature", json_real(p->temperature));
    if (p->top_p > 0)
        json_object_set_new(o, "top_p", json_real(p->top_p));
    if (p->n_stops)
        json_object_set_new(o, "stop", stops_of(p));
    if (json_object_size(o) == 0)
        return;
    buf_add(b, S(",\"options\":"));
    json_print_to(b, o);
}

/* Most models can only think or not; those that know levels have three (https://docs.ollama.com/capabilities/thinking). */
static void add_think(struct buf *b, str effort, unsigned quirks)
{
    bool level = str_eq(effort, S("low")) || str_eq(effort, S("medium")) || str_eq(effort, S("high"));

    if (effort.len == 0 || (quirks & QUIRK_NO_EFFORT))
        return;
    if (str_eq(effort, S("none")))
        buf_add(b, S(",\"think\":false"));
    else if (quirks & QUIRK_THINKING_FLAG)
        buf_add(b, S(",\"think\":true"));
    else
        buf_addf(b, ",\"think\":\"%.*s\"", STR(level ? effort : S("low")));
}

static void add_body(struct buf *b, const struct model_target *t, const struct prompt *p)
{
    buf_add(b, S("{\"model\":"));
    json_add_string(b, p->model);
    buf_add(b, S(",\"messages\":["));
    for (size_t i = 0; i < p->n_messages; i++) {
        buf_add(b, i ? S(",") : S(""));
        add_message(b, p, i);
    }
    buf_add(b, S("],\"stream\":true"));
    if (!(t->quirks & QUIRK_NO_TOOLS))
        add_tools(b, p);
    if (p->schema.len)
        buf_addf(b, ",\"format\":%.*s", STR(str_eq(p->schema, S("{}")) ? S("\"json\"") : p->schema));
    add_think(b, p->effort, t->quirks);
    if (t->keep_alive) {
        buf_add(b, S(",\"keep_alive\":"));
        json_add_string(b, str_from(t->keep_alive));
    }
    add_options(b, t, p);
    buf_add_char(b, '}');
}

static enum err ollama_request(struct arena *a, const struct model_target *t, const struct prompt *p, struct http_request *out)
{
    CLEANUP(buf_done) struct buf body = { .max = SIZE_MAX / 2 };

    add_body(&body, t, p);
    api_request(a, t, &(struct api_head){ "api/chat", "Authorization" }, buf_str(&body), out);
    return OK;
}

/* A level that a model does not know: it may still be told whether to think at all. */
static unsigned ollama_quirks(int status, str body)
{
    if (status == 400 && str_find(body, S("think value")) != STR_NONE)
        return QUIRK_THINKING_FLAG;
    return quirks_learned(status, body);
}

static enum err fold_calls(struct completion *c, const json_t *calls)
{
    const json_t *call;
    size_t i;

    json_array_foreach(calls, i, call) {
        CLEANUP(buf_done) struct buf arguments = {0};
        const json_t *given = json_at(call, "function.arguments");

        if (given && !json_is_string(given))
            json_print_to(&arguments, given);
        TRY(completion_whole_call(c, json_text_str(call, "id"), json_text_str(call, "function.name"),
                                  arguments.len ? buf_str(&arguments) : json_strval(given)));
    }
    return OK;
}

static enum err fold_end_of(struct completion *c, const json_t *j)
{
    const char *reason = json_text(j, "done_reason");

    completion_stop(c, strcmp(reason, "length") == 0 ? STOP_LENGTH : STOP_END);
    completion_usage(c, (struct usage){ .input = json_int(j, "prompt_eval_count", 0), .output = json_int(j, "eval_count", 0) });
    return completion_finish(c);
}

static enum err ollama_event(void *arg, const struct sse_event *ev)
{
    struct completion *c = arg;
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(ev->data, &j) != OK)
        return failed_in(ERR_INPUT, "a line of the stream is not JSON: ");
    if (json_at(j, "error"))
        return api_broke_off(j);
    completion_model(c, json_text_str(j, "model"));
    TRY(completion_reasoning(c, json_text_str(j, "message.thinking")));
    TRY(completion_text(c, json_text_str(j, "message.content")));
    TRY(fold_calls(c, json_at(j, "message.tool_calls")));
    return json_flag(j, "done") ? fold_end_of(c, j) : OK;
}

static enum err ollama_list_models(struct arena *a, const struct model_target *t, struct http_request *out)
{
    api_request(a, t, &(struct api_head){ "api/tags", "Authorization" }, NO_STR, out);
    return OK;
}

static enum err ollama_listed(struct arena *a, str body, const char ***ret_names, size_t *ret_n)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j) != OK || !json_is_array(json_at(j, "models")))
        return failed(ERR_REMOTE, "the list of models is not what Ollama sends");
    api_names(a, json_at(j, "models"), "name", ret_names, ret_n);
    return OK;
}

static enum err ollama_embed(struct arena *a, const struct model_target *t, str model, const str *texts, size_t n, size_t dimension,
                             struct http_request *out)
{
    CLEANUP(json_decrefp) json_t *input = json_array(), *body = NULL;

    for (size_t i = 0; i < n; i++)
        json_array_append_new(input, json_from_str(texts[i]));
    body = json_pack("{s:o, s:O}", "model", json_from_str(model), "input", input);
    if (dimension)
        json_object_set_new(body, "dimensions", json_integer((json_int_t)dimension));
    if (t->keep_alive)
        json_object_set_new(body, "keep_alive", json_string(t->keep_alive));
    api_request(a, t, &(struct api_head){ "api/embed", "Authorization" }, json_print(a, body), out);
    return OK;
}

static enum err ollama_embedded(struct arena *a, str body, struct embeddings *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j) != OK)
        return failed_in(ERR_REMOTE, "the embeddings are not JSON: ");
    TRY(api_vectors(a, json_at(j, "embeddings"), NULL, out));
    out->tokens = json_int(j, "prompt_eval_count", 0);
    return OK;
}

/* Left alone, Ollama takes 4,096 tokens on most machines, which the tools alone may fill. */
const struct provider provider_ollama = {
    .name = "ollama", .caps = CAP_TOOLS | CAP_VISION, .lines = true, .context = 16384,
    .request = ollama_request, .event = ollama_event, .refused = api_refused, .quirks = ollama_quirks,
    .list_models = ollama_list_models, .listed = ollama_listed, .embed = ollama_embed, .embedded = ollama_embedded,
};
