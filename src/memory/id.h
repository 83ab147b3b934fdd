// SPDX-License-Identifier: Apache-2.0
/* id.h: the id of an item of memory says which partition it is in: partition << 40 | sequence.  So what finds an id can tell
 * without a look at the store whom it may be shown.  An id is never used again.  0 is no item. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { ITEM_SEQUENCE_BITS = 40, ITEM_PARTITION_MAX = (1 << 23) - 1 };
#define ITEM_SEQUENCE_MAX ((INT64_C(1) << ITEM_SEQUENCE_BITS) - 1)

static inline uint32_t item_partition(int64_t id) { return (uint32_t)((uint64_t)id >> ITEM_SEQUENCE_BITS); }
static inline int64_t  item_sequence(int64_t id) { return id & ITEM_SEQUENCE_MAX; }
static inline int64_t  item_id(uint32_t partition, int64_t sequence) { return (int64_t)partition << ITEM_SEQUENCE_BITS | sequence; }
static inline bool     item_id_valid(int64_t id)
{
    return id > 0 && item_partition(id) > 0 && item_sequence(id) > 0;   /* positive: partition <= ITEM_PARTITION_MAX */
}
