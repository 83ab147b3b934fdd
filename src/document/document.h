// SPDX-License-Identifier: Apache-2.0
/* document.h: the bytes of a document, whatever its format, as sections: pieces of UTF-8 text that know their place in it.
 * No I/O of its own: who has the bytes hands them over, and the program that converts a PDF is run by the caller's host.
 *
 *     CLEANUP(document_done) struct document d = { .name = S("guide.pdf"), .bytes = bytes };
 *
 *     TRY(document_prepare(&d, &host));                   // in a fiber
 *     TRY(document_read(&d, on_section, arg));            // in a pool thread
 *
 * Bounded memory: the sections of a text that is UTF-8 already are pieces of `bytes`; of another charset, of a PDF, of an
 * office document and of HTML there is one copy, of DOCUMENT_TEXT_MAX at most; a section is SECTION_TEXT_MAX at most. */
#pragma once
#include "base/buf.h"

enum { DOCUMENT_TEXT_MAX = 128 << 20, SECTION_TEXT_MAX = 8 << 10, SECTION_HEADING_MAX = 512, SECTION_FIELDS_MAX = 4096 };

enum document_kind {
    DOCUMENT_BINARY,            /* nothing that is read here */
    DOCUMENT_TEXT, DOCUMENT_MARKDOWN, DOCUMENT_SOURCE, DOCUMENT_HTML, DOCUMENT_PDF, DOCUMENT_DOCX, DOCUMENT_ODT, DOCUMENT_CSV,
    DOCUMENT_JSON,              /* an array or an object of objects, or JSON Lines */
    DOCUMENT_MAIL,              /* RFC 5322 */
};

struct document {
    str         name;           /* in: a file's name or a URL; its ending counts, and errors begin with it */
    str         content_type;   /* in: what a server called it, or NO_STR */
    str         bytes;          /* in: must outlive the document */
    struct buf  title;          /* out, as all below: one line; "" where the format has none */
    uint32_t    n_sections;
    uint64_t    n_repaired;     /* NULs, and bytes that were no characters: each is U+FFFD now */
    uint32_t    n_skipped;      /* rows that nobody can read: the rest went on */
    struct buf  problem;        /* the first of those: "row 17: ..." */
    bool        cut;            /* the text goes on behind what was given out: DOCUMENT_TEXT_MAX, PAGE_TEXT_MAX of HTML */
    struct buf  converted;      /* private: the text of a PDF */
};

/* --- what comes out --- */

enum section_kind { SECTION_PROSE, SECTION_CODE, SECTION_ROW };
enum place_kind {
    PLACE_LINE,                 /* of text, Markdown, source code: counted from 1 */
    PLACE_PAGE,                 /* of a PDF */
    PLACE_ROW,                  /* of CSV as a spreadsheet counts (the header is row 1), of JSON the element, of a table in a document
                                 * the row; quoted line ends do not count */
    PLACE_PART,                 /* of what has neither lines nor pages: the section's number */
};
struct document_place { enum place_kind kind; uint32_t number, last; };     /* last: the same as number but for lines */
struct document_field { str name, value; };

/* In the document's order.  All strings die when the callback returns; all are UTF-8 without NUL, line ends are "\n". */
struct section {
    enum section_kind     kind;
    str                   heading;          /* "Guide > Setup", one line; "" above the first heading */
    str                   text;             /* never empty; of a row: "column: value; column: value" */
    struct document_place place;
    uint32_t              piece;            /* 0; then 1, 2, ... where one paragraph, page or row was too long for a section */
    const struct document_field *fields;    /* of a row: whole, as they stood, those without a value too */
    size_t                n_fields;
};

void document_place_say(struct buf *, struct document_place);       /* "line 12", "lines 12-40", "page 3", "row 17", "part 2" */

/* --- what goes in --- */

/* How a program is run: the gateway's host does it in the sandbox. */
struct document_conversion {
    const char *const *argv;    /* NULL-terminated; argv[0] is a program's name */
    str         input;          /* on its standard input */
    struct buf *output;         /* what it wrote: no more than the maximum, then it is ended and output->overflowed */
    struct buf *complaint;      /* the same of its standard error */
    int         status;         /* out: its exit status, -1: it was killed */
};
struct document_host {
    /* OK: it ran, however it ended.  ERR_NOT_FOUND: there is no such program.  Others: it could not run. */
    enum err (*convert)(void *arg, struct document_conversion *) AWAITS;
    void *arg;
};

/* By the first bytes (which no name outweighs), the content type, the name's ending.  Pure and quick: on the loop. */
enum document_kind document_kind(const struct document *);
const char        *document_kind_name(enum document_kind);      /* "Markdown", "a PDF": as it stands in "it is ..." */

/* What must be awaited: a PDF's conversion, by pdftotext.  Nothing for all other kinds; host may be NULL where no PDF comes.
 * ERR_INPUT: the PDF is broken, encrypted, without text, or there is no pdftotext. */
enum err document_prepare(struct document *, const struct document_host *) AWAITS MUST_USE;

/* Blocks, for as long as reading takes (50 MB: a second or two) and on_section wants: in a pool thread, where on_section
 * is called too.  Its error ends the reading and is returned.  ERR_INPUT: this cannot be read, and why, and what to do;
 * ERR_LIMIT: it would take too much memory or time.  ERR_IO: a module is missing. */
enum err document_read(struct document *, enum err (*on_section)(void *arg, const struct section *), void *arg) MUST_USE;
void     document_done(struct document *);
