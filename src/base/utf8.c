// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

/* Length by the first byte, and the range its second byte must be in (RFC 3629 section 4). */
static size_t sequence(unsigned char c, unsigned char *lo, unsigned char *hi)
{
    *lo = 0x80;
    *hi = 0xbf;
    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c <= 0xdf)
        return 2;
    if (c >= 0xe0 && c <= 0xef) {
        if (c == 0xe0)
            *lo = 0xa0;
        if (c == 0xed)
            *hi = 0x9f;
        return 3;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        if (c == 0xf0)
            *lo = 0x90;
        if (c == 0xf4)
            *hi = 0x8f;
        return 4;
    }
    return 0;
}

/* Well-formed bytes of the character begun at s, at most its length; *ret_need is that length, 0 if none. */
static size_t well_formed(str s, size_t *ret_need)
{
    unsigned char lo, hi;
    size_t need = sequence((unsigned char)s.p[0], &lo, &hi), have = 1;

    *ret_need = need;
    while (have < need && have < s.len) {
        unsigned char c = (unsigned char)s.p[have];

        if (c < lo || c > hi)
            break;
        lo = 0x80;
        hi = 0xbf;
        have++;
    }
    return need ? have : 0;
}

size_t utf8_next(str s, uint32_t *ret_char)
{
    static const unsigned char first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    size_t need;

    if (s.len == 0 || well_formed(s, &need) < need || need == 0)
        return 0;
    uint32_t ch = (unsigned char)s.p[0] & first_bits[need];

    for (size_t i = 1; i < need; i++)
        ch = ch << 6 | ((unsigned char)s.p[i] & 0x3f);
    *ret_char = ch;
    return need;
}

bool utf8_valid(str s)
{
    uint32_t ch;

    while (s.len) {
        size_t n = (unsigned char)s.p[0] < 0x80 ? 1 : utf8_next(s, &ch);

        if (n == 0)
            return false;
        s = str_skip(s, n);
    }
    return true;
}

bool utf8_cut_short(str s)
{
    uint32_t ch;

    while (s.len) {
        size_t n = utf8_next(s, &ch), need;

        if (n == 0)
            return well_formed(s, &need) == s.len && need > s.len;
        s = str_skip(s, n);
    }
    return false;
}

str utf8_take(str s, size_t max_bytes)
{
    uint32_t ch;

    /* Only a well-formed character is kept whole: a run of stray bytes must not end in an empty prefix. */
    for (size_t back = 1; back <= 3 && back <= max_bytes && max_bytes < s.len; back++)
        if (utf8_next(str_skip(s, max_bytes - back), &ch) > back)
            return str_take(s, max_bytes - back);
    return str_take(s, max_bytes);
}

static size_t length(str s, bool utf16)
{
    size_t units = 0;
    uint32_t ch = 0;

    while (s.len) {
        size_t n = utf8_next(s, &ch);

        units += utf16 && n == 4 ? 2 : 1;
        s = str_skip(s, n ? n : 1);
    }
    return units;
}

size_t utf8_length(str s)
{
    return length(s, false);
}

size_t utf8_length_utf16(str s)
{
    return length(s, true);
}

bool utf8_has_han(str s)
{
    uint32_t ch = 0;

    while (s.len) {
        size_t n = utf8_next(s, &ch);

        if (n && ch >= 0x4e00 && ch <= 0x9fff)
            return true;
        s = str_skip(s, n ? n : 1);
    }
    return false;
}

void utf8_add(struct buf *b, uint32_t ch)
{
    char c[4];
    size_t n;

    if (ch > 0x10ffff || (ch >= 0xd800 && ch <= 0xdfff))
        ch = 0xfffd;
    if (ch < 0x80) {
        c[0] = (char)ch;
        n = 1;
    } else if (ch < 0x800) {
        c[0] = (char)(0xc0 | ch >> 6);
        n = 2;
    } else if (ch < 0x10000) {
        c[0] = (char)(0xe0 | ch >> 12);
        n = 3;
    } else {
        c[0] = (char)(0xf0 | ch >> 18);
        n = 4;
    }
    for (size_t i = 1; i < n; i++)
        c[i] = (char)(0x80 | (ch >> 6 * (n - 1 - i) & 0x3f));
    buf_add(b, str_of(c, n));
}

void utf8_add_repaired(struct buf *b, str s)
{
    while (s.len) {
        size_t need, n = well_formed(s, &need);

        if (n && n == need) {
            buf_add(b, str_take(s, n));
        } else {
            utf8_add(b, 0xfffd);
            n = n ? n : 1;
        }
        s = str_skip(s, n);
    }
}

/* state: how many bytes are still due; code: the range allowed for the next one, hi << 8 | lo. */
bool utf8_feed(struct utf8_stream *u, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i], lo, hi;

        if (u->state) {
            if (c < (u->code & 0xff) || c > u->code >> 8)
                return false;
            u->state--;
            u->code = 0xbf80;
            continue;
        }
        size_t need = sequence(c, &lo, &hi);

        if (need == 0)
            return false;
        u->state = (uint32_t)need - 1;
        u->code = (uint32_t)hi << 8 | lo;
    }
    return true;
}

bool utf8_feed_ended(const struct utf8_stream *u)
{
    return u->state == 0;
}
