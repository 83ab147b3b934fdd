// SPDX-License-Identifier: Apache-2.0
/* vector_map.h: in which row the vector of an item is.  Four to eight bytes an item: a table of rows, whose ids are looked up
 * in the file of rows itself.  For many threads. */
#pragma once
#include <pthread.h>

#include "memory/vector_files.h"

#define NO_ROW UINT32_MAX

struct vector_map {
    const struct vector_files *files;
    pthread_mutex_t            lock;
    uint32_t                  *places;      /* NO_ROW: free.  Open addressing, linear probing */
    size_t                     n, cap;      /* cap: a power of two */
};

void     vector_map_init(struct vector_map *, const struct vector_files *);
void     vector_map_done(struct vector_map *);
uint32_t vector_map_get(struct vector_map *, int64_t id);                   /* NO_ROW */
uint32_t vector_map_put(struct vector_map *, int64_t id, uint32_t row);     /* the row has that id; returns the former, or NO_ROW */
uint32_t vector_map_remove(struct vector_map *, int64_t id);                /* while its row still has the id */
