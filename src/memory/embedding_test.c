// SPDX-License-Identifier: Apache-2.0
/* The queue that makes vectors, with embedders that fail in all the ways there are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "base/test.h"
#include "memory/id.h"
#include "memory/test_memory.h"
#include "memory/vectors.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum { DIMENSION = 8 };

/* A vector of a text: counts of its bytes modulo 8.  Texts with "bad" in them are not embedded, in the way `how` says. */
struct double_embedder {
    enum { GOOD, REFUSES, HALF, NAN_FOR_BAD, ZERO_FOR_BAD, DOWN, REFUSES_ALL, TOO_LONG } how;
    size_t         calls, texts;
    struct embedder embedder;
};

static void count_bytes(str text, float *out)
{
    for (size_t i = 0; i < text.len; i++)
        out[(unsigned char)text.p[i] % DIMENSION] += 1;
}

static bool is_bad(str text)
{
    return str_find(text, S("bad")) != STR_NONE;
}

static enum err refuse(const struct double_embedder *d, const str *texts, size_t n)
{
    bool bad = false;

    for (size_t i = 0; i < n; i++) {
        bad = bad || is_bad(texts[i]);
        if (d->how == TOO_LONG && texts[i].len > 2000)
            return failed(ERR_TOO_LONG, "at most 2000 bytes");
    }
    if (d->how == DOWN)
        return failed(ERR_NET, "connection refused");
    if (d->how == REFUSES_ALL || (d->how == REFUSES && bad))
        return failed(ERR_INPUT, "refused");
    if (d->how == HALF && bad)
        return failed(ERR_REMOTE, "%zu vectors for %zu texts", n / 2, n);
    return OK;
}

static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out) AWAITS
{
    struct double_embedder *d = arg;
    float *v = arena_alloc(a, n * DIMENSION * sizeof *v);

    d->calls++;
    d->texts += n;
    TRY(fiber_yield());
    TRY(refuse(d, texts, n));
    for (size_t i = 0; i < n; i++) {
        if (!is_bad(texts[i]) || d->how != ZERO_FOR_BAD)
            count_bytes(texts[i], v + i * DIMENSION);
        if (is_bad(texts[i]) && d->how == NAN_FOR_BAD)
            v[i * DIMENSION + 3] = NAN;
    }
    *out = v;
    return OK;
}

static void use(struct double_embedder *d, const char *label)
{
    d->embedder = (struct embedder){ label, DIMENSION, 16, embed, d };
}

static struct memory_stats stats(struct test_memory *t) AWAITS
{
    struct memory_stats s;

    CHECK_OK(memory_stats(t->memory, &s));
    return s;
}

/* Until nothing waits for a vector. */
static void work_off(struct test_memory *t) AWAITS
{
    struct fiber *f = fiber_spawn("memory", memory_run, t->memory);

    while (stats(t).pending || stats(t).purges)
        CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
}

static void remember_many(struct test_memory *t, size_t n, size_t bad_every) AWAITS
{
    for (size_t i = 0; i < n; i++)
        test_remember(t, USER("a"), arena_printf(t->arena, "%s number %zu", bad_every && i % bad_every == 3 ? "bad" : "good", i));
}

static bool has_vector(struct test_memory *t, int64_t id)
{
    float v[DIMENSION];

    return vectors_get(memory_vectors(t->memory), id, v) == OK;
}

TEST(what_is_saved_gets_its_vector_and_keeps_it)
{
    struct double_embedder d = { 0 };

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);

    remember_many(&t, 40, 0);
    CHECK_INT(stats(&t).pending, 40);
    work_off(&t);
    CHECK_INT(stats(&t).vectors, 40);
    CHECK_INT(d.texts, 40);
    CHECK(d.calls <= 4);
    test_memory_reopen(&t);
    CHECK_INT(stats(&t).vectors, 40);
    CHECK_INT(stats(&t).pending, 0);
    work_off(&t);
    CHECK_INT(d.texts, 40);
    test_memory_done(&t);
}

