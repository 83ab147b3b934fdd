// SPDX-License-Identifier: Apache-2.0
#include "tool/registry.h"

#include "config/options.h"
#include "tool/settings.h"

#define TOOL(id) extern const struct tool tool_##id;
#include "tool/tools.def"
#undef TOOL
#define TOOL(id) &tool_##id,
static const struct tool *const tools[] = {
#include "tool/tools.def"
};
#undef TOOL

const struct tool *tool_find(str name)
{
    for (size_t i = 0; i < N_ELEMENTS(tools); i++)
        if (str_eq(name, str_from(tools[i]->name)))
            return tools[i];
    return NULL;
}

const struct tool *tool_closest(str name)
{
    unsigned best = (unsigned)(name.len / 2 + 1);
    const struct tool *found = NULL;

    for (size_t i = 0; i < N_ELEMENTS(tools); i++) {
        unsigned d = edit_distance(str_take(name, 64), str_from(tools[i]->name), best);

        if (d < best && tool_is_enabled(tools[i]->name)) {
            best = d;
            found = tools[i];
        }
    }
    return found;
}

const struct tool *const *tools_enabled(struct arena *a, size_t *ret_n)
{
    const struct tool **list = arena_alloc(a, sizeof tools);
    size_t n = 0;

    for (size_t i = 0; i < N_ELEMENTS(tools); i++)
        if (tool_is_enabled(tools[i]->name))
            list[n++] = tools[i];
    *ret_n = n;
    return list;
}

json_t *tool_to_json(const struct tool *t)
{
    json_t *parameters = NULL;

    if (json_parse(str_from(t->schema), &parameters) != OK)
        parameters = json_object();     /* a test parses every schema */
    return json_pack("{s:s, s:s, s:s, s:o}", "name", t->name, "description", t->description, "risk", risk_name(t->risk),
                     "parameters", parameters);
}
