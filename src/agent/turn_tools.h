// SPDX-License-Identifier: Apache-2.0
/* turn_tools.h: the tools of an agent: those that the policy gives the person, narrowed by the list that the agent has. */
#pragma once
#include "config/config.h"
#include "domain/tool.h"
#include "tool/policy.h"

/* Is it in the list?  An empty list has them all. */
bool tool_is_listed(const struct string_list *, const struct tool *);
/* What a model is shown, in the arena. */
const struct tool *const *tools_of_agent(struct arena *, const struct policy_facts *who, const struct string_list *only, size_t *ret_n);
