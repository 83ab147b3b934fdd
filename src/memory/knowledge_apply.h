// SPDX-License-Identifier: Apache-2.0
/* knowledge_apply.h: what was read of a document becomes rows: passages with new words are added, those whose words are there no more
 * are deleted, the others keep id and vector. */
#pragma once
#include "memory/knowledge_internal.h"
#include "memory/knowledge_read.h"

/* A document's row as it was. */
struct known_document {
    int64_t id;                     /* 0: it has none yet */
    int64_t size, changed;
    const char *mark;
    str     validators, error, taint;
};
void known_of_row(const struct rows *, struct known_document *out);     /* knowledge.document_find; no row: all zero */

struct applied_document {
    struct source        *source;
    struct known_document known;    /* with an id */
    struct reading_job   *job;
    int64_t size, changed, modified;        /* as the row is to have them; modified: ms, the time that its items get */
    str     validators, taint;
};
/* Adds to the batch all that changes; what it reads before lives in the arena. */
enum err apply_document(struct arena *, struct batch *, const struct applied_document *) AWAITS MUST_USE;

/* Without a row each gets one: ids[i] is that of names[i]. */
enum err make_documents(struct source *, struct arena *, const str *names, size_t n, int64_t *ret_ids) AWAITS MUST_USE;
