// SPDX-License-Identifier: Apache-2.0
/* Whoever names some scopes gets nothing of any other, whatever is asked and whatever id is guessed. */
#include "base/test.h"
#include "memory/id.h"
#include "memory/test_memory.h"
#include "memory/text.h"
#include "memory/vectors.h"
#include "runtime/fiber.h"

enum { DIMENSION = 4, SEQUENCES = 6, N = 12 };

/* Keys that are beginnings of each other, or the same under another kind. */
static const struct scope scopes[N] = {
    { SCOPE_USER, { "alice", 5 } },    { SCOPE_USER, { "alic", 4 } },        { SCOPE_CHAT, { "telegram/1/", 11 } }, { SCOPE_CHAT, { "telegram/1/2", 12 } },
    { SCOPE_PROJECT, { "alice", 5 } }, { SCOPE_PROJECT, { "alice ", 6 } },   { SCOPE_AGENT, { "", 0 } },            { SCOPE_AGENT, { "alice", 5 } },
    { SCOPE_GLOBAL, { "", 0 } },       { SCOPE_USER, { "Alice", 5 } },       { SCOPE_USER, { "%", 1 } },            { SCOPE_USER, { "alice' OR '1'='1", 16 } },
};

/* All texts are near each other. */
static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out) AWAITS
{
    float *v = arena_alloc(a, n * DIMENSION * sizeof *v);

    (void)arg, (void)texts;
    for (size_t i = 0; i < n; i++) {
        v[i * DIMENSION] = 1;
        v[i * DIMENSION + 1] = (float)i / 100;
    }
    *out = v;
    return OK;
}

struct world { struct test_memory t; uint32_t partitions[2 * N]; size_t n_partitions; };

static void remember(struct world *w, struct scope s, const char *collection, const char *text) AWAITS
{
    struct memory_item m = test_item(s, text);
    int64_t id;

    m.collection = str_from(collection);
    m.session_id = S("s1");
    m.person = S("bob");
    CHECK_OK(memory_save(w->t.memory, &m, 1, NULL, &id));
}

static struct world world_new(void) AWAITS
{
    struct world w = { .t = test_memory_with(&(struct embedder){ "test", DIMENSION, 16, embed, NULL }) };
    struct memory_stats s = { .pending = 1 };

    for (size_t i = 0; i < N; i++) {
        const char *key = scope_text(w.t.arena, scopes[i]).p;

        remember(&w, scopes[i], "", arena_printf(w.t.arena, "a secret of %s", key));
        remember(&w, scopes[i], "", arena_printf(w.t.arena, "another secret of %s", key));
        remember(&w, scopes[i], "docs", arena_printf(w.t.arena, "a secret document of %s", key));
    }
    struct fiber *f = fiber_spawn("memory", memory_run, w.t.memory);

    while (s.pending) {
        CHECK_OK(fiber_yield());
        CHECK_OK(memory_stats(w.t.memory, &s));
    }
    CHECK_INT(s.vectors, 3 * N);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    return w;
}

/* Who may see the scopes of this set. */
struct viewer { struct scope scopes[N]; size_t n; unsigned set; };

static struct viewer viewer_of(unsigned set)
{
    struct viewer v = { .set = set };

    for (size_t i = 0; i < N; i++)
        if (set & 1u << i)
            v.scopes[v.n++] = scopes[i];
    return v;
}

static void check_item(const struct viewer *v, const struct memory_item *m)
{
    for (size_t i = 0; i < v->n; i++)
        if (scope_eq(v->scopes[i], m->scope))
            return;
    test_failed(__FILE__, __LINE__, "set %x sees \"%.*s\"", v->set, STR(m->text));
}

static void check_items(const struct viewer *v, const struct memory_item *items, size_t n, size_t want)
{
    for (size_t i = 0; i < n; i++)
        check_item(v, &items[i]);
    CHECK_INT(n, want);
}

static void check_lists(struct world *w, const struct viewer *v) AWAITS
{
    struct memory_filter f = { .scopes = v->scopes, .n_scopes = v->n, .limit = 1000 };
    const struct memory_item *items;
    size_t n;

    CHECK_OK(memory_list(w->t.memory, w->t.arena, &f, &items, &n));
    check_items(v, items, n, 2 * v->n);
    f.collection = S("*");
    CHECK_OK(memory_list(w->t.memory, w->t.arena, &f, &items, &n));
    check_items(v, items, n, 3 * v->n);
    f.session_id = S("s1");
    f.person = S("bob");
    CHECK_OK(memory_list(w->t.memory, w->t.arena, &f, &items, &n));
    check_items(v, items, n, 3 * v->n);
    f.collection = S("docs");
    f.session_id = S("");
    CHECK_OK(memory_list(w->t.memory, w->t.arena, &f, &items, &n));
    check_items(v, items, n, v->n);
}

