// SPDX-License-Identifier: Apache-2.0
/* knowledge_sweep.h: which of a source's documents a walk came across, a bit each, and the deletion of those that it did not. */
#pragma once
#include "memory/knowledge_internal.h"

struct seen { int64_t first, last; uint8_t *bits; };    /* ids of documents; those that came in later count as seen */

enum err seen_begin(struct source *, struct seen *) AWAITS MUST_USE;
void     seen_mark(struct seen *, int64_t id);
void     seen_done(struct seen *);

/* At `path` ("": everywhere) what was not seen is deleted with its items, but for what is below a folder that the walk could not open. */
enum err sweep(struct source *, const struct seen *, const struct folder_walk *, const char *path) AWAITS MUST_USE;

/* Commits what has statements, and tells the memory. */
enum err source_commit(struct source *, struct batch *) AWAITS MUST_USE;
