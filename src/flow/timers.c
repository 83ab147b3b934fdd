// SPDX-License-Identifier: Apache-2.0
#include "flow/timers.h"

#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "flow/occurrence.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    LOOK_MS = 60 * 1000,        /* wall clocks jump, and machines sleep: nothing is later than this */
    AGAIN_MS = 5 * 1000,        /* the disk is full, or the like */
    PAGE = 50,
};

struct timers {
    struct store      *store;
    struct flow_teller teller;
    struct waiters     waiting;
    bool               changed;
    bool               failing;     /* and that was said */
};

struct timers *timers_new(struct store *store, const struct flow_teller *teller)
{
    struct timers *ts = NEW(struct timers);

    ts->store = store;
    ts->teller = *teller;
    return ts;
}

void timers_free(struct timers *ts)
{
    free(ts);
}

void timers_changed(struct timers *ts)
{
    if (ts == NULL)
        return;
    ts->changed = true;
    wake_all(&ts->waiting);
}

/* ---- rows ---- */

static struct flow_timer timer_of(const struct rows *r, size_t i)
{
    return (struct flow_timer){
        .id = row_int(r, i, 0), .kind = row_str(r, i, 1), .scope = row_str(r, i, 2), .person = row_str(r, i, 3),
        .session_id = row_str(r, i, 4), .text = row_str(r, i, 5), .taint = row_str(r, i, 6), .language = row_str(r, i, 7),
        .first_at = row_int(r, i, 8), .rule = row_str(r, i, 9), .zone = row_str(r, i, 10), .next_at = row_int(r, i, 11),
        .state = row_str(r, i, 12), .fired = row_int(r, i, 13), .last_due = row_int(r, i, 14), .last_fired = row_int(r, i, 15),
        .error = row_str(r, i, 16), .created_at = row_int(r, i, 17),
    };
}

static struct flow_timers timers_of(struct arena *a, const struct rows *r)
{
    struct flow_timers list = { arena_alloc(a, (r->n + 1) * sizeof *list.p), r->n };

    for (size_t i = 0; i < r->n; i++)
        list.p[i] = timer_of(r, i);
    return list;
}

void timers_add(struct batch *b, const struct flow_timer *t)
{
    batch_add(b, "timers.add", "sssssssissii", t->kind, t->scope, t->person, t->session_id, t->text, t->taint, t->language, t->first_at,
              t->rule, t->zone, t->next_at, t->created_at);
}

enum err timers_list(struct store *store, struct arena *a, str scope, struct flow_timers *out)
{
    struct rows r;

    TRY(store_read(store, a, &r, "timers.list", "s", scope));
    *out = timers_of(a, &r);
    return OK;
}

/* ---- firing ---- */

struct firing {
    struct timers     *timers;
    struct arena      *arena;
    struct occurrence  when;
    struct flow_firing told;
};

/* Whatever has happened to it since it was read: then this is not its firing. */
static void claim(const struct firing *f, struct batch *b, const char *error)
{
    const struct flow_timer *t = f->told.timer;
    const char *state = f->when.next ? "active" : error ? "failed" : "done";

    batch_add(b, "timers.claim", "iiiciiS", t->id, t->next_at, f->when.next, state, f->when.due, clock_wall_ms(), str_from(error));
    batch_expect(b, 1);
}

static enum err lose(const struct firing *f, const char *why) AWAITS
{
    struct batch *b = batch_new(f->arena);
    const struct flow_teller *teller = &f->timers->teller;

    claim(f, b, why);
    enum err e = store_commit(f->timers->store, b);

    if (e == ERR_CONFLICT)      /* it was taken back meanwhile */
        return OK;
    TRY(e);
    metric_add(METRIC_timers_failed, 1);
    teller->lost(teller->arg, &f->told, why);
    return OK;
}

/* OK: somebody took it back or changed it meanwhile, which is theirs to do.  Else it is what it tells that no store takes: an error that
 * would come again for ever. */
