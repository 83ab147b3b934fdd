// SPDX-License-Identifier: Apache-2.0
/* reading.h: what the readers of all formats share: the way out, lines, the path of headings; and the readers themselves.
 * A reader gets text from reading_text() or from a module, and gives each section to reading_put(), which keeps the promises of
 * document.h: no section is empty or too long, no document is. */
#pragma once
#include "document/document.h"

enum { DOCUMENT_NAME_SHOWN = 200 };         /* of its name in an error */

struct reading {
    struct document *document;
    enum err       (*on_section)(void *arg, const struct section *);
    void            *arg;
    size_t           given;                 /* bytes of text so far */
    struct buf       scratch;               /* a row's text */
    bool             theirs;                /* it is on_section() that failed */
};

/* Cuts what is long where it hurts least, drops blank lines around it, counts lines behind place.number.  A PLACE_PART needs
 * no number.  Does nothing once the document is cut: a reader may look at document->cut and stop. */
enum err reading_put(struct reading *, const struct section *) MUST_USE;
/* A row of a table: its text is made of its fields. */
enum err reading_put_row(struct reading *, str heading, uint32_t number, const struct document_field *, size_t n) MUST_USE;
/* Counts a row that cannot be read; the first one's text is kept. */
void     reading_skipped(struct reading *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as UTF-8 with "\n" for line ends and without NUL: a piece of `bytes` where they are that, else in *room.  declared: a
 * charset's name, or NO_STR. */
enum err reading_text(struct document *, str bytes, str declared, struct buf *room, str *ret_text) MUST_USE;

uint64_t reading_count_replaced(str);                  /* U+FFFD */

struct lines { str rest; uint32_t number; };        /* number: of the line that next() gave; {text, 0} starts */
bool lines_next(struct lines *, str *ret_line);     /* without its "\n" */

enum { OUTLINE_LEVELS = 9, OUTLINE_TITLE_MAX = 120 };
struct outline { struct { char text[OUTLINE_TITLE_MAX + 1]; } titles[OUTLINE_LEVELS]; char path[SECTION_HEADING_MAX + 1]; };
void outline_set(struct outline *, unsigned level, str title);      /* level 1 to 9; deeper titles are forgotten */
void outline_forget(struct outline *, unsigned level);              /* that one and the deeper ones */
str  outline_path(const struct outline *);

/* Blocks of consecutive lines are gathered until a section is full. */
struct gather {
    struct reading      *out;
    enum section_kind    kind;
    enum place_kind      place;
    size_t               max;
    str                  heading;               /* valid until the flush */
    const char          *from, *boundary;       /* boundary: the latest place where a cut is good */
    uint32_t             from_line, boundary_line;
};
void     gather_start(struct gather *, const char *at, uint32_t line);
enum err gather_boundary(struct gather *, const char *at, uint32_t line) MUST_USE;
enum err gather_flush(struct gather *, const char *at, uint32_t line) MUST_USE;     /* and starts anew there */

/* --- the readers --- */

enum err reading_plain(struct reading *, str text) MUST_USE;
/* PLACE_PART: its lines are not the document's.  heading: what stands above the first one, or NO_STR. */
enum err reading_markdown(struct reading *, str text, enum place_kind, str heading) MUST_USE;
enum err reading_source(struct reading *, str text) MUST_USE;
enum err reading_csv(struct reading *, str text) MUST_USE;
enum err reading_json_rows(struct reading *, str text) MUST_USE;
enum err reading_pages(struct reading *, str text) MUST_USE;           /* pdftotext's: a form feed behind each page */
/* Of a document or of a mail; content_type is one of HTML, and may name the charset. */
enum err reading_put_html(struct reading *, str bytes, str content_type, str heading) MUST_USE;
/* These begin with the document's bytes. */
enum err reading_html(struct reading *) MUST_USE;
enum err reading_pdf(struct reading *) MUST_USE;
enum err reading_office(struct reading *, enum document_kind) MUST_USE;
enum err reading_mail(struct reading *) MUST_USE;
