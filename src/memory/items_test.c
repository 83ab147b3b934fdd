// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "memory/id.h"
#include "memory/test_memory.h"
#include "runtime/clock.h"

static struct memory_item get(struct test_memory *t, int64_t id, struct scope s) AWAITS
{
    struct memory_item m;

    CHECK_OK(memory_get(t->memory, t->arena, id, &s, 1, &m));
    return m;
}

TEST(what_is_saved_is_there_with_all_that_was_said_of_it)
{
    struct test_memory t = test_memory_new();
    struct memory_item in = {
        .scope = USER("alice"), .kind = ITEM_DECISION, .origin = ORIGIN_CONVERSATION, .title = S("deployment"), .text = S("we deploy on Friday"),
        .place = S("p"), .fields = S("{\"a\":1}"), .person = S("bob"), .session_id = S("s"), .inbox_id = 9, .taint = S("web"),
        .confidence = 0.5, .importance = 0.9, .pinned = true, .created_at = 1000, .expires_at = INT64_C(9000000000000),
    };
    int64_t id;

    CHECK_OK(memory_save(t.memory, &in, 1, NULL, &id));
    CHECK_INT(item_sequence(id), 1);
    test_memory_reopen(&t);
    struct memory_item out = get(&t, id, USER("alice"));

    in.id = id;
    CLEANUP(json_decrefp) json_t *want = item_to_json(&in), *got = item_to_json(&out);

    CHECK_STR(json_print(t.arena, got), json_print(t.arena, want).p);
    test_memory_done(&t);
}

TEST(ids_say_whose_they_are_and_none_is_used_twice)
{
    struct test_memory t = test_memory_new();
    int64_t a = test_remember(&t, USER("a"), "one"), b = test_remember(&t, USER("b"), "one"), c = test_remember(&t, USER("a"), "two");
    uint32_t of_a, of_b;

    CHECK_OK(memory_partition_find(t.memory, USER("a"), S(""), &of_a));
    CHECK_OK(memory_partition_find(t.memory, USER("b"), S(""), &of_b));
    CHECK_INT(item_partition(a), of_a);
    CHECK_INT(item_partition(b), of_b);
    CHECK(of_a != of_b);
    CHECK_INT(c, a + 1);
    size_t n;

    CHECK_OK(memory_delete(t.memory, &c, 1, &n));
    CHECK_INT(test_remember(&t, USER("a"), "three"), c + 1);
    test_memory_done(&t);
}

TEST(the_same_words_are_stored_once_in_a_partition)
{
    struct test_memory t = test_memory_new();
    struct memory_item items[] = {
        test_item(USER("a"), "tea"), test_item(USER("a"), " tea\n"), test_item(USER("b"), "tea"), test_item(USER("a"), "coffee"),
    };
    int64_t ids[4], again[4];

    items[1].pinned = true;
    items[1].kind = ITEM_PREFERENCE;
    CHECK_OK(memory_save(t.memory, items, 4, NULL, ids));
    CHECK_INT(ids[0], ids[1]);
    CHECK(ids[2] != ids[0] && ids[3] != ids[0]);
    CHECK(get(&t, ids[0], USER("a")).pinned);
    CHECK_OK(memory_save(t.memory, items, 4, NULL, again));
    for (size_t i = 0; i < 4; i++)
        CHECK_INT(again[i], ids[i]);
    items[0].kind = ITEM_EXCHANGE;
    CHECK_OK(memory_save(t.memory, items, 1, NULL, again));
    CHECK(again[0] != ids[0]);
    test_memory_done(&t);
}

TEST(what_does_not_hold_any_more_is_no_double)
{
    struct test_memory t = test_memory_new();
    struct memory_item tea = test_item(USER("a"), "tea"), coffee = test_item(USER("a"), "coffee"), back;
    int64_t first, second, third;

    tea.expires_at = clock_wall_ms() - 1;
    CHECK_OK(memory_save(t.memory, &tea, 1, NULL, &first));
    tea.expires_at = 0;
    CHECK_OK(memory_save(t.memory, &tea, 1, NULL, &second));
    CHECK(first != second);
    CHECK_OK(memory_replace(t.memory, second, &coffee, &third));
    back = get(&t, second, USER("a"));
    CHECK_INT(back.replaced_by, third);
    CHECK_OK(memory_save(t.memory, &tea, 1, NULL, &first));
    CHECK(first != second);
    test_memory_done(&t);
}

