// SPDX-License-Identifier: Apache-2.0
/* utf8.h: UTF-8 as RFC 3629 has it: no surrogates, no overlong forms, at most U+10FFFF. */
#pragma once
#include "base/buf.h"

bool   utf8_valid(str);
/* Bytes of the well-formed character at the start; 0 if there is none (bad, cut short, or empty). */
size_t utf8_next(str, uint32_t *ret_char);
/* True when s is bad only because it ends inside a character: more bytes may mend it. */
bool   utf8_cut_short(str);
str    utf8_take(str, size_t max_bytes);            /* the longest prefix that cuts no character; a stray byte is one */
size_t utf8_length(str);                            /* characters; a bad byte counts as one */
size_t utf8_length_utf16(str);                      /* UTF-16 code units, as Telegram counts */
bool   utf8_has_han(str);                           /* a Chinese character: U+4E00 to U+9FFF */
void   utf8_add(struct buf *, uint32_t ch);         /* U+FFFD for what is not a character */
void   utf8_add_repaired(struct buf *, str);        /* bad bytes become U+FFFD */

/* Checks a stream piece by piece (RFC 6455 text frames arrive cut anywhere). {0} starts it. */
struct utf8_stream { uint32_t state, code; };
bool   utf8_feed(struct utf8_stream *, str);        /* false at the first byte that cannot be mended */
bool   utf8_feed_ended(const struct utf8_stream *); /* true: not inside a character */
