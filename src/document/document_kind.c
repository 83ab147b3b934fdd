// SPDX-License-Identifier: Apache-2.0
#include "document/document_kind.h"

#include <string.h>

enum { LOOK_AT = 64 << 10, NAME_MAX_LOOKED_AT = 4096 };

/* --- by the bytes --- */

static const struct { size_t offset; str bytes; const char *what, *advice; } formats[] = {
#define FORMAT(offset, bytes, what, advice) { offset, { bytes, sizeof(bytes) - 1 }, what, advice },
#include "document/formats.def"
#undef FORMAT
};

static bool has_at(str s, size_t offset, str bytes)
{
    return str_starts(str_skip(s, offset), bytes);
}

/* ECMA-376 part 2 and OpenDocument 1.2 part 3: a ZIP, the one with a file word/document.xml, the other with its type in the first
 * entry, stored. */
static enum document_kind kind_of_zip(str bytes)
{
    str first = str_skip(bytes, 30);    /* behind the local header, whose name is not packed */
    size_t tail = bytes.len > LOOK_AT ? bytes.len - LOOK_AT : 0;

    if (str_starts(first, S("mimetypeapplication/vnd.oasis.opendocument.text")))
        return DOCUMENT_ODT;
    if (str_find(str_skip(bytes, tail), S("word/document.xml")) != STR_NONE
        || str_find(str_take(bytes, LOOK_AT), S("word/document.xml")) != STR_NONE)
        return DOCUMENT_DOCX;
    return DOCUMENT_BINARY;
}

/* Bytes that no text has, in any charset but UTF-16. */
static bool has_no_text(str head)
{
    size_t odd = 0, n = 0;

    if (str_starts(head, S("\xff\xfe")) || str_starts(head, S("\xfe\xff")))
        return false;
    for (size_t i = 0; i < head.len; i++) {
        unsigned char c = (unsigned char)head.p[i];

        odd += (c < ' ' && !strchr("\t\n\r\f\b\033", c)) || c == '\0' || c == 0x7f;
        n += c != '\n' && c != '\r';      /* the same however lines end */
    }
    return odd > 4 + n / 16;
}

const char *document_format(str bytes, const char **ret_advice)
{
    for (size_t i = 0; i < N_ELEMENTS(formats); i++)
        if (has_at(bytes, formats[i].offset, formats[i].bytes)) {
            *ret_advice = formats[i].advice;
            return formats[i].what;
        }
    *ret_advice = "leave it out, or give the text that it was made from";
    return "binary data";
}

/* DOCUMENT_TEXT: nothing speaks against text. */
static enum document_kind kind_of_bytes(str bytes)
{
    if (str_starts(bytes, S("%PDF-")))
        return DOCUMENT_PDF;
    if (str_starts(bytes, S("PK\3\4")))
        return kind_of_zip(bytes);
    for (size_t i = 0; i < N_ELEMENTS(formats); i++)
        if (has_at(bytes, formats[i].offset, formats[i].bytes))
            return DOCUMENT_BINARY;
    return has_no_text(str_take(bytes, LOOK_AT)) ? DOCUMENT_BINARY : DOCUMENT_TEXT;
}

/* --- by what it is called --- */

static const struct { const char *type; enum document_kind kind; } types[] = {
    { "text/markdown", DOCUMENT_MARKDOWN }, { "text/html", DOCUMENT_HTML }, { "application/xhtml+xml", DOCUMENT_HTML },
    { "text/csv", DOCUMENT_CSV }, { "text/tab-separated-values", DOCUMENT_CSV }, { "message/rfc822", DOCUMENT_MAIL },
    { "application/json", DOCUMENT_JSON }, { "application/x-ndjson", DOCUMENT_JSON }, { "application/jsonl", DOCUMENT_JSON },
    { "application/geo+json", DOCUMENT_JSON },
};

static enum document_kind kind_of_type(str content_type)
{
    str type = str_trim(str_take(content_type, str_find_char(content_type, ';')));

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_eq_nocase(type, str_from(types[i].type)))
            return types[i].kind;
    return DOCUMENT_TEXT;
}

static const struct { str ending; enum document_kind kind; } endings[] = {
#define ENDING(ending, kind) { { ending, sizeof(ending) - 1 }, DOCUMENT_##kind },
#include "document/endings.def"
#undef ENDING
};

/* What stands behind the last `c`; all of it where there is none. */
static str behind_last(str s, char c)
{
    for (size_t at = s.len; at; at--)
        if (s.p[at - 1] == c)
            return str_skip(s, at);
    return s;
}

static enum document_kind kind_of_name(str name)
{
    bool is_url = str_find(name, S("://")) != STR_NONE;

    if (is_url)
        name = str_take(str_take(name, str_find_char(name, '?')), str_find_char(name, '#'));
    name = behind_last(behind_last(name, '/'), '.');
    for (size_t i = 0; i < N_ELEMENTS(endings); i++)
        if (str_eq_nocase(name, endings[i].ending))
            return endings[i].kind;
    return DOCUMENT_TEXT;
}

/* A page that nobody called one. */
static bool begins_like_html(str bytes)
{
    str head = str_trim(str_take(bytes, 256));

    str_eat(&head, S("\xef\xbb\xbf"));
    return str_eq_nocase(str_take(head, 14), S("<!doctype html")) || str_eq_nocase(str_take(head, 5), S("<html"));
}

/* ISO 32000-1 annex H.3.4.1: readers take a PDF whose mark comes somewhere in the first 1024 bytes.  A mail with one in it does too, so
 * it has to be called one. */
static bool is_late_pdf(const struct document *d)
{
    bool called = str_eq_nocase(behind_last(d->name, '.'), S("pdf")) || str_starts(d->content_type, S("application/pdf"));

    return called && str_find(str_take(d->bytes, 1024), S("%PDF-")) != STR_NONE;
}

enum document_kind document_kind(const struct document *d)
{
    enum document_kind kind = is_late_pdf(d) ? DOCUMENT_PDF : kind_of_bytes(d->bytes);

    if (kind != DOCUMENT_TEXT)
        return kind;
    kind = kind_of_type(d->content_type);
    if (kind == DOCUMENT_TEXT)
        kind = kind_of_name(str_skip(d->name, d->name.len > NAME_MAX_LOOKED_AT ? d->name.len - NAME_MAX_LOOKED_AT : 0));
    return kind == DOCUMENT_TEXT && begins_like_html(d->bytes) ? DOCUMENT_HTML : kind;
}

const char *document_kind_name(enum document_kind kind)
{
    static const char *const names[] = {
        [DOCUMENT_BINARY] = "binary data", [DOCUMENT_TEXT] = "text", [DOCUMENT_MARKDOWN] = "Markdown", [DOCUMENT_SOURCE] = "source code",
        [DOCUMENT_HTML] = "HTML", [DOCUMENT_PDF] = "a PDF", [DOCUMENT_DOCX] = "a Word document (DOCX)",
        [DOCUMENT_ODT] = "an OpenDocument text (ODT)",
        [DOCUMENT_CSV] = "CSV", [DOCUMENT_JSON] = "JSON", [DOCUMENT_MAIL] = "a mail",
    };
    return names[kind];
}
