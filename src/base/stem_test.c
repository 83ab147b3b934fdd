// SPDX-License-Identifier: Apache-2.0
#include "base/stem.h"

#include "base/test.h"

TEST(all_forms_of_a_word_have_one_stem)
{
    static const char *const forms[][6] = {
        { "server", "servers" },
        { "cache", "caches", "cached", "caching" },
        { "query", "queries", "queried", "querying" },
        { "run", "runs", "running" },
        { "name", "names", "named", "naming" },
        { "use", "uses", "used", "using" },
        { "deploy", "deploys", "deployed", "deploying" },
        { "configure", "configures", "configured", "configuring" },
        { "box", "boxes", "boxed", "boxing" },
        { "address", "addresses", "addressed", "addressing" },
        { "add", "adds", "added", "adding" },
        { "status", "statuses" },
        { "meet", "meeting", "meetings" },
    };

    for (size_t i = 0; i < N_ELEMENTS(forms); i++) {
        char first[64], other[64];

        snprintf(first, sizeof first, "%s", forms[i][0]);
        first[stem(first, strlen(first))] = 0;

        for (size_t j = 1; j < N_ELEMENTS(forms[i]) && forms[i][j]; j++) {
            snprintf(other, sizeof other, "%s", forms[i][j]);
            CHECK_STR(str_of(other, stem(other, strlen(other))), first);
        }
    }
}

TEST(what_only_looks_like_an_ending_stays)
{
    static const char *const words[] = { "this", "redis", "bus", "class", "string", "king", "need", "red", "dns", "x86s", "stra\u00dfes" };

    for (size_t i = 0; i < N_ELEMENTS(words); i++) {
        char w[64];

        snprintf(w, sizeof w, "%s", words[i]);
        CHECK_STR(str_of(w, stem(w, strlen(w))), words[i]);
    }
}
