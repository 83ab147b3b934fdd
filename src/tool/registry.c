// SPDX-License-Identifier: Apache-2.0
#include "tool/registry.h"

#include <assert.h>

#include "config/options.h"
#include "tool/settings.h"

#define TOOL(id) extern const struct tool tool_##id;
#include "tool/tools.def"
#undef TOOL
#define TOOL(id) &tool_##id,
static const struct tool *const own[] = {
#include "tool/tools.def"
};
#undef TOOL

enum { SETS_MAX = 4 };
static struct { const struct tool *const *tools; size_t n; } sets[SETS_MAX] = { { own, N_ELEMENTS(own) } };
static size_t n_sets = 1;

void tools_register(const struct tool *const *tools, size_t n)
{
    for (size_t i = 0; i < n_sets; i++)
        if (sets[i].tools == tools)
            return;
    assert(n_sets < SETS_MAX);
    sets[n_sets].tools = tools;
    sets[n_sets++].n = n;
}

/* NULL past the last */
static const struct tool *tool_at(size_t i)
{
    for (size_t s = 0; s < n_sets; i -= sets[s++].n)
        if (i < sets[s].n)
            return sets[s].tools[i];
    return NULL;
}

const struct tool *tool_find(str name)
{
    const struct tool *t;

    for (size_t i = 0; (t = tool_at(i)); i++)
        if (str_eq(name, str_from(t->name)))
            return t;
    return NULL;
}

const struct tool *tool_closest(str name)
{
    unsigned best = (unsigned)(name.len / 2 + 1);
    const struct tool *found = NULL, *t;

    for (size_t i = 0; (t = tool_at(i)); i++) {
        unsigned d = edit_distance(str_take(name, 64), str_from(t->name), best);

        if (d < best && tool_is_enabled(t->name)) {
            best = d;
            found = t;
        }
    }
    return found;
}

const struct tool *const *tools_enabled(struct arena *a, size_t *ret_n)
{
    const struct tool **list, *t;
    size_t n = 0;

    for (size_t s = 0; s < n_sets; s++)
        n += sets[s].n;
    list = arena_alloc(a, n * sizeof *list);
    n = 0;
    for (size_t i = 0; (t = tool_at(i)); i++)
        if (tool_is_enabled(t->name))
            list[n++] = t;
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