TEST(who_is_saved_while_it_runs_waits_for_nothing_else)
{
    struct double_embedder d = { 0 };

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);
    struct fiber *f = fiber_spawn("memory", memory_run, t.memory);

    for (int i = 0; i < 3; i++) {
        int64_t id = test_remember(&t, USER("a"), arena_printf(t.arena, "said %d", i));

        while (!has_vector(&t, id))
            CHECK_OK(fiber_yield());
    }
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    test_memory_done(&t);
}

TEST(the_same_words_are_asked_for_once_in_whatever_partition)
{
    struct double_embedder d = { 0 };

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);

    test_remember(&t, USER("a"), "the same");
    test_remember(&t, USER("b"), "the same");
    work_off(&t);
    CHECK_INT(d.texts, 1);
    int64_t id = test_remember(&t, USER("c"), "the same");

    work_off(&t);
    CHECK_INT(d.texts, 1);
    CHECK(has_vector(&t, id));
    test_memory_done(&t);
}

/* One bad text among many costs the bad one its vector, and nobody else. */
TEST(texts_that_the_embedder_does_not_take_are_left_out_and_the_rest_goes_on)
{
    static const int ways[] = { REFUSES, HALF, NAN_FOR_BAD, ZERO_FOR_BAD };

    for (size_t i = 0; i < N_ELEMENTS(ways); i++) {
        struct double_embedder d = { .how = ways[i] };
        int64_t unfit = metric_value(METRIC_memory_unfit);

        use(&d, "one");
        struct test_memory t = test_memory_with(&d.embedder);

        remember_many(&t, 50, 10);
        work_off(&t);
        CHECK_INT(stats(&t).failed, 5);
        CHECK_INT(stats(&t).vectors, 45);
        CHECK_INT(metric_value(METRIC_memory_unfit) - unfit, 5);
        test_memory_done(&t);
    }
}

TEST(one_bad_text_alone_is_found_out_by_asking_for_another)
{
    struct double_embedder d = { .how = REFUSES };

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);

    test_remember(&t, USER("a"), "bad");
    work_off(&t);
    CHECK_INT(stats(&t).failed, 1);
    CHECK_INT(d.calls, 2);
    test_memory_done(&t);
}

TEST(a_text_that_is_too_long_gets_the_vector_of_its_beginning)
{
    struct double_embedder d = { .how = TOO_LONG };
    static char text[10001];

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);

    memset(text, 'x', sizeof text - 1);
    test_remember(&t, USER("a"), text);
    test_remember(&t, USER("a"), "short");
    work_off(&t);
    CHECK_INT(stats(&t).failed, 0);
    CHECK_INT(stats(&t).vectors, 2);
    test_memory_done(&t);
}

/* Time moves only here: an embedder that is asked again and again without a pause would count more calls. */
TEST(an_embedder_that_is_down_is_asked_again_after_a_while_and_marks_nothing)
{
    static const int ways[] = { DOWN, REFUSES_ALL };

    for (size_t i = 0; i < N_ELEMENTS(ways); i++) {
        struct double_embedder d = { .how = ways[i] };

        use(&d, "one");
        struct test_memory t = test_memory_with(&d.embedder);

        remember_many(&t, 4, 0);
        clock_fake(clock_wall_ms());
        struct fiber *f = fiber_spawn("memory", memory_run, t.memory);

        for (int hour = 0; hour < 3; hour++) {
            size_t calls = d.calls;

            for (; d.calls == calls; clock_advance(60 * 1000))
                CHECK_OK(fiber_yield());
            for (int k = 0; k < 200; k++)
                CHECK_OK(fiber_yield());
            CHECK(d.calls - calls <= 6);
            CHECK_INT(stats(&t).failed, 0);
        }
        d.how = GOOD;
        for (; stats(&t).pending; clock_advance(60 * 1000))
            CHECK_OK(fiber_yield());
        clock_real();
        fiber_cancel(f);
        CHECK_ERR(fiber_join(f), ERR_CANCELLED);
        CHECK_INT(stats(&t).vectors, 4);
        test_memory_done(&t);
    }
}

