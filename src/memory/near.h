// SPDX-License-Identifier: Apache-2.0
/* near.h: rows and how near they are, in a heap: the lowest score is at [0]. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct near { float score; uint32_t row; };

static inline void near_sink(struct near *heap, size_t n, size_t i)
{
    struct near x = heap[i];

    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && heap[child + 1].score < heap[child].score)
            child++;
        if (x.score <= heap[child].score)
            break;
        heap[i] = heap[child];
    }
    heap[i] = x;
}

static inline void near_push(struct near *heap, size_t *n, struct near x)
{
    size_t i = (*n)++;

    for (size_t parent; i > 0 && heap[parent = (i - 1) / 2].score > x.score; i = parent)
        heap[i] = heap[parent];
    heap[i] = x;
}

static inline struct near near_pop(struct near *heap, size_t *n)
{
    struct near lowest = heap[0];

    heap[0] = heap[--*n];
    if (*n)
        near_sink(heap, *n, 0);
    return lowest;
}

/* The best of all that is offered: at most `cap`. */
static inline void near_keep(struct near *heap, size_t *n, size_t cap, struct near x)
{
    if (*n < cap) {
        near_push(heap, n, x);
    } else if (x.score > heap[0].score) {
        heap[0] = x;
        near_sink(heap, *n, 0);
    }
}

int near_by_score(const void *, const void *);      /* for qsort(): best first */
