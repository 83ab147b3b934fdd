// SPDX-License-Identifier: Apache-2.0
/* knowledge_read.h: a document becomes passages with their hashes: its bytes are read, compared, and taken apart. */
#pragma once
#include "memory/chunk.h"
#include "memory/knowledge_walk.h"

struct read_passage { struct passage passage; char hash[ITEM_HASH_SIZE]; };

struct reading_job {
    struct arena            *arena;         /* what comes out; nobody else's while it is read */
    const struct walk_rules *rules;         /* NULL: bytes are there */
    const char              *name;          /* below the root, or a URL: what is cited */
    str                      content_type;
    const char              *known_mark;    /* SHA-256 of the bytes as they were; "" */
    bool                     rows_only;     /* what has no rows is an error */
    uint64_t                 max_size;
    struct buf               bytes;         /* taken; freed when they are read */

    bool                     opened;        /* out, as all below: bytes and mark are there */
    bool                     same;          /* as it was: nothing was taken apart */
    char                     mark[ITEM_HASH_SIZE];
    bool                     racy;          /* it changed a moment ago: within the same tick of the clock it may change again */
    enum err                 error;         /* of the document; OK: passages */
    char                     why[ERR_TEXT_MAX];     /* of the error, or what was left out */
    struct read_passage     *passages;
    size_t                   n, cap;
};

/* Reads and compares: in a pool thread.  An error is the document's, in `error`. */
void     reading_open(struct reading_job *);
/* Must document_prepare() be awaited for it? */
bool     reading_must_prepare(const struct reading_job *);
/* Takes it apart: in a pool thread.  prepared NULL: it need not be. */
void     reading_take_apart(struct reading_job *, struct document *prepared);
/* All of it, in pool threads; an error is not the document's: cancelled, out of time. */
enum err reading_run(struct reading_job *, const struct document_host *) AWAITS MUST_USE;
void     reading_done(struct reading_job *);