/* Every id there is, and some that there are not. */
static void check_guessed(struct world *w, const struct viewer *v) AWAITS
{
    int64_t ids[(2 * N + 2) * SEQUENCES];
    const struct memory_item *items;
    size_t n = 0, found = 0, listed;

    for (uint32_t p = 0; p < 2 * N + 2; p++)
        for (int64_t s = 0; s < SEQUENCES; s++)
            ids[n++] = item_id(p, s);
    for (size_t i = 0; i < n; i++) {
        struct memory_item m;
        enum err e = memory_get(w->t.memory, w->t.arena, ids[i], v->scopes, v->n, &m);

        if (e == OK) {
            check_item(v, &m);
            found++;
            continue;
        }
        CHECK_INT(e, ERR_NOT_FOUND);
        CHECK_STR(str_from(failed_text()), arena_printf(w->t.arena, "there is no memory %lld here", (long long)ids[i]));
    }
    CHECK_INT(found, 3 * v->n);
    CHECK_OK(memory_items(w->t.memory, w->t.arena, ids, n, v->scopes, v->n, &items, &listed));
    check_items(v, items, listed, 3 * v->n);
}

/* What recall looks in. */
static size_t partitions_of(struct world *w, const struct viewer *v, uint32_t *out) AWAITS
{
    const struct memory_partition *p;
    size_t n = 0;

    if (v->n)       /* nobody's scopes are nothing; memory_partitions() would take them for all */
        CHECK_OK(memory_partitions(w->t.memory, w->t.arena, v->scopes, v->n, &p, &n));
    CHECK_INT(n, 2 * v->n);
    for (size_t i = 0; i < n; i++)
        out[i] = p[i].id;
    return n;
}

static void check_searches(struct world *w, const struct viewer *v) AWAITS
{
    uint32_t partitions[2 * N];
    size_t n = partitions_of(w, v, partitions), found;
    struct text_query by_words = { .text = S("secret"), .partitions = partitions, .n_partitions = n, .k = 100 };
    const float values[DIMENSION] = { 1 };
    struct vector_query by_meaning = { .values = values, .n_values = DIMENSION, .partitions = partitions, .n_partitions = n, .k = 100 };
    const struct memory_item *items;
    struct text_hit words[100];
    struct vector_hit near[100];
    int64_t ids[100];

    CHECK_OK(text_search(memory_text(w->t.memory), w->t.arena, &by_words, words, &found));
    for (size_t i = 0; i < found; i++)
        ids[i] = words[i].id;
    CHECK_OK(memory_items(w->t.memory, w->t.arena, ids, found, scopes, N, &items, &n));
    check_items(v, items, n, 3 * v->n);
    CHECK_OK(vectors_search(memory_vectors(w->t.memory), &by_meaning, near, &found));
    for (size_t i = 0; i < found; i++)
        ids[i] = near[i].id;
    CHECK_OK(memory_items(w->t.memory, w->t.arena, ids, found, scopes, N, &items, &n));
    check_items(v, items, n, 3 * v->n);
}

TEST(nothing_crosses_from_one_scope_to_another)
{
    struct world w = world_new();

    for (unsigned i = 0; i <= N; i++) {
        unsigned sets[] = { i < N ? 1u << i : 0, i < N ? 1u << i | 1u << (i + 5) % N : (1u << N) - 1 };

        for (size_t k = 0; k < N_ELEMENTS(sets); k++) {
            struct viewer v = viewer_of(sets[k]);

            check_lists(&w, &v);
            check_guessed(&w, &v);
            check_searches(&w, &v);
        }
    }
    test_memory_done(&w.t);
}

TEST(nothing_of_another_scope_is_replaced)
{
    struct world w = world_new();
    struct memory_item m = test_item(scopes[0], "mine now");
    int64_t id;

    for (uint32_t p = 1; p <= 2 * N; p++) {
        struct memory_item old;
        enum err e;

        CHECK_OK(memory_get(w.t.memory, w.t.arena, item_id(p, 1), scopes, N, &old));
        e = memory_replace(w.t.memory, old.id, &m, &id);
        CHECK_INT(e, scope_eq(old.scope, m.scope) ? OK : ERR_NOT_FOUND);
        m.text = str_from(arena_printf(w.t.arena, "mine now %u", p));
    }
    test_memory_done(&w.t);
}
