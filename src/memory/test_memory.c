// SPDX-License-Identifier: Apache-2.0
#include "memory/test_memory.h"

#include "base/test.h"

void test_memory_open(struct test_memory *t) AWAITS
{
    struct memory_options o = { .folder = home_path(&t->home, "vectors"), .embedder = t->embedder, .index_type = "auto", .keys = t->keys };

    CHECK_OK(store_open(&(struct store_options){ .url = home_path(&t->home, "memory.db"), .schema = STORE_MEMORY, .keys = t->keys }, &t->store));
    o.store = t->store;
    CHECK_OK(memory_open(&o, &t->memory));
}

void test_memory_close(struct test_memory *t) AWAITS
{
    memory_close(t->memory);
    store_close(t->store);
}

struct test_memory test_memory_with(const struct embedder *e)
{
    struct test_memory t = { .home = home_folder(), .embedder = *e };

    t.arena = t.home.arena;
    test_memory_open(&t);
    return t;
}

struct test_memory test_memory_new(void)
{
    return test_memory_with(&(struct embedder){ 0 });
}

void test_memory_reopen(struct test_memory *t)
{
    test_memory_close(t);
    test_memory_open(t);
}

void test_memory_done(struct test_memory *t)
{
    test_memory_close(t);
    home_done(&t->home);
}

struct memory_item test_item(struct scope s, const char *text)
{
    return (struct memory_item){ .scope = s, .text = str_from(text), .kind = ITEM_FACT, .confidence = 1, .importance = 0.5 };
}

int64_t test_remember(struct test_memory *t, struct scope s, const char *text)
{
    struct memory_item m = test_item(s, text);
    int64_t id;

    CHECK_OK(memory_save(t->memory, &m, 1, NULL, &id));
    return id;
}

int64_t test_count(struct test_memory *t, const char *statement)
{
    struct rows r;

    CHECK_OK(store_read(t->store, t->arena, &r, statement, ""));
    return row_int(&r, 0, 0);
}
