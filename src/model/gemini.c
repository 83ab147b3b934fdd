// SPDX-License-Identifier: Apache-2.0
/* gemini.c: translates between our prompt and Gemini's generateContent (https://ai.google.dev/api/generate-content), streamed as
 * server-sent events.  The conversation itself is written by gemini_contents.c. */
#include <math.h>
#include <string.h>

#include "domain/tool.h"
#include "model/api.h"
#include "model/gemini.h"
#include "model/quirks.h"
#include "net/sse.h"
#include "net/url.h"

/* What models differ in; learned from the words of their refusals. */
enum {
    NO_SAMPLING   = 16,         /* since Gemini 4: neither temperature nor topP */
    NO_LEVEL      = 32,         /* Gemini 2.5: thinking has a budget of tokens instead of a level */
    NO_MINIMAL    = 64,         /* the least level is "low" */
    NO_MEDIUM     = 128,        /* Gemini 3 Pro */
    ALWAYS_THINKS = 256,        /* Gemini 2.5 Pro: no budget of 0 */
    NO_THINKING   = 512,        /* Gemini 2.0 and before */
    NO_JSON       = 1024,       /* a schema is asked for in words */
    JSON_OR_TOOLS = 2048,       /* Gemini 2.5 and before: the same, where there are tools */
    NO_TOOLS      = 4096,       /* Gemma */
};

static const struct refusal refusals[] = {
    { "missing a thought_signature|missing a `thought_signature`", GEMINI_SIGNATURES_WANTED },
    { "Invalid thought signature|Corrupted thought signature|Thought signature is not valid",
      GEMINI_SIGNATURES_REFUSED | GEMINI_SIGNATURES_WANTED },
    { "Developer instruction is not enabled", GEMINI_SYSTEM_AS_USER },
    { "temperature|top_p|topP", NO_SAMPLING },
    { "Thinking level is not supported|thinking_level is not supported|thinkingLevel", NO_LEVEL },
    { "level MINIMAL|level minimal", NO_MINIMAL },
    { "level MEDIUM|level medium", NO_MEDIUM },
    { "only works in thinking mode|Budget 0 is invalid", ALWAYS_THINKS },
    { "thinking is not supported|does not support thinking|thinkingConfig|thinking_config", NO_THINKING },
    { "JSON mode is not enabled|responseJsonSchema|response_json_schema|too many states", NO_JSON },
    { "with a response mime type", JSON_OR_TOOLS },
    { "Function calling is not enabled", NO_TOOLS },
};

static unsigned gemini_quirks(int status, str body)
{
    return refusals_in(refusals, N_ELEMENTS(refusals), status, body);
}

/* --- the request --- */

static bool is_any_json(const struct prompt *p)
{
    return str_eq(p->schema, S("{}"));
}

static bool schema_in_words(const struct prompt *p, unsigned quirks)
{
    return p->schema.len && ((quirks & NO_JSON) || ((quirks & JSON_OR_TOOLS) && p->n_tools));
}

static void add_schema_in_words(struct buf *instruction, const struct prompt *p)
{
    buf_add(instruction, S("Your final answer has to be JSON and nothing else"));
    if (!is_any_json(p)) {
        buf_add(instruction, S(", of this JSON Schema: "));
        buf_add(instruction, p->schema);
    }
}

static const char *level_of(str effort, unsigned quirks)
{
    if (str_eq(effort, S("high")) || (str_eq(effort, S("medium")) && (quirks & NO_MEDIUM)))
        return "high";
    if (str_eq(effort, S("medium")))
        return "medium";
    return str_eq(effort, S("low")) || (quirks & NO_MINIMAL) ? "low" : "minimal";
}

static int budget_of(str effort, unsigned quirks)
{
    static const struct { str effort; int tokens; } budgets[] = {
        { { "minimal", 7 }, 512 }, { { "low", 3 }, 2048 }, { { "medium", 6 }, 8192 },
    };

    if (str_eq(effort, S("none")))
        return quirks & ALWAYS_THINKS ? 128 : 0;
    for (size_t i = 0; i < N_ELEMENTS(budgets); i++)
        if (str_eq(effort, budgets[i].effort))
            return budgets[i].tokens;
    return 24576;
}

/* A member of an object, with its comma if it is not the first. */
static void add_key(struct buf *b, const char *key)
{
    buf_addf(b, b->p[b->len - 1] == '{' ? "\"%s\":" : ",\"%s\":", key);
}

