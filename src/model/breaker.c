// SPDX-License-Identifier: Apache-2.0
#include "model/breaker.h"

#include <stdio.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "config/config.h"
#include "runtime/clock.h"

struct breaker {
    char    *label;
    enum breaker_state state;
    unsigned failures;          /* in a row */
    unsigned openings;          /* in a row */
    uint64_t until;             /* clock_ms(): then it may be tried */
    bool     trying;            /* half-open, and somebody does */
    char     last[ERR_TEXT_MAX], why[ERR_TEXT_MAX];
};

static struct map breakers;

struct breaker *breaker_of(const char *label)
{
    struct breaker *b = map_get(&breakers, str_from(label));

    if (b)
        return b;
    b = NEW(struct breaker);
    b->label = str_dup_c(str_from(label));
    map_put(&breakers, str_from(label), b);
    return b;
}

static void change(struct breaker *b, enum breaker_state state)
{
    if (b->state != state)
        log_event(state == BREAKER_OPEN ? LOG_WARN : LOG_INFO, "model.circuit", F("model", b->label),
                  F("state", breaker_state_name(state)), F("error", b->last));
    b->state = state;
    b->trying = false;
    metric_set_for(METRIC_FAMILY_model_circuit, b->label, NULL, state);
}

static void open_it(struct breaker *b)
{
    const struct config *c = config_now();
    uint64_t pause = c->models_breaker_pause;

    for (unsigned i = 0; i < b->openings && pause < c->models_breaker_pause_max; i++)
        pause *= 2;
    b->openings++;
    b->until = clock_ms() + (pause < c->models_breaker_pause_max ? pause : c->models_breaker_pause_max);
    change(b, BREAKER_OPEN);
}

bool breaker_allows(struct breaker *b)
{
    if (b->state == BREAKER_OPEN && clock_ms() >= b->until)
        change(b, BREAKER_HALF_OPEN);
    if (b->state == BREAKER_CLOSED)
        return true;
    if (b->state == BREAKER_OPEN || b->trying)
        return false;
    b->trying = true;
    return true;
}

static bool blames_the_model(enum err e)
{
    return e == ERR_NET || e == ERR_TIMEOUT || e == ERR_LIMIT || e == ERR_REMOTE || e == ERR_AUTH || e == ERR_NOT_FOUND;
}

void breaker_ended(struct breaker *b, enum err e)
{
    uint64_t most = config_now()->models_breaker_failures;

    if (e == OK) {
        b->failures = b->openings = 0;
        b->last[0] = '\0';
        change(b, BREAKER_CLOSED);
        return;
    }
    b->trying = false;
    if (!blames_the_model(e))
        return;
    b->failures++;
    snprintf(b->last, sizeof b->last, "%s", failed_text());
    if (b->state == BREAKER_HALF_OPEN || (b->state == BREAKER_CLOSED && most && b->failures >= most))
        open_it(b);
}

enum breaker_state breaker_state(const struct breaker *b)
{
    return b->state;
}

const char *breaker_state_name(enum breaker_state s)
{
    static const char *const names[] = { "closed", "half-open", "open" };

    return names[s];
}

const char *breaker_why(struct breaker *b)
{
    uint64_t now = clock_ms();

    snprintf(b->why, sizeof b->why, "failed %u times in a row (%.300s), asked again in %llu s", b->failures, b->last,
             (unsigned long long)(b->until > now ? (b->until - now + 999) / 1000 : 0));
    return b->why;
}

void breakers_reset(void)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&breakers, &i, &e); ) {
        struct breaker *b = e->value;

        b->failures = b->openings = 0;
        change(b, BREAKER_CLOSED);
    }
}
