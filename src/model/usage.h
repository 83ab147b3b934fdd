// SPDX-License-Identifier: Apache-2.0
/* usage.h: what calls of models took, summed up: for people, programs and bills. */
#pragma once
#include "base/json.h"
#include "store/store.h"

enum usage_by { USAGE_BY_MODEL, USAGE_BY_PERSON, USAGE_BY_SESSION, USAGE_BY_AGENT, USAGE_BY_DAY, USAGE_BY_PURPOSE, N_USAGE_BY };

struct usage_wish {
    enum usage_by by;
    int64_t       since;            /* ms since 1970 UTC */
    str           person;           /* "": everybody's */
    const char   *currency;         /* of the costs: what was paid in another is not in them */
};

/* by: "model", "person", "session", "agent", "day", "purpose"; "" is model.  since: a time, or how long ago; "" is since the month
 * began.  ERR_INPUT says which is not one. */
enum err usage_wish_read(str by, str since, str person, const char *currency, struct usage_wish *out) MUST_USE;

/* Tokens are as in struct usage. */
struct usage_sum {
    str     what;                   /* the model's label, the day (local: "2026-11-21"), ..; "" */
    int64_t calls, input, output, cached, written, reasoning;
    int64_t cost;                   /* in millionths */
    int64_t unpriced, estimated;    /* calls whose price nobody knows, or that were not counted by the provider alone */
};

/* The dearest first, days the latest first; in the arena. */
enum err usage_sums(struct store *, struct arena *, const struct usage_wish *, struct usage_sum **out, size_t *ret_n) AWAITS MUST_USE;
struct usage_sum usage_total(const struct usage_sum *, size_t n);
/* {"by", "since", "currency", "rows": [{"what", "calls", "input", .., "cost"}], "total": {..}}; costs are texts: "0.0042". */
json_t  *usage_to_json(const struct usage_wish *, const struct usage_sum *, size_t n);