static enum err after_conflict(const struct firing *f) AWAITS
{
    const struct flow_timer *t = f->told.timer;
    const char *why = arena_printf(f->arena, "%s", failed_text());
    struct rows r;

    TRY(store_read(f->timers->store, f->arena, &r, "timers.is_due", "ii", t->id, t->next_at));
    return r.n ? lose(f, why) : OK;
}

static bool is_for_later(enum err e)
{
    return e == ERR_IO || e == ERR_CANCELLED || e == ERR_TIMEOUT;
}

static enum err fire(const struct firing *f) AWAITS
{
    struct batch *b = batch_new(f->arena);
    const struct flow_teller *teller = &f->timers->teller;
    void *own = NULL;

    claim(f, b, NULL);
    enum err e = teller->add(teller->arg, f->arena, &f->told, b, &own);

    if (e && !is_for_later(e))
        return lose(f, arena_printf(f->arena, "%s", failed_text()));
    TRY(e);
    (void)FAULT(flow_due);
    e = store_commit(f->timers->store, b);
    if (e == ERR_CONFLICT)
        return after_conflict(f);
    TRY(e);
    (void)FAULT(flow_fired);
    metric_add(METRIC_timers_fired, 1);
    metric_add(METRIC_timers_missed, f->told.missed + (f->told.late ? 1 : 0));
    teller->stored(teller->arg, b, own);
    return OK;
}

static enum err fire_one(struct timers *ts, const struct flow_timer *t, int64_t now) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct firing f = { .timers = ts, .arena = a };

    occurrence_now(t, now, &f.when);
    f.told = (struct flow_firing){ .timer = t, .due = f.when.due, .late = now - f.when.due >= TIMERS_LATE_MS, .missed = f.when.missed };
    return fire(&f);
}

/* A page of what is due; *ret_n: how many there were. */
static enum err fire_some(struct timers *ts, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t now = clock_wall_ms();
    struct rows r;

    TRY(store_read(ts->store, a, &r, "timers.due", "ii", now, (int64_t)PAGE));
    for (size_t i = 0; i < r.n; i++) {
        struct flow_timer t = timer_of(&r, i);

        TRY(fire_one(ts, &t, now));
    }
    *ret_n = r.n;
    return OK;
}

/* *ret_next: when the earliest is due; INT64_MAX: there is none. */
static enum err fire_due(struct timers *ts, int64_t *ret_next) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;
    size_t n;

    do
        TRY(fire_some(ts, &n));
    while (n);
    TRY(store_read(ts->store, a, &r, "timers.next", ""));
    *ret_next = row_null(&r, 0, 0) ? INT64_MAX : row_int(&r, 0, 0);
    return OK;
}

/* ---- waiting ---- */

static enum err wait_for_change(struct timers *ts, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    enum err e = OK;

    deadline_set(&d, ms);
    while (e == OK && !ts->changed)
        e = wait_on(&ts->waiting, "the time of the next timer");
    deadline_clear(&d);
    return e == ERR_TIMEOUT ? fiber_check() : e;
}

static enum err wait_until(struct timers *ts, int64_t at) AWAITS
{
    for (;;) {
        int64_t left = at - clock_wall_ms();

        if (left <= 0 || ts->changed)
            return OK;
        TRY(wait_for_change(ts, left < LOOK_MS ? (uint64_t)left : LOOK_MS));
    }
}

/* Said once, and once more when it works again. */
static void note(struct timers *ts, enum err e)
{
    if (e && !ts->failing)
        log_event(LOG_ERROR, "timers.failed", F("error", failed_text()));
    if (!e && ts->failing)
        log_event(LOG_INFO, "timers.work");
    ts->failing = e != OK;
}

enum err timers_run(void *timers)
{
    struct timers *ts = timers;

    for (;;) {
        int64_t next = 0;

        ts->changed = false;
        enum err e = fire_due(ts, &next);

        if (e == ERR_CANCELLED)
            return e;
        note(ts, e);
        if (e)
            TRY(fiber_sleep(AGAIN_MS));
        else
            TRY(wait_until(ts, next));
    }
}
