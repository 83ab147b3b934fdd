// SPDX-License-Identifier: Apache-2.0
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

static size_t home(const struct map *m, str key)
{
    return str_hash(key) & (m->cap - 1);
}

/* The key's place, or the free place where it would go. */
static size_t place(const struct map *m, str key)
{
    size_t i = home(m, key);

    while (m->entries[i].key.p && !str_eq(m->entries[i].key, key))
        i = (i + 1) & (m->cap - 1);
    return i;
}

void *map_get(const struct map *m, str key)
{
    return m->n ? m->entries[place(m, key)].value : NULL;
}

static void grow(struct map *m)
{
    struct map bigger = { .n = m->n, .cap = m->cap ? m->cap * 2 : 16 };

    bigger.entries = mem_alloc(bigger.cap * sizeof *bigger.entries);
    for (size_t i = 0; i < m->cap; i++)
        if (m->entries[i].key.p)
            bigger.entries[place(&bigger, m->entries[i].key)] = m->entries[i];
    free(m->entries);
    *m = bigger;
}

void *map_put(struct map *m, str key, void *value)
{
    assert(value);
    if (m->n * 4 >= m->cap * 3)
        grow(m);
    struct map_entry *e = &m->entries[place(m, key)];
    void *old = e->value;

    if (e->key.p == NULL) {
        e->key = str_of(str_dup_c(key), key.len);
        m->n++;
    }
    e->value = value;
    return old;
}

/* Moves back whatever probed past the freed place, so that no search stops early at it. */
static void close_gap(struct map *m, size_t gap)
{
    for (size_t i = (gap + 1) & (m->cap - 1); m->entries[i].key.p; i = (i + 1) & (m->cap - 1)) {
        size_t from_home = (i - home(m, m->entries[i].key)) & (m->cap - 1);
        size_t from_gap = (i - gap) & (m->cap - 1);

        if (from_home >= from_gap) {
            m->entries[gap] = m->entries[i];
            m->entries[i] = (struct map_entry){ 0 };
            gap = i;
        }
    }
}

void *map_remove(struct map *m, str key)
{
    if (m->n == 0)
        return NULL;
    size_t i = place(m, key);
    void *old = m->entries[i].value;

    if (m->entries[i].key.p == NULL)
        return NULL;
    free((char *)m->entries[i].key.p);
    m->entries[i] = (struct map_entry){ 0 };
    m->n--;
    close_gap(m, i);
    return old;
}

void map_done(struct map *m)
{
    for (size_t i = 0; i < m->cap; i++)
        free((char *)m->entries[i].key.p);
    free(m->entries);
    *m = (struct map){ 0 };
}

bool map_next(const struct map *m, size_t *i, const struct map_entry **ret_entry)
{
    while (*i < m->cap) {
        const struct map_entry *e = &m->entries[(*i)++];

        if (e->key.p) {
            *ret_entry = e;
            return true;
        }
    }
    return false;
}
