// SPDX-License-Identifier: Apache-2.0
/* map.h: a hash table from strings to pointers.  Keys are copied; values belong to the caller.
 * {0} is a valid empty map. */
#pragma once
#include "base/str.h"

struct map_entry { str key; void *value; };     /* key.p == NULL: a free place */

struct map {
    size_t            n;
    struct map_entry *entries;  /* private: open addressing, linear probing, cap is a power of two */
    size_t            cap;      /* private */
};

void *map_get(const struct map *, str key);                 /* NULL if absent */
void *map_put(struct map *, str key, void *value);          /* value not NULL; returns the one it replaced, or NULL */
void *map_remove(struct map *, str key);                    /* returns the value, or NULL */
void  map_done(struct map *);                               /* frees keys and table, not values */

/* for (size_t i = 0; map_next(&m, &i, &e); ) - in no order; the map must not change meanwhile */
bool  map_next(const struct map *, size_t *i, const struct map_entry **ret_entry);
