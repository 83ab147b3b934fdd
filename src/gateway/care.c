// SPDX-License-Identifier: Apache-2.0
#include "gateway/care.h"

#include <stdio.h>

#include "base/metrics.h"
#include "config/config.h"
#include "gateway/care_summary.h"
#include "gateway/forget.h"
#include "runtime/clock.h"

enum {
    LOOK_EVERY_MS = 60 * 60 * 1000, FIRST_MS = 60 * 1000, PAGE = 500, SESSIONS = 100, EXCHANGES = 40, LEAST_EXCHANGES = 2,
    REBUILDS = 2000,
};

static const int64_t day_ms = 24 * 60 * 60 * 1000;

/* ---- when it was done last: the table memory_meta ---- */

static enum err done_at(struct gateway *g, const char *key, int64_t *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    *out = 0;
    TRY(store_read(g->memory_store, a, &r, "memory_meta.all", ""));
    for (size_t i = 0; i < r.n; i++)
        if (str_eq(row_str(&r, i, 0), str_from(key)) && str_i64(row_str(&r, i, 1), out))
            *out = 0;
    return OK;
}

static enum err set_done(struct gateway *g, const char *key) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "memory_meta.set", "cc", key, arena_printf(a, "%lld", (long long)clock_wall_ms()));
    return store_commit(g->memory_store, b);
}

/* ---- what has had its time ---- */

static enum err expired_page(struct gateway *g, struct arena *a, int64_t **out, size_t *ret_n) AWAITS
{
    int64_t days = (int64_t)config_now()->memory_retention_days, now = clock_wall_ms();
    struct rows r;

    TRY(store_read(g->memory_store, a, &r, "care.expired", "iii", days ? now - days * day_ms : INT64_C(0), now, (int64_t)PAGE));
    *out = arena_alloc(a, (r.n + 1) * sizeof **out);
    for (size_t i = 0; i < r.n; i++)
        (*out)[i] = row_int(&r, i, 0);
    *ret_n = r.n;
    return OK;
}

static enum err delete_expired(struct gateway *g, size_t *ret_n) AWAITS
{
    size_t n, gone;

    *ret_n = 0;
    do {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        int64_t *ids;

        TRY(expired_page(g, a, &ids, &n));
        if (n)
            TRY(memory_delete(g->memory, ids, n, &gone));
        *ret_n += n;
    } while (n == PAGE);
    return OK;
}

/* After whatever was deleted: what expired, and what people forgot without waiting for the wipe. */
static enum err wipe_if_due(struct gateway *g) AWAITS
{
    int64_t wiped, waiting;

    TRY(done_at(g, MEMORY_WIPED_AT, &wiped));
    TRY(done_at(g, MEMORY_GONE_AT, &waiting));
    if (waiting < wiped || waiting == 0 || clock_wall_ms() - wiped < day_ms)
        return OK;
    return memory_wipe(g->memory);
}

enum err care_expire(struct gateway *g, size_t *ret_n)
{
    TRY(delete_expired(g, ret_n));
    metric_add(METRIC_memory_expired, (int64_t)*ret_n);
    return wipe_if_due(g);
}

/* ---- old exchanges ---- */

static enum err compress_some(struct gateway *g, int64_t partition, str session, int64_t before, struct care_report *report,
                              size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct care_summary s = { .gateway = g, .arena = a, .partition = (uint32_t)partition, .session_id = session };
    struct rows r;

    TRY(store_read(g->memory_store, a, &r, "compress.exchanges", "isii", partition, session, before, (int64_t)EXCHANGES));
    *ret_n = r.n;
    if (r.n < LEAST_EXCHANGES)
        return OK;
    TRY(care_summary_of_items(&s, &r));
    report->exchanges += r.n;
    report->by_model += s.by_model;
    return OK;
}

static enum err compress_session(struct gateway *g, int64_t partition, str session, int64_t before, struct care_report *report) AWAITS
{
    size_t n;

    do
        TRY(compress_some(g, partition, session, before, report, &n));
    while (n == EXCHANGES);
    report->conversations++;
    return OK;
}

