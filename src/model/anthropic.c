// SPDX-License-Identifier: Apache-2.0
/* anthropic.c: translates between our prompt and Anthropic's Messages API (https://docs.anthropic.com/en/api/messages, streaming:
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming).  The conversation itself is in anthropic_messages.c. */
#include <string.h>

#include "domain/tool.h"
#include "model/anthropic_messages.h"
#include "model/api.h"
#include "model/quirks.h"
#include "net/sse.h"

enum {
    MAX_TOKENS = 32000,         /* of a reply, where the prompt does not say: it has to be said, and every model since Claude 4 takes it */
    THOUGHT_TOKENS_MIN = 1024,
};

/* What models differ in; learned from the words of their refusals. */
enum {
    NO_SAMPLING   = 1,          /* since Opus 4.7: neither temperature nor top_p */
    NO_ADAPTIVE   = 2,          /* before 4.6: thinking has a budget of tokens instead of an effort */
    NO_THINKING   = 4,          /* before 3.7 */
    ALWAYS_THINKS = 8,          /* Fable, Mythos: thinking cannot be turned off */
    NOT_FORCED    = 16,         /* the same, from 5.1 on: a tool call cannot be demanded */
    NO_FORMAT     = 32,         /* before 4.5, and where the schema says more than the API takes: the schema is asked for as a tool */
    NOT_ITS_KEPT  = 64,         /* the thoughts that were kept are another model's after all */
    MAX_64000     = 128,        /* the most tokens a reply can have */
    MAX_32000     = 256,
    MAX_16384     = 512,
    MAX_8192      = 1024,
    MAX_4096      = 2048,
};

static const struct refusal refusals[] = {
    { "temperature|top_p", NO_SAMPLING },
    { "adaptive thinking is not supported|does not support the effort|output_config: Extra inputs|Input tag 'adaptive'", NO_ADAPTIVE },
    { "does not support thinking|thinking is not supported|thinking: Extra inputs", NO_THINKING },
    { "thinking.type.disabled|thinking.type: disabled|cannot be disabled", ALWAYS_THINKS },
    { "tool_choice", NOT_FORCED },
    { "output_config.format|output_config: Extra inputs|output_format|json_schema|additionalProperties|structured output", NO_FORMAT },
    { "signature` in `thinking|signature in thinking|redacted_thinking` blocks in the latest", NOT_ITS_KEPT },
};

static const struct { int64_t tokens; unsigned bit; } maxima[] = {
    { 4096, MAX_4096 }, { 8192, MAX_8192 }, { 16384, MAX_16384 }, { 32000, MAX_32000 }, { 64000, MAX_64000 },
};

/* --- what is learned from refusals --- */

/* "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for ...": the smaller of the two. */
static int64_t maximum_in(str words)
{
    size_t at = str_find(words, S("max_tokens"));
    int64_t found = 0;

    if (at == STR_NONE || str_find(words, S("context limit")) != STR_NONE)
        return 0;
    words = str_skip(words, at);
    for (unsigned numbers = 0; numbers < 2 && words.len; ) {
        size_t digits = 0;
        int64_t n;

        while (digits < words.len && words.p[digits] >= '0' && words.p[digits] <= '9')
            digits++;
        if (digits && str_i64(str_take(words, digits), &n) == OK) {
            found = found == 0 || n < found ? n : found;
            numbers++;
        }
        words = str_skip(words, digits + 1);
    }
    return found;
}

static unsigned quirk_of_maximum(int status, str body)
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    unsigned found = 0;

    if (status != 400 || json_parse(body, &j) != OK)
        return 0;
    int64_t maximum = maximum_in(api_error_words(j));

    for (size_t i = 0; i < N_ELEMENTS(maxima) && maximum >= maxima[i].tokens; i++)
        found = maxima[i].bit;
    return found;
}

static unsigned anthropic_quirks(int status, str body)
{
    unsigned found = refusals_in(refusals, N_ELEMENTS(refusals), status, body);

    if (found & NO_ADAPTIVE)        /* the words for the one hold those for the other */
        found &= ~(unsigned)NO_THINKING;
    return found | quirk_of_maximum(status, body);
}

/* --- the request --- */

/* How the fields of a prompt that depend on each other come out. */
struct plan {
    int64_t max_tokens, budget;
    enum { AS_IT_IS, OFF, ADAPTIVE, BUDGET } thinking;
    enum { NO_SCHEMA, SCHEMA_AS_FORMAT, SCHEMA_AS_TOOL } schema;
    bool    forced;                 /* a tool has to be called */
};

static int64_t max_tokens_of(const struct prompt *p, unsigned quirks)
{
    int64_t n = p->max_tokens > 0 ? p->max_tokens : MAX_TOKENS;

    for (size_t i = 0; i < N_ELEMENTS(maxima); i++)
        if ((quirks & maxima[i].bit) && n > maxima[i].tokens)
            n = maxima[i].tokens;
    return n;
}

