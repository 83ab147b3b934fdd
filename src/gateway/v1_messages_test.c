// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/test_v1.h"

#define ASK(rest) "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" rest "}"
#define BLOCKS(role, blocks) "{\"max_tokens\":9,\"messages\":[{\"role\":\"" role "\",\"content\":[" blocks "]}]}"

TEST(messages_requests_are_read_as_prompts)
{
    static const struct { const char *json, *want; } cases[] = {
        { ASK(""), "m max=9 | user: hi" },
        { ASK(",\"system\":[{\"type\":\"text\",\"text\":\"be\"},{\"type\":\"text\",\"text\":\"kind\"}],\"stream\":true,\"top_k\":5"),
          "m stream max=9 | system: be\nkind | user: hi" },
        { ASK(",\"stop_sequences\":[\"a\"],\"temperature\":1,\"metadata\":{\"user_id\":\"u\"}"),
          "m max=9 temperature=1 stop=a user=u | user: hi" },
        { ASK(",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":10000}"), "m max=9 effort=medium | user: hi" },
        { ASK(",\"thinking\":{\"type\":\"disabled\"}"), "m max=9 effort=none | user: hi" },
        { ASK(",\"output_config\":{\"effort\":\"max\",\"format\":{\"type\":\"json_schema\",\"schema\":{}}}"),
          "m max=9 effort=high schema={} | user: hi" },
        { ASK(",\"tools\":[{\"name\":\"t\",\"description\":\"d\",\"input_schema\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":\"any\","
              "\"disable_parallel_tool_use\":true}"), "m max=9 must-call one-call <t|d|{\"type\":\"object\"}> | user: hi" },
        { BLOCKS("user", "{\"type\":\"tool_result\",\"tool_use_id\":\"1\",\"content\":[{\"type\":\"text\",\"text\":\"out\"},{\"type\":\"image\","
                 "\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"AAAA\"}}]},{\"type\":\"text\",\"text\":\"and?\"}"),
          " max=9 | tool 1: out | user: and? [image/png AAAA]" },
        { BLOCKS("assistant", "{\"type\":\"thinking\",\"thinking\":\"hm\",\"signature\":\"s\"},{\"type\":\"redacted_thinking\",\"data\":"
                 "\"eyJhcGkiOiJ4IiwiaXRlbXMiOltdfQ==\"},{\"type\":\"text\",\"text\":\"well\"},{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"t\","
                 "\"input\":{\"a\":1}}"), " max=9 | assistant: well (hm) 1=t{\"a\":1} kept {\"api\":\"x\",\"items\":[]}" },
        { BLOCKS("assistant", "{\"type\":\"redacted_thinking\",\"data\":\"somebody else's\"},{\"type\":\"text\",\"text\":\"well\"}"),
          " max=9 | assistant: well" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(test_v1_read(a, &v1_messages, cases[i].json), cases[i].want);
}

TEST(a_messages_request_that_is_wrong_is_refused_by_the_parameters_name)
{
    static const struct { const char *json, *param; } cases[] = {
        { "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}", "max_tokens" },
        { "{\"max_tokens\":1}", "messages" },                       { ASK(",\"temperature\":1.5"), "temperature" },
        { "{\"max_tokens\":1,\"messages\":[{\"role\":\"system\",\"content\":\"x\"}]}", "messages.0.role" },
        { "{\"max_tokens\":1,\"messages\":[{\"role\":\"user\"}]}", "messages.0.content" },
        { BLOCKS("user", "{\"type\":\"tool_use\"}"), "messages.0.content.0.type" },
        { BLOCKS("user", "{\"type\":\"tool_result\"}"), "messages.0.content.0.tool_use_id" },
        { BLOCKS("user", "{\"type\":\"image\",\"source\":{\"type\":\"url\"}}"), "messages.0.content.0.source" },
        { BLOCKS("assistant", "{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"t\",\"input\":1}"), "messages.0.content.0.input" },
        { ASK(",\"tools\":[{\"type\":\"bash_20250124\",\"name\":\"bash\"}]"), "tools.0.type" },
        { ASK(",\"tool_choice\":{\"type\":\"tool\",\"name\":\"t\"}"), "tool_choice.name" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const char *want = arena_printf(a, "ERROR %s: '%s' ", cases[i].param, cases[i].param);
        str got = test_v1_read(a, &v1_messages, cases[i].json);

        if (!str_starts(got, str_from(want)))
            test_failed(__FILE__, __LINE__, "%s: %.*s", cases[i].json, STR(got));
    }
}

static const struct tool_call calls[] = { { { "c1", 2 }, { "t", 1 }, { "{\"a\":1}", 7 } }, { { "c2", 2 }, { "t", 1 }, { "no JSON", 7 } } };
static const struct reply reply = { .text = { "Hello", 5 }, .reasoning = { "hm", 2 }, .calls = calls, .n_calls = 2, .stop = STOP_CALLS,
                                    .usage = { .input = 7, .output = 3, .cached = 2, .written = 1 }, .kept = { "", 0 } };

TEST(a_message_is_whole)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_STR(test_v1_write(a, &v1_messages, ASK(""), &reply, TEST_V1_WHOLE),
              "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{\"type\":\"thinking\",\"thinking\":"
              "\"hm\",\"signature\":\"\"},{\"type\":\"text\",\"text\":\"Hello\"},{\"type\":\"tool_use\",\"id\":\"c1\",\"name\":\"t\",\"input\":"
              "{\"a\":1}},{\"type\":\"tool_use\",\"id\":\"c2\",\"name\":\"t\",\"input\":{}}],\"stop_reason\":\"tool_use\",\"stop_sequence\":null,"
              "\"usage\":{\"input_tokens\":4,\"cache_read_input_tokens\":2,\"cache_creation_input_tokens\":1,\"output_tokens\":3}}");
}

TEST(a_message_is_a_stream_of_blocks)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf names = { 0 };
    str events = test_v1_write(a, &v1_messages, ASK(""), &reply, TEST_V1_STREAM), line;

    while (str_split(&events, '\n', &line)) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        if (!str_eat(&line, S("data: ")))
            continue;
        CHECK_OK(json_parse(line, &j));
        buf_addf(&names, " %s%s%s", json_text(j, "type"), json_text(j, "content_block.type"), json_text(j, "delta.type"));
    }
    CHECK_STR(buf_str(&names), " message_start ping content_block_startthinking content_block_deltathinking_delta content_block_stop"
                               " content_block_starttext content_block_deltatext_delta content_block_deltatext_delta content_block_stop"
                               " content_block_starttool_use content_block_deltainput_json_delta content_block_stop"
                               " content_block_starttool_use content_block_deltainput_json_delta content_block_stop"
                               " message_delta message_stop");
}
