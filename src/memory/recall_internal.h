// SPDX-License-Identifier: Apache-2.0
/* recall_internal.h: one recall under way, and its two stages. */
#pragma once
#include "memory/fuse.h"
#include "memory/memory_internal.h"
#include "memory/recall.h"
#include "memory/text.h"
#include "memory/vectors.h"

enum { RECALL_EMBED_MS = 2000 };        /* how long the question's vector may take */

struct recall_stage { enum err err; char why[200]; };

struct recall_run {
    struct memory             *memory;
    struct arena              *arena;
    const struct recall_query *query;
    int64_t                    now;
    uint32_t                  *partitions;
    size_t                     n_partitions;
    size_t                     fetch;           /* hits of a stage */
    struct { struct recall_stage stage; struct text_hit *hits; size_t n; } text;
    struct {
        struct recall_stage stage;
        struct vectors     *index;              /* NULL: there is none */
        struct vector_hit  *hits;
        size_t              n;
        const float        *question;
    } vectors;
    struct embedder            embedder;
    struct fuse_candidate     *candidates;
    size_t                     n;
    const struct memory_item  *items;
    uint32_t                  *chosen;
    size_t                     n_chosen, left_out;
};

/* recall_stages.c: both side by side.  An error only when both failed, or we were interrupted. */
enum err recall_search(struct recall_run *) AWAITS MUST_USE;
/* Gives the candidates their vectors, and those their similarity that have none yet; the dimension.  Blocks. */
size_t   recall_vectors_of(struct recall_run *);
str      recall_note(const struct recall_run *);
