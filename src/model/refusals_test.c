// SPDX-License-Identifier: Apache-2.0
/* What the models of Anthropic and of Gemini refuse is asked for otherwise the next time.  The words are those of the APIs. */
#include "base/test.h"

#include "domain/provider.h"
#include "domain/tool.h"
#include "model/api.h"

#define PROVIDER(id) extern const struct provider provider_##id;
#include "model/providers.def"
#undef PROVIDER

#define TEXT(literal) { literal, sizeof literal - 1 }

static const struct tool weather = { .name = "get_weather", .description = "Tells the weather.", .schema = "{\"type\":\"object\"}" };
static const struct tool *const tools[] = { &weather };

static const struct tool_call call = { TEXT("c1"), TEXT("get_weather"), TEXT("{}") };

static const struct chat_message said[] = {
    { .role = ROLE_SYSTEM, .text = TEXT("Be brief.") },
    { .role = ROLE_USER, .text = TEXT("x") },
    { .role = ROLE_ASSISTANT, .calls = &call, .n_calls = 1,
      .kept = TEXT("{\"api\":\"anthropic\",\"items\":[{\"type\":\"thinking\",\"thinking\":\"t\",\"signature\":\"s\",\"model\":\"m\"}]}") },
    { .role = ROLE_TOOL, .call_id = TEXT("c1"), .text = TEXT("sun") },
};

enum asked { SAMPLING = 1, HIGH = 2, NONE = 4, MEDIUM = 8, MINIMAL = 16, SCHEMA = 32, FORCED = 64, TOOLS = 128 };

static struct prompt prompt_of(unsigned asked)
{
    return (struct prompt){
        .model = S("m"), .messages = said, .n_messages = N_ELEMENTS(said), .temperature = asked & SAMPLING ? 0.5 : -1,
        .effort = asked & HIGH ? S("high") : asked & NONE ? S("none") : asked & MEDIUM ? S("medium") : asked & MINIMAL ? S("minimal") : S(""),
        .schema = asked & SCHEMA ? S("{\"type\":\"object\"}") : S(""), .tool_choice = asked & FORCED ? CHOOSE_REQUIRED : CHOOSE_AUTO,
        .tools = tools, .n_tools = asked & (TOOLS | FORCED) ? 1 : 0,
    };
}

struct refusal_case {
    const struct provider *provider;
    unsigned    asked;
    const char *before;         /* in the request that is refused */
    const char *words;
    const char *after;          /* in the next one; NULL: nothing instead */
};

static bool asks(const struct refusal_case *c, unsigned quirks, const char *what)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct model_target target = { .endpoint = "http://h", .quirks = quirks };
    const struct prompt p = prompt_of(c->asked);
    struct http_request rq;

    CHECK_OK(c->provider->request(a, &target, &p, &rq));
    return str_find(rq.body, str_from(what)) != STR_NONE;
}

