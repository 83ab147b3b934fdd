// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "domain/provider.h"

static void note(void *arg, str text)
{
    buf_addf(arg, "<%.*s>", STR(text));
}

TEST(completion_joins_pieces_and_shows_them_as_they_come)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf shown = {0};
    CLEANUP(completion_done) struct completion c = { .arena = a, .on_delta = note, .arg = &shown };
    struct reply r;

    CHECK(!completion_begun(&c));
    CHECK_OK(completion_text(&c, S("")));
    CHECK(!completion_begun(&c));
    CHECK_OK(completion_reasoning(&c, S("hm")));
    CHECK_OK(completion_text(&c, S("Hel")));
    CHECK_OK(completion_text(&c, S("lo")));
    CHECK(completion_begun(&c));
    completion_model(&c, S("m-1"));
    completion_usage(&c, (struct usage){ 5, 2, 1 });
    CHECK_OK(completion_finish(&c));
    CHECK_OK(completion_reply(&c, &r));
    CHECK_STR(buf_str(&shown), "<Hel><lo>");
    CHECK_STR(r.text, "Hello");
    CHECK_STR(r.reasoning, "hm");
    CHECK_STR(r.model, "m-1");
    CHECK_INT(r.stop, STOP_END);
    CHECK_INT(r.usage.cached, 1);
}

struct piece { size_t index; const char *id, *name, *arguments; };

TEST(completion_sorts_the_pieces_of_parallel_calls)
{
    static const struct { struct piece pieces[6]; const char *want; } cases[] = {
        /* as the API documents it: the id once, arguments by index */
        { { { 0, "a", "x", "" }, { 0, "", "", "{\"n\"" }, { 1, "b", "y", "" }, { 0, "", "", ":1}" }, { 1, "", "", "{}" } },
          "a x {\"n\":1};b y {};" },
        /* the id again with every piece */
        { { { 0, "a", "x", "{" }, { 0, "a", "", "}" } }, "a x {};" },
        /* every call numbered 0 */
        { { { 0, "a", "x", "{}" }, { 0, "b", "x", "{" }, { 0, "", "", "}" } }, "a x {};b x {};" },
        /* the name first, the id later */
        { { { 0, "", "x", "" }, { 0, "a", "", "{}" } }, "a x {};" },
        /* no arguments at all */
        { { { 3, "a", "x", "" } }, "a x {};" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(completion_done) struct completion c = { .arena = a };
        CLEANUP(buf_done) struct buf got = {0};
        struct reply r;

        for (const struct piece *p = cases[i].pieces; p->id; p++)
            CHECK_OK(completion_call(&c, p->index, str_from(p->id), str_from(p->name), str_from(p->arguments)));
        CHECK_OK(completion_finish(&c));
        CHECK_OK(completion_reply(&c, &r));
        for (size_t k = 0; k < r.n_calls; k++)
            buf_addf(&got, "%.*s %.*s %.*s;", STR(r.calls[k].id), STR(r.calls[k].name), STR(r.calls[k].arguments));
        CHECK_STR(buf_str(&got), cases[i].want);
        CHECK_INT(r.stop, STOP_CALLS);
    }
}

TEST(completion_gives_an_id_to_a_call_without_one)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a };
    struct reply r;

    CHECK_OK(completion_call(&c, 0, S(""), S("x"), S("{}")));
    CHECK_OK(completion_call(&c, 1, S(""), S("x"), S("{}")));
    CHECK_OK(completion_finish(&c));
    CHECK_OK(completion_reply(&c, &r));
    CHECK_INT(r.n_calls, 2);
    CHECK(str_starts(r.calls[0].id, S("call_")) && !str_eq(r.calls[0].id, r.calls[1].id));
}

TEST(completion_gives_calls_of_the_same_id_ids_of_their_own)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a };
    struct reply r;

    CHECK_OK(completion_call(&c, 0, S("a"), S("x"), S("{}")));
    CHECK_OK(completion_call(&c, 1, S("a"), S("y"), S("{}")));
    CHECK_OK(completion_finish(&c));
    CHECK_OK(completion_reply(&c, &r));
    CHECK_STR(r.calls[0].id, "a");
    CHECK(!str_eq(r.calls[1].id, S("a")));
    CHECK_STR(r.calls[1].name, "y");
}

