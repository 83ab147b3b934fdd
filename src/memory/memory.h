// SPDX-License-Identifier: Apache-2.0
/* memory.h: what the assistant remembers.  The database (schema STORE_MEMORY) is the record: items and their full-text index, changed
 * in one transaction.  Vectors are beside it in files (vectors.h), made after the commit by a queue that a crash does not lose:
 * an item is found by its words at once, by its meaning a moment later.
 *
 * Nobody here knows who may see what: callers name the scopes (scope.h). */
#pragma once
#include "memory/item.h"

struct memory;
struct data_keys;
struct text;
struct vectors;

/* Who makes vectors of texts. */
struct embedder {
    const char *label;              /* "builtin-1", "openai/text-embedding-3-small": another one makes all vectors anew */
    size_t      dimension;
    size_t      batch;              /* texts at most a call */
    /* n vectors of `dimension` numbers behind each other, in the arena.  ERR_INPUT, ERR_TOO_LONG, ERR_REMOTE: some of these texts are
     * not taken, which is found out by asking for fewer; other errors: perhaps later.  `arg` lives as long as the memory. */
    enum err  (*embed)(void *arg, struct arena *, const str *texts, size_t n, const float **out) /* AWAITS */;
    void       *arg;
};

struct memory_options {
    struct store   *store;          /* schema STORE_MEMORY; the caller's, open as long as the memory is */
    struct data_keys *keys;         /* the store's (store/data_keys.h): what is there becomes encrypted, or plain, in the background as
                                     * they are turned on or off; NULL: all is plain */
    const char     *folder;         /* of the vectors' files; made when it is not there */
    struct embedder embedder;       /* embed NULL: no vectors, search by words only */
    const char     *index_type;     /* semantic_search.index_type: auto, flat, hnsw, faiss (any case) */
};

/* Opens the vectors too: files that are damaged, of another dimension or of another embedder are made anew in the background, said once in
 * the log; until then what has no new vector yet is found by its words.  memory_close() ends what runs, and waits for searches. */
enum err memory_open(const struct memory_options *, struct memory **out) AWAITS MUST_USE;
void     memory_close(struct memory *) AWAITS;      /* accepts NULL */
/* The background work, until it is cancelled: vectors of what has none, what was forgotten out of the vectors, the index's upkeep. */
enum err memory_run(void *memory) AWAITS MUST_USE;
/* Another embedder from now on (the configuration was reloaded): the same label changes nothing. */
enum err memory_use_embedder(struct memory *, const struct embedder *) AWAITS MUST_USE;

struct store   *memory_store(struct memory *);
struct text    *memory_text(struct memory *);           /* text.h: its search by words; one a memory */
struct vectors *memory_vectors(struct memory *);        /* NULL: there are none, or they change just now.  Not across an await: */
/* who searches in them in another thread holds them meanwhile.  NULL as above; _done accepts it. */
struct vectors *memory_vectors_use(struct memory *);
void            memory_vectors_done(struct memory *, struct vectors *);
const struct embedder *memory_embedder(const struct memory *);

/* ---- partitions ---- */

/* The number of a scope's collection.  _find: 0 when nothing was ever stored there.  _make: makes it. */
enum err memory_partition_find(struct memory *, struct scope, str collection, uint32_t *out) AWAITS MUST_USE;
enum err memory_partition_make(struct memory *, struct scope, str collection, uint32_t *out) AWAITS MUST_USE;
struct memory_partition { uint32_t id; struct scope scope; str collection; int64_t items; };
/* All that are of these scopes; n_scopes 0: all there are.  For recall, lists and statistics. */
enum err memory_partitions(struct memory *, struct arena *, const struct scope *scopes, size_t n_scopes,
                           const struct memory_partition **out, size_t *ret_n) AWAITS MUST_USE;

/* ---- items ---- */

/* Durable and found by its words when it returns; all or nothing (ERR_INPUT says what of which is wrong).  Where the same words are in
 * the same partition already, in an item that holds and is of the same sort (long-term, exchange, summary, knowledge), they are not
 * stored again: ids[i] is that item's, which then lasts and counts as the more important of both.  created_at 0: now.
 * vectors: n * dimension numbers, or NULL: they are made later. */
enum err memory_save(struct memory *, const struct memory_item *, size_t n, const float *vectors, int64_t *ret_ids) AWAITS MUST_USE;
/* For those who change something else in the same transaction of the memory's store: adds one item, that item_check() takes, to a
 * partition that was made; looks for no double.  Its id is the statement's one row.  After the commit say memory_changed(). */
