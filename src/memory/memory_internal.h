// SPDX-License-Identifier: Apache-2.0
/* memory_internal.h: what the files of the memory itself share. */
#pragma once
#include "base/map.h"
#include "memory/id.h"
#include "memory/memory.h"
#include "memory/text.h"
#include "memory/vectors.h"
#include "runtime/failure.h"
#include "runtime/fiber.h"

enum { FRESH_MAX = 64 };

/* Which form the texts are in, or, while it changes, come to be in. */
struct encryption { bool on, changing; int64_t up_to, done; };

struct memory {
    struct store   *store;
    struct text     text;
    char           *folder, *label;
    struct embedder embedder;
    struct map      without;            /* scopes in which nothing was ever stored, as far as was asked; forgotten whole like the next */
    uint64_t        made;               /* partitions, so far */
    struct map      partitions;         /* their numbers, by scope and collection; forgotten whole when there are many */
    struct waiters  changed;
    uint64_t        changes;            /* how often there came something to do */
    uint64_t        puts;               /* and how often vectors */

    struct vectors *vectors;            /* NULL: there are none */
    int64_t         generation;         /* of the vectors; 0: there never were any */
    bool            stale;              /* there may be items with vectors of another generation .. */
    bool            lost;               /* .. or whose vector is not in the files */
    enum vectors_kind kind;
    size_t          users;              /* searches under way in the vectors */
    bool            writing;            /* somebody changes the vectors .. */
    struct waiters  writers;            /* .. and these want to; or wait for the users to leave */
    int64_t         fresh[FRESH_MAX];   /* just saved, by somebody who may ask for it at once */
    size_t          n_fresh;

    struct fibers  *running;            /* of memory_run() */
    bool            closing, switching; /* what runs is to end, for good or for a while */
    struct waiters  ended;
    int64_t         shown_items, shown_pending;     /* in the metrics */
    char            index_text[80], encryption_text[80];    /* of memory_stats() */
    struct encryption encryption;
};

/* memory.c */
extern const struct failure_policy memory_patience;     /* of what goes on in the background */
enum err memory_wait_for_change(struct memory *, uint64_t since) AWAITS MUST_USE;
enum err memory_renew_vectors(struct memory *) AWAITS MUST_USE;     /* all of them are made anew, in new files */
enum err memory_show(struct memory *) AWAITS MUST_USE;  /* the gauges; memory_stats.c */

/* partitions.c */
void partitions_forget(struct memory *);    /* those that are known by heart: some may be gone */
bool scope_among(struct scope, const struct scope *, size_t n);

/* item_list.c */
str ids_json(struct arena *, const int64_t *ids, size_t n);     /* "[1,2,3]", for statements with json_each() */

/* vector_side.c: the files of vectors beside the database */
enum err vector_side_open(struct memory *) AWAITS MUST_USE;
void     vector_side_close(struct memory *) AWAITS;
/* One at a time changes them: CLEANUP(vector_side_leave) struct memory *inside = NULL; TRY(vector_side_enter(m, &inside)); */
enum err vector_side_enter(struct memory *, struct memory **inside) AWAITS MUST_USE;
void     vector_side_leave(struct memory **inside);
enum err vector_side_all_current(struct memory *) AWAITS MUST_USE;      /* notes that no item has a vector of another generation */
/* Puts, syncs and marks the vectors of items that are still there and want one.  values NULL: it cannot have one. */
struct made_vector { int64_t id; const float *values; };
enum err vector_side_put(struct memory *, const struct made_vector *, size_t n) AWAITS MUST_USE;
bool     vector_is_usable(const float *, size_t n);         /* finite, and not all 0 */

/* embedding_queue.c, purge.c, vector_side.c: what memory_run() runs */
enum err embedding_queue_run(void *memory) AWAITS MUST_USE;
enum err purge_run(void *memory) AWAITS MUST_USE;
enum err vector_side_run(void *memory) AWAITS MUST_USE;
enum err purge_all(struct memory *) AWAITS MUST_USE;

/* encryption.c: texts follow the option */
enum err    encryption_open(struct memory *, struct data_keys *) AWAITS MUST_USE;
enum err    encryption_run(void *memory) AWAITS MUST_USE;
const char *encryption_text(struct memory *, int64_t items);

/* embedding.c: a text each into a vector each */
struct embedding {
    int64_t      id;
    str          words;
    const float *values;        /* NULL: not yet, or it cannot be */
    bool         unfit;
};
/* What has no values yet and is not unfit gets values or is unfit.  An error is the embedder's: what is left may go well later. */
enum err embed_all(const struct embedder *, struct arena *, struct embedding *, size_t n) AWAITS MUST_USE;

/* vectors_compare.c: items against vectors, both ways.  MEMORY_MEND: who lacks one is put in the queue, what is too much in the list of
 * purges. */
struct vectors_difference { uint64_t items, vectors, missing, extra; };
enum err vectors_compare(struct memory *, enum memory_care, struct vectors_difference *out) AWAITS MUST_USE;

/* items.c: of rows whose first column are ids, ascending: that of this one.  False: there is none. */
bool memory_row_of_id(const struct rows *, int64_t id, size_t *ret_row);
