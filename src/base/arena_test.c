// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/arena.h"

TEST(memory_of_any_size_is_zeroed_aligned_and_its_own)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    static const size_t sizes[] = { 0, 1, 15, 16, 17, 1000, 1024, 1025, 65536, 65537, 300000, 1, 64 };
    unsigned char *places[N_ELEMENTS(sizes)];

    for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
        places[i] = arena_alloc(a, sizes[i]);
        CHECK_INT((uintptr_t)places[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            CHECK(places[i][k] == 0);
        memset(places[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < N_ELEMENTS(sizes); i++)
        for (size_t k = 0; k < sizes[i]; k++)
            CHECK(places[i][k] == i + 1);
}

TEST(the_size_is_what_malloc_gave_and_small_pieces_share_it)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    CHECK_INT(arena_size(a), 0);
    arena_alloc(a, 10);
    size_t first = arena_size(a);

    CHECK(first >= 10 && first < 4096);
    arena_alloc(a, 10);
    CHECK_INT(arena_size(a), first);
    for (int i = 0; i < 1000; i++)
        arena_alloc(a, 100);
    CHECK(arena_size(a) >= 100000 && arena_size(a) < 250000);
}

TEST(strings_are_copied_with_a_nul_behind_them)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    char original[] = "abc";
    str copy = arena_str(a, str_of(original, 2));

    original[0] = 'x';
    CHECK_STR(copy, "ab");
    CHECK(copy.p[2] == '\0');
    CHECK_STR(arena_str(a, NO_STR), "");
    CHECK(arena_c(a, NO_STR)[0] == '\0');
    CHECK_STR(str_from(arena_printf(a, "%s-%d", "x", 7)), "x-7");
    CHECK_INT(strlen(arena_printf(a, "%*d", 5000, 1)), 5000);
}

struct ledger { char text[8]; size_t n; };
struct entry { struct ledger *ledger; char letter; };

static void note(void *arg)
{
    struct entry *e = arg;

    e->ledger->text[e->ledger->n++] = e->letter;
}

TEST(callbacks_run_once_last_registered_first)
{
    struct ledger ledger = {0};
    struct entry entries[] = { { &ledger, 'a' }, { &ledger, 'b' }, { &ledger, 'c' } };
    struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(entries); i++)
        arena_on_free(a, note, &entries[i]);
    CHECK_STR(str_from(ledger.text), "");
    arena_freep(&a);
    CHECK_STR(str_from(ledger.text), "cba");
    CHECK(a == NULL);
    arena_free(NULL);
}
