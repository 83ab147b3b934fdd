// SPDX-License-Identifier: Apache-2.0
#include "memory/recall.h"

#include "base/fault.h"
#include "base/test.h"
#include "memory/test_memory.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum { DIMENSION = 4, DAY = 86400000 };
#define NOW ((int64_t)20000 * DAY)

/* Meaning for tests: what a text has to do with animals, vehicles and food, each an axis. */
static const char *const meanings[DIMENSION - 1][4] = {
    { "cat", "kitten", "dog", "vet" }, { "car", "bus", "garage", "drive" }, { "bread", "cake", "bakery", "eat" } };

static void embed_one(str text, float *v)
{
    v[DIMENSION - 1] = 0.1F;
    for (size_t i = 0; i < DIMENSION - 1; i++)
        for (size_t k = 0; k < 4; k++)
            v[i] += str_find(text, str_from(meanings[i][k])) != STR_NONE;
}

struct test_embedder { bool hangs; enum err fails; size_t calls; };

static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out) AWAITS
{
    struct test_embedder *e = arg;
    float *v = arena_alloc(a, n * DIMENSION * sizeof *v);

    e->calls++;
    if (e->hangs)
        TRY(fiber_sleep(60000));
    if (e->fails)
        return failed(e->fails, "the service is out of order");
    for (size_t i = 0; i < n; i++)
        embed_one(texts[i], v + i * DIMENSION);
    *out = v;
    return OK;
}

struct scene { struct test_memory t; struct test_embedder embedder; };

static void scene_open(struct scene *s) AWAITS
{
    *s = (struct scene){ 0 };
    s->t = test_memory_with(&(struct embedder){ "test", DIMENSION, 16, embed, &s->embedder });
}

static void scene_done(struct scene *s) AWAITS
{
    fault_disarm_all();
    clock_real();
    test_memory_done(&s->t);
}

#define SCENE(s) CLEANUP(scene_done) struct scene s; scene_open(&s)

static int64_t save(struct scene *s, struct memory_item m) AWAITS
{
    float v[DIMENSION] = { 0 };
    int64_t id;

    m.created_at = m.created_at ? m.created_at : NOW;
    embed_one(m.text, v);
    CHECK_OK(memory_save(s->t.memory, &m, 1, v, &id));
    return id;
}

static int64_t remember(struct scene *s, const char *user, const char *text) AWAITS
{
    return save(s, test_item((struct scope){ SCOPE_USER, str_from(user) }, text));
}

static struct recall_query about(const char *text)
{
    static const struct scope alice = { SCOPE_USER, S("alice") };

    return (struct recall_query){ .text = str_from(text), .scopes = &alice, .n_scopes = 1, .k = 10, .now = NOW };
}

static struct recall_result ask(struct scene *s, struct recall_query q) AWAITS
{
    struct recall_result r;

    CHECK_OK(recall(s->t.memory, s->t.arena, &q, &r));
    return r;
}

static bool has(const struct recall_result *r, int64_t id)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i].item.id == id)
            return true;
    return false;
}

TEST(what_is_asked_for_comes_first_with_the_reason)
{
    SCENE(s);
    int64_t bread = remember(&s, "alice", "The bakery at the corner has rye bread on Fridays.");
    int64_t car = remember(&s, "alice", "The car needs new tyres before winter.");
    struct recall_result r = ask(&s, about("where is rye sold?"));

    CHECK(r.n >= 1 && r.items[0].item.id == bread);
    CHECK_STR(r.items[0].item.text, "The bakery at the corner has rye bread on Fridays.");
    CHECK_INT(r.items[0].text_rank, 1);
    CHECK_STR(r.note, "");
    CHECK(str_starts(r.items[0].why, S("words: rye (1st)")));
    r = ask(&s, about("the bus"));
    CHECK(r.items[0].item.id == car && r.items[0].text_rank == 0 && r.items[0].vector_rank == 1);
    CHECK_STR(r.items[0].why, "meaning 1.00 (1st)");
    CHECK(r.items[0].score > r.items[1].score && r.items[0].score <= 1 && r.items[1].score >= 0);
}