static int64_t budget_of(str effort)
{
    static const struct { str effort; int64_t tokens; } budgets[] = {
        { { "minimal", 7 }, THOUGHT_TOKENS_MIN }, { { "low", 3 }, 4096 }, { { "medium", 6 }, 10240 },
    };

    for (size_t i = 0; i < N_ELEMENTS(budgets); i++)
        if (str_eq(effort, budgets[i].effort))
            return budgets[i].tokens;
    return 24576;
}

static enum thoughts thoughts_of(unsigned quirks)
{
    return quirks & NOT_ITS_KEPT ? THOUGHTS_LEFT_OUT : THOUGHTS_BACK;
}

static void plan_thinking(struct plan *plan, const struct prompt *p, unsigned quirks)
{
    int64_t half = plan->max_tokens / 2;

    if (p->effort.len == 0 || (quirks & NO_THINKING))
        return;
    if (str_eq(p->effort, S("none"))) {
        plan->thinking = quirks & ALWAYS_THINKS ? ADAPTIVE : OFF;
    } else if (plan->forced) {
        return;                     /* refused together, and what was demanded goes before */
    } else if (!(quirks & NO_ADAPTIVE)) {
        plan->thinking = ADAPTIVE;
    } else if (half >= THOUGHT_TOKENS_MIN && anthropic_may_think(p, thoughts_of(quirks))) {
        plan->thinking = BUDGET;    /* a part of max_tokens */
        plan->budget = budget_of(p->effort) < half ? budget_of(p->effort) : half;
    }
}

/* The API takes a schema for the text of a reply; "any JSON" is no schema to it. */
static struct plan plan_of(const struct prompt *p, unsigned quirks)
{
    struct plan plan = { .max_tokens = max_tokens_of(p, quirks) };

    if (p->schema.len)
        plan.schema = (quirks & NO_FORMAT) || str_eq(p->schema, S("{}")) ? SCHEMA_AS_TOOL : SCHEMA_AS_FORMAT;
    plan.forced = !(quirks & NOT_FORCED)
               && (plan.schema == SCHEMA_AS_TOOL || (p->n_tools && (p->tool_choice == CHOOSE_REQUIRED || p->tool_choice == CHOOSE_NAMED)));
    plan_thinking(&plan, p, quirks);
    return plan;
}

static void add_number(struct buf *b, const char *name, double value)
{
    CLEANUP(json_decrefp) json_t *number = json_real(value);

    buf_addf(b, ",\"%s\":", name);
    json_print_to(b, number);
}

/* Both at once are refused since 4.5, and either is beside thinking. */
static void add_sampling(struct buf *b, const struct prompt *p, const struct plan *plan, unsigned quirks)
{
    if ((quirks & NO_SAMPLING) || plan->thinking == ADAPTIVE || plan->thinking == BUDGET)
        return;
    if (p->temperature >= 0)
        add_number(b, "temperature", p->temperature < 1 ? p->temperature : 1);
    else if (p->top_p > 0)
        add_number(b, "top_p", p->top_p);
}

static void add_stops(struct buf *b, const struct prompt *p)
{
    bool first = true;

    for (size_t i = 0; i < p->n_stops; i++) {
        if (str_trim(p->stops[i]).len == 0)     /* refused */
            continue;
        buf_add(b, first ? S(",\"stop_sequences\":[") : S(","));
        json_add_string(b, p->stops[i]);
        first = false;
    }
    buf_add(b, first ? S("") : S("]"));
}

static const char *effort_of(str effort)
{
    return str_eq(effort, S("high")) ? "high" : str_eq(effort, S("medium")) ? "medium" : "low";
}

static void add_thinking(struct buf *b, const struct prompt *p, const struct plan *plan)
{
    const char *between = "";

    if (plan->thinking == OFF)
        buf_add(b, S(",\"thinking\":{\"type\":\"disabled\"}"));
    else if (plan->thinking == ADAPTIVE)
        buf_add(b, S(",\"thinking\":{\"type\":\"adaptive\"}"));
    else if (plan->thinking == BUDGET)
        buf_addf(b, ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":%lld}", (long long)plan->budget);
    if (plan->thinking != ADAPTIVE && plan->schema != SCHEMA_AS_FORMAT)
        return;
    buf_add(b, S(",\"output_config\":{"));
    if (plan->thinking == ADAPTIVE) {
        buf_addf(b, "\"effort\":\"%s\"", effort_of(p->effort));
        between = ",";
    }
    if (plan->schema == SCHEMA_AS_FORMAT) {
        buf_addf(b, "%s\"format\":{\"type\":\"json_schema\",\"schema\":", between);
        buf_add(b, p->schema);
        buf_add_char(b, '}');
    }
    buf_add_char(b, '}');
}

/* The tool whose arguments are the reply, told from others by how its name begins. */
#define ANSWER_TOOL "answer_as_"

static void add_answer_tool(struct buf *b, const struct prompt *p)
{
    buf_addf(b, "{\"name\":\"" ANSWER_TOOL "%.*s\",\"description\":\"Gives the final answer.\",\"input_schema\":",
             STR(p->schema_name.len ? p->schema_name : S("reply")));
    buf_add(b, str_eq(p->schema, S("{}")) ? S("{\"type\":\"object\"}") : p->schema);
    buf_add_char(b, '}');
}

