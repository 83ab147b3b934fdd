// SPDX-License-Identifier: Apache-2.0
/* memory_internal.h: what the files of the memory itself share (memory.c, partitions.c, items.c). */
#pragma once
#include "base/map.h"
#include "memory/id.h"
#include "memory/memory.h"
#include "memory/text.h"
#include "runtime/fiber.h"

struct memory {
    struct store   *store;
    struct text     text;
    char           *folder, *label;
    struct embedder embedder;
    struct map      partitions;         /* struct known_partition, by scope and collection; forgotten whole when there are many */
    struct waiters  changed;
    uint64_t        changes;            /* how often there came something to do */
};

/* partitions.c */
void partitions_forget(struct memory *);    /* those that are known by heart: some may be gone */
bool scope_among(struct scope, const struct scope *, size_t n);

/* item_list.c */
str ids_json(struct arena *, const int64_t *ids, size_t n);     /* "[1,2,3]", for statements with json_each() */
