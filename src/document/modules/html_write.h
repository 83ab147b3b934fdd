// SPDX-License-Identifier: Apache-2.0
/* modules/html_write.h: Markdown, written piece by piece.  Breaks and blanks are asked for and come out when something
 * follows them, so that nothing begins or ends with them and no two of them add up. */
#pragma once
#include "base/buf.h"

enum { HTML_LEVELS = 12 };          /* lists and quotations within each other that are indented */

struct html_level { size_t outer, inner; bool ordered; int64_t next; };

struct html_writer {
    struct buf *out;                /* what is written to now: the page, a cell or a link */
    struct buf  prefix;             /* of each line: indentation, "> " */
    struct html_level levels[HTML_LEVELS + 1];      /* the first is the page's */
    size_t      n_levels;
    char        marker[24];         /* "- ", "12. ", "## ": comes before the next text; "" */
    bool        indents;            /* what follows the marker's line is indented by its width */
    unsigned    flat;               /* > 0: one line, a break is a blank */
    unsigned    breaks;             /* line ends before the next text */
    bool        space;              /* a blank before the next text */
};

void html_break(struct html_writer *, unsigned lines);          /* 1: a new line; 2: a paragraph */
void html_put(struct html_writer *, str);                       /* as it is, on the line */
void html_put_collapsed(struct html_writer *, str);             /* runs of blanks are one */
void html_put_code(struct html_writer *, str code);             /* in a block of its own, or within the line when flat */
void html_put_code_span(struct html_writer *, str code);

void html_list_begin(struct html_writer *, bool ordered, int64_t first);
void html_item_begin(struct html_writer *);
void html_item_end(struct html_writer *);
void html_quote_begin(struct html_writer *);
void html_level_end(struct html_writer *);                      /* of a list or a quotation */
void html_heading_begin(struct html_writer *, unsigned level);
void html_writer_done(struct html_writer *);
