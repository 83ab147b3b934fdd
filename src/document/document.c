// SPDX-License-Identifier: Apache-2.0
#include "document/document.h"

#include "base/utf8.h"
#include "document/charset.h"
#include "document/document_kind.h"
#include "document/reading.h"

void document_done(struct document *d)
{
    buf_done(&d->title);
    buf_done(&d->problem);
    buf_done(&d->converted);
}

void document_place_say(struct buf *out, struct document_place p)
{
    static const char *const words[] = { [PLACE_LINE] = "line", [PLACE_PAGE] = "page", [PLACE_ROW] = "row", [PLACE_PART] = "part" };

    buf_addf(out, "%s%s %u", words[p.kind], p.last > p.number ? "s" : "", p.number);
    if (p.last > p.number)
        buf_addf(out, "-%u", p.last);
}

static enum err refuse(const struct document *d)
{
    const char *advice, *what = document_format(d->bytes, &advice);

    return failed(ERR_INPUT, "this is %s, whatever it is called: %s", what, advice);
}

static enum err read_text(struct reading *r, enum err (*reader)(struct reading *, str text))
{
    CLEANUP(buf_done) struct buf room = {0};
    struct document *d = r->document;
    str text;

    TRY(reading_text(d, d->bytes, charset_of_content_type(d->content_type), &room, &text));
    return reader(r, text);
}

static enum err markdown_by_lines(struct reading *r, str text)
{
    return reading_markdown(r, text, PLACE_LINE, NO_STR);
}

static enum err read_kind(struct reading *r, enum document_kind kind)
{
    switch (kind) {
    case DOCUMENT_TEXT:     return read_text(r, reading_plain);
    case DOCUMENT_MARKDOWN: return read_text(r, markdown_by_lines);
    case DOCUMENT_SOURCE:   return read_text(r, reading_source);
    case DOCUMENT_CSV:      return read_text(r, reading_csv);
    case DOCUMENT_JSON:     return read_text(r, reading_json_rows);
    case DOCUMENT_HTML:     return reading_html(r);
    case DOCUMENT_PDF:      return reading_pdf(r);
    case DOCUMENT_DOCX:
    case DOCUMENT_ODT:      return reading_office(r, kind);
    case DOCUMENT_MAIL:     return reading_mail(r);
    case DOCUMENT_BINARY:   break;
    }
    return refuse(r->document);
}

static void start_again(struct document *d)
{
    d->title.max = d->problem.max = SECTION_HEADING_MAX;
    buf_clear(&d->title);
    buf_clear(&d->problem);
    d->n_sections = d->n_skipped = 0;
    d->n_repaired = 0;
    d->cut = false;
}

enum err document_read(struct document *d, enum err (*on_section)(void *arg, const struct section *), void *arg)
{
    struct reading r = { .document = d, .on_section = on_section, .arg = arg };

    start_again(d);
    if (d->bytes.len == 0)
        return OK;
    enum err e = read_kind(&r, document_kind(d));

    buf_done(&r.scratch);
    return e && !r.theirs ? failed_in(e, "%.*s: ", STR(utf8_take(d->name, DOCUMENT_NAME_SHOWN))) : e;
}
