// SPDX-License-Identifier: Apache-2.0
#include "memory/fuse.h"

#include <math.h>

#include "base/test.h"

enum { DAY = 86400000 };
#define NOW ((int64_t)1000 * DAY)
#define NO_VECTOR .similarity = NAN

/* What is not said is that of an ordinary memory. */
static struct fuse_candidate candidate(int64_t id, struct fuse_candidate c)
{
    c.id = id;
    c.text = c.text.p ? c.text : S("nothing of what was asked");
    c.confidence = c.confidence > 0 ? c.confidence : 1;
    c.importance = c.importance > 0 ? c.importance : 0.5;
    c.created_at = c.created_at ? c.created_at : NOW;
    return c;
}

TEST(the_better_one_comes_first)
{
    static const struct { const char *why; struct fuse_candidate better, worse; } cases[] = {
        { "more words of the question", { .text_rank = 1, .text_score = 9, NO_VECTOR }, { .text_rank = 2, .text_score = 5, NO_VECTOR } },
        { "nearer in meaning", { .vector_rank = 1, .similarity = 0.7F }, { .vector_rank = 2, .similarity = 0.5F } },
        { "found by both", { .text_rank = 2, .text_score = 8, .vector_rank = 2, .similarity = 0.6F },
          { .text_rank = 1, .text_score = 9, NO_VECTOR } },
        { "the same words, and near", { .text_rank = 2, .text_score = 8, .similarity = 0.6F, .vector_rank = 1 },
          { .text_rank = 1, .text_score = 8, .similarity = 0.1F, .vector_rank = 2 } },
        { "the words that are rare", { .text_rank = 2, .text_score = 7, .text = S("the heron of the port"), NO_VECTOR },
          { .text_rank = 1, .text_score = 7, .text = S("a port"), NO_VECTOR } },
        { "in another form", { .text = S("ports and herons"), NO_VECTOR }, { .text = S("the airport"), NO_VECTOR } },
        { "newer", { .text_score = 1, .created_at = NOW, NO_VECTOR }, { .text_score = 1, .created_at = NOW - 90 * (int64_t)DAY, NO_VECTOR } },
        { "more important", { .text_score = 1, .importance = 0.9, NO_VECTOR }, { .text_score = 1, .importance = 0.1, NO_VECTOR } },
        { "more certain", { .text_score = 1, .confidence = 0.9, NO_VECTOR }, { .text_score = 1, .confidence = 0.4, NO_VECTOR } },
        { "pinned", { .text_score = 1, .pinned = true, NO_VECTOR }, { .text_score = 1, .pinned = false, NO_VECTOR } },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct fuse_candidate c[] = { candidate(9, cases[i].worse), candidate(1, cases[i].better), candidate(3, (struct fuse_candidate){
            .text_rank = 3, .text_score = 1, .similarity = 0.1F, .vector_rank = 3, .text = S("port"), .importance = 0.01, .confidence = 0.1 }) };

        fuse_rank(S("the heron's port"), c, 3, NOW);
        size_t better = c[0].id == 1 ? 0 : c[1].id == 1 ? 1 : 2, worse = c[0].id == 9 ? 0 : c[1].id == 9 ? 1 : 2;

        if (better > worse)
            test_failed(__FILE__, __LINE__, "%s: %g, %g", cases[i].why, c[better].score, c[worse].score);
        CHECK(c[0].score <= 1 && c[0].score >= c[1].score && c[1].score >= c[2].score && c[2].score >= 0);
    }
}

TEST(equals_have_an_order)
{
    struct fuse_candidate c[3];

    for (int64_t i = 0; i < 3; i++)
        c[i] = candidate(1 + (i * 2) % 3, (struct fuse_candidate){ NO_VECTOR });
    fuse_rank(S("what?"), c, 3, NOW);
    for (int64_t i = 0; i < 3; i++)
        CHECK_INT(c[i].id, 3 - i);
    fuse_rank(S("what?"), c, 0, NOW);
}

/* Of vectors and scores, which are chosen, in this order. */
static void check_chosen(const struct fuse_candidate *c, size_t n, struct fuse_limits limits, const char *want, size_t want_left_out)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    uint32_t chosen[16];
    size_t left_out, n_chosen = fuse_choose(c, n, &limits, chosen, &left_out);

    for (size_t i = 0; i < n_chosen; i++)
        buf_addf(&got, "%lld ", (long long)c[chosen[i]].id);
    CHECK_STR(buf_str(&got), want);
    CHECK_INT(left_out, want_left_out);
}

