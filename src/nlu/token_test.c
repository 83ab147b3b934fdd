// SPDX-License-Identifier: Apache-2.0
#include "nlu/token.h"

#include "base/test.h"

static struct tokens *tokens_of(struct arena *a, const char *text, const struct entity *e, size_t n)
{
    struct tokens *t = ARENA_NEW(a, struct tokens);
    struct normal *normal = ARENA_NEW(a, struct normal);

    normal_make(a, str_from(text), normal);
    tokens_make(normal, &(struct entities){ (struct entity *)e, n }, t);
    return t;
}

/* The tokens with bars between them. */
static str shown(struct arena *a, const char *text, const struct entity *e, size_t n)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    const struct tokens *t = tokens_of(a, text, e, n);
    struct normal normal;

    normal_make(a, str_from(text), &normal);
    for (size_t i = 0; i < t->n; i++)
        buf_addf(&b, "%s%.*s", i ? "|" : "", STR(str_cut(normal.text, t->p[i].start, t->p[i].end)));
    return arena_str(a, buf_str(&b));
}

TEST(a_han_character_is_a_token_and_so_is_any_other_word)
{
    static const struct { const char *in, *want; } cases[] = {
        { "restart nginx on web-1", "restart|nginx|on|web-1" },
        { "重启nginx服务", "重|启|nginx|服|务" },
        { "what's up, doc?!", "what's|up|doc" },
        { "in 20min at 9:30", "in|20|min|at|9|:|30" },
        { "port8080 sha256 web1", "port|8080|sha|256|web1" },
        { "3+4*2", "3|+|4|*|2" },
        { "Ｇo。好", "go|好" },
        { "😀 ❤️ ...", "" },
        { "", "" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_STR(shown(a, cases[i].in, NULL, 0), cases[i].want);
    }
}

TEST(a_name_that_was_found_is_one_token_and_a_time_stays_words)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    static const struct entity e[] = { { .type = ENTITY_PATH, .start = 3, .end = 15 }, { .type = ENTITY_WHEN, .start = 16, .end = 30 } };

    CHECK_STR(shown(a, "rm /var/log/a.b tomorrow at 9 now", e, 2), "rm|/var/log/a.b|tomorrow|at|9|now");
}

static bool has_mark(const struct tokens *t, size_t token, uint16_t mark)
{
    const struct token *k = &t->p[token];

    for (size_t i = 0; i < k->n_whole; i++)
        if (t->features[k->first + i] == mark)
            return true;
    return false;
}

TEST(it_is_marked_where_chinese_words_begin_and_end)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct tokens *t = tokens_of(a, "重启nginx服务器的", NULL, 0);     /* 重 启 nginx 服 务 器 的 */

    CHECK_INT(t->n, 7);
    CHECK(has_mark(t, 0, TOKEN_MARK_WORD) && has_mark(t, 1, TOKEN_MARK_WORD + 6));
    CHECK(has_mark(t, 3, TOKEN_MARK_WORD) && has_mark(t, 4, TOKEN_MARK_WORD + 6));              /* 服务 */
    CHECK(has_mark(t, 3, TOKEN_MARK_WORD + 1) && has_mark(t, 4, TOKEN_MARK_WORD + 4) && has_mark(t, 5, TOKEN_MARK_WORD + 7));
    CHECK(has_mark(t, 3, TOKEN_MARK_CUT) && !has_mark(t, 4, TOKEN_MARK_CUT) && !has_mark(t, 5, TOKEN_MARK_CUT));
    CHECK(has_mark(t, 6, TOKEN_MARK_CUT) && !has_mark(t, 6, TOKEN_MARK_WORD));
    CHECK(!has_mark(t, 2, TOKEN_MARK_CUT));
}

TEST(features_stay_in_bounds_and_the_same_word_has_the_same_ones)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct tokens *t = tokens_of(a, "x donaudampfschifffahrtsgesellschaftskapitaen x y x z", NULL, 0);

    for (size_t i = 0; i < t->n; i++) {
        CHECK(t->p[i].n_whole + t->p[i].n_parts <= TOKEN_FEATURES_MAX);
        for (size_t k = 0; k < (size_t)t->p[i].n_whole + t->p[i].n_parts; k++)
            CHECK(t->features[t->p[i].first + k] + 0u < TOKEN_FEATURES + 0u);
    }
    CHECK(memcmp(&t->features[t->p[2].first], &t->features[t->p[4].first], (t->p[2].n_whole - 1u) * sizeof(uint16_t)) == 0);
}

TEST(more_tokens_than_are_looked_at_are_noticed)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    char text[2 * TOKENS_MAX + 3];

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 ? ' ' : 'a';
    text[sizeof(text) - 1] = 0;
    CHECK(tokens_of(a, text, NULL, 0)->too_long);
    text[2 * TOKENS_MAX] = 0;
    CHECK(!tokens_of(a, text, NULL, 0)->too_long);
    CHECK_INT(tokens_of(a, text, NULL, 0)->n, TOKENS_MAX);
}
