// SPDX-License-Identifier: Apache-2.0
#include "agent/turn_tools.h"

#include <string.h>

bool tool_is_listed(const struct string_list *only, const struct tool *tool)
{
    for (size_t i = 0; i < only->n; i++)
        if (strcmp(only->items[i], tool->name) == 0)
            return true;
    return only->n == 0;
}

const struct tool *const *tools_of_agent(struct arena *a, const struct policy_facts *who, const struct string_list *only, size_t *ret_n)
{
    size_t n;
    const struct tool *const *all = policy_tools_for(policy_now(), a, who, &n);
    const struct tool **some = arena_alloc(a, n * sizeof *some);

    *ret_n = 0;
    for (size_t i = 0; i < n; i++)
        if (tool_is_listed(only, all[i]))
            some[(*ret_n)++] = all[i];
    return some;
}