static enum err compress(struct gateway *g, enum memory_run_kind how, struct care_report *report) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t after = config_now()->memory_compress_after;
    int64_t before = clock_wall_ms() - (int64_t)after;
    struct rows r;

    if (after == 0)
        return OK;
    TRY(store_read(g->memory_store, a, &r, "compress.sessions", "iii", before, (int64_t)LEAST_EXCHANGES, (int64_t)SESSIONS));
    for (size_t i = 0; i < r.n; i++) {
        if (how == MEMORY_DO) {
            TRY(compress_session(g, row_int(&r, i, 0), row_str(&r, i, 1), before, report));
            continue;
        }
        report->conversations++;
        report->exchanges += (size_t)row_int(&r, i, 2);
    }
    return OK;
}

/* ---- summaries of which a part was forgotten ---- */

static size_t count_summaries(const struct rows *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++)
        n += i == 0 || row_int(r, i, 0) != row_int(r, i - 1, 0);
    return n;
}

/* The rows of one summary follow each other. */
static enum err rebuild_one(struct gateway *g, const struct rows *r, size_t *at, struct care_report *report) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t summary = row_int(r, *at, 0);
    struct care_summary s = { .gateway = g, .arena = a, .session_id = row_str(r, *at, 1), .replaces = summary };
    int64_t *messages = arena_alloc(a, (r->n + 1) * sizeof *messages);
    size_t n = 0;

    for (; *at < r->n && row_int(r, *at, 0) == summary; ++*at)
        if (row_int(r, *at, 2))
            messages[n++] = row_int(r, *at, 2);
    TRY(care_summary_of_messages(&s, messages, n));
    report->by_model += s.by_model;
    return OK;
}

static enum err rebuild(struct gateway *g, enum memory_run_kind how, struct care_report *report) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(g->memory_store, a, &r, "rebuild.list", "i", (int64_t)REBUILDS));
    report->rebuilt = count_summaries(&r);
    for (size_t at = 0; how == MEMORY_DO && at < r.n; )
        TRY(rebuild_one(g, &r, &at, report));
    return OK;
}

/* ---- all of it ---- */

static enum err database_bytes(struct gateway *g, int64_t *out) AWAITS
{
    struct memory_stats s;

    TRY(memory_stats(g->memory, &s));
    *out = (int64_t)s.database_bytes;
    return OK;
}

static enum err tell_expired(struct gateway *g, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t *ids;

    return expired_page(g, a, &ids, ret_n);
}

enum err care_optimize(struct gateway *g, enum memory_run_kind how, struct care_report *out)
{
    struct care_report r = { 0 };

    TRY(database_bytes(g, &r.bytes_before));
    TRY(how == MEMORY_DO ? delete_expired(g, &r.expired) : tell_expired(g, &r.expired));
    TRY(memory_merge(g->memory, how, &r.merged));
    TRY(rebuild(g, how, &r));
    TRY(compress(g, how, &r));
    if (how == MEMORY_DO) {
        TRY(memory_wipe(g->memory));
        TRY(set_done(g, "care.optimized_at"));
        metric_add(METRIC_memory_merged, (int64_t)r.merged);
        metric_add(METRIC_memory_compressed, (int64_t)r.exchanges);
    }
    TRY(database_bytes(g, &r.bytes_after));
    *out = r;
    return OK;
}

static enum err optimize_if_due(struct gateway *g) AWAITS
{
    uint64_t every = config_now()->memory_optimize_every;
    struct care_report r = { 0 };
    int64_t last;

    if (every == 0)
        return OK;
    TRY(done_at(g, "care.optimized_at", &last));
    if (last == 0)
        return set_done(g, "care.optimized_at");        /* a new home has nothing to care for yet */
    if (clock_wall_ms() - last < (int64_t)every)
        return OK;
    TRY(care_optimize(g, MEMORY_DO, &r));
    log_event(LOG_INFO, "memory.optimized", F("merged", r.merged), F("conversations", r.conversations), F("exchanges", r.exchanges),
              F("rebuilt", r.rebuilt), F("bytes", r.bytes_after));
    return OK;
}

static enum err look(struct gateway *g) AWAITS
{
    struct care_report r = { 0 };
    size_t n;

    TRY(care_expire(g, &n));
    TRY(rebuild(g, MEMORY_DO, &r));
    return optimize_if_due(g);
}

enum err care_run(void *gateway)
{
    TRY(fiber_sleep(FIRST_MS));
    for (;;) {
        enum err e = look(gateway);

        TRY(fiber_check());
        if (e)
            log_event(LOG_WARN, "memory.care_failed", F("error", failed_text()));
        TRY(fiber_sleep(LOOK_EVERY_MS));
    }
}