void     memory_add(struct batch *, uint32_t partition, const struct memory_item *);
void     memory_changed(struct memory *);           /* there is something to embed or to purge */
/* The new one takes the old one's place: one transaction; the old one is kept and not recalled.  ERR_NOT_FOUND: there is no old one
 * in the new one's scope; ERR_CONFLICT: something else has taken its place before. */
enum err memory_replace(struct memory *, int64_t old, const struct memory_item *, int64_t *ret_id) AWAITS MUST_USE;
/* ERR_NOT_FOUND: there is none, or it is not in one of these scopes (which looks the same). */
enum err memory_get(struct memory *, struct arena *, int64_t id, const struct scope *, size_t n_scopes,
                    struct memory_item *out) AWAITS MUST_USE;
/* Many at once, in the order of the ids; those that memory_get() would not give are left out. */
enum err memory_items(struct memory *, struct arena *, const int64_t *ids, size_t n, const struct scope *, size_t n_scopes,
                      const struct memory_item **out, size_t *ret_n) AWAITS MUST_USE;
enum err memory_pin(struct memory *, int64_t id, bool pinned) AWAITS MUST_USE;

struct memory_filter {
    const struct scope *scopes;     /* none: nothing is found */
    size_t   n_scopes;
    str      collection;            /* "": memories; "*": these and all knowledge */
    uint32_t kinds;                 /* 1 << ITEM_FACT | ...; 0: all */
    str      person, session_id;    /* "": any */
    int64_t  since, until;          /* created_at, ms; 0: open */
    bool     with_replaced;
    int64_t  before;                /* id: the page after the one that ended there; 0: the newest */
    size_t   limit;                 /* 1 to 1000 */
};
/* Newest first (greatest sequence), partition after partition. */
enum err memory_list(struct memory *, struct arena *, const struct memory_filter *,
                     const struct memory_item **out, size_t *ret_n) AWAITS MUST_USE;

/* Forgets: rows and index in one transaction, then the vectors; with them summaries that stand on them or on the message they come
 * from, and what they took the place of.  What else such a summary stood on is noted in the table `rebuilds`, to be summarised anew.
 * Unknown ids are passed over.  Beyond 1000 ids a thousand is a transaction.  What is left in files until memory_wipe(): deleted pages'
 * bytes are overwritten by SQLite, words may stay in the full-text index's old segments and in the write-ahead log. */
enum err memory_delete(struct memory *, const int64_t *ids, size_t n, size_t *ret_n) AWAITS MUST_USE;
/* Makes room: these alone go, and what stands on them stays. */
enum err memory_drop(struct memory *, const int64_t *ids, size_t n, size_t *ret_n) AWAITS MUST_USE;
/* Keys of memory_meta: when something was deleted last, stored with the deletion, and when the last complete wipe began; ms. */
#define MEMORY_GONE_AT  "care.gone_at"
#define MEMORY_WIPED_AT "care.wiped_at"
/* Nothing of what was deleted is left in any file of the memory: index merged, log emptied, database and vectors' files written anew where
 * needed.  Takes as long as copying the database. */
enum err memory_wipe(struct memory *) AWAITS MUST_USE;

/* For `memory doctor`: the database's pages, items against their full-text index, counts, vectors in their files, items against vectors.
 * A finding is a line.  MEMORY_MEND: what is derived from the items is put right or made anew; damaged pages cannot be.
 * Takes long; commits wait while the index is read. */
enum memory_care { MEMORY_LOOK, MEMORY_MEND };
struct memory_findings {
    str      text;                  /* a line each; "" */
    size_t   n, mended;
    uint64_t items, vectors;        /* looked at */
    uint64_t purges;                /* forgotten, and their vectors have not left the files yet */
};
enum err memory_check(struct memory *, struct arena *, enum memory_care, struct memory_findings *out) AWAITS MUST_USE;

struct memory_stats {
    int64_t items, pending, failed, purges;     /* pending: without a vector yet; failed: cannot have one */
    int64_t documents, collections;
    uint64_t vectors, vector_bytes, database_bytes;
    const char *embedder, *index;               /* labels: "builtin-1", "flat, AVX-512 VNNI" */
    const char *texts;                          /* "plain", "encrypted", "being encrypted: 400 of 1200 items" */
};
enum err memory_stats(struct memory *, struct memory_stats *out) AWAITS MUST_USE;
