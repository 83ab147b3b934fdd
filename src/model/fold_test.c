// SPDX-License-Identifier: Apache-2.0
/* What the cassettes cannot say: answers that end within a line, and long ones. */
#include "base/test.h"

#include "model/fold.h"

#define PROVIDER(id) extern const struct provider provider_##id;
#include "model/providers.def"
#undef PROVIDER

static enum err fold(struct arena *a, const struct provider *p, str bytes, size_t piece, struct reply *out)
{
    CLEANUP(completion_done) struct completion c = { .arena = a };
    CLEANUP(fold_done) struct fold f = { .provider = p, .completion = &c };

    for (; bytes.len; bytes = str_skip(bytes, piece))
        TRY(fold_feed(&f, str_take(bytes, piece)));
    return fold_end(&f, out);
}

TEST(an_answer_in_lines_that_ends_within_one_was_cut_off)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str whole = S("{\"message\":{\"content\":\"你\"},\"done\":false}\n{\"message\":{\"content\":\"好\"},\"done\":true}");
    struct reply r;

    for (size_t n = 0; n < whole.len; n++)
        CHECK_INT(fold(a, &provider_ollama, str_take(whole, n), whole.len, &r), ERR_NET);
    for (size_t piece = 1; piece < 5; piece++) {
        CHECK_OK(fold(a, &provider_ollama, whole, piece, &r));
        CHECK_STR(r.text, "你好");
    }
}

TEST(what_comes_behind_the_end_of_an_answer_changes_nothing)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct reply r;

    CHECK_OK(fold(a, &provider_ollama, S("{\"message\":{\"content\":\"x\"},\"done\":true}\r\nrubbish\n"), 1000, &r));
    CHECK_STR(r.text, "x");
}

/* One call whose arguments are `n` bytes of text. */
static void big_call(struct buf *b, const char *before, const char *after, size_t n)
{
    buf_add(b, str_from(before));
    for (size_t i = 0; i < n; i += 16)
        buf_add(b, S("0123456789abcdef"));
    buf_add(b, str_from(after));
}

TEST(ten_megabytes_of_arguments_are_too_much)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf lines = {0}, events = {0};
    struct reply r;

    big_call(&lines, "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"x\":\"", "\"}}}]},\"done\":true}\n", 10 << 20);
    CHECK_INT(fold(a, &provider_ollama, buf_str(&lines), 65536, &r), ERR_LIMIT);
    buf_clear(&lines);
    big_call(&lines, "{\"message\":{\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{\"x\":\"", "\"}}}]},\"done\":true}\n", 6 << 20);
    CHECK_INT(fold(a, &provider_ollama, buf_str(&lines), 65536, &r), ERR_LIMIT);
    for (int i = 0; i < 10; i++)
        big_call(&events, "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"", "\"}}]}}]}\n\n", 1 << 20);
    CHECK_INT(fold(a, &provider_openai, buf_str(&events), 65536, &r), ERR_LIMIT);
    CHECK_STR(str_from(failed_text()), "the model's reply is longer than 4194304 bytes");
    buf_clear(&events);
    for (int i = 0; i < 10; i++)
        big_call(&events, "data: {\"type\":\"response.function_call_arguments.delta\",\"delta\":\"", "\"}\n\n", 1 << 20);
    CHECK_INT(fold(a, &provider_openai_responses, buf_str(&events), 65536, &r), ERR_LIMIT);
    CHECK_STR(str_from(failed_text()), "the model's reply is longer than 4194304 bytes");
    buf_clear(&events);
    for (int i = 0; i < 10; i++)
        big_call(&events, "data: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"", "\"}}\n\n", 1 << 20);
    CHECK_INT(fold(a, &provider_anthropic, buf_str(&events), 65536, &r), ERR_LIMIT);
    CHECK_STR(str_from(failed_text()), "the model's reply is longer than 4194304 bytes");
    buf_clear(&events);
    big_call(&events, "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"x\":\"", "\"}}}]}}]}\n\n", 10 << 20);
    CHECK_INT(fold(a, &provider_gemini, buf_str(&events), 65536, &r), ERR_LIMIT);
}

/* Cut in a character, in a JSON string, in a tool call: it is the same everywhere. */
TEST(a_stream_that_ends_before_its_end_was_cut_off)
{
    static const struct { const struct provider *provider; const char *whole; } cases[] = {
        { &provider_openai,
          "data: {\"choices\":[{\"delta\":{\"content\":\"\\u4f60好🙂\"}}]}\n\n"
          "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"c\"}}]}}]}\n\n"
          "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"\\\":1}\"}}]}}]}\n\n"
          "data: [DONE]" },
        { &provider_openai_responses,
          "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"delta\":\"\\u4f60好🙂\"}\n\n"
          "data: {\"type\":\"response.output_item.added\",\"output_index\":1,\"item\":"
          "{\"type\":\"function_call\",\"call_id\":\"a\",\"name\":\"f\"}}\n\n"
          "data: {\"type\":\"response.function_call_arguments.delta\",\"output_index\":1,\"delta\":\"{\\\"c\\\":1}\"}\n\n"
          "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}" },
        { &provider_anthropic,
          "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"\\u4f60好🙂\"}}\n\n"
          "data: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"f\",\"input\":{}}}\n\n"
          "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"c\\\":1}\"}}\n\n"
          "data: {\"type\":\"message_stop\"}" },
        { &provider_gemini,
          "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\\u4f60好🙂\"}]}}]}\n\n"
          "data: {\"candidates\":[{\"content\":{\"parts\":[{\"functionCall\":{\"name\":\"f\",\"args\":{\"c\":1}}}]},\"finishReason\":\"STOP\"}]}" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        str whole = str_from(cases[i].whole);
        struct reply r;

        for (size_t n = 0; n < whole.len; n++)
            CHECK_INT(fold(a, cases[i].provider, str_take(whole, n), whole.len, &r), ERR_NET);
        CHECK_OK(fold(a, cases[i].provider, whole, 1, &r));
        CHECK_STR(r.text, "你好🙂");
        CHECK_STR(r.calls[0].arguments, "{\"c\":1}");
    }
}
