// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_canary.h"

#include "base/metrics.h"
#include "config/config.h"
#include "gateway/alerts.h"
#include "memory/recall.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    AFTER_START_MS = 2000,      /* what waited for the start goes first */
    LOOK_EVERY_MS = 60000,      /* at the configuration, which may have changed */
};
#define KEY "memory canary"

static void say_it_failed(struct gateway *g, bool failed_before)
{
    metric_add(METRIC_memory_canary_failures, 1);
    log_event(LOG_ERROR, "memory.canary", F("error", failed_text()));
    if (failed_before)
        return;
    CLEANUP(arena_freep) struct arena *a = arena_new();

    metric_add(METRIC_memory_canary_failing, 1);
    alerts_say(g->alerts, KEY, arena_printf(a, "The memory does not find what it must: %s", failed_text()));
}

static void say_it_works(struct gateway *g)
{
    metric_add(METRIC_memory_canary_failing, -1);
    log_event(LOG_INFO, "memory.canary", F("works", "again"));
    alerts_say(g->alerts, KEY, "The memory finds what it must again.");
}

static enum err ask(struct gateway *g, bool *failing) AWAITS
{
    enum err e = recall_canary(g->memory);

    TRY(fiber_check());
    if (e)
        say_it_failed(g, *failing);
    else if (*failing)
        say_it_works(g);
    *failing = e != OK;
    return OK;
}

static enum err wait_for_the_next(uint64_t since) AWAITS
{
    for (;;) {
        uint64_t every = config_now()->memory_canary, passed = clock_ms() - since;

        if (every && passed >= every)
            return OK;
        TRY(fiber_sleep(every && every - passed < LOOK_EVERY_MS ? every - passed : LOOK_EVERY_MS));
    }
}

enum err memory_canary_run(void *gateway)
{
    struct gateway *g = gateway;
    bool failing = false;

    TRY(fiber_sleep(AFTER_START_MS));
    while (g->memory) {
        uint64_t now = clock_ms();

        if (config_now()->memory_canary)
            TRY(ask(g, &failing));
        TRY(wait_for_the_next(now));
    }
    return OK;
}
