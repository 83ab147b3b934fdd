// SPDX-License-Identifier: Apache-2.0
#include "model/quirks.h"

#include "base/test.h"

/* The texts are those of OpenAI, FastAPI (Mistral, vLLM), DeepSeek, Groq, LM Studio and Ollama. */
TEST(quirks_are_learned_from_what_servers_say)
{
    static const struct { int status; const char *body; unsigned want; } cases[] = {
        { 400, "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not supported with this model. Use "
               "'max_completion_tokens' instead.\",\"param\":\"max_tokens\"}}", QUIRK_MAX_COMPLETION_TOKENS },
        { 400, "{\"error\":{\"message\":\"Unsupported value: it does not support 0.5\",\"param\":\"temperature\"}}", QUIRK_NO_TEMPERATURE },
        { 422, "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\",\"stream_options\"],\"msg\":\"Extra inputs are not permitted\","
               "\"input\":{\"top_p\":1}}]}", QUIRK_NO_STREAM_OPTIONS },
        { 400, "{\"error\":{\"message\":\"This response_format type is unavailable now\"}}", QUIRK_NO_JSON_SCHEMA },
        { 400, "{\"error\":\"'response_format.type' must be 'json_schema' or 'text'\"}", QUIRK_NO_JSON_OBJECT },
        { 400, "{\"error\":{\"message\":\"registry.ollama.ai/library/gemma:2b does not support tools\"}}", QUIRK_NO_TOOLS },
        { 400, "parallel_tool_calls and tool_choice: unknown", QUIRK_NO_PARALLEL_CALLS | QUIRK_NO_TOOL_CHOICE },
        { 400, "{\"error\":{\"message\":\"the prompt is too long\"}}", 0 },
        { 500, "stream_options", 0 },
        { 400, "", 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(quirks_learned(cases[i].status, str_from(cases[i].body)), cases[i].want);
}

TEST(quirks_are_documented)
{
    static const char *const names[] = {
#define QUIRK(id, name, words, doc) "| `" name "` | " doc " |\n",
#include "model/quirks.def"
#undef QUIRK
    };
    CLEANUP(buf_done) struct buf page = {0};
    FILE *f = fopen("docs/models.md", "r");
    size_t room;

    CHECK(f != NULL);
    for (size_t n; (n = fread(buf_room(&page, 4096, &room), 1, 4096, f)) > 0; )
        buf_grown(&page, n);
    fclose(f);
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_find(buf_str(&page), str_from(names[i])) == STR_NONE)
            test_failed(__FILE__, __LINE__, "docs/models.md lacks: %s", names[i]);
}

TEST(quirks_have_names)
{
    CHECK_INT(quirk_named(S("no_stream_options")), QUIRK_NO_STREAM_OPTIONS);
    CHECK_INT(quirk_named(S("no_encrypted")), QUIRK_NO_ENCRYPTED);
    CHECK_INT(quirk_named(S("NO_STREAM")), 0);
    CHECK_INT(quirk_named(S("")), 0);
}
