// SPDX-License-Identifier: Apache-2.0
/* wipe.c: what was forgotten leaves every file. */
#include "memory/memory_internal.h"

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

/* The index is built anew and not only merged: SQLite 3.40's FTS5 keeps the words of what was deleted until a merge that reaches the
 * oldest piece, and has none to make where there is but one. */
enum err memory_wipe(struct memory *m)
{
    TRY(purge_all(m));
    TRY(forget_empty(m));
    TRY(text_rebuild(&m->text));
    return store_shrink(m->store);
}
