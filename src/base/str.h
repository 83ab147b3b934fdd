// SPDX-License-Identifier: Apache-2.0
/* str.h: a string somebody else owns: pointer and length, not NUL-terminated, may hold any byte.
 * A str is passed by value and is valid as long as what it points into. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

typedef struct { const char *p; size_t len; } str;

#define S(literal) ((str){ "" literal, sizeof(literal) - 1 })
#define STR(s)     (int)(s).len, (s).p          /* printf("%.*s", STR(name)) */
#define NO_STR     ((str){ 0 })

static inline str  str_from(const char *c) { str s = { c, c ? __builtin_strlen(c) : 0 }; return s; }
static inline str  str_of(const void *p, size_t len) { str s = { p, len }; return s; }
static inline str  str_take(str s, size_t n) { s.len = n < s.len ? n : s.len; return s; }
static inline str  str_skip(str s, size_t n) { n = n < s.len ? n : s.len; return str_of(n ? s.p + n : s.p, s.len - n); }
static inline str  str_cut(str s, size_t from, size_t to) { return str_skip(str_take(s, to), from); }

bool   str_eq(str, str);
bool   str_eq_nocase(str, str);                 /* ASCII only */
bool   str_eq_secret(str, str);                 /* time depends on the lengths alone */
int    str_cmp(str, str);
bool   str_starts(str s, str prefix);
bool   str_ends(str s, str suffix);
bool   str_eat(str *s, str prefix);             /* true: the prefix was there and is skipped */
str    str_trim(str);                           /* spaces, tabs, CR and LF at both ends */

#define STR_NONE SIZE_MAX
size_t str_find_char(str, char);                /* STR_NONE if absent */
size_t str_find(str hay, str needle);
/* False when nothing is left.  "a,,b" has three parts, "" one, NO_STR none. */
bool   str_split(str *rest, char sep, str *part);

/* Whole string or nothing: no sign (u64), no spaces, no overflow. */
enum err str_u64(str, uint64_t *out) MUST_USE;
enum err str_i64(str, int64_t *out) MUST_USE;

uint64_t str_hash(str);                         /* with a random key of this process: never stored, never sent */
uint64_t str_hash_keyed(str, const uint64_t key[2]);    /* SipHash-1-3 */
char    *str_dup_c(str);                        /* malloc'd, NUL-terminated */
