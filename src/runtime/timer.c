// SPDX-License-Identifier: Apache-2.0
#include "runtime/timer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/internal.h"

/* A binary heap, the earliest first. */
static struct { struct timer **at; size_t n, cap; } heap;

static void put(size_t i, struct timer *t)
{
    heap.at[i] = t;
    t->place = i + 1;
}

static void rise(size_t i, struct timer *t)
{
    while (i > 0 && heap.at[(i - 1) / 2]->at > t->at) {
        put(i, heap.at[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(i, t);
}

static void sink(size_t i, struct timer *t)
{
    for (size_t child; (child = 2 * i + 1) < heap.n; i = child) {
        if (child + 1 < heap.n && heap.at[child + 1]->at < heap.at[child]->at)
            child++;
        if (heap.at[child]->at >= t->at)
            break;
        put(i, heap.at[child]);
    }
    put(i, t);
}

void timer_set_at(struct timer *t, uint64_t at)
{
    if (t->place == 0) {
        if (heap.n == heap.cap) {
            heap.cap = heap.cap ? heap.cap * 2 : 64;
            heap.at = mem_resize(heap.at, heap.cap * sizeof *heap.at);
        }
        t->at = at;
        rise(heap.n++, t);
        return;
    }
    uint64_t before = t->at;

    t->at = at;
    if (at < before)
        rise(t->place - 1, t);
    else
        sink(t->place - 1, t);
}

void timer_set(struct timer *t, uint64_t ms_from_now)
{
    timer_set_at(t, time_after(ms_from_now));
}

void timer_stop(struct timer *t)
{
    if (t->place == 0)
        return;
    size_t i = t->place - 1;
    struct timer *last = heap.at[--heap.n];

    t->place = 0;
    if (last == t)
        return;
    if (i > 0 && heap.at[(i - 1) / 2]->at > last->at)
        rise(i, last);
    else
        sink(i, last);
}

uint64_t timers_next(void)
{
    return heap.n ? heap.at[0]->at : UINT64_MAX;
}

void timers_fire(void)
{
    uint64_t now = clock_ms();

    /* One that its own callback sets again to "now" waits for the next round: it must not starve the rest. */
    for (size_t left = heap.n; left > 0 && heap.n > 0 && heap.at[0]->at <= now; left--) {
        struct timer *t = heap.at[0];

        timer_stop(t);
        t->fn(t->arg);
    }
}

void timers_drop(void)
{
    while (heap.n)
        timer_stop(heap.at[0]);
    mem_freep(&heap.at);
    heap.cap = 0;
}
