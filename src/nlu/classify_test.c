// SPDX-License-Identifier: Apache-2.0
#include "nlu/classify.h"

#include "base/embedded.h"
#include "base/test.h"
#include "nlu/network.h"

extern const struct embedded_file nlu_weights[];

static struct normal *read_text(struct arena *a, str text, struct entities *entities)
{
    struct nlu_context context = { .zone = zone_utc(), .project = S("/projects/my_app") };
    struct normal *n = ARENA_NEW(a, struct normal);

    normal_make(a, text, n);
    entities_find(a, &context, n, entities);
    return n;
}

static struct normal *classify_text(struct arena *a, str text, struct classified *out)
{
    struct entities entities = { 0 };
    struct normal *n = read_text(a, text, &entities);

    classify(a, n, &entities, out);
    return n;
}

TEST(plain_requests_in_both_languages_are_known_with_their_values)
{
    static const struct { const char *in, *intent, *slot, *value; } cases[] = {
        { "restart nginx", "service_restart", "service", "nginx" },
        { "重启 nginx", "service_restart", "service", "nginx" },
        { "how much disk space is left", "system_disk", NULL, NULL },
        { "磁盘还剩多少空间", "system_disk", NULL, NULL },
        { "remind me to call mum tomorrow", "reminder_add", "text", "call mum" },
        { "run the tests", "run_tests", NULL, NULL },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct classified c;
        const struct normal *n = classify_text(a, str_from(cases[i].in), &c);
        bool found = !cases[i].slot;

        CHECK_STR(c.best[0].intent, cases[i].intent);
        for (size_t k = 0; k < c.n_tags; k++)
            found |= str_eq(c.tags[k].slot, str_from(cases[i].slot)) &&
                str_eq(str_cut(n->text, c.tags[k].start, c.tags[k].end), str_from(cases[i].value));
        CHECK(found);
    }
}

TEST(probabilities_fall_and_are_of_one)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct classified c;
    float sum = 0;

    classify_text(a, S("maybe the thing with the other one"), &c);
    for (size_t i = 0; i < CLASSIFY_BEST; i++) {
        CHECK(c.best[i].probability >= 0 && (i == 0 || c.best[i].probability <= c.best[i - 1].probability));
        sum += c.best[i].probability;
    }
    CHECK(sum > 0 && sum <= 1);
}

TEST(what_has_no_words_or_too_many_is_none)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = { 0 };
    struct classified c;

    classify_text(a, S("😀😀 !"), &c);
    CHECK_STR(c.best[0].intent, "none");
    CHECK(!c.too_long && !c.sure && c.n_tags == 0);
    while (b.len < 1 << 20)
        buf_add(&b, S("restart nginx "));
    classify_text(a, buf_str(&b), &c);
    CHECK_STR(c.best[0].intent, "none");
    CHECK(c.too_long && !c.sure);
}

TEST(weights_that_were_cut_or_changed_at_the_head_are_refused)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str file = embedded_named(nlu_weights, S("weights.bin"));
    struct network *n = ARENA_NEW(a, struct network);
    char *copy = memcpy(arena_alloc(a, file.len), file.p, file.len);

    CHECK_OK(network_load(a, str_of(copy, file.len), n));
    for (size_t len = 0; len < file.len; len = len * 2 + 1)
        CHECK_ERR(network_load(a, str_of(copy, len), n), ERR_INPUT);
    for (size_t i = 0; i < offsetof(struct network_header, temperature); i++) {
        copy[i] ^= 0x40;
        CHECK_ERR(network_load(a, str_of(copy, file.len), n), ERR_INPUT);
        copy[i] ^= 0x40;
    }
    CHECK(file.len < 2 << 20);
}
