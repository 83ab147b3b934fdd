// SPDX-License-Identifier: Apache-2.0
#include "document/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* --- lines --- */

bool lines_next(struct lines *l, str *ret_line)
{
    if (l->rest.len == 0)
        return false;
    size_t end = str_find_char(l->rest, '\n');

    *ret_line = str_take(l->rest, end);
    l->rest = str_skip(l->rest, end == STR_NONE ? l->rest.len : end + 1);
    l->number++;
    return true;
}

static uint32_t count_lines(str s)
{
    uint32_t n = 0;

    for (const char *p = s.p, *end = s.p + s.len; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
        n++;
    return n;
}

/* --- the path of headings --- */

static void copy_title(char out[OUTLINE_TITLE_MAX + 1], str title)
{
    str fits = utf8_take(title, OUTLINE_TITLE_MAX);

    if (fits.len)
        memcpy(out, fits.p, fits.len);
    out[fits.len] = '\0';
    for (char *c = out; *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
}

static void join_titles(struct outline *o)
{
    CLEANUP(buf_done) struct buf path = {0};

    for (unsigned i = 0; i < OUTLINE_LEVELS; i++)
        if (*o->titles[i].text)
            buf_addf(&path, "%s%s", path.len ? " > " : "", o->titles[i].text);
    str fits = utf8_take(buf_str(&path), SECTION_HEADING_MAX);

    memcpy(o->path, fits.p, fits.len);
    o->path[fits.len] = '\0';
}

void outline_forget(struct outline *o, unsigned level)
{
    for (unsigned i = level - 1; i < OUTLINE_LEVELS; i++)
        *o->titles[i].text = '\0';
    join_titles(o);
}

void outline_set(struct outline *o, unsigned level, str title)
{
    level = level < 1 ? 1 : level > OUTLINE_LEVELS ? OUTLINE_LEVELS : level;
    outline_forget(o, level);
    copy_title(o->titles[level - 1].text, str_trim(title));
    join_titles(o);
}

str outline_path(const struct outline *o)
{
    return str_from(o->path);
}

/* --- the way out --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static str without_end(str s)
{
    while (s.len && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

/* What stands above the first line with something in it; the indentation of that line is kept. */
static size_t blank_lines(str s)
{
    size_t line = 0;

    for (size_t i = 0; i < s.len && is_blank(s.p[i]); i++)
        if (s.p[i] == '\n' || s.p[i] == '\f')
            line = i + 1;
    return line;
}

/* The last place in `window` behind which a cut is right: `ends` holds what may stand there, each with a NUL behind it. */
static size_t last_end(str window, const char *const *ends)
{
    size_t best = 0;

    for (; *ends; ends++) {
        str end = str_from(*ends);

        for (size_t at = window.len; at >= end.len && at > best; at--)
            if (memcmp(window.p + at - end.len, end.p, end.len) == 0) {
                best = at;
                break;
            }
    }
    return best;
}

/* How much of s, which is too long, the next piece takes. */
static size_t piece_of(str s)
{
    static const char *const sets[][7] = {
        { "\n\n", NULL }, { "\n", NULL }, { ". ", "! ", "? ", "\xe3\x80\x82", "\xef\xbc\x81", "\xef\xbc\x9f", NULL },
        { "; ", NULL }, { " ", NULL },
    };
    str window = utf8_take(s, SECTION_TEXT_MAX);

    for (size_t i = 0; i < N_ELEMENTS(sets); i++) {
        size_t at = last_end(window, sets[i]);

        if (at > SECTION_TEXT_MAX / 2)
            return at;
    }
    return window.len;
}

static enum err put_piece(struct reading *r, struct section *s, str text)
{
    struct document *d = r->document;

    s->text = text;
    s->place.last = s->place.number;
    if (s->place.kind == PLACE_LINE)
        s->place.last += count_lines(text);
    if (s->place.kind == PLACE_PART)
        s->place.number = s->place.last = d->n_sections + 1;
    d->n_sections++;
    r->given += text.len;
    enum err e = r->on_section(r->arg, s);

    r->theirs = e != OK;
    return e;
}

enum err reading_put(struct reading *r, const struct section *whole)
{
    struct section s = *whole;
    str rest = without_end(whole->text);

    s.heading = utf8_take(s.heading, SECTION_HEADING_MAX);
    if (!s.heading.p)
        s.heading = S("");
    while (rest.len) {
        size_t above = blank_lines(rest), n;
        uint32_t line = s.place.number + (s.place.kind == PLACE_LINE ? count_lines(str_take(rest, above)) : 0);

        rest = str_skip(rest, above);
        n = rest.len > SECTION_TEXT_MAX ? piece_of(rest) : rest.len;
        if (n > DOCUMENT_TEXT_MAX - r->given) {
            r->document->cut = true;
            return OK;
        }
        s.place.number = line;
        TRY(put_piece(r, &s, without_end(str_take(rest, n))));
        if (s.place.kind == PLACE_LINE)
            s.place.number = line + count_lines(str_take(rest, n));
        rest = str_skip(rest, n);
        s.piece++;
    }
    return OK;
}

/* --- rows --- */

static void add_value(struct buf *out, str value)
{
    str line;
    bool first = true;

    while (str_split(&value, '\n', &line)) {
        line = str_trim(line);
        if (!line.len)
            continue;
        if (!first)
            buf_add_char(out, ' ');
        buf_add(out, line);
        first = false;
    }
}

enum err reading_put_row(struct reading *r, str heading, uint32_t number, const struct document_field *fields, size_t n)
{
    struct buf *text = &r->scratch;

    text->max = DOCUMENT_TEXT_MAX;
    buf_clear(text);
    for (size_t i = 0; i < n; i++) {
        if (!str_trim(fields[i].value).len)
            continue;
        if (text->len)
            buf_add(text, S("; "));
        add_value(text, fields[i].name);
        buf_add(text, S(": "));
        add_value(text, fields[i].value);
    }
    return reading_put(r, &(struct section){ .kind = SECTION_ROW, .heading = heading, .text = buf_str(text),
                                             .fields = fields, .n_fields = n, .place = { PLACE_ROW, number, number } });
}

void reading_skipped(struct reading *r, const char *fmt, ...)
{
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (r->document->n_skipped++ == 0)
        utf8_add_repaired(&r->document->problem, str_from(text));
}

/* --- blocks of lines --- */

void gather_start(struct gather *g, const char *at, uint32_t line)
{
    g->from = g->boundary = at;
    g->from_line = g->boundary_line = line;
}

enum err gather_flush(struct gather *g, const char *at, uint32_t line)
{
    struct section s = { .kind = g->kind, .heading = g->heading, .text = str_of(g->from, (size_t)(at - g->from)),
                         .place = { g->place, g->from_line, g->from_line } };

    gather_start(g, at, line);
    return reading_put(g->out, &s);
}

enum err gather_boundary(struct gather *g, const char *at, uint32_t line)
{
    const char *before = g->boundary;
    uint32_t before_line = g->boundary_line;

    if ((size_t)(at - g->from) > g->max && before > g->from)
        TRY(gather_flush(g, before, before_line));
    g->boundary = at;
    g->boundary_line = line;
    return OK;
}
