// SPDX-License-Identifier: Apache-2.0
/* anthropic.c: translates between our prompt and Anthropic's Messages API (https://docs.anthropic.com/en/api/messages, streaming:
 * https://docs.anthropic.com/en/docs/build-with-claude/streaming).  The conversation itself is written by anthropic_messages.c,
 * the answer read by anthropic_events.c. */
#include <string.h>

#include "domain/tool.h"
#include "model/anthropic.h"
#include "model/api.h"
#include "model/quirks.h"

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

static int64_t max_tokens_of(const struct prompt *p, const struct model_target *t)
{
    int64_t n = p->max_tokens > 0 ? p->max_tokens : t->max_output > 0 && t->max_output < MAX_TOKENS ? t->max_output : MAX_TOKENS;

    for (size_t i = 0; i < N_ELEMENTS(maxima); i++)
        if ((t->quirks & maxima[i].bit) && n > maxima[i].tokens)
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
static struct plan plan_of(const struct prompt *p, const struct model_target *t)
{
    struct plan plan = { .max_tokens = max_tokens_of(p, t) };
    unsigned quirks = t->quirks;

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

static str answer_name(const struct prompt *p)
{
    return p->schema_name.len ? p->schema_name : S("reply");
}

static void add_answer_tool(struct buf *b, const struct prompt *p)
{
    buf_addf(b, "{\"name\":\"" ANTHROPIC_ANSWER_TOOL "%.*s\",\"input_schema\":", STR(answer_name(p)));
    buf_add(b, str_eq(p->schema, S("{}")) ? S("{\"type\":\"object\"}") : p->schema);
    buf_add(b, S(",\"description\":\"Gives the final answer. Nothing else that is said is read.\"}"));
}

static void add_tool_choice(struct buf *b, const struct prompt *p, const struct plan *plan)
{
    bool answer = plan->schema == SCHEMA_AS_TOOL, none = p->tool_choice == CHOOSE_NONE;

    buf_add(b, S(",\"tool_choice\":{\"type\":"));
    if (plan->forced && answer && (none || p->n_tools == 0))
        buf_addf(b, "\"tool\",\"name\":\"" ANTHROPIC_ANSWER_TOOL "%.*s\"", STR(answer_name(p)));
    else if (plan->forced && !answer && p->tool_choice == CHOOSE_NAMED)
        buf_addf(b, "\"tool\",\"name\":\"%.*s\"", STR(p->tool_named));
    else
        buf_add(b, plan->forced ? S("\"any\"") : none && !answer ? S("\"none\"") : S("\"auto\""));
    buf_add(b, p->one_call && !none ? S(",\"disable_parallel_tool_use\":true}") : S("}"));
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
    struct plan plan = plan_of(p, t);

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
    .name = "anthropic", .caps = CAP_TOOLS | CAP_VISION, .own_quirks = true,
    .request = anthropic_request, .event = anthropic_event, .refused = api_refused, .quirks = anthropic_quirks,
    .list_models = anthropic_list_models, .listed = anthropic_listed,
};