TEST(nothing_crosses_scopes)
{
    static const struct scope scopes[] = { { SCOPE_USER, S("alice") }, { SCOPE_USER, S("bob") }, { SCOPE_AGENT, S("alice") },
                                           { SCOPE_CHAT, S("alice") }, { SCOPE_PROJECT, S("alice") }, { SCOPE_GLOBAL, S("") } };
    enum { N = N_ELEMENTS(scopes) };
    int64_t ids[N];
    SCENE(s);

    for (size_t i = 0; i < N; i++)
        ids[i] = save(&s, test_item(scopes[i], "the cat sleeps in the garage, its password is purr"));
    for (unsigned mask = 0; mask < 1U << N; mask++) {
        struct recall_query q = about("cat password");
        struct scope some[N];

        q.scopes = some;
        q.n_scopes = 0;
        for (size_t i = 0; i < N; i++)
            if (mask >> i & 1)
                some[q.n_scopes++] = scopes[i];
        struct recall_result r = ask(&s, q);

        for (size_t i = 0; i < N; i++)
            if (has(&r, ids[i]) && !(mask >> i & 1))
                test_failed(__FILE__, __LINE__, "scope %zu was not asked for (mask %u)", i, mask);
        CHECK(r.n == (mask ? 1 : 0));       /* the same words, so one stands for all */
    }
}

TEST(knowledge_is_looked_at_where_it_is_named)
{
    static const str handbook[] = { S("handbook") }, all[] = { S("*") }, other[] = { S("recipes") };
    SCENE(s);
    struct memory_item m = test_item(USER("alice"), "the handbook says that the bus leaves at nine");

    m.collection = S("handbook");
    m.kind = ITEM_PASSAGE;
    int64_t passage = save(&s, m), memory = remember(&s, "alice", "alice takes the bus at ten");
    const struct { const str *collections; size_t n; bool only, passage, memory; } cases[] = {
        { NULL, 0, false, false, true }, { handbook, 1, false, true, true }, { all, 1, false, true, true }, { all, 1, true, true, false },
        { handbook, 1, true, true, false }, { other, 1, false, false, true }, { other, 1, true, false, false },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct recall_query q = about("when does the bus leave?");

        q.collections = cases[i].collections;
        q.n_collections = cases[i].n;
        q.knowledge_only = cases[i].only;
        struct recall_result r = ask(&s, q);

        if (has(&r, passage) != cases[i].passage || has(&r, memory) != cases[i].memory)
            test_failed(__FILE__, __LINE__, "case %zu", i);
    }
}

TEST(what_does_not_hold_or_is_not_asked_for_is_left_out)
{
    SCENE(s);
    struct memory_item m = test_item(USER("alice"), "the vet said that the cat is fine");
    int64_t old = remember(&s, "alice", "the cat weighs four kilos"), new;
    struct memory_item heavier = test_item(USER("alice"), "the cat weighs five kilos");

    heavier.created_at = NOW;
    CHECK_OK(memory_replace(s.t.memory, old, &heavier, &new));
    m.expires_at = NOW - 1;
    int64_t expired = save(&s, m);
    m.text = S("the cat has a toy");
    m.pinned = true;
    int64_t pinned = save(&s, m);
    struct recall_query q = about("cat");
    struct recall_result r = ask(&s, q);

    CHECK(has(&r, new) && has(&r, pinned) && !has(&r, old) && !has(&r, expired));
    q.kinds = 1U << ITEM_TASK;
    r = ask(&s, q);
    CHECK_INT(r.n, 0);
    q.kinds = 1U << ITEM_TASK | 1U << ITEM_FACT;
    q.since = NOW + 1;
    r = ask(&s, q);
    CHECK_INT(r.n, 0);
    q.since = NOW;
    q.until = NOW + 1;
    r = ask(&s, q);
    CHECK_INT(r.n, 2);
}

TEST(what_is_before_the_model_anyway_is_left_out)
{
    SCENE(s);
    struct memory_item m = test_item(USER("alice"), "We talked about the cat: it is ill.");

    m.kind = ITEM_EXCHANGE;
    m.session_id = S("s1");
    m.inbox_id = 7;
    int64_t before = save(&s, m);
    m.text = S("We talked about the cat again: it is well.");
    m.inbox_id = 8;
    int64_t shown = save(&s, m);
    struct recall_query q = about("how is the cat?");

    q.not_session = S("s1");
    q.not_after = 7;
    struct recall_result r = ask(&s, q);

    CHECK(has(&r, before) && !has(&r, shown));
    q.not_session = S("s2");
    r = ask(&s, q);
    CHECK(has(&r, before) && has(&r, shown));
}

TEST(where_most_of_what_was_found_does_not_hold_more_is_looked_at)
{
    SCENE(s);
    int64_t right = remember(&s, "alice", "cat");

    for (int i = 0; i < 100; i++) {
        struct memory_item m = test_item(USER("alice"), arena_printf(s.t.arena, "cat cat number %d", i));

        m.expires_at = 1;
        save(&s, m);
    }
    struct recall_query q = about("cat number");

    q.k = 1;
    struct recall_result r = ask(&s, q);

    CHECK(r.n == 1 && r.items[0].item.id == right);
}

static uint64_t bytes(str s) { return s.len; }

