// SPDX-License-Identifier: Apache-2.0
/* deletion.c: items go. */
#include <inttypes.h>

#include "base/log.h"
#include "base/metrics.h"
#include "memory/memory_internal.h"
#include "runtime/clock.h"

enum { DELETE_PAGE = 1000 };

enum deletion { FORGET, DROP };

/* Their words may be in the files until the next wipe, which somebody has to think of (MEMORY_GONE_AT). */
static void add_deletion(struct arena *a, struct batch *b, str ids, enum deletion how)
{
    batch_add(b, "memory_meta.set", "cc", MEMORY_GONE_AT, arena_printf(a, "%" PRId64, clock_wall_ms()));
    if (how == DROP) {
        batch_add(b, "forget.drop", "s", ids);
        return;
    }
    batch_add(b, "forget.note_rebuilds", "s", ids);
    batch_add(b, "forget.rebuild_sources", "s", ids);
    batch_add(b, "forget.items", "s", ids);
}

/* A page of ids is a transaction: a long one would let nobody else commit. */
static enum err delete_all(struct memory *m, const int64_t *ids, size_t n, enum deletion how, size_t *ret_n) AWAITS
{
    size_t gone = 0;

    for (size_t done = 0; done < n; done += DELETE_PAGE) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct batch *b = batch_new(a);

        add_deletion(a, b, ids_json(a, ids + done, n - done < DELETE_PAGE ? n - done : DELETE_PAGE), how);
        TRY(store_commit(m->store, b));
        gone += batch_changed(b, batch_size(b) - 1);
    }
    *ret_n = gone;
    metric_add(METRIC_memory_deleted, (int64_t)gone);
    return OK;
}

/* The vectors go at once.  Where that fails now, memory_run() goes on: their list is stored. */
static enum err delete_with_vectors(struct memory *m, const int64_t *ids, size_t n, enum deletion how, size_t *ret_n) AWAITS
{
    TRY(delete_all(m, ids, n, how, ret_n));
    if (*ret_n && purge_all(m) != OK)
        log_event(LOG_DEBUG, "memory.purge_failed", F("error", failed_text()));
    memory_changed(m);
    return OK;
}

enum err memory_delete(struct memory *m, const int64_t *ids, size_t n, size_t *ret_n)
{
    return delete_with_vectors(m, ids, n, FORGET, ret_n);
}

enum err memory_drop(struct memory *m, const int64_t *ids, size_t n, size_t *ret_n)
{
    return delete_with_vectors(m, ids, n, DROP, ret_n);
}
