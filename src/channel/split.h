// SPDX-License-Identifier: Apache-2.0
/* split.h: a long Markdown text as several that fit a platform's limit.  Each piece is Markdown by itself: a code
 * block that is cut is closed and opened again with its language, a table's head is repeated, emphasis goes on.
 * Cuts are sought at headings, paragraphs, lines, sentences, words, in that order; characters (grapheme clusters)
 * and links stay whole unless one alone is over the limit. */
#pragma once
#include "base/arena.h"
#include "base/str.h"
#include "domain/channel.h"

enum { SPLIT_LIMIT_MIN = 32 };

struct pieces { size_t n; const str *text; };

/* limit: units of what markup_write() makes of a piece, marks and all (MARKUP_TELEGRAM_HTML: UTF-16 units of what a reader sees), at
 * least SPLIT_LIMIT_MIN.  A text of blanks gives no piece. */
void split_markdown(struct arena *, str source, enum markup, enum text_unit, size_t limit, struct pieces *out);
/* As the platform counts, at its text_max. */
void split_for(struct arena *, str source, const struct channel *, struct pieces *out);

/* What a piece counts towards the limit. */
size_t split_units(str source, enum markup, enum text_unit);
