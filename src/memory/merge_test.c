// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "memory/merge.h"
#include "memory/test_memory.h"

TEST(what_differs_in_a_number_or_a_denial_is_not_the_same)
{
    static const struct { const char *a, *b; bool same; } cases[] = {
        { "The user's ship is called Orca", "the users ship is called Orca", true },
        { "My ship is called Orca.", "My ship is called Orca", true },
        { "db-prod is at 10.0.0.7", "db-prod is at 10.0.0.8", false },
        { "I like coffee in the morning", "I do not like coffee in the morning", false },
        { "我喜欢早上喝咖啡", "我不喜欢早上喝咖啡", false },
        { "The port of staging is open", "The rent of the flat is due", false },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(memory_same_sense(str_from(cases[i].a), str_from(cases[i].b), 0.7), cases[i].same);
}

static size_t merge(struct test_memory *t, enum memory_run_kind how)
{
    size_t n;

    CHECK_OK(memory_merge(t->memory, how, &n));
    return n;
}

TEST(of_two_that_say_the_same_the_newer_stays_and_what_is_pinned_wins)
{
    struct test_memory t = test_memory_new();
    struct memory_item item;
    struct scope own = USER("anna");
    int64_t old = test_remember(&t, own, "My ship is called Orca");
    int64_t new = test_remember(&t, own, "My ship is called Orca!");
    int64_t pinned = test_remember(&t, own, "The pier is number 7, in the west");

    test_remember(&t, own, "The pier is number 8, in the west");
    int64_t later = test_remember(&t, own, "The pier is number 7 in the west");

    test_remember(&t, USER("bob"), "My ship is called: Orca");
    CHECK_OK(memory_pin(t.memory, pinned, true));
    CHECK_INT(merge(&t, MEMORY_TELL), 2);
    CHECK_INT(merge(&t, MEMORY_DO), 2);
    CHECK_OK(memory_get(t.memory, t.arena, old, &own, 1, &item));
    CHECK_INT(item.replaced_by, new);
    CHECK_OK(memory_get(t.memory, t.arena, later, &own, 1, &item));
    CHECK_INT(item.replaced_by, pinned);
    CHECK_INT(merge(&t, MEMORY_DO), 0);
    test_memory_done(&t);
}
