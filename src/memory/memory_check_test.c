// SPDX-License-Identifier: Apache-2.0
/* What `memory doctor` sees is made by a connection of its own, as no part of the program could. */
#include "base/test.h"
#include "memory/test_memory.h"
#include "memory/vectors.h"
#include "runtime/fiber.h"
#include "store/sqlite_db.h"

enum { DIMENSION = 4 };

static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out) AWAITS
{
    float *v = arena_alloc(a, n * DIMENSION * sizeof *v);

    (void)arg;
    for (size_t i = 0; i < n; i++)
        v[i * DIMENSION + texts[i].len % DIMENSION] = 1;
    *out = v;
    return OK;
}

static const struct embedder embedder = { "test", DIMENSION, 16, embed, NULL };

static void work_off(struct test_memory *t, uint64_t vectors) AWAITS
{
    struct fiber *f = fiber_spawn("memory", memory_run, t->memory);
    struct memory_stats s = { .pending = 1 };

    while (s.pending || s.purges || s.vectors != vectors) {
        CHECK_OK(fiber_yield());
        CHECK_OK(memory_stats(t->memory, &s));
    }
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
}

static struct test_memory ten_items(int64_t ids[10]) AWAITS
{
    struct test_memory t = test_memory_with(&embedder);

    for (int i = 0; i < 10; i++)
        ids[i] = test_remember(&t, i % 2 ? USER("a") : USER("b"), arena_printf(t.arena, "word%d", i));
    work_off(&t, 10);
    return t;
}

static void run(struct test_memory *t, const char *sql)
{
    struct sqlite_place p;
    struct sqlite_db db;

    CHECK_OK(sqlite_place_parse(home_path(&t->home, "memory.db"), &p));
    p.schema = STORE_MEMORY;
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    sqlite3_db_config(db.handle, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
    CHECK_OK(sqlite_db_exec(&db, sql));
    sqlite_db_close(&db);
}

static struct memory_findings check(struct test_memory *t, enum memory_care care) AWAITS
{
    struct memory_findings f;

    CHECK_OK(memory_check(t->memory, t->arena, care, &f));
    return f;
}

static void finds_and_mends(struct test_memory *t, const char *what) AWAITS
{
    struct memory_findings f = check(t, MEMORY_LOOK);

    if (f.n != 1 || str_find(f.text, str_from(what)) == STR_NONE)
        test_failed(__FILE__, __LINE__, "%zu findings, wanted \"%s\": %.*s", f.n, what, STR(f.text));
    CHECK_INT(check(t, MEMORY_LOOK).n, 1);
    CHECK_INT(check(t, MEMORY_MEND).mended, 1);
    work_off(t, 10);
    f = check(t, MEMORY_LOOK);
    CHECK_STR(f.text, "");
    CHECK_INT(f.items, 10);
    CHECK_INT(f.vectors, 10);
}

TEST(a_sound_memory_has_no_findings)
{
    int64_t ids[10];
    struct test_memory t = ten_items(ids);
    struct memory_findings f = check(&t, MEMORY_LOOK);

    CHECK_STR(f.text, "");
    CHECK_INT(f.items, 10);
    CHECK_INT(f.vectors, 10);
    test_memory_done(&t);
}

TEST(an_index_that_is_not_of_the_items_is_found_and_built_anew)
{
    int64_t ids[10];
    struct test_memory t = ten_items(ids);

    run(&t, arena_printf(t.arena, "INSERT INTO items_text (items_text, rowid, words) VALUES ('delete', %lld, char(10) || 'word3')",
                         (long long)ids[3]));
    finds_and_mends(&t, "full-text index");
    test_memory_done(&t);
}

TEST(counts_that_are_wrong_are_found_and_made_right)
{
    int64_t ids[10];
    struct test_memory t = ten_items(ids);

    run(&t, "UPDATE partitions SET items = 77, next = 2 WHERE id = 1");
    finds_and_mends(&t, "counts");
    CHECK_INT(test_remember(&t, USER("b"), "the next") & 0xff, 6);
    test_memory_done(&t);
}

TEST(a_vector_that_is_missing_is_made_anew)
{
    int64_t ids[10];
    struct test_memory t = ten_items(ids);

    CHECK(vectors_remove(memory_vectors(t.memory), ids[4]));
    CHECK_OK(vectors_sync(memory_vectors(t.memory)));
    finds_and_mends(&t, "1 items have none");
    test_memory_done(&t);
}

TEST(a_vector_of_no_item_goes)
{
    static const float v[DIMENSION] = { 1 };
    int64_t ids[10];
    struct test_memory t = ten_items(ids);

    CHECK_OK(vectors_put(memory_vectors(t.memory), ids[9] + 5, v, DIMENSION));
    finds_and_mends(&t, "1 are there of no item");
    test_memory_done(&t);
}

TEST(vectors_of_a_scope_that_is_gone_go)
{
    static const float v[DIMENSION] = { 1 };
    int64_t ids[10];
    struct test_memory t = ten_items(ids);
    size_t n;
    int64_t lone = test_remember(&t, USER("c"), "the only one");

    CHECK_OK(memory_delete(t.memory, &lone, 1, &n));
    CHECK_OK(memory_wipe(t.memory));
    CHECK_OK(vectors_put(memory_vectors(t.memory), lone, v, DIMENSION));
    finds_and_mends(&t, "1 are there of no item");
    test_memory_done(&t);
}

TEST(items_that_could_not_be_embedded_are_said_and_tried_again)
{
    int64_t ids[10];
    struct test_memory t = ten_items(ids);

    run(&t, arena_printf(t.arena, "UPDATE items SET embedded = -1 WHERE id = %lld", (long long)ids[1]));
    finds_and_mends(&t, "does not take 1 items");
    test_memory_done(&t);
}

TEST(what_is_forgotten_and_not_purged_yet_is_no_finding)
{
    int64_t ids[10];
    struct test_memory t = ten_items(ids);

    run(&t, arena_printf(t.arena, "DELETE FROM items WHERE id = %lld", (long long)ids[7]));
    struct memory_findings f = check(&t, MEMORY_LOOK);

    CHECK_STR(f.text, "");
    CHECK_INT(f.purges, 1);
    work_off(&t, 9);
    test_memory_done(&t);
}