TEST(what_is_shown_differs)
{
    static const float east[] = { 1, 0 }, nearly_east[] = { 0.995F, 0.0998F }, north[] = { 0, 1 };
    const struct fuse_candidate c[] = {
        { .id = 1, .text_rank = 1, .score = 0.80, .vector = east, .text = S("one") }, { .id = 2, .text_rank = 1, .score = 0.79, .vector = nearly_east, .text = S("two") },
        { .id = 3, .text_rank = 1, .score = 0.70, .vector = north, .text = S("three") },
    };

    check_chosen(c, 3, (struct fuse_limits){ .k = 5, .dimension = 2 }, "1 3 2 ", 0);
    check_chosen(c, 3, (struct fuse_limits){ .k = 1, .dimension = 2 }, "1 ", 0);
    check_chosen(c, 0, (struct fuse_limits){ .k = 5, .dimension = 2 }, "", 0);
}

TEST(what_adds_no_word_is_passed_over)
{
    static const struct { const char *better, *worse; bool both; } cases[] = {
        { "The cat sleeps on the sofa.", "the cat sleeps on the SOFA", false }, { "cat, sofa, sleep", "sofa sleep cat", false },
        { "The big cat sleeps on the sofa", "The cat sleeps on the sofa", false },
        { "The cat sleeps on the sofa", "The big cat sleeps on the sofa", true },
        { "the cat sleeps on the sofa all day and all night", "the cat sleeps", true },
        { "it listens on port 5432", "it listens on port 5433", true }, { "今天下午开会", "今天下午开会。", false },
        { "今天下午开会", "今天上午开会", true },
    };
    static const float east[] = { 1, 0 };

    for (size_t i = 0; i < 2 * N_ELEMENTS(cases); i++) {
        const float *vector = i % 2 ? east : NULL;
        const struct fuse_candidate c[] = { { .id = 1, .text_rank = 1, .score = 0.8, .text = str_from(cases[i / 2].better), .vector = vector },
                                            { .id = 2, .text_rank = 1, .score = 0.7, .text = str_from(cases[i / 2].worse), .vector = east } };

        check_chosen(c, 2, (struct fuse_limits){ .k = 5, .dimension = 2 }, cases[i / 2].both ? "1 2 " : "1 ", 0);
    }
}

TEST(tokens_are_kept_to)
{
    static const struct { uint64_t tokens; size_t k; const char *want; size_t left_out; } cases[] = {
        { 0, 9, "1 2 3 ", 0 }, { 1000, 9, "1 2 3 ", 0 }, { 160, 9, "1 2 3 ", 0 }, { 159, 9, "1 2 ", 1 }, { 70, 9, "2 3 ", 1 }, { 60, 9, "2 3 ", 1 },
        { 59, 9, "2 ", 2 }, { 9, 9, "", 3 }, { 60, 2, "2 ", 1 },
    };
    const struct fuse_candidate c[] = { { .id = 1, .text_rank = 1, .score = 0.9, .tokens = 100, .text = S("one") }, { .id = 2, .text_rank = 1, .score = 0.8, .tokens = 50, .text = S("two") },
                                        { .id = 3, .text_rank = 1, .score = 0.7, .tokens = 10, .text = S("three") } };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_chosen(c, 3, (struct fuse_limits){ .k = cases[i].k, .max_tokens = cases[i].tokens }, cases[i].want, cases[i].left_out);
}

TEST(what_has_nothing_to_do_with_the_question_is_not_shown)
{
    const struct fuse_candidate c[] = {
        { .id = 1, .score = 0.50, .similarity = 0.02F, .vector_rank = 1, .pinned = true, .text = S("one") },
        { .id = 2, .score = 0.49, .similarity = 0.20F, .vector_rank = 2, .text = S("two") },
        { .id = 3, .score = 0.48, .similarity = NAN, .text_rank = 1, .text = S("three") },
    };

    check_chosen(c, 1, (struct fuse_limits){ .k = 5 }, "", 0);
    check_chosen(c, 3, (struct fuse_limits){ .k = 5 }, "2 3 ", 0);
}

TEST(the_reason_names_words_places_and_pins)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    static const struct { const char *question; struct fuse_candidate c; const char *want; } cases[] = {
        { "Which port has the staging server?", { .text = S("Staging: port 5433"), .text_rank = 1, .similarity = 0.712F, .vector_rank = 3 },
          "words: port, staging (1st); meaning 0.71 (3rd)" },
        { "the port, the PORT or another port", { .text = S("port"), .text_rank = 3, NO_VECTOR }, "words: port (3rd)" },
        { "port", { .text = S("port"), .text_rank = 2, NO_VECTOR, .pinned = true }, "words: port (2nd); pinned" },
        { "port", { .text = S("harbour"), .similarity = 0.5F, .vector_rank = 11 }, "meaning 0.50 (11th)" },
        { "端口是多少", { .text = S("数据库端口"), .text_rank = 112, NO_VECTOR }, "words: 端口 (112th)" },
        { "the ports", { .text = S("a port"), .text_rank = 22, NO_VECTOR }, "words: ports (22nd)" },
        { "api_server?", { .text = S("the ApiServer"), .text_rank = 4, NO_VECTOR }, "words: api_server (4th)" },
        { "", { .text = S("port"), NO_VECTOR }, "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(fuse_why(a, str_from(cases[i].question), &cases[i].c), cases[i].want);
}
