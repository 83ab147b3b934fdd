// SPDX-License-Identifier: Apache-2.0
/* Text: its charset, its NULs, its line ends; plain text by paragraphs, a PDF's by pages. */
#include <string.h>

#include "base/utf8.h"
#include "document/charset.h"
#include "document/reading.h"

#define REPLACEMENT S("\xef\xbf\xbd")

/* UTF-8 that was damaged, and not another charset: there is more of it than damage. */
static bool is_damaged_utf8(str s)
{
    size_t good = 0, bad = 0;
    uint32_t ch;

    while (s.len) {
        size_t n = (unsigned char)*s.p < 0x80 ? 1 : utf8_next(s, &ch);

        good += n > 1;
        bad += n == 0;
        s = str_skip(s, n ? n : 1);
    }
    return bad == 0 || good > bad;
}

/* The next run of s that may stay as it is. */
static size_t sound_run(str s)
{
    size_t at = 0;
    uint32_t ch;

    while (at < s.len && s.p[at] != '\0' && s.p[at] != '\r') {
        size_t n = (unsigned char)s.p[at] < 0x80 ? 1 : utf8_next(str_skip(s, at), &ch);

        if (n == 0)
            break;
        at += n;
    }
    return at;
}

static void add_mended(struct document *d, struct buf *out, str s)
{
    while (s.len && !out->overflowed) {
        size_t n = sound_run(s);

        buf_add(out, str_take(s, n));
        s = str_skip(s, n);
        if (!s.len)
            break;
        if (*s.p != '\r') {
            buf_add(out, REPLACEMENT);
            d->n_repaired++;
        } else if (s.len == 1 || s.p[1] != '\n') {
            buf_add_char(out, '\n');
        }
        s = str_skip(s, 1);
    }
    if (out->overflowed)
        buf_cut(out, utf8_take(buf_str(out), out->len).len);
    d->cut |= out->overflowed;
}

uint64_t reading_count_replaced(str s)
{
    uint64_t n = 0;

    for (size_t at; (at = str_find(s, REPLACEMENT)) != STR_NONE; n++)
        s = str_skip(s, at + REPLACEMENT.len);
    return n;
}

static bool is_utf16(str s)
{
    return str_starts(s, S("\xff\xfe")) || str_starts(s, S("\xfe\xff"));
}

enum err reading_text(struct document *d, str bytes, str declared, struct buf *room, str *ret_text)
{
    CLEANUP(buf_done) struct buf utf8 = { .max = DOCUMENT_TEXT_MAX };
    const char *name = "";

    room->max = DOCUMENT_TEXT_MAX;
    if (str_eq_nocase(declared, S("us-ascii")))      /* what programs say that did not look */
        declared = NO_STR;
    if (!is_utf16(bytes) && (str_eq_nocase(declared, S("utf-8")) || (!declared.len && is_damaged_utf8(bytes)))) {
        str_eat(&bytes, S("\xef\xbb\xbf"));
    } else {
        TRY(charset_to_utf8(bytes, declared, CHARSET_OF_TEXT, &utf8, &name));
        d->n_repaired += reading_count_replaced(buf_str(&utf8));
        d->cut |= utf8.overflowed;
        bytes = utf8.overflowed ? utf8_take(buf_str(&utf8), utf8.len) : buf_str(&utf8);
    }
    if (bytes.p != utf8.p && sound_run(bytes) == bytes.len) {
        *ret_text = bytes;
        return OK;
    }
    add_mended(d, room, bytes);
    *ret_text = buf_str(room);
    return OK;
}

/* --- plain text --- */

enum err reading_plain(struct reading *r, str text)
{
    struct gather g = { .out = r, .max = SECTION_TEXT_MAX };
    struct lines l = { .rest = text };
    str line;
    bool blank = true;

    gather_start(&g, text.p, 1);
    while (!r->document->cut && lines_next(&l, &line)) {
        bool was_blank = blank;

        blank = str_trim(line).len == 0;
        if (was_blank && !blank)
            TRY(gather_flush(&g, line.p, l.number));
    }
    return gather_flush(&g, text.p + text.len, l.number);
}

/* --- pages --- */

enum err reading_pages(struct reading *r, str text)
{
    uint32_t number = 0;
    str page;

    while (!r->document->cut && str_split(&text, '\f', &page)) {
        number++;
        TRY(reading_put(r, &(struct section){ .text = page, .place = { PLACE_PAGE, number, number } }));
    }
    return OK;
}