TEST(only_what_holds_and_is_of_the_same_scope_can_be_replaced)
{
    struct test_memory t = test_memory_new();
    int64_t old = test_remember(&t, USER("a"), "port 80"), id;
    struct memory_item m = test_item(USER("b"), "port 81");

    CHECK_ERR(memory_replace(t.memory, old, &m, &id), ERR_NOT_FOUND);
    CHECK_ERR(memory_replace(t.memory, old + 1000, &m, &id), ERR_NOT_FOUND);
    CHECK_INT(get(&t, old, USER("a")).replaced_by, 0);
    m.scope = USER("a");
    CHECK_OK(memory_replace(t.memory, old, &m, &id));
    CHECK_ERR(memory_replace(t.memory, old, &m, &id), ERR_CONFLICT);
    CHECK_INT(test_count(&t, "item.count"), 2);
    test_memory_done(&t);
}

TEST(a_bad_item_is_named_and_nothing_is_stored)
{
    struct test_memory t = test_memory_new();
    struct memory_item items[] = { test_item(USER("a"), "tea"), test_item(USER("a"), "") };
    int64_t ids[2];

    CHECK_ERR(memory_save(t.memory, items, 2, NULL, ids), ERR_INPUT);
    CHECK_INT(test_count(&t, "item.count"), 0);
    test_memory_done(&t);
}

TEST(a_list_goes_on_where_the_page_before_ended)
{
    struct test_memory t = test_memory_new();
    struct scope scopes[] = { USER("a"), { SCOPE_GLOBAL, S("") } };
    struct memory_filter f = { .scopes = scopes, .n_scopes = 2, .limit = 3 };
    const struct memory_item *items;
    size_t n, all = 0;
    int64_t before = INT64_MAX;

    for (int i = 0; i < 5; i++) {
        test_remember(&t, scopes[0], arena_printf(t.arena, "mine %d", i));
        test_remember(&t, scopes[1], arena_printf(t.arena, "ours %d", i));
        test_remember(&t, USER("b"), arena_printf(t.arena, "theirs %d", i));
    }
    do {
        CHECK_OK(memory_list(t.memory, t.arena, &f, &items, &n));
        for (size_t i = 0; i < n; i++) {
            CHECK(items[i].id < before);
            CHECK(!str_starts(items[i].text, S("theirs")));
            f.before = before = items[i].id;
        }
        all += n;
    } while (n);
    CHECK_INT(all, 10);
    f.limit = 0;
    CHECK_ERR(memory_list(t.memory, t.arena, &f, &items, &n), ERR_INPUT);
    test_memory_done(&t);
}

static size_t listed(struct test_memory *t, struct memory_filter f) AWAITS
{
    struct scope s = USER("a");
    const struct memory_item *items;
    size_t n;

    f.scopes = &s;
    f.n_scopes = 1;
    f.limit = 100;
    CHECK_OK(memory_list(t->memory, t->arena, &f, &items, &n));
    return n;
}

TEST(a_list_shows_what_the_filter_lets_through)
{
    struct test_memory t = test_memory_new();
    struct memory_item items[] = {
        test_item(USER("a"), "one"), test_item(USER("a"), "two"), test_item(USER("a"), "three"), test_item(USER("a"), "four"),
    };
    int64_t ids[4], id;

    items[0].kind = ITEM_TASK;
    items[1].person = S("bob");
    items[1].session_id = S("s1");
    items[1].created_at = 5000;
    items[2].expires_at = 1;
    items[3].collection = S("docs");
    CHECK_OK(memory_save(t.memory, items, 4, NULL, ids));
    CHECK_OK(memory_replace(t.memory, ids[0], &(struct memory_item){ .scope = USER("a"), .text = S("five") }, &id));
    CHECK_INT(listed(&t, (struct memory_filter){ 0 }), 2);
    CHECK_INT(listed(&t, (struct memory_filter){ .with_replaced = true }), 4);
    CHECK_INT(listed(&t, (struct memory_filter){ .collection = S("*") }), 3);
    CHECK_INT(listed(&t, (struct memory_filter){ .collection = S("docs") }), 1);
    CHECK_INT(listed(&t, (struct memory_filter){ .kinds = 1 << ITEM_TASK, .with_replaced = true }), 1);
    CHECK_INT(listed(&t, (struct memory_filter){ .person = S("bob") }), 1);
    CHECK_INT(listed(&t, (struct memory_filter){ .session_id = S("s1") }), 1);
    CHECK_INT(listed(&t, (struct memory_filter){ .until = 5001 }), 1);
    CHECK_INT(listed(&t, (struct memory_filter){ .since = 5001 }), 1);
    CHECK_INT(listed(&t, (struct memory_filter){ .session_id = S("s2") }), 0);
    test_memory_done(&t);
}

