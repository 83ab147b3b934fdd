// SPDX-License-Identifier: Apache-2.0
#include "agent/loop_guard.h"

enum { GRACE = 2 };         /* times more after it was told */

static enum loop_verdict judge(const struct loop_guard *g, unsigned n)
{
    if (g->repeats == 0 || n < g->repeats)
        return LOOP_NONE;
    return n < g->repeats + GRACE ? LOOP_TELL : LOOP_STOP;
}

static uint64_t hash_of(const struct tool_call *c, str result)
{
    uint64_t parts[] = { str_hash(c->name), str_hash(c->arguments), str_hash(result) };

    return str_hash(str_of(parts, sizeof parts));
}

static unsigned count(struct loop_guard *g, uint64_t hash)
{
    for (size_t i = 0; i < g->n_seen; i++)
        if (g->seen[i].hash == hash)
            return ++g->seen[i].n;
    for (size_t i = 0; i < g->n_seen; i++)      /* news: what was said before it may be worth saying again */
        g->seen[i].n = 0;
    g->seen[g->next].hash = hash;
    g->seen[g->next].n = 1;
    g->next = (g->next + 1) % LOOP_REMEMBERED;
    if (g->n_seen < LOOP_REMEMBERED)
        g->n_seen++;
    return 1;
}

enum loop_verdict loop_guard_add(struct loop_guard *g, const struct tool_call *c, str result)
{
    g->unknown = 0;
    return judge(g, count(g, hash_of(c, result)));
}

enum loop_verdict loop_guard_add_unknown(struct loop_guard *g, const struct tool_call *c, str result)
{
    unsigned same = count(g, hash_of(c, result)), row = ++g->unknown;

    return judge(g, same > row ? same : row);
}