TEST(completion_that_did_not_end_is_no_reply)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion cut = { .arena = a }, empty = { .arena = a }, nameless = { .arena = a },
        refused = { .arena = a };
    struct reply r;

    CHECK_OK(completion_text(&cut, S("abc")));
    CHECK_ERR(completion_reply(&cut, &r), ERR_NET);
    CHECK_STR(str_from(failed_text()), "the model's answer was cut off after 3 bytes");
    CHECK_OK(completion_finish(&empty));
    CHECK_ERR(completion_reply(&empty, &r), ERR_REMOTE);
    CHECK_OK(completion_call(&nameless, 0, S("a"), S(""), S("{}")));
    completion_stop(&nameless, STOP_CALLS);
    CHECK_ERR(completion_reply(&nameless, &r), ERR_REMOTE);
    completion_stop(&refused, STOP_FILTER);
    CHECK_OK(completion_reply(&refused, &r));
    CHECK_INT(r.stop, STOP_FILTER);
}

TEST(completion_has_a_maximum_over_all_its_parts)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a, .max_text = 10 };

    CHECK_OK(completion_text(&c, S("1234")));
    CHECK_OK(completion_reasoning(&c, S("567")));
    CHECK_OK(completion_call(&c, 0, S("a"), S("x"), S("890")));
    CHECK_ERR(completion_call(&c, 0, S(""), S(""), S("1")), ERR_LIMIT);
    CHECK_ERR(completion_text(&c, S("1")), ERR_LIMIT);
    CHECK_ERR(completion_reasoning(&c, S("1")), ERR_LIMIT);
}

TEST(completion_takes_no_endless_list_of_calls)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a };

    for (size_t i = 0; i < 128; i++)
        CHECK_OK(completion_call(&c, i, S(""), S("x"), S("")));
    CHECK_ERR(completion_call(&c, 128, S(""), S("x"), S("")), ERR_LIMIT);
}

static enum err keep_one(struct completion *c, const char *type)
{
    return completion_keep(c, "acme", json_pack("{s:s}", "type", type));
}

TEST(completion_keeps_items_and_adds_to_the_last)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a };
    struct reply r;

    CHECK(completion_last_kept(&c) == NULL);
    CHECK_OK(keep_one(&c, "thought"));
    CHECK_OK(completion_keep_more(&c, "text", S("Let me ")));
    CHECK_OK(completion_keep_more(&c, "text", S("see.")));
    CHECK_OK(completion_keep_more(&c, "signature", S("xyz")));
    CHECK_OK(completion_keep_more(&c, "text", S("..")));
    CHECK_OK(keep_one(&c, "call"));
    CHECK_STR(json_text_str(completion_last_kept(&c), "type"), "call");
    CHECK_OK(completion_text(&c, S("Hi")));
    CHECK_OK(completion_finish(&c));
    CHECK_OK(completion_reply(&c, &r));
    CHECK_STR(r.kept, "{\"api\":\"acme\",\"items\":[{\"type\":\"thought\",\"text\":\"Let me see...\",\"signature\":\"xyz\"},"
                      "{\"type\":\"call\"}]}");
}

TEST(completion_keeps_no_more_than_its_maximum)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a, .max_text = 20 };

    CHECK_OK(keep_one(&c, "1234567"));      /* {"type":"1234567"} is 18 bytes */
    CHECK_OK(completion_keep_more(&c, "text", S("12")));
    CHECK_ERR(completion_keep_more(&c, "text", S("3")), ERR_LIMIT);
    CHECK_ERR(completion_text(&c, S("3")), ERR_LIMIT);
    CHECK_ERR(keep_one(&c, "x"), ERR_LIMIT);
}

TEST(completion_says_how_much_of_a_call_has_come)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(completion_done) struct completion c = { .arena = a };

    CHECK_INT(completion_arguments_size(&c, 0), 0);
    CHECK_OK(completion_call(&c, 0, S("a"), S("x"), S("{}")));
    CHECK_OK(completion_call(&c, 2, S("b"), S("x"), S("{")));
    CHECK_INT(completion_arguments_size(&c, 0), 2);
    CHECK_INT(completion_arguments_size(&c, 1), 0);
    CHECK_INT(completion_arguments_size(&c, 2), 1);
}
