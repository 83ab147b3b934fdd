// SPDX-License-Identifier: Apache-2.0
/* Up to a NUL byte a file of rules, behind it a message: what can be read can be asked, and says the same twice. */
#include <assert.h>
#include <string.h>

#include "nlu/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct arena *a, const struct rules *all, str text)
{
    struct nlu_context c = { .now = INT64_C(1795257600000), .zone = zone_utc() };
    struct rule_facts f = { .text = text, .platform = S("rest"), .chat_id = S("c"), .person = S("owner"), .role = S("owner"),
                            .language = S("en"), .context = &c };
    struct rule_hit hits[RULE_HITS_MAX];
    CLEANUP(json_decrefp) json_t *why = rules_explain(a, all, &f);
    size_t n = rules_match(a, all, &f, hits), fired = 0;

    assert(n <= RULE_HITS_MAX && json_array_size(why) == rules_count(all));
    for (size_t i = 0; i < json_array_size(why); i++)
        fired += json_flag(json_array_get(why, i), "fires");
    assert(fired == n || n == RULE_HITS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = memchr(data, 0, size);
    size_t n = nul ? (size_t)(nul - data) : size;
    struct arena *a = arena_new();
    struct rules *all;

    if (rules_read(str_of(data, n), &all) == OK) {
        ask(a, all, str_of(data + n, size - n));
        rules_free(all);
    }
    arena_free(a);
    return 0;
}
