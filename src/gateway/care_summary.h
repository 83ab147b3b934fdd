// SPDX-License-Identifier: Apache-2.0
/* care_summary.h: one summary of a part of a conversation, by the fast model or by choosing sentences, stored in one transaction with the
 * pointers to its messages and without what it stands for. */
#pragma once
#include "gateway/gateway.h"
#include "memory/memory.h"

struct care_summary {
    struct gateway *gateway;
    struct arena   *arena;
    uint32_t        partition;
    str             session_id;
    int64_t         replaces;       /* an id in `rebuilds`, which is done then; 0 */
    bool            by_model;       /* out */
};

/* Of exchanges (rows of items_whole), which go. */
enum err care_summary_of_items(struct care_summary *, const struct rows *items) AWAITS MUST_USE;
/* Of what is left of messages; nothing when nothing is. */
enum err care_summary_of_messages(struct care_summary *, const int64_t *messages, size_t n) AWAITS MUST_USE;
