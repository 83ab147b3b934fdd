// SPDX-License-Identifier: Apache-2.0
#include "memory/vector_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_CAP = 1024 };

static int64_t id_of(const struct vector_map *m, uint32_t row)
{
    return block_at(m->files, row / BLOCK_ROWS)->ids[row % BLOCK_ROWS];
}

/* Ids are ours and follow each other, so a multiplication spreads them well (Knuth, TAOCP 3, 6.4). */
static size_t home_of(const struct vector_map *m, int64_t id)
{
    return (size_t)((uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (m->cap - 1);
}

static size_t place_of(const struct vector_map *m, int64_t id)
{
    size_t i = home_of(m, id);

    while (m->places[i] != NO_ROW && id_of(m, m->places[i]) != id)
        i = (i + 1) & (m->cap - 1);
    return i;
}

static void resize(struct vector_map *m, size_t cap)
{
    uint32_t *old = m->places;
    size_t n = m->cap;

    m->places = mem_alloc(cap * sizeof *m->places);
    m->cap = cap;
    memset(m->places, 0xff, cap * sizeof *m->places);
    for (size_t i = 0; i < n; i++)
        if (old[i] != NO_ROW)
            m->places[place_of(m, id_of(m, old[i]))] = old[i];
    free(old);
}

void vector_map_init(struct vector_map *m, const struct vector_files *files)
{
    *m = (struct vector_map){ .files = files };
    pthread_mutex_init(&m->lock, NULL);
    resize(m, FIRST_CAP);
}

void vector_map_done(struct vector_map *m)
{
    pthread_mutex_destroy(&m->lock);
    free(m->places);
}

uint32_t vector_map_get(struct vector_map *m, int64_t id)
{
    pthread_mutex_lock(&m->lock);
    uint32_t row = m->places[place_of(m, id)];

    pthread_mutex_unlock(&m->lock);
    return row;
}

uint32_t vector_map_put(struct vector_map *m, int64_t id, uint32_t row)
{
    pthread_mutex_lock(&m->lock);
    if ((m->n + 1) * 4 > m->cap * 3)
        resize(m, m->cap * 2);
    size_t i = place_of(m, id);
    uint32_t former = m->places[i];

    m->places[i] = row;
    m->n += former == NO_ROW;
    pthread_mutex_unlock(&m->lock);
    return former;
}

/* Those behind it that could not stand where they belong move up, so that no gap cuts them off (Knuth's algorithm R). */
static void close_gap(struct vector_map *m, size_t gap)
{
    size_t mask = m->cap - 1;

    for (size_t i = (gap + 1) & mask; m->places[i] != NO_ROW; i = (i + 1) & mask) {
        size_t home = home_of(m, id_of(m, m->places[i]));

        if (((i - home) & mask) >= ((i - gap) & mask)) {
            m->places[gap] = m->places[i];
            gap = i;
        }
    }
    m->places[gap] = NO_ROW;
}

uint32_t vector_map_remove(struct vector_map *m, int64_t id)
{
    pthread_mutex_lock(&m->lock);
    size_t i = place_of(m, id);
    uint32_t row = m->places[i];

    if (row != NO_ROW) {
        close_gap(m, i);
        m->n--;
    }
    pthread_mutex_unlock(&m->lock);
    return row;
}
