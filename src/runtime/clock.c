// SPDX-License-Identifier: Apache-2.0
#include "runtime/clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <time.h>

#include "runtime/internal.h"

/* Atomic because pool threads ask for the time too. */
static _Atomic bool     faked;
static _Atomic uint64_t fake_us;
static _Atomic int64_t  fake_wall_ms;

uint64_t monotonic_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t clock_us(void)
{
    return faked ? fake_us : monotonic_us();
}

uint64_t clock_ms(void)
{
    return clock_us() / 1000;
}

int64_t clock_wall_ms(void)
{
    struct timespec ts;

    if (faked)
        return fake_wall_ms;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool clock_is_fake(void)
{
    return faked;
}

void clock_fake(int64_t wall_ms)
{
    fake_us = clock_us();
    fake_wall_ms = wall_ms;
    faked = true;
}

void clock_advance(uint64_t ms)
{
    assert(faked);
    fake_us += ms * 1000;
    fake_wall_ms += (int64_t)ms;
    timers_fire();
}

void clock_real(void)
{
    faked = false;
}
