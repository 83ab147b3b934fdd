// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/test_v1.h"

#define ASK(rest) "{\"model\":\"m\",\"input\":\"hi\"" rest "}"

TEST(responses_requests_are_read_as_prompts)
{
    static const struct { const char *json, *want; } cases[] = {
        { ASK(""), "m | user: hi" },
        { ASK(",\"instructions\":\"be\",\"max_output_tokens\":9,\"stream\":true"), "m stream max=9 | system: be | user: hi" },
        { ASK(",\"previous_response_id\":\"resp_1\",\"conversation\":{\"id\":\"c\"}"), "m user=c previous=resp_1 | user: hi" },
        { ASK(",\"reasoning\":{\"effort\":\"low\"},\"text\":{\"format\":{\"type\":\"json_schema\",\"name\":\"n\",\"schema\":{}}}"),
          "m effort=low schema={} schema-name=n | user: hi" },
        { ASK(",\"tools\":[{\"type\":\"function\",\"name\":\"t\",\"parameters\":{\"type\":\"object\"}}],\"tool_choice\":{\"type\":"
              "\"function\",\"name\":\"t\"}"), "m must-call=t <t||{\"type\":\"object\"}> | user: hi" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(test_v1_read(a, &v1_responses, cases[i].json), cases[i].want);
}

TEST(what_the_assistant_did_is_one_message_however_many_items_it_was)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str got = test_v1_read(a, &v1_responses,
        "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"hi\"},{\"type\":\"input_image\",\"image_url\":"
        "\"data:image/png;base64,AAAA\"}]},{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\",\"text\":\"hm\"}],"
        "\"encrypted_content\":\"eyJhcGkiOiJ4IiwiaXRlbXMiOltdfQ==\"},{\"type\":\"message\",\"role\":\"assistant\",\"content\":"
        "[{\"type\":\"output_text\",\"text\":\"well\"}]},{\"type\":\"function_call\",\"call_id\":\"1\",\"name\":\"t\",\"arguments\":\"{}\"},"
        "{\"type\":\"function_call\",\"call_id\":\"2\",\"name\":\"t\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\",\"call_id\":"
        "\"1\",\"output\":\"one\"},{\"type\":\"function_call_output\",\"call_id\":\"2\",\"output\":[{\"type\":\"input_text\",\"text\":\"two\"}]},"
        "{\"type\":\"reasoning\",\"summary\":[]}]}");

    CHECK_STR(got, " | user: hi [image/png AAAA] | assistant: well (hm) 1=t{} 2=t{} kept {\"api\":\"x\",\"items\":[]} | tool 1: one"
                   " | tool 2: two");
}

TEST(a_responses_request_that_is_wrong_is_refused_by_the_parameters_name)
{
    static const struct { const char *json, *param; } cases[] = {
        { "{}", "input" },                                          { "{\"input\":[]}", "input" },
        { "{\"input\":[{\"type\":\"item_reference\"}]}", "input.0.type" },
        { "{\"input\":[{\"role\":\"x\"}]}", "input.0.role" },
        { "{\"input\":[{\"type\":\"function_call\",\"name\":\"t\"}]}", "input.0.call_id" },
        { "{\"input\":[{\"type\":\"function_call_output\",\"output\":\"x\"}]}", "input.0.call_id" },
        { ASK(",\"tools\":[{\"type\":\"web_search\"}]"), "tools.0.type" },
        { ASK(",\"background\":true"), "background" },              { ASK(",\"conversation\":{}"), "conversation" },
        { ASK(",\"text\":{\"format\":{\"type\":\"json_schema\"}}"), "text.format.schema" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const char *want = arena_printf(a, "ERROR %s: '%s' ", cases[i].param, cases[i].param);
        str got = test_v1_read(a, &v1_responses, cases[i].json);

        if (!str_starts(got, str_from(want)))
            test_failed(__FILE__, __LINE__, "%s: %.*s", cases[i].json, STR(got));
    }
}

static const struct tool_call call = { { "c1", 2 }, { "t", 1 }, { "{}", 2 } };
static const struct reply reply = { .text = { "Hello", 5 }, .reasoning = { "hm", 2 }, .calls = &call, .n_calls = 1, .stop = STOP_LENGTH,
                                    .kept = { "{\"api\":\"x\",\"items\":[]}", 22 } };

/* The names of the events, and what numbers them. */
static void check_events(str events, const char *want)
{
    CLEANUP(buf_done) struct buf names = { 0 };
    int64_t next = 0;
    str line;

    while (str_split(&events, '\n', &line)) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        if (!str_eat(&line, S("data: ")))
            continue;
        CHECK_OK(json_parse(line, &j));
        CHECK_INT(json_int(j, "sequence_number", -1), next++);
        buf_addf(&names, " %s", json_text(j, "type") + strlen("response."));
        if (json_at(j, "output_index"))
            buf_addf(&names, "@%lld", (long long)json_int(j, "output_index", -1));
    }
    CHECK_STR(buf_str(&names), want);
}

TEST(a_response_is_a_stream_of_items_that_open_grow_and_close)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    check_events(test_v1_write(a, &v1_responses, ASK(""), &reply, TEST_V1_STREAM),
                 " created in_progress output_item.added@0 reasoning_summary_part.added@0 reasoning_summary_text.delta@0"
                 " reasoning_summary_text.done@0 reasoning_summary_part.done@0 output_item.done@0"
                 " output_item.added@1 content_part.added@1 output_text.delta@1 output_text.delta@1 output_text.done@1"
                 " content_part.done@1 output_item.done@1 output_item.added@2 output_item.done@2"
                 " output_item.added@3 function_call_arguments.delta@3 function_call_arguments.done@3 output_item.done@3 incomplete");
}

TEST(a_response_is_whole_and_repeats_what_was_asked)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;

    CHECK_OK(json_parse(test_v1_write(a, &v1_responses, ASK(",\"metadata\":{\"k\":\"v\"}"), &reply, TEST_V1_WHOLE), &j));
    CHECK_STR(json_text_str(j, "status"), "incomplete");
    CHECK_STR(json_text_str(j, "incomplete_details.reason"), "max_output_tokens");
    CHECK_STR(json_text_str(j, "metadata.k"), "v");
    CHECK_STR(json_text_str(j, "output.0.summary.0.text"), "hm");
    CHECK_STR(json_text_str(j, "output.0.encrypted_content"), "eyJhcGkiOiJ4IiwiaXRlbXMiOltdfQ==");
    CHECK_STR(json_text_str(j, "output.1.content.0.text"), "Hello");
    CHECK_STR(json_text_str(j, "output.2.call_id"), "c1");
    CHECK_INT(json_array_size(json_at(j, "output")), 3);
}
