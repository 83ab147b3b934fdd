// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/test_v1.h"

#define CHAT(rest) "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" rest "}"
#define TOOL(name) "{\"type\":\"function\",\"function\":{\"name\":\"" name "\",\"description\":\"d\"}}"

TEST(chat_requests_are_read_as_prompts)
{
    static const struct { const char *json, *want; } cases[] = {
        { CHAT(""), "m | user: hi" },
        { "{\"messages\":[{\"role\":\"developer\",\"content\":\"be\"},{\"role\":\"user\",\"content\":null}],\"model\":null,\"seed\":1}",
          " | system: be | user: " },
        { CHAT(",\"stream\":true,\"stream_options\":{\"include_usage\":true},\"user\":\"anna\""), "m stream usage user=anna | user: hi" },
        { CHAT(",\"temperature\":0,\"top_p\":0.5,\"max_tokens\":5,\"max_completion_tokens\":7,\"stop\":\"a\""),
          "m max=7 temperature=0 top_p=0.5 stop=a | user: hi" },
        { CHAT(",\"stop\":[\"a\",\"b\"],\"reasoning_effort\":\"xhigh\""), "m stop=a stop=b effort=high | user: hi" },
        { CHAT(",\"top_p\":0"), "m top_p=1e-06 | user: hi" },
        { CHAT(",\"response_format\":{\"type\":\"text\"}"), "m | user: hi" },
        { CHAT(",\"response_format\":{\"type\":\"json_object\"}"), "m schema={} | user: hi" },
        { CHAT(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":\"object\"}}}"),
          "m schema={\"type\":\"object\"} schema-name=n | user: hi" },
        { CHAT(",\"tools\":[" TOOL("t") "],\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"t\"}},\"parallel_tool_calls\":false"),
          "m must-call=t one-call <t|d|{\"type\":\"object\",\"properties\":{}}> | user: hi" },
        { CHAT(",\"tools\":[" TOOL("t") "],\"tool_choice\":\"required\""),
          "m must-call <t|d|{\"type\":\"object\",\"properties\":{}}> | user: hi" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(test_v1_read(a, &v1_chat, cases[i].json), cases[i].want);
}

TEST(chat_messages_have_parts_images_calls_and_results)
{
    static const struct { const char *messages, *want; } cases[] = {
        { "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"text\",\"text\":\"b\"},"
          "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,AAAA\"}}]}", " | user: a\nb [image/png AAAA]" },
        { "{\"role\":\"assistant\",\"content\":null,\"reasoning_content\":\"hm\",\"tool_calls\":[{\"id\":\"1\",\"type\":\"function\","
          "\"function\":{\"name\":\"t\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"out\"}",
          " | assistant:  (hm) 1=t{} | tool 1: out" },
        { "{\"role\":\"assistant\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"no\"}]}", " | assistant: no" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(test_v1_read(a, &v1_chat, arena_printf(a, "{\"messages\":[%s]}", cases[i].messages)), cases[i].want);
}

TEST(a_chat_request_that_is_wrong_is_refused_by_the_parameters_name)
{
    static const struct { const char *json, *param; } cases[] = {
        { "{}", "messages" },                                   { "{\"messages\":{}}", "messages" },
        { "{\"messages\":[1]}", "messages.0.role" },            { "{\"messages\":[{\"role\":\"bot\"}]}", "messages.0.role" },
        { "{\"messages\":[{\"role\":\"user\",\"content\":1}]}", "messages.0.content" },
        { "{\"messages\":[{\"role\":\"user\",\"content\":[1]}]}", "messages.0.content.0" },
        { "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}]}", "messages.0.content.0.type" },
        { "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://x/y.png\"}}]}]}",
          "messages.0.content.0.image_url.url" },
        { "{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}", "messages.0.tool_call_id" },
        { "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"1\"}]}]}", "messages.0.tool_calls.0.function.name" },
        { CHAT(",\"temperature\":\"hot\""), "temperature" },    { CHAT(",\"temperature\":2.1"), "temperature" },
        { CHAT(",\"max_tokens\":0"), "max_tokens" },            { CHAT(",\"max_tokens\":1.5"), "max_tokens" },
        { CHAT(",\"stream\":1"), "stream" },                    { CHAT(",\"n\":2"), "n" },
        { CHAT(",\"stop\":[\"a\",2]"), "stop.1" },              { CHAT(",\"user\":7"), "user" },
        { CHAT(",\"reasoning_effort\":\"much\""), "reasoning_effort" },
        { CHAT(",\"response_format\":{\"type\":\"xml\"}"), "response_format.type" },
        { CHAT(",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{}}"), "response_format.json_schema.schema" },
        { CHAT(",\"tools\":[{\"type\":\"custom\"}]"), "tools.0.type" },
        { CHAT(",\"tools\":[" TOOL("a b") "]"), "tools.0.function.name" },
        { CHAT(",\"tools\":[" TOOL("t") "," TOOL("t") "]"), "tools.1.function.name" },
        { CHAT(",\"tool_choice\":\"maybe\""), "tool_choice" }, { CHAT(",\"functions\":[]"), "functions" },
        { CHAT(",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"t\"}}"), "tool_choice.name" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const char *want = arena_printf(a, "ERROR %s: '%s' ", cases[i].param, cases[i].param);
        str got = test_v1_read(a, &v1_chat, cases[i].json);

        if (!str_starts(got, str_from(want)))
            test_failed(__FILE__, __LINE__, "%s: %.*s", cases[i].json, STR(got));
    }
}

static const struct tool_call call = { { "c1", 2 }, { "t", 1 }, { "{}", 2 } };
static const struct reply reply = { .text = { "Hello", 5 }, .reasoning = { "hm", 2 }, .calls = &call, .n_calls = 1, .stop = STOP_CALLS,
                                    .usage = { .input = 7, .output = 3, .cached = 2, .reasoning = 1 }, .kept = { "", 0 } };

TEST(a_chat_answer_is_whole)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_STR(test_v1_write(a, &v1_chat, CHAT(""), &reply, TEST_V1_WHOLE),
              "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1000,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":"
              "{\"role\":\"assistant\",\"content\":\"Hello\",\"refusal\":null,\"reasoning_content\":\"hm\",\"tool_calls\":[{\"id\":\"c1\","
              "\"type\":\"function\",\"function\":{\"name\":\"t\",\"arguments\":\"{}\"}}]},\"logprobs\":null,\"finish_reason\":"
              "\"tool_calls\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":3,\"total_tokens\":10,\"prompt_tokens_details\":"
              "{\"cached_tokens\":2},\"completion_tokens_details\":{\"reasoning_tokens\":1}}}");
}

#define CHUNK(delta, reason) "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1000,\"model\":\"m\"," \
    "\"choices\":[{\"index\":0,\"delta\":" delta ",\"finish_reason\":" reason "}]}\n\n"

TEST(a_chat_answer_is_a_stream_of_chunks)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_STR(test_v1_write(a, &v1_chat, CHAT(""), &reply, TEST_V1_STREAM),
              CHUNK("{\"role\":\"assistant\",\"content\":\"\"}", "null") CHUNK("{\"reasoning_content\":\"hm\"}", "null")
              CHUNK("{\"content\":\"He\"}", "null") CHUNK("{\"content\":\"llo\"}", "null")
              CHUNK("{\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"t\",\"arguments\":\"{}\"},\"index\":0}]}",
                    "null") CHUNK("{}", "\"tool_calls\"") "data: [DONE]\n\n");
}
