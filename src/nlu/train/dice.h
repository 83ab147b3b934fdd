// SPDX-License-Identifier: Apache-2.0
/* dice.h: numbers that look random and are the same each time: splitmix64 (Steele et al. 2014) from a seed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice { uint64_t state; };

static inline uint64_t dice_next(struct dice *d)
{
    uint64_t z = (d->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline size_t dice_below(struct dice *d, size_t n) { return (size_t)((dice_next(d) >> 32) * n >> 32); }       /* 0 < n < 2^32 */
static inline bool   dice_percent(struct dice *d, unsigned percent) { return dice_below(d, 100) < percent; }
