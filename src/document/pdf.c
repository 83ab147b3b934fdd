// SPDX-License-Identifier: Apache-2.0
/* A PDF, through pdftotext of poppler, which somebody else runs: it is a parser of 300,000 lines that reads what strangers made. */
#include <assert.h>

#include "base/utf8.h"
#include "document/reading.h"

enum { COMPLAINT_MAX = 4096, COMPLAINT_SHOWN = 200 };

static bool says(const struct buf *complaint, str words)
{
    return str_find(buf_str(complaint), words) != STR_NONE;
}

/* Its first line; poppler repeats itself. */
static str first_line(const struct buf *complaint)
{
    str text = str_trim(buf_str(complaint));

    return utf8_take(str_take(text, str_find_char(text, '\n')), COMPLAINT_SHOWN);
}

static enum err why_not(const struct document_conversion *c)
{
    if (says(c->complaint, S("ncorrect password")) || says(c->complaint, S("ncrypt")))
        return failed(ERR_INPUT, "the PDF is encrypted: save it without its password (qpdf --decrypt) and give that");
    if (c->status < 0)
        return failed(ERR_LIMIT, "pdftotext was ended before it was done with the PDF: it is too large or made to be; "
                                 "split it (qpdf --split-pages)");
    return failed(ERR_INPUT, "the PDF is broken, and pdftotext cannot read it (%.*s): open and save it anew, or print it to a PDF",
                  STR(first_line(c->complaint)));
}

/* Whether anything but blanks and the ends of pages stands there. */
static bool has_text(str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.p[i] > ' ')
            return true;
    return false;
}

static enum err convert(struct document *d, const struct document_host *host) AWAITS
{
    static const char *const argv[] = { "pdftotext", "-enc", "UTF-8", "-", "-", NULL };
    CLEANUP(buf_done) struct buf complaint = { .max = COMPLAINT_MAX };
    struct document_conversion c = { .argv = argv, .input = d->bytes, .output = &d->converted, .complaint = &complaint };

    buf_clear(&d->converted);
    d->converted.max = DOCUMENT_TEXT_MAX;
    enum err e = host->convert(host->arg, &c);

    if (e == ERR_NOT_FOUND)
        return failed(ERR_INPUT, "a PDF is read by pdftotext, which is not installed: install the package poppler-utils");
    TRY(e);
    if (c.status != 0 && !d->converted.overflowed)
        return why_not(&c);
    if (!has_text(buf_str(&d->converted)))
        return failed(ERR_INPUT, "the PDF has no text, only pictures of it: recognise the text first (ocrmypdf) and give that");
    return OK;
}

enum err document_prepare(struct document *d, const struct document_host *host)
{
    if (document_kind(d) != DOCUMENT_PDF)
        return OK;
    assert(host);
    enum err e = convert(d, host);

    return e ? failed_in(e, "%.*s: ", STR(utf8_take(d->name, DOCUMENT_NAME_SHOWN))) : OK;
}

enum err reading_pdf(struct reading *r)
{
    CLEANUP(buf_done) struct buf room = {0};
    struct document *d = r->document;
    str text;

    if (d->converted.len == 0)
        return failed(ERR_BUG, "document_prepare() was not called for this PDF");
    d->cut |= d->converted.overflowed;
    TRY(reading_text(d, buf_str(&d->converted), S("utf-8"), &room, &text));
    return reading_pages(r, text);
}