TEST(another_embedder_makes_all_vectors_anew_and_the_old_files_go)
{
    struct double_embedder d = { 0 }, other = { .how = REFUSES };

    use(&d, "one");
    use(&other, "two");
    struct test_memory t = test_memory_with(&d.embedder);

    remember_many(&t, 20, 10);
    work_off(&t);
    t.embedder = other.embedder;
    test_memory_reopen(&t);
    CHECK_INT(stats(&t).vectors, 0);
    work_off(&t);       /* what has a vector of before is not counted as waiting until the queue has begun */
    while (stats(&t).vectors + (uint64_t)stats(&t).failed < 20)
        work_off(&t);
    CHECK_INT(stats(&t).failed, 2);
    CHECK_INT(other.texts >= 20, 1);
    CHECK_STR(str_from(stats(&t).embedder), "two");
    CHECK_OK(memory_use_embedder(t.memory, &d.embedder));
    while (stats(&t).vectors < 20)
        work_off(&t);
    CHECK_INT(stats(&t).failed, 0);
    CHECK_INT(d.texts, 40);
    test_memory_done(&t);
}

TEST(the_embedder_changes_while_it_runs)
{
    struct double_embedder d = { 0 }, other = { 0 };

    use(&d, "one");
    use(&other, "two");
    struct test_memory t = test_memory_with(&d.embedder);
    struct fiber *f = fiber_spawn("memory", memory_run, t.memory);

    remember_many(&t, 20, 0);
    CHECK_OK(memory_use_embedder(t.memory, &other.embedder));
    while (stats(&t).vectors < 20 || stats(&t).pending)
        CHECK_OK(fiber_yield());
    CHECK_INT(other.texts, 20);
    CHECK_OK(memory_use_embedder(t.memory, &(struct embedder){ 0 }));
    CHECK(memory_vectors(t.memory) == NULL);
    int64_t id = test_remember(&t, USER("a"), "by words only");

    CHECK_OK(memory_use_embedder(t.memory, &other.embedder));
    while (!memory_vectors(t.memory) || !has_vector(&t, id))
        CHECK_OK(fiber_yield());
    CHECK_INT(other.texts, 21);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    test_memory_done(&t);
}

TEST(given_vectors_are_stored_with_their_items)
{
    struct double_embedder d = { 0 };

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);
    struct memory_item items[] = { test_item(USER("a"), "one"), test_item(USER("a"), "two"), test_item(USER("a"), "one") };
    float vectors[3 * DIMENSION] = { [0] = 1, [DIMENSION + 1] = 2, [2 * DIMENSION + 2] = 3 }, got[DIMENSION];
    int64_t ids[3];

    CHECK_OK(memory_save(t.memory, items, 3, vectors, ids));
    CHECK_INT(stats(&t).pending, 0);
    CHECK_OK(vectors_get(memory_vectors(t.memory), ids[1], got));
    CHECK(got[1] > 0.999F);
    CHECK_INT(ids[2], ids[0]);
    work_off(&t);
    CHECK_INT(d.calls, 0);
    vectors[0] = NAN;
    items[0].text = S("three");
    CHECK_ERR(memory_save(t.memory, items, 3, vectors, ids), ERR_INPUT);
    CHECK_INT(stats(&t).items, 2);
    test_memory_done(&t);
}

TEST(what_is_deleted_has_no_vector_when_that_returns)
{
    struct double_embedder d = { 0 };

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);
    int64_t id = test_remember(&t, USER("a"), "one"), kept = test_remember(&t, USER("a"), "two");
    size_t n;

    work_off(&t);
    CHECK_OK(memory_delete(t.memory, &id, 1, &n));
    CHECK(!has_vector(&t, id) && has_vector(&t, kept));
    CHECK_INT(stats(&t).purges, 0);
    test_memory_done(&t);
}

TEST(lost_files_of_vectors_are_noticed_and_made_anew)
{
    struct double_embedder d = { 0 };

    use(&d, "one");
    struct test_memory t = test_memory_with(&d.embedder);

    remember_many(&t, 20, 0);
    work_off(&t);
    memory_close(t.memory);
    CHECK_OK(vectors_delete(home_path(&t.home, "vectors"), 1));
    t.memory = NULL;
    test_memory_reopen(&t);
    while (stats(&t).vectors < 20)
        work_off(&t);
    CHECK(d.texts >= 40);       /* some are asked for again, for they were being made when the work was ended before it had noticed */
    test_memory_done(&t);
}
