// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "memory/test_memory.h"

static bool is_there(struct test_memory *t, int64_t id) AWAITS
{
    struct scope s = USER("a");
    struct memory_item m;

    return memory_get(t->memory, t->arena, id, &s, 1, &m) == OK;
}

static void stands_on(struct test_memory *t, int64_t summary, int64_t inbox_id, int64_t source) AWAITS
{
    struct batch *b = batch_new(t->arena);

    batch_add(b, "item.add_source", "iii", summary, inbox_id, source);
    CHECK_OK(store_commit(t->store, b));
}

static int64_t remember_message(struct test_memory *t, const char *text, int64_t inbox_id) AWAITS
{
    struct memory_item m = test_item(USER("a"), text);
    int64_t id;

    m.inbox_id = inbox_id;
    CHECK_OK(memory_save(t->memory, &m, 1, NULL, &id));
    return id;
}

TEST(what_is_deleted_is_gone_and_unknown_ids_are_passed_over)
{
    struct test_memory t = test_memory_new();
    int64_t ids[] = { test_remember(&t, USER("a"), "one"), 77, test_remember(&t, USER("a"), "two") };
    int64_t kept = test_remember(&t, USER("a"), "three");
    size_t n;

    CHECK_OK(memory_delete(t.memory, ids, 3, &n));
    CHECK_INT(n, 2);
    CHECK(!is_there(&t, ids[0]) && !is_there(&t, ids[2]) && is_there(&t, kept));
    CHECK_INT(test_count(&t, "item.count"), 1);
    CHECK_OK(memory_delete(t.memory, ids, 3, &n));
    CHECK_INT(n, 0);
    test_memory_done(&t);
}

TEST(more_than_a_page_is_deleted_too)
{
    struct test_memory t = test_memory_new();
    static int64_t ids[2500];
    struct memory_item *items = arena_alloc(t.arena, N_ELEMENTS(ids) * sizeof *items);
    size_t n;

    for (size_t i = 0; i < N_ELEMENTS(ids); i++)
        items[i] = test_item(USER("a"), arena_printf(t.arena, "number %zu", i));
    CHECK_OK(memory_save(t.memory, items, N_ELEMENTS(ids), NULL, ids));
    CHECK_OK(memory_delete(t.memory, ids, N_ELEMENTS(ids), &n));
    CHECK_INT(n, N_ELEMENTS(ids));
    CHECK_INT(test_count(&t, "item.count"), 0);
    test_memory_done(&t);
}

TEST(summaries_go_with_any_of_their_sources_and_what_else_they_stood_on_is_noted)
{
    struct test_memory t = test_memory_new();
    int64_t one = remember_message(&t, "one", 1), two = remember_message(&t, "two", 2), three = remember_message(&t, "three", 3);
    int64_t low = test_remember(&t, USER("a"), "one and two"), high = test_remember(&t, USER("a"), "one to three");
    int64_t other = test_remember(&t, USER("a"), "of message four");
    size_t n;

    stands_on(&t, low, 1, one);
    stands_on(&t, low, 2, two);
    stands_on(&t, high, 0, low);
    stands_on(&t, high, 3, three);
    stands_on(&t, high, 5, 0);
    stands_on(&t, other, 4, 0);
    CHECK_OK(memory_delete(t.memory, &one, 1, &n));
    CHECK_INT(n, 3);
    CHECK(!is_there(&t, one) && !is_there(&t, low) && !is_there(&t, high));
    CHECK(is_there(&t, two) && is_there(&t, three) && is_there(&t, other));

    struct rows r;

    CHECK_OK(store_read(t.store, t.arena, &r, "rebuild.list", "i", (int64_t)10));
    CHECK_INT(r.n, 3);
    CHECK_INT(row_int(&r, 0, 0), low);
    CHECK_INT(row_int(&r, 0, 3), two);
    CHECK_INT(row_int(&r, 1, 0), high);
    CHECK_INT(row_int(&r, 1, 3), three);
    CHECK_INT(row_int(&r, 2, 2), 5);
    CHECK_OK(memory_delete(t.memory, &two, 1, &n));
    CHECK_OK(store_read(t.store, t.arena, &r, "rebuild.list", "i", (int64_t)10));
    CHECK_INT(r.n, 2);
    test_memory_done(&t);
}

TEST(a_summary_of_a_message_goes_with_what_was_taken_from_that_message)
{
    struct test_memory t = test_memory_new();
    int64_t fact = remember_message(&t, "a secret", 9), summary = test_remember(&t, USER("a"), "they told a secret"), meant;
    size_t n;

    stands_on(&t, summary, 9, 0);
    stands_on(&t, summary, 10, 0);
    CHECK_OK(memory_delete(t.memory, &fact, 1, &n));
    CHECK(!is_there(&t, summary));

    struct rows r;

    CHECK_OK(store_read(t.store, t.arena, &r, "rebuild.list", "i", (int64_t)10));
    CHECK_INT(r.n, 1);
    CHECK_INT(row_int(&r, 0, 2), 10);
    meant = test_remember(&t, USER("a"), "of message ten");
    stands_on(&t, meant, 10, 0);
    CHECK_OK(memory_delete(t.memory, &meant, 1, &n));
    CHECK_OK(store_read(t.store, t.arena, &r, "rebuild.list", "i", (int64_t)10));
    CHECK_INT(r.n, 1);      /* a summary that was to be forgotten itself is not made again */
    test_memory_done(&t);
}

TEST(what_an_item_took_the_place_of_is_forgotten_with_it)
{
    struct test_memory t = test_memory_new();
    int64_t old = test_remember(&t, USER("a"), "the code is 1"), new;
    struct memory_item m = test_item(USER("a"), "the code is 2");
    size_t n;

    CHECK_OK(memory_replace(t.memory, old, &m, &new));
    CHECK_OK(memory_delete(t.memory, &new, 1, &n));
    CHECK_INT(n, 2);
    CHECK(!is_there(&t, old));
    test_memory_done(&t);
}

TEST(making_room_takes_nothing_else_along)
{
    struct test_memory t = test_memory_new();
    int64_t one = remember_message(&t, "one", 1), summary = test_remember(&t, USER("a"), "of one");
    size_t n;

    stands_on(&t, summary, 1, one);
    CHECK_OK(memory_drop(t.memory, &one, 1, &n));
    CHECK_INT(n, 1);
    CHECK(!is_there(&t, one) && is_there(&t, summary));
    test_memory_done(&t);
}

TEST(that_a_wipe_is_due_is_stored_with_the_deletion)
{
    CLEANUP(test_memory_done) struct test_memory t = test_memory_new();
    int64_t id = test_remember(&t, USER("alice"), "the gate code is 4711");
    struct rows r;
    size_t n;

    CHECK_OK(store_read(t.store, t.arena, &r, "memory_meta.get", "c", MEMORY_GONE_AT));
    CHECK_INT(r.n, 0);
    CHECK_OK(memory_delete(t.memory, &id, 1, &n));
    CHECK_OK(store_read(t.store, t.arena, &r, "memory_meta.get", "c", MEMORY_GONE_AT));
    CHECK_INT(r.n, 1);
    CHECK_OK(store_read(t.store, t.arena, &r, "memory_meta.get", "c", MEMORY_WIPED_AT));
    CHECK_INT(r.n, 0);
    CHECK_OK(memory_wipe(t.memory));
    CHECK_OK(store_read(t.store, t.arena, &r, "memory_meta.get", "c", MEMORY_WIPED_AT));
    CHECK_INT(r.n, 1);
}
