// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static size_t buf_max(const struct buf *b)
{
    return b->max ? b->max : (size_t)BUF_DEFAULT_MAX;
}

/* Makes room for n more bytes and the NUL.  False when the maximum forbids it. */
static bool reserve(struct buf *b, size_t n)
{
    if (b->len > buf_max(b) || n > buf_max(b) - b->len) {
        b->overflowed = true;
        return false;
    }
    size_t need = b->len + n + 1;

    if (need > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;

        if (cap > buf_max(b) + 1)
            cap = buf_max(b) + 1;
        if (cap < need)
            cap = need;
        b->p = mem_resize(b->p, cap);
        b->cap = cap;
    }
    return true;
}

void buf_add(struct buf *b, str s)
{
    if (s.len == 0 || !reserve(b, s.len))
        return;
    memcpy(b->p + b->len, s.p, s.len);
    b->len += s.len;
    b->p[b->len] = '\0';
}

void buf_add_char(struct buf *b, char c)
{
    if (reserve(b, 1)) {
        b->p[b->len++] = c;
        b->p[b->len] = '\0';
    }
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;

    va_start(ap, fmt);
    va_copy(again, ap);
    size_t room = b->cap - b->len;
    int n = vsnprintf(b->p ? b->p + b->len : NULL, b->p ? room : 0, fmt, ap);
    va_end(ap);

    assert(n >= 0);
    if (reserve(b, (size_t)n)) {
        if (room <= (size_t)n)
            vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    if (b->p)
        b->p[b->len] = '\0';
    va_end(again);
}

enum err buf_check(const struct buf *b, const char *what)
{
    if (b->overflowed)
        return failed(ERR_LIMIT, "%s is longer than %zu bytes", what, buf_max(b));
    return OK;
}

char *buf_room(struct buf *b, size_t n, size_t *ret_room)
{
    size_t left = b->len < buf_max(b) ? buf_max(b) - b->len : 0;

    if (n > left)
        n = left;
    bool fits = n == 0 || reserve(b, n);

    assert(fits);
    *ret_room = n;
    return b->p ? b->p + b->len : NULL;
}

void buf_grown(struct buf *b, size_t n)
{
    if (n == 0)
        return;
    assert(n < b->cap - b->len);
    b->len += n;
    b->p[b->len] = '\0';
}

const char *buf_c(const struct buf *b)
{
    return b->p ? b->p : "";
}

void buf_drop(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0)
        return;
    memmove(b->p, b->p + n, b->len - n + 1);
    b->len -= n;
}

void buf_cut(struct buf *b, size_t len)
{
    assert(len <= b->len);
    b->len = len;
    if (b->p)
        b->p[len] = '\0';
}

void buf_clear(struct buf *b)
{
    b->overflowed = false;
    buf_cut(b, 0);
}

void buf_done(struct buf *b)
{
    free(b->p);
    *b = (struct buf){ .max = b->max };
}

void buf_add_hex(struct buf *b, str bytes)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.p[i];

        buf_add(b, str_of((char[]){ digits[c >> 4], digits[c & 15] }, 2));
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

enum err buf_add_unhex(struct buf *b, str text)
{
    if (text.len % 2)
        return failed(ERR_INPUT, "hex digits come in pairs");
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_digit(text.p[i]), low = hex_digit(text.p[i + 1]);

        if (high < 0 || low < 0)
            return failed(ERR_INPUT, "that is no hex digit");
        buf_add_char(b, (char)(high << 4 | low));
    }
    return OK;
}

static const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void add_base64(struct buf *b, str in, const char *alphabet, bool pad)
{
    for (size_t i = 0; i < in.len; i += 3) {
        size_t n = in.len - i < 3 ? in.len - i : 3;
        uint32_t v = (uint32_t)(unsigned char)in.p[i] << 16;

        if (n > 1)
            v |= (uint32_t)(unsigned char)in.p[i + 1] << 8;
        if (n > 2)
            v |= (unsigned char)in.p[i + 2];
        char out[4] = { alphabet[v >> 18], alphabet[v >> 12 & 63], alphabet[v >> 6 & 63], alphabet[v & 63] };

        buf_add(b, str_of(out, n + 1));
        if (pad)
            buf_add(b, str_take(S("=="), 3 - n));
    }
}

void buf_add_base64(struct buf *b, str bytes)
{
    add_base64(b, bytes, base64_alphabet, true);
}

void buf_add_base64url(struct buf *b, str bytes)
{
    add_base64(b, bytes, base64url_alphabet, false);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

static enum err add_unbase64(struct buf *b, str text)
{
    uint32_t acc = 0;
    unsigned bits = 0;
    bool padded = str_ends(text, S("="));

    if (padded && text.len % 4 != 0)
        return failed(ERR_INPUT, "wrong padding of base64");
    for (int pads = 0; pads < 2 && text.len && text.p[text.len - 1] == '='; pads++)
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        int v = base64_value(text.p[i]);

        if (v < 0)
            return failed(ERR_INPUT, "byte %zu is not base64", i);
        acc = acc << 6 | (uint32_t)v;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            buf_add_char(b, (char)(acc >> bits));
        }
    }
    if (bits >= 6 || (acc & ((1u << bits) - 1)) != 0)
        return failed(ERR_INPUT, "base64 ends in the middle of a byte");
    return OK;
}

enum err buf_add_unbase64(struct buf *b, str text)
{
    size_t before = b->len;
    enum err e = add_unbase64(b, text);

    if (e)
        buf_cut(b, before);
    return e;
}
