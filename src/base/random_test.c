// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/random.h"

/* Chance makes these fail once in more runs than there will be. */

TEST(all_bytes_asked_for_are_filled_and_none_behind_them)
{
    static const size_t sizes[] = { 0, 1, 8, 511, 512, 513, 4000 };

    for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
        unsigned char bytes[4001] = {0}, seen[4001] = {0};

        for (int round = 0; round < 20; round++) {
            memset(bytes, 0, sizeof bytes);
            random_bytes(bytes, sizes[i]);
            for (size_t k = 0; k < sizeof bytes; k++)
                seen[k] |= bytes[k];
        }
        for (size_t k = 0; k < sizeof seen; k++)
            CHECK((seen[k] != 0) == (k < sizes[i]));
    }
}

TEST(a_number_below_a_bound_takes_every_value_about_equally)
{
    enum { BOUND = 6, ROUNDS = 60000 };
    unsigned counts[BOUND] = {0};

    for (int i = 0; i < ROUNDS; i++) {
        uint64_t v = random_below(BOUND);

        CHECK(v < BOUND);
        counts[v]++;
    }
    for (int i = 0; i < BOUND; i++)
        CHECK(counts[i] > ROUNDS / BOUND * 9 / 10 && counts[i] < ROUNDS / BOUND * 11 / 10);
    CHECK_INT(random_below(1), 0);
    CHECK(random_below(UINT64_MAX) < UINT64_MAX);
}

TEST(a_uuid_is_version_4_and_new_each_time)
{
    char first[UUID_SIZE], second[UUID_SIZE];

    random_uuid(first);
    random_uuid(second);
    CHECK(strcmp(first, second) != 0);
    CHECK_INT(strlen(first), 36);
    for (int i = 0; i < 36; i++)
        CHECK(strchr(i == 8 || i == 13 || i == 18 || i == 23 ? "-" : "0123456789abcdef", first[i]) != NULL);
    CHECK(first[14] == '4' && strchr("89ab", first[19]) != NULL);
}
