// SPDX-License-Identifier: Apache-2.0
/* policy_internal.h: what a policy consists of, for the files that make it, decide by it and show it. */
#pragma once
#include "tool/policy.h"
#include "tool/policy_role.h"
#include "tool/policy_row.h"

struct table { struct policy_row *rows; size_t n; };

struct policy {
    struct arena       *arena;
    json_t             *roles_body;
    struct policy_roles roles;
    struct table        configured, always, defaults;
};

/* A role as the rows know it: its own name, what it is like. */
struct standing { const char *roles[3]; };

/* False: the role itself says no, in *out. */
bool policy_standing(const struct policy *, struct arena *, const struct policy_facts *, struct standing *, struct policy_answer *out);
void policy_decide_act(const struct policy *, struct arena *, const struct policy_facts *, const struct standing *,
                       const struct policy_act *, struct policy_answer *out);
