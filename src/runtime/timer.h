// SPDX-License-Identifier: Apache-2.0
/* timer.h: a callback at a point of clock_ms().  For libraries that want one (libcurl); fibers sleep instead.
 * All timers of the program, the fibers' own included, are in one heap; an armed one costs no allocation. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The owner sets fn and arg, zeroes the rest, and stops the timer before its memory goes. */
struct timer {
    void   (*fn)(void *arg);    /* on the loop thread, disarmed before: may wake fibers and set timers, not await */
    void    *arg;
    uint64_t at;                /* private */
    size_t   place;             /* private: 1 + index in the heap; 0: not armed */
};

void timer_set(struct timer *, uint64_t ms_from_now);   /* also moves an armed one */
void timer_stop(struct timer *);                        /* harmless when not armed */
