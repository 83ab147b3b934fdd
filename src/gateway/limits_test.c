// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/limits.h"
#include "runtime/clock.h"

TEST(a_burst_passes_then_the_rate_holds_a_key_each)
{
    struct limits *l = limits_new();
    uint64_t wait = 0;

    clock_fake(1000000);
    for (int i = 0; i < 3; i++)
        CHECK(limits_take(l, S("a"), 60, 3, &wait));
    CHECK(!limits_take(l, S("a"), 60, 3, &wait));
    CHECK(wait > 0 && wait <= 1001);
    CHECK(limits_take(l, S("b"), 60, 3, &wait));
    clock_advance(wait);
    CHECK(limits_take(l, S("a"), 60, 3, &wait));
    CHECK(!limits_take(l, S("a"), 60, 3, &wait));
    clock_advance(3600 * 1000);
    for (int i = 0; i < 3; i++)
        CHECK(limits_take(l, S("a"), 60, 3, &wait));
    CHECK(!limits_take(l, S("a"), 60, 3, &wait));
    CHECK(limits_take(l, S("a"), 0, 3, &wait));     /* no limit */
    clock_real();
    limits_free(l);
}

TEST(of_many_keys_the_longest_unused_is_forgotten)
{
    struct limits *l = limits_new();
    uint64_t wait;
    char key[32];

    clock_fake(1000000);
    CHECK(limits_take(l, S("first"), 1, 1, &wait));
    CHECK(!limits_take(l, S("first"), 1, 1, &wait));
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        CHECK(limits_take(l, str_from(key), 1, 1, &wait));
    }
    CHECK(limits_take(l, S("first"), 1, 1, &wait));
    CHECK(!limits_take(l, str_from(key), 1, 1, &wait));
    clock_real();
    limits_free(l);
}
