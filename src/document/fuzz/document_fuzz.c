// SPDX-License-Identifier: Apache-2.0
/* Any bytes as text, Markdown, source code, CSV and JSON (the first byte says which): every section keeps what document.h promises,
 * lies where it says, and is the same whether lines end in LF or CRLF.  Of plain text and source code nothing but blanks is lost. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "document/document.h"
#include "document/reading.h"

struct seen {
    enum document_kind kind;
    str                lines;       /* the text as the reader saw it */
    struct buf         all;         /* everything that came, for comparing */
    struct buf         text;        /* without blanks */
    uint32_t           line;
};

static void add_solid(struct buf *out, str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(" \t\n\f", s.p[i]) || s.p[i] == '\0')
            buf_add_char(out, s.p[i]);
}

/* The place is where the text is. */
static void check_line(struct seen *seen, const struct section *s)
{
    struct lines l = { .rest = seen->lines };
    str line = NO_STR;

    assert(s->place.number >= seen->line && s->place.last >= s->place.number);
    seen->line = s->place.last;
    while (l.number < s->place.number)
        assert(lines_next(&l, &line));
    CLEANUP(buf_done) struct buf there = {0}, here = {0};

    add_solid(&there, line);        /* a heading that stands for itself has its blanks from us */
    add_solid(&here, str_take(s->text, str_find_char(s->text, '\n')));
    assert(str_find(buf_str(&there), buf_str(&here)) != STR_NONE);
}

static enum err on_section(void *arg, const struct section *s)
{
    struct seen *seen = arg;

    assert(s->text.len && s->text.len <= SECTION_TEXT_MAX && utf8_valid(s->text) && str_find_char(s->text, '\0') == STR_NONE);
    assert(str_trim(s->text).len && str_find_char(s->text, '\r') == STR_NONE);
    assert(s->heading.p && s->heading.len <= SECTION_HEADING_MAX && utf8_valid(s->heading) && str_find_char(s->heading, '\n') == STR_NONE);
    assert((s->kind == SECTION_ROW) == (s->place.kind == PLACE_ROW) && s->place.number > 0);
    assert((s->n_fields > 0) == (s->kind == SECTION_ROW) && s->n_fields <= SECTION_FIELDS_MAX);
    for (size_t i = 0; i < s->n_fields; i++)
        assert(s->fields[i].name.len && utf8_valid(s->fields[i].name) && utf8_valid(s->fields[i].value));
    if (s->place.kind == PLACE_LINE)
        check_line(seen, s);
    add_solid(&seen->text, s->text);
    buf_addf(&seen->all, "%d %u-%u %u ", s->kind, s->place.number, s->place.last, s->piece);
    buf_add(&seen->all, s->heading);
    buf_add_char(&seen->all, '|');
    buf_add(&seen->all, s->text);
    return OK;
}

static void seen_done(struct seen *s)
{
    buf_done(&s->all);
    buf_done(&s->text);
}

static enum err read_it(const char *name, str bytes, str lines, struct seen *seen)
{
    CLEANUP(document_done) struct document d = { .name = str_from(name), .bytes = bytes };

    seen->lines = lines;
    seen->kind = document_kind(&d);
    enum err e = document_read(&d, on_section, seen);

    assert(e == OK || e == ERR_INPUT);
    assert(e == OK || seen->kind == DOCUMENT_JSON || seen->kind == DOCUMENT_BINARY);
    assert((d.n_skipped > 0) == (d.problem.len > 0) && !d.cut);
    return e;
}

static void add_crlf(struct buf *out, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\n')
            buf_add_char(out, '\r');
        buf_add_char(out, s.p[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const names[] = { "a.txt", "a.md", "a.c", "a.csv", "a.json" };
    CLEANUP(buf_done) struct buf room = {0}, crlf = {0}, solid = {0};
    CLEANUP(seen_done) struct seen lf_seen = {0}, crlf_seen = {0};
    struct document d = {0};
    str text;

    if (n < 1)
        return 0;
    const char *name = names[*p % N_ELEMENTS(names)];

    /* The text as it is read: UTF-8 with "\n". */
    if (reading_text(&d, str_of(p + 1, n - 1), S("utf-8"), &room, &text) != OK)
        assert(!"UTF-8 needs no module");
    d.bytes = text;
    if (document_kind(&d) == DOCUMENT_HTML || document_kind(&d) == DOCUMENT_PDF || str_starts(text, S("\xef\xbb\xbf")))
        return 0;
    enum err e = read_it(name, text, text, &lf_seen);

    add_solid(&solid, text);
    if (lf_seen.kind == DOCUMENT_TEXT || lf_seen.kind == DOCUMENT_SOURCE)
        assert(str_eq(buf_str(&solid), buf_str(&lf_seen.text)));
    add_crlf(&crlf, text);
    if (text.len > 60000)       /* what it is, is judged by the first 64 KB */
        return 0;
    enum err crlf_e = read_it(name, buf_str(&crlf), text, &crlf_seen);

    if (lf_seen.kind == DOCUMENT_BINARY || crlf_seen.kind == DOCUMENT_BINARY)       /* "ustar" at 257, or no more */
        return 0;
    assert(crlf_e == e);
    assert(str_eq(buf_str(&lf_seen.all), buf_str(&crlf_seen.all)));
    return 0;
}
