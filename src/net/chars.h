// SPDX-License-Identifier: Apache-2.0
/* chars.h: which bytes HTTP allows where (RFC 9110 section 5.5 and 5.6.2, RFC 3986 appendix A). */
#pragma once
#include "base/str.h"

enum {
    CHAR_TOKEN = 1,     /* method, field name */
    CHAR_PATH  = 2,     /* pchar and '/', '%' among them */
    CHAR_QUERY = 4,     /* more than RFC 3986 has, since browsers send it: [ ] | ^ ` { } and backslash */
    CHAR_VALUE = 8,     /* field value */
    CHAR_HOST  = 16,    /* authority without user information */
};

extern const unsigned char http_chars[256];

static inline bool http_all(str s, int kind)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(http_chars[(unsigned char)s.p[i]] & kind))
            return false;
    return true;
}

static inline int http_hex(char c)      /* -1: no hexadecimal digit */
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
