// SPDX-License-Identifier: Apache-2.0
/* extract.h: a summary without a model: the sentences of a text that are most about what it is about, in their order.
 * Words count by how often they come (Chinese by pairs of characters), sentences by their words and their place, and
 * what was said by a chosen one counts less in the next.  The same text gives the same summary.  Pure, but for extract_offloaded(). */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum { EXTRACT_SENTENCES_MAX = 20000 };     /* what comes after is not looked at */

/* Sentences as they stand, on one line each; they point into the text.  A sentence ends at 。！？ and their like, at .!?
 * before a space (not behind an abbreviation), and at an empty line, a heading or an item of a list. */
struct sentences { const str *text; size_t n; };
void extract_sentences(struct arena *, str text, struct sentences *out);

/* At most so many sentences and bytes, a line each.  text is valid UTF-8. */
str  extract_summary(struct arena *, str text, size_t max_sentences, size_t max_bytes);
/* The same on a thread: a long text takes a while.  In the arena; where no sentence is found, the text's beginning. */
enum err extract_offloaded(struct arena *, str text, size_t max_sentences, size_t max_bytes, str *out) AWAITS MUST_USE;
