// SPDX-License-Identifier: Apache-2.0
/* policy_show.h: the policy for people: its rows and roles, and which row decides about a call and why. */
#pragma once
#include "tool/policy.h"

json_t *policy_rows_json(const struct policy *);    /* [{rule, decision, reason, row}], in the order of asking; a new reference */
json_t *policy_roles_json(const struct policy *);   /* [{name, like, tools, deny, approves, doc}] */

/* question: {tool, arguments or command, role, person, platform, chat, taint}; exec, the owner and rest where nothing is
 * said.  *out: {decision, rule, why, complex, acts}, one act for each part of the call.  ERR_INPUT: no such tool or role,
 * arguments that do not fit. */
enum err policy_explain(const struct policy *, struct arena *, const json_t *question, const char *workspace, json_t **out) MUST_USE;

/* Rows of the configuration that can never decide, because an earlier one fits whatever they fit: a text, "" when there
 * are none. */
str policy_useless_rows(const struct policy *, struct arena *);