static const struct refusal_case cases[] = {
    { &provider_anthropic, SAMPLING, "\"temperature\"", "`temperature` is deprecated for this model.", NULL },
    { &provider_anthropic, HIGH, "\"adaptive\"", "adaptive thinking is not supported on this model", "\"budget_tokens\":16000" },
    { &provider_anthropic, HIGH, "\"effort\"", "This model does not support the effort parameter.", "\"budget_tokens\"" },
    { &provider_anthropic, HIGH, "\"thinking\":{", "'m' does not support thinking.", NULL },
    { &provider_anthropic, NONE, "\"disabled\"", "\"thinking.type.disabled\" is not supported for this model.", "\"effort\":\"low\"" },
    { &provider_anthropic, FORCED, "\"any\"", "tool_choice: forced tool use is not supported for this model", NULL },
    { &provider_anthropic, SCHEMA, "\"format\"", "output_config.format: Extra inputs are not permitted", "\"answer_as_reply\"" },
    { &provider_anthropic, SCHEMA, "\"format\"",
      "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false", "\"answer_as_reply\"" },
    { &provider_anthropic, 0, "\"signature\":\"s\"", "messages.1.content.0: Invalid `signature` in `thinking` block", NULL },
    { &provider_anthropic, 0, "\"max_tokens\":32000",
      "max_tokens: 32000 > 8192, which is the maximum allowed number of output tokens for claude-3-5-haiku-20241022", "\"max_tokens\":8192" },
    { &provider_anthropic, 0, "\"max_tokens\":32000", "max_tokens must be at most 20000", "\"max_tokens\":16384" },
    { &provider_gemini, SAMPLING, "\"temperature\"", "temperature is not supported by this model", NULL },
    { &provider_gemini, HIGH, "\"thinkingLevel\":\"high\"", "Thinking level is not supported for this model.", "\"thinkingBudget\":24576" },
    { &provider_gemini, MEDIUM, "\"medium\"", "Thinking level MEDIUM is not supported for this model.", "\"high\"" },
    { &provider_gemini, MINIMAL, "\"minimal\"", "Unable to submit request because thinking_level MINIMAL is not supported by this model.", "\"low\"" },
    { &provider_gemini, HIGH, "\"thinkingConfig\"", "Unable to submit request because thinking is not supported by this model.", NULL },
    { &provider_gemini, SCHEMA | TOOLS, "\"responseMimeType\"",
      "Function calling with a response mime type: 'application/json' is unsupported", "of this JSON Schema" },
    { &provider_gemini, SCHEMA, "\"responseMimeType\"", "JSON mode is not enabled for models/m", "of this JSON Schema" },
    { &provider_gemini, TOOLS, "\"functionDeclarations\"", "Function calling is not enabled for models/m", NULL },
    { &provider_gemini, 0, "\"systemInstruction\"", "Developer instruction is not enabled for models/m", NULL },
    { &provider_gemini, 0, "{}}}]}", "Function call is missing a thought_signature in functionCall parts.", "\"skip_thought_signature_validator\"" },
};

TEST(what_a_model_refuses_is_asked_for_otherwise_the_next_time)
{
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const struct refusal_case *c = &cases[i];
        CLEANUP(json_decrefp) json_t *body = json_pack("{s:{s:s}}", "error", "message", c->words);
        CLEANUP(arena_freep) struct arena *a = arena_new();
        unsigned quirks = c->provider->quirks(400, json_print(a, body));

        print_message("%s: %s\n", c->provider->name, c->words);
        CHECK(asks(c, 0, c->before));
        CHECK(!asks(c, quirks, c->before));
        if (c->after) {
            CHECK(!asks(c, 0, c->after));
            CHECK(asks(c, quirks, c->after));
        }
        CHECK_INT(c->provider->quirks(500, json_print(a, body)), 0);
    }
}

TEST(a_refusal_for_other_reasons_teaches_nothing)
{
    static const char *const words[] = {
        "prompt is too long: 208310 tokens > 200000 maximum", "messages: at least one message is required", "",
        "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again",
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    };

    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        CLEANUP(json_decrefp) json_t *body = json_pack("{s:{s:s}}", "error", "message", words[i]);
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_INT(provider_anthropic.quirks(400, json_print(a, body)), 0);
        CHECK_INT(provider_gemini.quirks(400, json_print(a, body)), 0);
    }
    CHECK_INT(provider_anthropic.quirks(400, S("<html>max_tokens 3</html>")), 0);
}

TEST(a_refusal_may_ask_for_a_pause_in_its_document)
{
    static const struct { const char *body; uint64_t want; } rows[] = {
        { "{\"error\":{\"code\":429,\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\"},"
          "{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"34.074824224s\"}]}}", 35000 },
        { "[{\"error\":{\"details\":[{\"retryDelay\":\"7s\"}]}}]", 7000 },
        { "{\"error\":{\"details\":[{\"retryDelay\":\"soon\"}]}}", UINT64_MAX },
        { "{\"error\":{\"details\":[{\"retryDelay\":\"s\"},{\"retryDelay\":\"99999999999s\"},{\"retryDelay\":7}]}}", UINT64_MAX },
        { "{\"error\":\"busy\"}", UINT64_MAX },
        { "busy", UINT64_MAX },
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++)
        CHECK(api_retry_delay_ms(str_from(rows[i].body)) == rows[i].want);
}
