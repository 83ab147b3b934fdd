// SPDX-License-Identifier: Apache-2.0
#include "gateway/limits.h"

#include <stdlib.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "runtime/clock.h"

enum { MAX_KEYS = 8192 };

struct bucket {
    struct list by_use;     /* longest unused first */
    str         key;
    double      tokens;
    uint64_t    at;         /* clock_ms() when tokens was true */
};

struct limits {
    struct map  buckets;
    struct list by_use;
};

struct limits *limits_new(void)
{
    struct limits *l = NEW(struct limits);

    list_init(&l->by_use);
    return l;
}

static void forget(struct limits *l, struct bucket *b)
{
    map_remove(&l->buckets, b->key);
    list_remove(&b->by_use);
    free((char *)b->key.p);
    free(b);
}

void limits_free(struct limits *l)
{
    if (l == NULL)
        return;
    list_each(node, &l->by_use)
        forget(l, list_entry(node, struct bucket, by_use));
    map_done(&l->buckets);
    free(l);
}

static struct bucket *bucket_for(struct limits *l, str key, uint64_t burst)
{
    struct bucket *b = map_get(&l->buckets, key);

    if (b == NULL) {
        if (l->buckets.n >= MAX_KEYS)
            forget(l, list_entry(l->by_use.next, struct bucket, by_use));
        b = NEW(struct bucket);
        *b = (struct bucket){ .key = str_of(str_dup_c(key), key.len), .tokens = (double)burst, .at = clock_ms() };
        list_init(&b->by_use);
        map_put(&l->buckets, b->key, b);
    }
    list_remove(&b->by_use);
    list_push_back(&l->by_use, &b->by_use);
    return b;
}

bool limits_take(struct limits *l, str key, uint64_t per_minute, uint64_t burst, uint64_t *ret_wait_ms)
{
    if (per_minute == 0)
        return true;
    struct bucket *b = bucket_for(l, key, burst);
    uint64_t now = clock_ms();
    double per_ms = (double)per_minute / 60000;

    b->tokens += (double)(now - b->at) * per_ms;
    if (b->tokens > (double)burst)
        b->tokens = (double)burst;
    b->at = now;
    if (b->tokens >= 1) {
        b->tokens -= 1;
        return true;
    }
    *ret_wait_ms = (uint64_t)((1 - b->tokens) / per_ms) + 1;
    return false;
}
