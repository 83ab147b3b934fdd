// SPDX-License-Identifier: Apache-2.0
#include "nlu/normal.h"

#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"

enum { COMMON_FIRST = 0x4E00, COMMON_LAST = 0x9FFF, NOTHING = 0 };

/* By the traditional character; 42 KB that are shared and never written. */
static const uint16_t simplified[COMMON_LAST - COMMON_FIRST + 1] = {
#define T(from, to) [from - COMMON_FIRST] = to,
#include "nlu/simplified.def"
#undef T
};

static const struct { uint16_t from; char to; } twins[] = {
    { 0x00AB, '"' }, { 0x00BB, '"' }, { 0x2010, '-' }, { 0x2011, '-' }, { 0x2012, '-' }, { 0x2013, '-' }, { 0x2014, '-' }, { 0x2015, '-' },
    { 0x2018, '\'' }, { 0x2019, '\'' }, { 0x201A, '\'' }, { 0x201B, '\'' }, { 0x201C, '"' }, { 0x201D, '"' }, { 0x201E, '"' },
    { 0x201F, '"' }, { 0x2212, '-' }, { 0x2215, '/' }, { 0x2236, ':' }, { 0x223C, '~' }, { 0x3001, ',' }, { 0x3002, '.' },
    { 0x3010, '[' }, { 0x3011, ']' }, { 0x3014, '[' }, { 0x3015, ']' }, { 0x301C, '~' }, { 0x301D, '"' }, { 0x301E, '"' }, { 0x301F, '"' },
};

static uint32_t twin(uint32_t c)
{
    if (c > twins[N_ELEMENTS(twins) - 1].from)
        return c;
    for (size_t i = 0; i < N_ELEMENTS(twins); i++)
        if (twins[i].from == c)
            return (uint8_t)twins[i].to;
    return c;
}

/* Radicals and other second codes of Chinese characters, vertical, small, full and half width forms. */
static bool is_form(uint32_t c)
{
    return (c >= 0x2E80 && c <= 0x2FDF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFFEF)
        || (c >= 0x2F800 && c <= 0x2FA1F);
}

static uint32_t without_form(uint32_t c)
{
    utf8proc_int32_t parts[4];
    int boundary = 0;

    if (c >= 0xFF01 && c <= 0xFF5E)
        return c - 0xFEE0;
    if (!is_form(c) || utf8proc_decompose_char((utf8proc_int32_t)c, parts, N_ELEMENTS(parts),
                           UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary) != 1)
        return c;
    return (uint32_t)parts[0];
}

static bool is_blank(uint32_t c, utf8proc_category_t category)
{
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP
        || (c >= '\t' && c <= '\r') || c == 0x85;
}

/* A character's form aside: ' ' for any space, NOTHING for what does not show. */
static uint32_t shown(uint32_t c)
{
    if (c == ' ' || (c >= COMMON_FIRST && c <= COMMON_LAST))
        return c;
    c = without_form(c);
    const utf8proc_property_t *of = utf8proc_get_property((utf8proc_int32_t)c);

    if (is_blank(c, of->category))
        return ' ';
    if (of->ignorable || of->category == UTF8PROC_CATEGORY_CC || (c >= 0xFFF9 && c <= 0xFFFB))
        return NOTHING;
    return c;
}

static uint32_t folded(uint32_t c)
{
    c = twin(shown(c));
    if (c == ' ')
        return c;
    if (c >= COMMON_FIRST && c <= COMMON_LAST)
        return simplified[c - COMMON_FIRST] ? simplified[c - COMMON_FIRST] : c;
    return (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
}

struct writer {
    char     *text;
    uint32_t *origin;
    size_t    len;
};

static void put(struct writer *w, uint32_t c, size_t from)
{
    utf8proc_uint8_t bytes[4] = { (uint8_t)c };
    utf8proc_ssize_t n = c < 0x80 ? 1 : utf8proc_encode_char((utf8proc_int32_t)c, bytes);

    for (utf8proc_ssize_t i = 0; i < n; i++, w->len++) {
        w->text[w->len] = (char)bytes[i];
        w->origin[w->len] = (uint32_t)from;
    }
}

static void put_space(struct writer *w, size_t from)
{
    if (w->len > 0 && w->text[w->len - 1] != ' ')
        put(w, ' ', from);
}

static void put_folded(struct writer *w, uint32_t c, size_t from, size_t after)
{
    uint32_t to = folded(c);

    if (to == ' ')
        put_space(w, from);
    else if (to != NOTHING)
        put(w, to, from);
    if (c == 0x3002 || c == 0xFF61)
        put_space(w, after);
}

/* The plain letters, figures and marks at the start of most texts need no table.  Returns where they end. */
static size_t put_plain(struct writer *w, str s, size_t at)
{
    for (; at < s.len; at++) {
        unsigned char c = (unsigned char)s.p[at];

        if (c <= ' ' || c >= 0x7F)
            break;
        w->text[w->len] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        w->origin[w->len++] = (uint32_t)at;
    }
    return at;
}

/* A letter of two bytes may have a small twin of three. */
static struct writer writer_for(struct arena *a, size_t len)
{
    size_t most = len + len / 2 + 2;

    return (struct writer){ arena_alloc(a, most), arena_alloc(a, most * sizeof(uint32_t)), 0 };
}

void normal_make(struct arena *a, str original, struct normal *out)
{
    str s = str_take(original, NORMAL_MAX);
    struct writer w = writer_for(a, s.len);

    for (size_t at = 0, n; (at = put_plain(&w, s, at)) < s.len; at += n ? n : 1) {
        uint32_t c;

        n = utf8_next(str_skip(s, at), &c);
        if (n > 0)
            put_folded(&w, c, at, at + n);
    }
    if (w.len > 0 && w.text[w.len - 1] == ' ')
        w.len--;
    w.text[w.len] = 0;
    w.origin[w.len] = (uint32_t)s.len;
    *out = (struct normal){ original, str_of(w.text, w.len), w.origin };
}

/* Of a space, of what does not show, and of a bad byte at the start: its length. */
static size_t blank_length(str s)
{
    uint32_t c;
    size_t n = utf8_next(s, &c);

    if (n == 0)
        return s.len > 0;
    c = shown(c);
    return c == ' ' || c == NOTHING ? n : 0;
}

static str without_blanks(str s)
{
    for (size_t n; (n = blank_length(s)) > 0;)
        s = str_skip(s, n);
    for (;;) {
        size_t last = s.len;

        while (last > 0 && s.len - last < 4 && ((uint8_t)s.p[--last] & 0xC0) == 0x80)
            continue;
        if (s.len == 0 || blank_length(str_skip(s, last)) == 0)
            return s;
        s.len = last;
    }
}

str normal_original(const struct normal *n, size_t start, size_t end)
{
    return without_blanks(str_cut(n->original, n->origin[start], n->origin[end]));
}

str normal_written(struct arena *a, const struct normal *n, size_t start, size_t end)
{
    str from = normal_original(n, start, end);
    struct writer w = writer_for(a, from.len);

    for (size_t at = 0, len; at < from.len; at += len ? len : 1) {
        uint32_t c;

        len = utf8_next(str_skip(from, at), &c);
        c = len == 0 ? NOTHING : c == '\n' || c == '\t' ? c : shown(c);
        if (c != NOTHING)
            put(&w, c, at);
    }
    return str_of(w.text, w.len);
}
