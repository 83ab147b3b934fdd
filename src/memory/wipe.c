// SPDX-License-Identifier: Apache-2.0
/* wipe.c: what was forgotten leaves every file. */
#include <inttypes.h>

#include "memory/memory_internal.h"
#include "runtime/clock.h"

/* Names of people and of chats stand in the partitions that were theirs. */
static enum err forget_empty(struct memory *m) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    partitions_forget(m);
    batch_add(b, "partition.forget_empty", "");
    TRY(store_commit(m->store, b));
    partitions_forget(m);
    return OK;
}

static enum err note_wipe(struct memory *m, int64_t at) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "memory_meta.set", "cc", MEMORY_WIPED_AT, arena_printf(a, "%" PRId64, at));
    return store_commit(m->store, b);
}

/* The index is built anew and not only merged: SQLite 3.40's FTS5 keeps the words of what was deleted until a merge that reaches the
 * oldest piece, and has none to make where there is but one. */
enum err memory_wipe(struct memory *m)
{
    int64_t begun = clock_wall_ms();

    TRY(purge_all(m));
    TRY(forget_empty(m));
    TRY(text_rebuild(&m->text));
    TRY(store_shrink(m->store));
    return note_wipe(m, begun);
}
