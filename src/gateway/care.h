// SPDX-License-Identifier: Apache-2.0
/* care.h: the upkeep of the memory: what has had its time goes (memory.retention_days, expiry; pinned ones stay), what is there twice
 * becomes one (memory/merge.h), old exchanges of a conversation become a summary that keeps pointers to their messages, summaries of which
 * a part was forgotten are made anew from the rest, and the files are written anew without what has gone. */
#pragma once
#include "gateway/gateway.h"
#include "memory/merge.h"

struct care_report {
    size_t  merged;                             /* memories that another says as well */
    size_t  conversations, exchanges;           /* compressed: how many, and of them so many exchanges */
    size_t  rebuilt;                            /* summaries made anew */
    size_t  expired;
    size_t  by_model;                           /* summaries that the fast model wrote; the others are sentences that were chosen */
    int64_t bytes_before, bytes_after;          /* of the database */
};

/* One run of all of it.  MEMORY_TELL changes nothing. */
enum err care_optimize(struct gateway *, enum memory_run_kind, struct care_report *out) AWAITS MUST_USE;
/* What has had its time, now; the files are written anew once a day at most. */
enum err care_expire(struct gateway *, size_t *ret_n) AWAITS MUST_USE;
/* Until it is cancelled: expiry every hour, and all of it every memory.optimize.every. */
enum err care_run(void *gateway) AWAITS MUST_USE;
