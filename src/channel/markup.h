// SPDX-License-Identifier: Apache-2.0
/* markup.h: Markdown (GitHub's flavour) parsed once to a small tree, and the tree written for where it goes.
 * Parsing never fails: what is no Markdown is text, raw HTML too, bad UTF-8 is repaired.  The tree is at most
 * MD_DEPTH_MAX deep, so that whoever walks it may recurse. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "domain/channel.h"

enum {
    MD_DEPTH_MAX = 32,              /* what is nested deeper becomes a sibling */
    MD_SOURCE_MAX = 1 << 20,        /* longer sources are one paragraph of plain text */
};

enum md_type {
    MD_DOCUMENT, MD_QUOTE, MD_LIST, MD_ITEM, MD_RULE, MD_HEADING, MD_FENCE, MD_PARAGRAPH, MD_TABLE, MD_ROW, MD_CELL,
    MD_EMPHASIS, MD_STRONG, MD_STRIKE, MD_LINK, MD_IMAGE, MD_CODE, MD_TEXT, MD_BREAK,
};

struct md_node {
    enum md_type type;
    struct md_node *parent, *first, *last, *next;
    str      text;                  /* MD_TEXT: points into the source unless it was an entity; MD_DOCUMENT: the source */
    str      href;                  /* MD_LINK, MD_IMAGE: as written; MD_FENCE: the language, "" if none */
    unsigned number;                /* MD_HEADING: level; MD_LIST: first number of an ordered one; MD_CELL: 0, 'l', 'c', 'r' */
    bool     ordered, tight;        /* MD_LIST */
    bool     head;                  /* MD_ROW: of the table's head */
    char     task;                  /* MD_ITEM: 0, ' ' or 'x' */
    char     fence;                 /* MD_FENCE: '`' or '~'; 0: it is indented */
};

/* A tree's root is an MD_DOCUMENT. */
const struct md_node *markup_parse(struct arena *, str source);

/* Telegram's HTML: b i s code pre a blockquote; the rest as text laid out with bullets, numbers and aligned tables. */
void   markup_to_telegram(struct buf *, const struct md_node *);
/* The same layout without tags; a link's address follows its text. */
void   markup_to_plain(struct buf *, const struct md_node *);
/* For a page: no raw HTML, links to http, https and mailto only, images as links. */
void   markup_to_web(struct buf *, const struct md_node *);

/* As one of the platforms that have marks rather than tags (markup_marks.h) writes it. */
void   markup_to_chat(struct buf *, const struct md_node *, enum markup);

/* As a platform wants it: what translators call.  What looks like markup in the text is escaped where the platform has an escape,
 * what would call people (@everyone, <!channel>, <@id>) is never written.  A source that shows nothing is written as text. */
void   markup_write(struct buf *, const struct md_node *, enum markup);
/* Plain text, for a platform that takes this markup and refused it: nobody is called by that either. */
void   markup_write_plainly(struct buf *, const struct md_node *, enum markup);

/* UTF-16 units of the text a reader sees, tags and addresses hidden by them not counted: the larger of what
 * Telegram's HTML and plain text give, so that falling back from the one to the other fits too. */
size_t markup_units(const struct md_node *);
/* Units of what markup_write() writes, marks and all; plain text is thought of here, too, but for MARKUP_MARKDOWN. */
size_t markup_size(const struct md_node *, enum markup, enum text_unit);
size_t text_units(str, enum text_unit);

/* All text of the tree, whatever it is nested in: for titles, searches and tests. */
void   markup_text(struct buf *, const struct md_node *);

/* Writes Markdown: the text, none of which is markup.  One line. */
void   markup_add_literally(struct buf *, str text);
/* Writes Markdown: the text as a code block, whose fence is longer than any in it.  No newline behind it. */
void   markup_add_block(struct buf *, str text);
