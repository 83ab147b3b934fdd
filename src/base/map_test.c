// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/map.h"

static str key(char space[16], int i)
{
    snprintf(space, 16, "%d", i);
    return str_from(space);
}

TEST(an_empty_map_finds_nothing)
{
    struct map m = {0};
    const struct map_entry *e;
    size_t i = 0;

    CHECK(map_get(&m, S("x")) == NULL && map_remove(&m, S("x")) == NULL && !map_next(&m, &i, &e));
    map_done(&m);
}

TEST(putting_again_replaces_and_returns_the_old)
{
    CLEANUP(map_done) struct map m = {0};
    int a, b;

    CHECK(map_put(&m, S("k"), &a) == NULL);
    CHECK(map_put(&m, S("k"), &b) == &a);
    CHECK(map_get(&m, S("k")) == &b);
    CHECK_INT(m.n, 1);
    CHECK(map_remove(&m, S("k")) == &b);
    CHECK(map_get(&m, S("k")) == NULL);
    CHECK_INT(m.n, 0);
}

TEST(keys_are_bytes_and_copied)
{
    CLEANUP(map_done) struct map m = {0};
    char k[] = "a\0b";
    int a, b, c;

    map_put(&m, str_of(k, 3), &a);
    map_put(&m, S("a"), &b);
    map_put(&m, NO_STR, &c);
    k[0] = 'x';
    CHECK(map_get(&m, S("a\0b")) == &a && map_get(&m, S("a")) == &b && map_get(&m, S("")) == &c);
}

TEST(many_come_and_go_and_each_is_found)
{
    enum { N = 5000 };
    static char values[N];
    CLEANUP(map_done) struct map m = {0};
    char k[16];

    for (int i = 0; i < N; i++)
        CHECK(map_put(&m, key(k, i), &values[i]) == NULL);
    for (int i = 0; i < N; i += 3)
        CHECK(map_remove(&m, key(k, i)) == &values[i]);
    for (int i = 0; i < N; i++)
        CHECK(map_get(&m, key(k, i)) == (i % 3 ? &values[i] : NULL));
    for (int i = 0; i < N; i += 3)
        CHECK(map_put(&m, key(k, i), &values[i]) == NULL);
    CHECK_INT(m.n, N);
    for (int i = 0; i < N; i++)
        CHECK(map_remove(&m, key(k, i)) == &values[i]);
    CHECK_INT(m.n, 0);
}

TEST(going_through_visits_each_once)
{
    enum { N = 100 };
    static char values[N];
    char seen[N] = {0}, k[16];
    CLEANUP(map_done) struct map m = {0};
    const struct map_entry *e;

    for (int i = 0; i < N; i++)
        map_put(&m, key(k, i), &values[i]);
    for (size_t i = 0; map_next(&m, &i, &e); )
        seen[(char *)e->value - values]++;
    for (int i = 0; i < N; i++)
        CHECK_INT(seen[i], 1);
}
