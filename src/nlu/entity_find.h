// SPDX-License-Identifier: Apache-2.0
/* entity_find.h: what the finders of entities share: each kind has one, or a few have one, in entity_*.c; entity.c asks them at every
 * place of the text where they may begin.  Private to nlu/entity*. */
#pragma once
#include "nlu/entity.h"

struct finder {
    struct arena *arena;
    const struct nlu_context *context;
    const struct normal *normal;
    str    text;                        /* normalised; no more than is looked at */
    struct { size_t start, end; } quoted;       /* the last that was found between quotation marks */
    size_t unclosed[12];                /* by the kind of quotation mark: from here on none closes; 0: not known */
    struct { size_t asked, end; double value; bool is; } number;        /* the one last read, at asked - 1 */
    size_t solid_end;                   /* of the last one that nothing may lie inside of */
};

/* The entity that begins at `at`, the longest; false: none does.  `start` may be a little before it, but not before solid_end. */
typedef bool find_fn(struct finder *, size_t at, struct entity *out);
find_fn find_quoted, find_code, find_url, find_mail, find_mention, find_address, find_path, find_folder, find_unit_file, find_host,
    find_name, find_size, find_percent, find_number, find_quantity, find_when;

/* Signs at a place; NUL behind the end. */
static inline unsigned char sign(const struct finder *f, size_t at)
{
    return at < f->text.len ? (unsigned char)f->text.p[at] : 0;
}

static inline unsigned char sign_before(const struct finder *f, size_t at) { return at > 0 ? sign(f, at - 1) : 0; }
static inline bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
static inline bool is_letter(unsigned char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_alnum(unsigned char c) { return is_letter(c) || is_digit(c); }
static inline bool is_word_sign(unsigned char c) { return is_alnum(c) || c == '_'; }
static inline bool is_wide(unsigned char c) { return c >= 0x80; }

/* It was written as an ASCII character, not as a Chinese mark or of full width. */
bool is_plain(const struct finder *, size_t at);
/* It was written as a capital. */
bool is_capital(const struct finder *, size_t at);
/* Letters, figures, - and _ would make one name of both sides. */
bool is_name_edge(const struct finder *, size_t at);
/* The word (letters, figures, . _ -) that ends before `at`, spaces and a colon passed over; "" at the start. */
str  word_before(const struct finder *, size_t at);
/* One of the words stands there: Chinese ones anywhere, others as words.  Returns the length of the longest, 0: none. */
size_t one_of_at(const struct finder *, size_t at, const str *words, size_t n);
/* One of the words ends there. */
size_t one_of_before(const struct finder *, size_t at, const str *words, size_t n);
bool str_among(str, const str *words, size_t n);
/* out with its text as it was written. */
bool found(struct finder *, enum entity_type, size_t start, size_t end, struct entity *out);
/* An amount of what is named behind it: "half a", 两个半, 2: where that stands. */
bool amount_at(struct finder *, size_t at, double *out, size_t *ret_unit);
/* Past one line's letters, figures and . _ - from `at` on. */
size_t name_end(const struct finder *, size_t at);
