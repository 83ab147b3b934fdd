// SPDX-License-Identifier: Apache-2.0
#include "gateway/policy_rules.h"

#include "config/config.h"
#include "gateway/access.h"
#include "gateway/people.h"
#include "tool/policy.h"

static enum err add_always(struct gateway *g, struct arena *a, struct policy *p) AWAITS
{
    struct rows r;

    TRY(store_read(g->store, a, &r, "policy.list", ""));
    for (size_t i = 0; i < r.n; i++)
        TRY(policy_add_always(p, row_int(&r, i, 0), row_str(&r, i, 1)));
    return OK;
}

enum err policy_rules_load(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct policy *p;

    TRY(policy_new(config_now()->policy, config_now()->roles, &p));
    enum err e = add_always(g, a, p);

    if (e) {
        policy_free(p);
        return e;
    }
    policy_use(p);
    return people_configure(access_people(g->access), config_now()->users);
}
