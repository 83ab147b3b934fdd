// SPDX-License-Identifier: Apache-2.0
#include "base/stem.h"

#include "base/test.h"

static str stem_of(const char *word, char *room)
{
    size_t len = strlen(word);

    memcpy(room, word, len);
    return str_of(room, stem_english(room, len));
}

TEST(forms_of_one_word_have_one_stem)
{
    static const char *const cases[][4] = {
        { "deploy", "deploys", "deployed", "deployment" }, { "bake", "baking", "baked", "bakes" },
        { "city", "cities", "cities", "city" },            { "carry", "carried", "carrying", "carries" },
        { "run", "running", "runs", "run" },               { "migrate", "migration", "migrations", "migrating" },
        { "cache", "caches", "caching", "cached" },        { "install", "installed", "installing", "installs" },
        { "cancel", "cancelled", "canceled", "cancels" },  { "bus", "buses", "bus", "buses" },
        { "movie", "movies", "movie", "movies" },          { "month", "monthly", "months", "month" },
    };
    char want[64], got[64];

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        for (size_t k = 1; k < 4; k++) {
            str w = stem_of(cases[i][0], want), g = stem_of(cases[i][k], got);

            if (!str_eq(w, g))
                test_failed(__FILE__, __LINE__, "%s is \"%.*s\", %s is \"%.*s\"", cases[i][0], STR(w), cases[i][k], STR(g));
        }
}

TEST(words_that_only_look_like_forms_are_left)
{
    static const char *const cases[] = { "string", "bus", "news", "speed", "status", "evening", "ios15", "kafka", "s", "", "stra\xc3\x9f" };
    char got[64];

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(stem_of(cases[i], got), cases[i]);
}
