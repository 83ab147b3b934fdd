// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <endian.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq(str a, str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool str_eq_nocase(str a, str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

bool str_eq_secret(str a, str b)
{
    volatile unsigned char diff = a.len != b.len;
    size_t n = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < n; i++)
        diff |= (unsigned char)(a.p[i] ^ b.p[i]);
    return diff == 0;
}

int str_cmp(str a, str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.p, b.p, n) : 0;

    return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(str s, str prefix)
{
    return s.len >= prefix.len && str_eq(str_take(s, prefix.len), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix);
}

bool str_eat(str *s, str prefix)
{
    if (!str_starts(*s, prefix))
        return false;
    *s = str_skip(*s, prefix.len);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str s)
{
    while (s.len && is_blank(s.p[0]))
        s = str_skip(s, 1);
    while (s.len && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

size_t str_find_char(str s, char c)
{
    const char *hit = s.len ? memchr(s.p, c, s.len) : NULL;

    return hit ? (size_t)(hit - s.p) : STR_NONE;
}

size_t str_find(str hay, str needle)
{
    if (needle.len == 0)
        return 0;
    const char *hit = hay.len ? memmem(hay.p, hay.len, needle.p, needle.len) : NULL;

    return hit ? (size_t)(hit - hay.p) : STR_NONE;
}

bool str_split(str *rest, char sep, str *part)
{
    if (rest->p == NULL)
        return false;
    size_t at = str_find_char(*rest, sep);

    if (at == STR_NONE) {
        *part = *rest;
        *rest = NO_STR;
    } else {
        *part = str_take(*rest, at);
        *rest = str_skip(*rest, at + 1);
    }
    return true;
}

enum err str_u64(str s, uint64_t *out)
{
    uint64_t v = 0;

    if (s.len == 0)
        return failed(ERR_INPUT, "an empty text is not a number");
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';

        if (digit > 9)
            return failed(ERR_INPUT, "'%.*s' is not a whole number", STR(str_take(s, 40)));
        if (__builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, digit, &v))
            return failed(ERR_INPUT, "'%.*s' is too large", STR(str_take(s, 40)));
    }
    *out = v;
    return OK;
}

enum err str_i64(str s, int64_t *out)
{
    bool negative = s.len && s.p[0] == '-';
    uint64_t v;

    TRY(str_u64(negative ? str_skip(s, 1) : s, &v));
    if (v > (uint64_t)INT64_MAX + negative)
        return failed(ERR_INPUT, "'%.*s' is too large", STR(str_take(s, 40)));
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return OK;
}

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1]; v[1] = rotate(v[1], 13) ^ v[0]; v[0] = rotate(v[0], 32);
    v[2] += v[3]; v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3]; v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1]; v[1] = rotate(v[1], 17) ^ v[2]; v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

/* Attackers choose our keys (chat ids, header names): a hash whose collisions they can find without its key, as
 * FNV's with a random start, would let them turn every table into a list. */
uint64_t str_hash_keyed(str s, const uint64_t key[2])
{
    uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
                      key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
    uint64_t word, last = (uint64_t)s.len << 56;
    size_t whole = s.len & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, s.p + i, 8);
        sip_word(v, le64toh(word));
    }
    for (size_t i = whole; i < s.len; i++)
        last |= (uint64_t)(unsigned char)s.p[i] << 8 * (i - whole);
    sip_word(v, last);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t hash_key[2];

static void make_hash_key(void)
{
    random_bytes(hash_key, sizeof hash_key);
}

uint64_t str_hash(str s)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_hash_key);
    return str_hash_keyed(s, hash_key);
}

char *str_dup_c(str s)
{
    char *c = mem_alloc(s.len + 1);

    if (s.len)
        memcpy(c, s.p, s.len);
    c[s.len] = '\0';
    return c;
}
