// SPDX-License-Identifier: Apache-2.0
/* policy_row.h: one row of the policy: conditions that all have to hold, and a decision.  docs/security.md has the keys. */
#pragma once
#include "tool/policy_act.h"
#include "tool/policy_pattern.h"

struct policy_row {
    const char   *rule;         /* "policy row 3" */
    enum decision decision;
    const char   *reason;       /* "" */
    json_t       *body;         /* its own reference */
    struct word_pattern *commands;
    size_t        n_commands;
    unsigned      risks, effects;       /* sets of 1 << x; 0: any */
    enum { ANY, NO, YES } complex, tainted;
};

/* Rows from 1.  The texts are copied to the arena; `body` is kept.  ERR_INPUT: what is wrong with it. */
enum err policy_row_parse(struct arena *, json_t *body, struct policy_row *out) MUST_USE;

/* `roles`: the person's own and those it is like, NULL-terminated. */
bool policy_row_matches(const struct policy_row *, const struct policy_facts *, const char *const *roles, const struct policy_act *);
/* The same of everything but the arguments and the taint; *ret_always: the row says nothing of those. */
bool policy_row_is_about(const struct policy_row *, const struct policy_facts *, const char *const *roles, bool *ret_always);
