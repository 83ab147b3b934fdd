// SPDX-License-Identifier: Apache-2.0
/* purge.c: vectors of what was forgotten leave their files.  The list of them is in the database, and gets shorter only after that. */
#include "base/log.h"
#include "memory/memory_internal.h"
#include "runtime/offload.h"

enum { PURGE_PAGE = 1000 };

struct purge { struct vectors *vectors; const int64_t *ids; size_t n; };

static enum err purge_files(void *arg)
{
    const struct purge *p = arg;

    for (size_t i = 0; i < p->n; i++)
        vectors_remove(p->vectors, p->ids[i]);
    return vectors_sync(p->vectors);
}

static enum err purge_page(struct memory *m, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(vector_side_leave) struct memory *inside = NULL;
    int64_t ids[PURGE_PAGE];
    struct batch *b = batch_new(a);
    struct rows r;

    TRY(vector_side_enter(m, &inside));
    TRY(store_read(m->store, a, &r, "purge.list", "i", (int64_t)PURGE_PAGE));
    *ret_n = r.n;
    if (r.n == 0)
        return OK;
    for (size_t i = 0; i < r.n; i++)
        ids[i] = row_int(&r, i, 0);
    if (m->vectors)
        TRY(fiber_offload(purge_files, &(struct purge){ m->vectors, ids, r.n }));
    batch_add(b, "purge.done", "s", ids_json(a, ids, r.n));
    return store_commit(m->store, b);
}

enum err purge_all(struct memory *m)
{
    size_t n;

    do
        TRY(purge_page(m, &n));
    while (n == PURGE_PAGE);
    return OK;
}

enum err purge_run(void *memory)
{
    struct memory *m = memory;
    uint64_t failures = 0;

    for (;;) {
        uint64_t seen = m->changes;
        enum err e = purge_all(m);

        TRY(fiber_check());
        if (e && failures++ == 0)
            log_event(LOG_ERROR, "memory.purge_failed", F("error", failed_text()));
        if (e) {
            failure_tell("memory purge", failed_text());
            TRY(fiber_sleep(failure_pause(&memory_patience, failures, FAILURE_NOT_ASKED)));
            continue;
        }
        if (failures)
            failure_over("memory purge");
        failures = 0;
        TRY(memory_wait_for_change(m, seen));
    }
}
