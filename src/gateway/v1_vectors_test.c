// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/v1_vectors.h"

static str show(struct arena *a, const char *json)
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    CLEANUP(buf_done) struct buf b = { 0 };
    struct v1_request r = { .arena = a };
    struct v1_vectors_wish w = { 0 };

    CHECK_OK(json_parse(str_from(json), &body));
    if (v1_vectors_read(&r, body, &w))
        return str_from(arena_printf(a, "ERROR %s", r.param));
    buf_addf(&b, "%.*s%s %lld", STR(r.model), w.base64 ? " base64" : "", (long long)w.dimensions);
    for (size_t i = 0; i < w.n; i++)
        buf_addf(&b, " [%.*s]", STR(w.texts[i]));
    return arena_str(a, buf_str(&b));
}

TEST(requests_for_vectors_are_read_or_refused_by_the_parameters_name)
{
    static const struct { const char *json, *want; } cases[] = {
        { "{\"model\":\"m\",\"input\":\"a\"}", "m 0 [a]" },
        { "{\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\",\"dimensions\":8,\"user\":\"u\"}", " base64 8 [a] [b]" },
        { "{}", "ERROR input" },                        { "{\"input\":[]}", "ERROR input" },
        { "{\"input\":\"\"}", "ERROR input" },          { "{\"input\":[\"a\",\"\"]}", "ERROR input.1" },
        { "{\"input\":[1,2]}", "ERROR input.0" },       { "{\"input\":[[1,2]]}", "ERROR input.0" },
        { "{\"input\":{}}", "ERROR input" },            { "{\"input\":\"a\",\"dimensions\":0}", "ERROR dimensions" },
        { "{\"input\":\"a\",\"dimensions\":1000000}", "ERROR dimensions" },
        { "{\"input\":\"a\",\"encoding_format\":\"hex\"}", "ERROR encoding_format" },
        { "{\"input\":\"a\",\"model\":1}", "ERROR model" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(show(a, cases[i].json), cases[i].want);
}

/* The base64 is of four bytes a number, the lowest first: 0.5 is 00 00 00 3f, -1 is 00 00 80 bf. */
TEST(vectors_are_written_as_numbers_or_base64)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    float values[] = { 0.5F, -1 };
    const struct embeddings e = { .values = values, .n = 1, .dimension = 2, .tokens = 3 };
    struct v1_vectors_wish w = { .n = 1 };
    CLEANUP(json_decrefp) json_t *numbers = v1_vectors_write(&e, &w, "m");

    CHECK_STR(json_print(a, numbers), "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.5,-1.0]}],"
                                      "\"model\":\"m\",\"usage\":{\"prompt_tokens\":3,\"total_tokens\":3}}");
    w.base64 = true;
    CLEANUP(json_decrefp) json_t *text = v1_vectors_write(&e, &w, "m");

    CHECK_STR(json_text_str(text, "data.0.embedding"), "AAAAPwAAgL8=");
}
