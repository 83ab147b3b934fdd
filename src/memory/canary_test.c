// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "memory/recall.h"
#include "memory/test_memory.h"
#include "memory/vectors.h"
#include "store/sqlite_db.h"

enum { DIMENSION = 6 };

static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out)
{
    (void)arg, (void)a, (void)texts, (void)n, (void)out;
    return failed(ERR_NET, "nobody is asked");
}

static struct test_memory memory_with_vectors(void) AWAITS
{
    return test_memory_with(&(struct embedder){ "test", DIMENSION, 16, embed, NULL });
}

/* Each user is looked at each time, at an item chosen by chance: so one item each. */
static int64_t remember(struct test_memory *t, const char *user, const char *text) AWAITS
{
    struct memory_item m = test_item((struct scope){ SCOPE_USER, str_from(user) }, text);
    int64_t id;

    CHECK_OK(memory_save(t->memory, &m, 1, (float[DIMENSION]){ 1, 2, 3 }, &id));
    return id;
}

static void run(struct test_memory *t, const char *sql)
{
    CLEANUP(sqlite_db_close) struct sqlite_db db = { 0 };
    struct sqlite_place p;

    CHECK_OK(sqlite_place_parse(home_path(&t->home, "memory.db"), &p));
    p.schema = STORE_MEMORY;
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    CHECK_OK(sqlite_db_exec(&db, sql));
}

TEST(a_canary_in_a_sound_memory_leaves_nothing_behind)
{
    CLEANUP(test_memory_done) struct test_memory with = memory_with_vectors();
    CLEANUP(test_memory_done) struct test_memory without = test_memory_new();
    struct memory_stats s;

    CHECK_OK(recall_canary(with.memory));
    CHECK_OK(recall_canary(without.memory));
    remember(&with, "alice", "端口是 5432, and ... ");
    remember(&with, "bob", "?!");
    remember(&with, "carol", "Ports opened: api-server, 10.0.0.5, the cats' getUserName");
    test_remember(&without, USER("alice"), "the port is 5432");
    for (int i = 0; i < 3; i++) {
        CHECK_OK(recall_canary(with.memory));
        CHECK_OK(recall_canary(without.memory));
    }
    CHECK_OK(memory_stats(with.memory, &s));
    CHECK_INT(s.items, 3);
    CHECK_OK(memory_stats(without.memory, &s));
    CHECK_INT(s.items, 1);
}

TEST(an_empty_index_of_words_is_seen)
{
    CLEANUP(test_memory_done) struct test_memory t = test_memory_new();

    test_remember(&t, USER("alice"), "the port is 5432");
    run(&t, "INSERT INTO items_text (items_text) VALUES ('delete-all')");
    CHECK_ERR(recall_canary(t.memory), ERR_IO);
    CHECK(str_starts(str_from(failed_text()), S("the memory's index of words is empty or broken")));
}

TEST(an_index_that_takes_nothing_is_seen)
{
    CLEANUP(test_memory_done) struct test_memory t = test_memory_new();
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    run(&t, "DROP TRIGGER items_inserted; DROP TRIGGER items_deleted");
    CHECK_ERR(recall_canary(t.memory), ERR_IO);
    CHECK_OK(store_read(t.store, a, &r, "vectors.count", ""));
    CHECK_INT(row_int(&r, 0, 0), 0);        /* the canary is gone all the same */
}

TEST(a_lost_vector_is_seen)
{
    CLEANUP(test_memory_done) struct test_memory t = memory_with_vectors();
    int64_t id = remember(&t, "alice", "the port is 5432");

    CHECK_OK(recall_canary(t.memory));
    CHECK(vectors_remove(memory_vectors(t.memory), id));
    CHECK_ERR(recall_canary(t.memory), ERR_IO);
    CHECK(str_starts(str_from(failed_text()), S("the memory's index of vectors is empty or broken")));
}

TEST(a_canary_that_a_crash_left_is_removed)
{
    CLEANUP(test_memory_done) struct test_memory t = test_memory_new();
    const struct scope scope = { SCOPE_AGENT, S("(canary)") };
    struct memory_stats s;

    test_remember(&t, scope, "canary 0123456789abcdef");
    CHECK_OK(recall_canary(t.memory));
    CHECK_OK(memory_stats(t.memory, &s));
    CHECK_INT(s.items, 0);
}
