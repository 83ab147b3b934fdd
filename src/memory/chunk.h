// SPDX-License-Identifier: Apache-2.0
/* chunk.h: the sections of a document (document/document.h) become passages: what is indexed, found and cited.  Pure.
 *
 * A passage is CHUNK_MIN to CHUNK_MAX tokens where the document lets it be, and of one heading, one page, one table's row.  It ends
 * at a paragraph where it can, within a paragraph at a sentence, within code at a line.  Where a paragraph had to be cut, the next
 * passage begins with the last sentences of the one before; code is never repeated, and is kept whole where it fits.
 *
 * Which paragraph ends a passage depends on the paragraph's own words too: when something is put in near the beginning of a long
 * text, the passages behind it soon are the same ones as before, and only a few have to be stored and embedded anew. */
#pragma once
#include "document/document.h"
#include "memory/item.h"

enum { CHUNK_MIN = 200, CHUNK_MAX = 400, CHUNK_OVERLAP = 40, CHUNK_FIELDS_MAX = 32 << 10 };

struct passage {
    enum item_kind kind;        /* ITEM_PASSAGE, ITEM_ROW */
    str    title;               /* "guide/setup.md > Install > Debian" */
    str    text;                /* not empty, no blank at its ends, ITEM_TEXT_MAX at most */
    str    place;               /* "page 3", "lines 120-160", "row 17" */
    str    fields;              /* of a row: a JSON object of its columns; "" */
    size_t repeated;            /* so many bytes of the text stand at the end of the passage before, too */
};

struct chunker {
    str        name;            /* the document's, as it is cited; must outlive the chunker */
    enum err (*on_passage)(void *arg, const struct passage *);     /* its strings die when it returns; an error ends the chunking */
    void      *arg;
    struct buf text;            /* private, like all below */
    struct buf title, place, fields, heading;
    size_t     tokens, repeated;
    struct document_place from;
    uint32_t   line, end_line;  /* of what is added next; of what was added last */
    size_t     sentence_at[2];  /* where in `text` the latest sentences begin */
    bool       begun, prose;
};

enum err chunk_section(struct chunker *, const struct section *) MUST_USE;     /* in the document's order */
enum err chunk_end(struct chunker *) MUST_USE;
void     chunker_done(struct chunker *);

/* What a model would count, about: a Chinese, Japanese or Korean character is one, of all else four bytes are. */
size_t   chunk_tokens(str);
