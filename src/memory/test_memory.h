// SPDX-License-Identifier: Apache-2.0
/* test_memory.h: for tests: a memory in a folder of its own, gone at the end. */
#pragma once
#include "memory/memory.h"
#include "store/test_home.h"

struct test_memory {
    struct test_home home;
    struct arena    *arena;         /* the home's */
    struct store    *store;
    struct memory   *memory;
    struct data_keys *keys;         /* NULL: texts are plain */
    struct embedder  embedder;      /* {0}: none */
};

struct test_memory test_memory_new(void) AWAITS;
struct test_memory test_memory_with(const struct embedder *) AWAITS;
/* The two halves of the next, for those who do something between. */
void test_memory_open(struct test_memory *) AWAITS;
void test_memory_close(struct test_memory *) AWAITS;
void test_memory_reopen(struct test_memory *) AWAITS;
void test_memory_done(struct test_memory *) AWAITS;

#define USER(name) ((struct scope){ SCOPE_USER, S(name) })

/* A fact, from a person, in a scope. */
struct memory_item test_item(struct scope, const char *text);
int64_t test_remember(struct test_memory *, struct scope, const char *text) AWAITS;
int64_t test_count(struct test_memory *, const char *statement) AWAITS;     /* first column of the first row; no parameters */