TEST(items_come_in_the_order_they_are_asked_for_without_those_that_may_not_be_seen)
{
    struct test_memory t = test_memory_new();
    struct scope a = USER("a");
    int64_t one = test_remember(&t, a, "one"), two = test_remember(&t, a, "two"), theirs = test_remember(&t, USER("b"), "three");
    int64_t ids[] = { two, theirs, 5, one, two };
    const struct memory_item *items;
    size_t n;

    CHECK_OK(memory_items(t.memory, t.arena, ids, 5, &a, 1, &items, &n));
    CHECK_INT(n, 3);
    CHECK_INT(items[0].id, two);
    CHECK_INT(items[1].id, one);
    CHECK_INT(items[2].id, two);
    test_memory_done(&t);
}

TEST(an_item_is_pinned_or_is_not_there)
{
    struct test_memory t = test_memory_new();
    int64_t id = test_remember(&t, USER("a"), "one");

    CHECK_OK(memory_pin(t.memory, id, true));
    CHECK(get(&t, id, USER("a")).pinned);
    CHECK_ERR(memory_pin(t.memory, id + 1, true), ERR_NOT_FOUND);
    test_memory_done(&t);
}

TEST(partitions_are_made_once_and_counted)
{
    struct test_memory t = test_memory_new();
    struct scope scopes[] = { USER("a"), USER("a"), { SCOPE_AGENT, S("a") }, USER("nobody") };
    const struct memory_partition *p;
    uint32_t id, again;
    size_t n;

    CHECK_OK(memory_partition_find(t.memory, scopes[0], S(""), &id));
    CHECK_INT(id, 0);
    CHECK_OK(memory_partition_make(t.memory, scopes[0], S(""), &id));
    CHECK_OK(memory_partition_make(t.memory, scopes[0], S(""), &again));
    CHECK_INT(id, again);
    CHECK_OK(memory_partition_make(t.memory, scopes[2], S("docs"), &again));
    CHECK(id != again);
    test_remember(&t, scopes[0], "one");
    test_remember(&t, scopes[0], "two");
    CHECK_OK(memory_partitions(t.memory, t.arena, scopes, 4, &p, &n));
    CHECK_INT(n, 2);
    CHECK_INT(p[0].items, 2);
    CHECK_STR(p[1].collection, "docs");
    CHECK_OK(memory_partitions(t.memory, t.arena, NULL, 0, &p, &n));
    CHECK_INT(n, 2);
    test_memory_done(&t);
}

static uint64_t reads_for(struct test_memory *t, const struct scope *scopes, size_t n, size_t *ret_found) AWAITS
{
    const struct memory_partition *p;
    struct store_stats before, after;

    store_stats(t->store, &before);
    CHECK_OK(memory_partitions(t->memory, t->arena, scopes, n, &p, ret_found));
    store_stats(t->store, &after);
    return after.queries - before.queries;
}

TEST(that_scopes_have_nothing_is_asked_of_the_store_once)
{
    struct test_memory t = test_memory_new();
    const struct scope scopes[] = { USER("a"), USER("b") };
    size_t n;

    CHECK_INT(reads_for(&t, scopes, 2, &n), 1);
    CHECK_INT(n, 0);
    CHECK_INT(reads_for(&t, scopes, 2, &n), 0);
    CHECK_INT(n, 0);
    test_remember(&t, USER("b"), "tea");
    CHECK_INT(reads_for(&t, scopes, 2, &n), 1);
    CHECK_INT(n, 1);
    CHECK_INT(reads_for(&t, scopes, 1, &n), 0);         /* of the other that is known still */
    CHECK_INT(n, 0);
    CHECK_INT(reads_for(&t, scopes, 2, &n), 1);
    CHECK_INT(n, 1);
    test_memory_done(&t);
}
