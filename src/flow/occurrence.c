// SPDX-License-Identifier: Apache-2.0
#include "flow/occurrence.h"

#include "domain/recurrence.h"
#include "runtime/zones.h"

enum { STEP_MS = 60 * 1000 };

struct series { struct recurrence rule; const struct zone *zone; int64_t start; };

const struct zone *occurrence_zone(const struct flow_timer *t)
{
    const struct zone *z = zones_find(t->zone);

    return z ? z : zones_local();
}

static bool series_of(const struct flow_timer *t, struct series *out)
{
    if (t->rule.len == 0 || recurrence_parse(t->rule, &out->rule))
        return false;
    out->zone = occurrence_zone(t);
    out->start = t->first_at;
    return true;
}

static bool behind(const struct series *s, int64_t after, int64_t *out)
{
    return recurrence_next(&s->rule, s->zone, s->start, after, out);
}

static bool is_by(const struct series *s, int64_t after, int64_t now, int64_t *out)
{
    return behind(s, after, out) && *out <= now;
}

/* After a year away, every minute was due half a million times: from now backwards in steps that double, then forwards. */
static int64_t latest(const struct series *s, int64_t from, int64_t now)
{
    int64_t at, step = STEP_MS;

    while (now - step > from && !is_by(s, now - step, now, &at))
        step *= 2;
    at = now - step > from ? now - step : from;
    for (int64_t next; is_by(s, at, now, &next);)
        at = next;
    return at;
}

void occurrence_now(const struct flow_timer *t, int64_t now, struct occurrence *out)
{
    struct series s;
    int64_t at;

    *out = (struct occurrence){ .due = t->next_at };
    if (!series_of(t, &s))
        return;
    while (out->missed < TIMERS_MISSED_MAX && is_by(&s, out->due, now, &at)) {
        out->due = at;
        out->missed++;
    }
    out->due = latest(&s, out->due, now);
    if (behind(&s, now > out->due ? now : out->due, &at))
        out->next = at;
}