static void add_number(struct buf *b, const char *key, double value)
{
    CLEANUP(json_decrefp) json_t *number = json_real(value);

    add_key(b, key);
    json_print_to(b, number);
}

static void add_stops(struct buf *b, const struct prompt *p)
{
    add_key(b, "stopSequences");
    buf_add_char(b, '[');
    for (size_t i = 0; i < p->n_stops; i++) {
        buf_add(b, i ? S(",") : S(""));
        json_add_string(b, p->stops[i]);
    }
    buf_add_char(b, ']');
}

static void add_thinking(struct buf *b, const struct prompt *p, unsigned quirks)
{
    const char *told = str_eq(p->effort, S("none")) ? "" : ",\"includeThoughts\":true";

    add_key(b, "thinkingConfig");
    if (quirks & NO_LEVEL)
        buf_addf(b, "{\"thinkingBudget\":%d%s}", budget_of(p->effort, quirks), told);
    else
        buf_addf(b, "{\"thinkingLevel\":\"%s\"%s}", level_of(p->effort, quirks), told);
}

static void add_config(struct buf *b, const struct prompt *p, unsigned quirks)
{
    size_t before = b->len;

    buf_add(b, S(",\"generationConfig\":{"));
    if (p->max_tokens > 0) {
        add_key(b, "maxOutputTokens");
        buf_addf(b, "%lld", (long long)p->max_tokens);
    }
    if (p->temperature >= 0 && !(quirks & NO_SAMPLING))
        add_number(b, "temperature", p->temperature);
    if (p->top_p > 0 && !(quirks & NO_SAMPLING))
        add_number(b, "topP", p->top_p);
    if (p->n_stops)
        add_stops(b, p);
    if (p->schema.len && !schema_in_words(p, quirks)) {
        add_key(b, "responseMimeType");
        buf_add(b, S("\"application/json\""));
        if (!is_any_json(p)) {
            add_key(b, "responseJsonSchema");
            buf_add(b, p->schema);
        }
    }
    if (p->effort.len && !(quirks & NO_THINKING))
        add_thinking(b, p, quirks);
    if (b->p[b->len - 1] == '{')
        buf_cut(b, before);
    else
        buf_add_char(b, '}');
}

/* How many calls a reply may have cannot be said. */
static void add_tool_choice(struct buf *b, const struct prompt *p)
{
    static const char *const modes[] = { [CHOOSE_NONE] = "NONE", [CHOOSE_REQUIRED] = "ANY", [CHOOSE_NAMED] = "ANY" };

    if (p->tool_choice == CHOOSE_AUTO)
        return;
    buf_addf(b, ",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":\"%s\"", modes[p->tool_choice]);
    if (p->tool_choice == CHOOSE_NAMED) {
        buf_add(b, S(",\"allowedFunctionNames\":["));
        json_add_string(b, p->tool_named);
        buf_add_char(b, ']');
    }
    buf_add(b, S("}}"));
}

/* parametersJsonSchema takes JSON Schema; the older `parameters` takes a part of OpenAPI's only. */
static void add_tools(struct buf *b, const struct prompt *p)
{
    buf_add(b, S(",\"tools\":[{\"functionDeclarations\":["));
    for (size_t i = 0; i < p->n_tools; i++) {
        const struct tool *t = p->tools[i];

        buf_add(b, i ? S(",{\"name\":") : S("{\"name\":"));
        json_add_string(b, str_from(t->name));
        buf_add(b, S(",\"description\":"));
        json_add_string(b, str_from(t->description));
        buf_addf(b, ",\"parametersJsonSchema\":%s}", t->schema);
    }
    buf_add(b, S("]}]"));
    add_tool_choice(b, p);
}

/* "models/NAME:method"; names of tuned models come with their folder. */
static char *path_of(struct arena *a, str model, const char *method)
{
    CLEANUP(buf_done) struct buf path = {0};

    if (str_starts(model, S("tunedModels/"))) {
        buf_add(&path, model);
    } else {
        str_eat(&model, S("models/"));
        buf_add(&path, S("models/"));
        url_add_encoded(&path, model);
    }
    buf_addf(&path, ":%s", method);
    return arena_c(a, buf_str(&path));
}