static void add_tool_choice(struct buf *b, const struct prompt *p, const struct plan *plan)
{
    bool one = p->one_call && plan->schema != SCHEMA_AS_TOOL;

    buf_add(b, S(",\"tool_choice\":{\"type\":"));
    if (plan->forced && plan->schema == SCHEMA_AS_TOOL && p->n_tools == 0)
        buf_addf(b, "\"tool\",\"name\":\"" ANSWER_TOOL "%.*s\"", STR(p->schema_name.len ? p->schema_name : S("reply")));
    else if (plan->forced && plan->schema != SCHEMA_AS_TOOL && p->tool_choice == CHOOSE_NAMED)
        buf_addf(b, "\"tool\",\"name\":\"%.*s\"", STR(p->tool_named));
    else
        buf_add(b, plan->forced ? S("\"any\"") : p->tool_choice == CHOOSE_NONE ? S("\"none\"") : S("\"auto\""));
    buf_add(b, one && p->tool_choice != CHOOSE_NONE ? S(",\"disable_parallel_tool_use\":true}") : S("}"));
}

/* A conversation with calls in it is refused without tools, even where none is to be called any more. */
static void add_past_tool(struct buf *b, const struct prompt *p)
{
    buf_add(b, S(",\"tools\":[{\"name\":"));
    anthropic_add_word(b, anthropic_called_tool(p));
    buf_add(b, S(",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"none\"}"));
}

static void add_tools(struct buf *b, const struct prompt *p, const struct plan *plan)
{
    if (p->n_tools == 0 && plan->schema != SCHEMA_AS_TOOL) {
        if (anthropic_called_tool(p).len)
            add_past_tool(b, p);
        return;
    }
    buf_add(b, S(",\"tools\":["));
    for (size_t i = 0; i < p->n_tools; i++) {
        const struct tool *t = p->tools[i];

        buf_add(b, i ? S(",{\"name\":") : S("{\"name\":"));
        json_add_string(b, str_from(t->name));
        buf_add(b, S(",\"description\":"));
        json_add_string(b, str_from(t->description));
        buf_addf(b, ",\"input_schema\":%s%s}", t->schema, i + 1 == p->n_tools ? ANTHROPIC_CACHE_HERE : "");
    }
    if (plan->schema == SCHEMA_AS_TOOL) {
        buf_add(b, p->n_tools ? S(",") : S(""));
        add_answer_tool(b, p);
    }
    buf_add_char(b, ']');
    if (plan->forced || p->tool_choice == CHOOSE_NONE || p->one_call)
        add_tool_choice(b, p, plan);
}

static enum err anthropic_request(struct arena *a, const struct model_target *t, const struct prompt *p, struct http_request *out)
{
    static const struct http_field version = { { "anthropic-version", 17 }, { "2023-06-01", 10 } };
    CLEANUP(buf_done) struct buf body = { .max = SIZE_MAX / 2 };
    struct plan plan = plan_of(p, t->quirks);

    buf_add(&body, S("{\"model\":"));
    json_add_string(&body, p->model);
    buf_addf(&body, ",\"max_tokens\":%lld,", (long long)plan.max_tokens);
    anthropic_add_conversation(&body, p, thoughts_of(t->quirks));
    buf_add(&body, S(",\"stream\":true"));
    add_sampling(&body, p, &plan, t->quirks);
    add_stops(&body, p);
    add_thinking(&body, p, &plan);
    add_tools(&body, p, &plan);
    buf_add_char(&body, '}');
    api_request(a, t, &(struct api_head){ "messages", "x-api-key", &version, 1 }, buf_str(&body), out);
    return OK;
}

/* --- the answer --- */

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

    if (str_starts(json_text_str(block, "name"), S(ANSWER_TOOL)))
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

static enum err anthropic_event(void *arg, const struct sse_event *ev)
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

/* --- models --- */

static enum err anthropic_list_models(struct arena *a, const struct model_target *t, struct http_request *out)
{
    static const struct http_field version = { { "anthropic-version", 17 }, { "2023-06-01", 10 } };

    api_request(a, t, &(struct api_head){ "models?limit=1000", "x-api-key", &version, 1 }, NO_STR, out);
    return OK;
}

static enum err anthropic_listed(struct arena *a, str body, const char ***ret_names, size_t *ret_n)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (json_parse(body, &j) != OK || !json_is_array(json_at(j, "data")))
        return failed(ERR_REMOTE, "the list of models is not what a server with Anthropic's API sends");
    api_names(a, json_at(j, "data"), "id", ret_names, ret_n);
    return OK;
}

const struct provider provider_anthropic = {
    .name = "anthropic", .caps = CAP_TOOLS | CAP_VISION,
    .request = anthropic_request, .event = anthropic_event, .refused = api_refused, .quirks = anthropic_quirks,
    .list_models = anthropic_list_models, .listed = anthropic_listed,
};