TEST(the_budget_of_tokens_is_kept_and_what_had_no_room_is_counted)
{
    SCENE(s);
    int64_t small = remember(&s, "alice", "cat: 20 bytes, short");

    remember(&s, "alice", "cat cat cat: a text of more bytes than the budget has, which is the better one though");
    struct recall_query q = about("cat cat");

    q.tokens = bytes;
    q.max_tokens = 40;
    struct recall_result r = ask(&s, q);

    CHECK(r.n == 1 && r.items[0].item.id == small);
    CHECK_INT(r.left_out, 1);
}

TEST(a_stage_that_fails_is_said_and_the_other_answers)
{
    SCENE(s);
    int64_t bread = remember(&s, "alice", "rye bread on Fridays");
    struct recall_result r;

    CHECK_OK(fault_arm(S("recall_words:fail")));
    r = ask(&s, about("cake and bread"));
    CHECK(r.n == 1 && r.items[0].item.id == bread && r.items[0].text_rank == 0);
    CHECK_STR(r.note, "words were not searched: the index of words cannot be read");
    CHECK_OK(fault_arm(S("recall_words:off,recall_meaning:fail")));
    r = ask(&s, about("cake and bread"));
    CHECK(r.n == 1 && r.items[0].item.id == bread && r.items[0].vector_rank == 0);
    CHECK_STR(r.note, "meaning was not searched: no vector was made of the question");
    CHECK_OK(fault_arm(S("recall_words:fail")));
    struct recall_query q = about("bread");

    CHECK_ERR(recall(s.t.memory, s.t.arena, &q, &r), ERR_IO);
}

static enum err ask_in_fiber(void *arg) AWAITS
{
    struct scene *s = arg;
    struct recall_result r = ask(s, about("bread"));

    CHECK_INT(r.n, 1);
    CHECK_STR(r.note, "meaning was not searched: the question had no vector within 2 s");
    return OK;
}

TEST(a_slow_embedding_is_not_waited_for)
{
    SCENE(s);
    remember(&s, "alice", "rye bread on Fridays");
    s.embedder.hangs = true;
    clock_fake(NOW);
    struct fiber *f = fiber_spawn("asker", ask_in_fiber, &s);

    while (s.embedder.calls == 0)
        CHECK_OK(fiber_yield());
    CHECK_OK(fiber_yield());
    clock_advance(2001);
    CHECK_OK(fiber_join(f));
}

TEST(without_an_embedding_words_are_searched_and_all_is_well)
{
    CLEANUP(test_memory_done) struct test_memory t = test_memory_new();
    int64_t id = test_remember(&t, USER("alice"), "rye bread on Fridays");
    struct recall_query q = about("bread");
    struct recall_result r;

    CHECK_OK(recall(t.memory, t.arena, &q, &r));
    CHECK(r.n == 1 && r.items[0].item.id == id);
    CHECK_STR(r.note, "");
}

TEST(an_item_is_found_by_its_words_before_it_has_a_vector)
{
    SCENE(s);
    int64_t id = test_remember(&s.t, USER("alice"), "the bakery is closed on Mondays");
    struct recall_result r = ask(&s, about("bakery"));

    CHECK(r.n == 1 && r.items[0].item.id == id && r.items[0].text_rank == 1 && r.items[0].vector_rank == 0);
    CHECK_STR(r.items[0].why, "words: bakery (1st)");
}

TEST(that_an_item_was_used_is_noted)
{
    SCENE(s);
    int64_t id = remember(&s, "alice", "rye bread on Fridays"), other = remember(&s, "bob", "no bread");
    struct memory_item m;

    ask(&s, about("bread"));
    remember(&s, "alice", "something that is committed");
    CHECK_OK(memory_get(s.t.memory, s.t.arena, id, &USER("alice"), 1, &m));
    CHECK(m.uses == 1 && m.used_at == NOW);
    CHECK_OK(memory_get(s.t.memory, s.t.arena, other, &USER("bob"), 1, &m));
    CHECK_INT(m.uses, 0);
}

TEST(what_says_the_same_comes_once_and_of_equals_the_newer)
{
    SCENE(s);
    remember(&s, "alice", "the cat sleeps on the sofa");
    int64_t same = remember(&s, "alice", "The cat sleeps on the sofa."), bus = remember(&s, "alice", "a bus");

    for (int i = 0; i < 3; i++) {
        struct recall_result r = ask(&s, about("the cat on the sofa, or the bus"));

        CHECK(r.n == 2 && r.items[0].item.id == same && r.items[1].item.id == bus);
    }
}

TEST(a_question_without_words_finds_by_meaning_or_nothing)
{
    SCENE(s);
    remember(&s, "alice", "rye bread");
    CHECK_STR(ask(&s, about("?!")).note, "");
    CHECK_STR(ask(&s, about("")).note, "");
    CHECK_STR(ask(&s, about("\xff\xfe")).note, "");
}