static enum err gemini_request(struct arena *a, const struct model_target *t, const struct prompt *p, struct http_request *out)
{
    CLEANUP(buf_done) struct buf body = { .max = SIZE_MAX / 2 }, words = { .max = SIZE_MAX / 2 };
    const char *path = path_of(a, p->model, "streamGenerateContent?alt=sse");

    if (schema_in_words(p, t->quirks))
        add_schema_in_words(&words, p);
    buf_add_char(&body, '{');
    gemini_add_conversation(&body, p, t->quirks, buf_str(&words));
    if (p->n_tools && !(t->quirks & NO_TOOLS))
        add_tools(&body, p);
    add_config(&body, p, t->quirks);
    buf_add_char(&body, '}');
    api_request(a, t, &(struct api_head){ path, "x-goog-api-key" }, buf_str(&body), out);
    return OK;
}

/* --- models --- */

static enum err gemini_list_models(struct arena *a, const struct model_target *t, struct http_request *out)
{
    api_request(a, t, &(struct api_head){ "models?pageSize=1000", "x-goog-api-key" }, NO_STR, out);
    return OK;
}

static bool can_generate(const json_t *model)
{
    const json_t *method;
    size_t i;

    json_array_foreach(json_at(model, "supportedGenerationMethods"), i, method)
        if (str_eq(json_strval(method), S("generateContent")))
            return true;
    return false;
}

static enum err gemini_listed(struct arena *a, str body, const char ***ret_names, size_t *ret_n)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const json_t *model;
    size_t i, n = 0;

    if (json_parse(body, &j) != OK || !json_is_array(json_at(j, "models")))
        return failed(ERR_REMOTE, "the list of models is not what a server with Gemini's API sends");
    const char **names = arena_alloc(a, (json_array_size(json_at(j, "models")) + 1) * sizeof *names);

    json_array_foreach(json_at(j, "models"), i, model) {
        str name = json_text_str(model, "name");

        str_eat(&name, S("models/"));
        if (name.len && can_generate(model))
            names[n++] = arena_c(a, name);
    }
    *ret_names = names;
    *ret_n = n;
    return OK;
}

/* --- embeddings: https://ai.google.dev/api/embeddings --- */

static enum err gemini_embed(struct arena *a, const struct model_target *t, str model, const str *texts, size_t n, size_t dimension,
                             struct http_request *out)
{
    CLEANUP(buf_done) struct buf body = { .max = SIZE_MAX / 2 }, name = {0};

    buf_addf(&name, "%s%.*s", str_starts(model, S("models/")) ? "" : "models/", STR(model));
    buf_add(&body, S("{\"requests\":["));
    for (size_t i = 0; i < n; i++) {
        buf_add(&body, i ? S(",{\"model\":") : S("{\"model\":"));
        json_add_string(&body, buf_str(&name));
        buf_add(&body, S(",\"content\":{\"parts\":[{\"text\":"));
        json_add_string(&body, texts[i]);
        buf_add(&body, S("}]}"));
        if (dimension)
            buf_addf(&body, ",\"outputDimensionality\":%zu", dimension);
        buf_add_char(&body, '}');
    }
    buf_add(&body, S("]}"));
    api_request(a, t, &(struct api_head){ path_of(a, model, "batchEmbedContents"), "x-goog-api-key" }, buf_str(&body), out);
    return OK;
}

/* Vectors that were shortened are not of length 1 as the others are. */
static void to_length_one(float *v, size_t n)
{
    double square = 0;

    for (size_t i = 0; i < n; i++)
        square += (double)v[i] * (double)v[i];
    for (size_t i = 0; i < n && square > 0; i++)
        v[i] = (float)((double)v[i] / sqrt(square));
}

static enum err gemini_embedded(struct arena *a, str body, struct embeddings *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j) != OK)
        return failed_in(ERR_REMOTE, "the embeddings are not JSON: ");
    TRY(api_vectors(a, json_at(j, "embeddings"), "values", out));
    for (size_t i = 0; i < out->n; i++)
        to_length_one(out->values + i * out->dimension, out->dimension);
    out->tokens = json_int(j, "usageMetadata.promptTokenCount", 0);
    return OK;
}

const struct provider provider_gemini = {
    .name = "gemini", .caps = CAP_TOOLS | CAP_VISION, .own_quirks = true,
    .request = gemini_request, .event = gemini_event, .refused = api_refused, .quirks = gemini_quirks,
    .list_models = gemini_list_models, .listed = gemini_listed, .embed = gemini_embed, .embedded = gemini_embedded,
};
