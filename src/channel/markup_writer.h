// SPDX-License-Identifier: Apache-2.0
/* markup_writer.h: where text becomes a platform's bytes: styles, escapes, what lines begin with.  markup_chat.c walks the tree
 * and says what stands where; how it is written is decided here, by the platform's row of marks.
 *
 * Tags are written as they come.  Other marks wait for the text: they open right before its first letter, close right behind its
 * last one, and are closed and opened again around a newline, because nowhere may a blank or a line's end stand inside at the edge. */
#pragma once
#include "channel/markup_marks.h"

enum { STYLES_MAX = 32, PREFIX_MAX = 512 };

struct writer {
    struct buf *out;                /* NULL: only count (tags and plain text) */
    const struct marks *marks;
    size_t   units;                 /* visible UTF-16 units so far (tags and plain text) */
    bool     started;
    unsigned newlines;              /* owed before the next content: none at the end of a text */
    size_t   prefix_len;
    char     prefix[PREFIX_MAX];    /* what each line of a list item or a quote begins with */
    bool     in_quote, quote_open;  /* a quote's tag waits for content, and gives way to code */
    size_t   quote_len;             /* of the prefix, what blank lines before the next content have: the quote goes on */
    bool     in_heading;            /* bold already */
    /* private */
    bool     in_code;
    size_t   ticks;                 /* backticks around the code */
    size_t   n_styles;
    unsigned char styles[STYLES_MAX];       /* wanted, of the text that comes */
    size_t   n_open;
    unsigned char open[STYLES_MAX + 1];     /* written and not closed, or STYLE_LEFT_OUT */
    size_t   blanks;                /* spaces that wait for text behind them */
    bool     line_start, closed;    /* right behind a line's start, a closing mark */
    bool     line_number;           /* the line is digits so far */
    uint32_t last;                  /* the character before; 0: a mark or nothing */
};

/* Text a reader sees. */
void writer_put(struct writer *, str);
/* Newlines before whatever comes next, at least so many. */
void writer_owe(struct writer *, unsigned newlines);
/* What is owed is written, because something comes. */
void writer_begin(struct writer *);
/* A mark of its own: a bullet, a heading's. */
void writer_put_mark(struct writer *, str);
/* Whole lines: code, an aligned table. */
void writer_put_block(struct writer *, str text, str language);
void writer_push_prefix(struct writer *, str);
void writer_put_tag(struct writer *, const char *);

void writer_push_style(struct writer *, enum text_style);       /* at most STYLES_MAX, each once */
void writer_pop_style(struct writer *);
bool writer_has_style(const struct writer *, enum text_style);  /* or no room for one more */
/* Code in a line.  text is what will be put, to choose the mark by. */
void writer_begin_code(struct writer *, str text);
void writer_end_code(struct writer *);
/* A link as its platform writes one; not LINK_SAYS_ADDRESS, not LINK_TAG. */
void writer_put_link(struct writer *, str text, str href);
/* As an attribute's value or the like. */
void writer_add_escaped(const struct writer *, struct buf *, str);
void writer_end(struct writer *);
