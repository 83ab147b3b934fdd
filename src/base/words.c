// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

#include <string.h>
#include <utf8proc.h>

#include "base/stem.h"
#include "base/utf8.h"

enum kind { KIND_NONE, KIND_LETTER, KIND_MARK, KIND_HAN };

static bool is_han(uint32_t c)
{
    return (c >= 0x2E80 && c <= 0x2FDF) || c == 0x3005 || c == 0x3007 || (c >= 0x3041 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF)
        || (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3134F);
}

static enum kind kind_of(uint32_t c)
{
    if (c < 0x80)
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ? KIND_LETTER : KIND_NONE;
    if (is_han(c))
        return KIND_HAN;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM: case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL: case UTF8PROC_CATEGORY_NO:
        return KIND_LETTER;
    case UTF8PROC_CATEGORY_MN: case UTF8PROC_CATEGORY_MC:
        return KIND_MARK;
    default:
        return KIND_NONE;
    }
}

static enum kind next_kind(const struct words *w, size_t at, size_t *ret_len, uint32_t *ret_char)
{
    if (at < w->text.len && (uint8_t)w->text.p[at] < 0x80) {
        *ret_len = 1;
        *ret_char = (uint8_t)w->text.p[at];
        return kind_of(*ret_char);
    }
    *ret_len = utf8_next(str_skip(w->text, at), ret_char);
    if (*ret_len == 0) {
        *ret_len = 1;
        return KIND_NONE;
    }
    return kind_of(*ret_char);
}

static size_t put_char(char *to, size_t at, int32_t c)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);

    if (at + (size_t)n > WORD_MAX)
        return at;
    memcpy(to + at, bytes, (size_t)n);
    return at + (size_t)n;
}

/* Compatibility decomposition, case folded, marks dropped: "Ｃafé" is "cafe". */
static size_t fold(char *to, size_t at, uint32_t c)
{
    utf8proc_int32_t parts[32];
    int boundary = 0;

    if (c < 0x80) {
        if (at < WORD_MAX)
            to[at++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
        return at;
    }
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)c, parts, N_ELEMENTS(parts),
        UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE | UTF8PROC_STRIPMARK, &boundary);

    for (utf8proc_ssize_t i = 0; i < n && i < (utf8proc_ssize_t)N_ELEMENTS(parts); i++)
        at = put_char(to, at, parts[i]);
    return at;
}

/* Two characters where two follow each other, else the last one alone. */
static bool next_han(struct words *w, struct word *out)
{
    uint32_t first, second;
    size_t a, b = 0, len;

    next_kind(w, w->at, &a, &first);
    len = fold(w->folded, 0, first);
    if (next_kind(w, w->at + a, &b, &second) == KIND_HAN && w->at + a < w->text.len)
        len = fold(w->folded, len, second);
    else
        b = 0;
    *out = (struct word){ str_of(w->folded, len), w->at, w->at + a + b, true, false };
    w->at += a;
    return len > 0;
}

static bool is_upper(uint32_t c) { return c >= 'A' && c <= 'Z'; }
static bool is_lower(uint32_t c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

static bool is_letter_at(const struct words *w, size_t at)
{
    uint32_t c;
    size_t n;

    return at < w->text.len && next_kind(w, at, &n, &c) == KIND_LETTER;
}

static bool is_joint(const struct words *w, size_t at)
{
    return at > 0 && at < w->text.len && memchr(".-_@:", w->text.p[at], 5) && is_letter_at(w, at + 1);
}

/* Between getUser and Name, HTTP and Server; not within URLs. */
static bool is_hump(const struct words *w, size_t at, uint32_t before)
{
    uint32_t c = (uint8_t)w->text.p[at], after = at + 1 < w->text.len ? (uint8_t)w->text.p[at + 1] : 0;

    if (!is_upper(c))
        return false;
    return is_lower(before) || (is_upper(before) && after >= 'a' && after <= 'z' && (after != 's' || is_letter_at(w, at + 2)));
}

/* Where the letters from `at` on end, of a part at a change of case too. */
static size_t letters_end(const struct words *w, size_t at, bool *ret_hump)
{
    uint32_t c, before = 0;
    enum kind k;

    *ret_hump = false;
    for (size_t n; at < w->text.len && ((k = next_kind(w, at, &n, &c)) == KIND_LETTER || k == KIND_MARK); at += n, before = c)
        if (before && is_hump(w, at, before)) {
            *ret_hump = true;
            break;
        }
    return at;
}

/* Where the whole that begins at `at` ends, and how many parts it has. */
static size_t whole_end(const struct words *w, size_t at, size_t *ret_parts)
{
    bool hump;

    for (*ret_parts = 1;; ++*ret_parts) {
        at = letters_end(w, at, &hump);
        if (!hump && !is_joint(w, at))
            return at;
        at += !hump;
    }
}

static size_t fold_all(struct words *w, size_t from, size_t to)
{
    size_t len = 0, n;
    uint32_t c;

    for (; from < to; from += n) {
        enum kind k = next_kind(w, from, &n, &c);

        if (k == KIND_LETTER)
            len = fold(w->folded, len, c);
        else if (k == KIND_NONE && c != '-' && c != '_')
            len = put_char(w->folded, len, (int32_t)c);
    }
    return len;
}

/* Past "'s" and its typographic form. */
static size_t skip_genitive(const struct words *w, size_t at)
{
    str rest = str_skip(w->text, at);

    if (!str_eat(&rest, S("'")) && !str_eat(&rest, S("\u2019")))
        return at;
    if (!str_eat(&rest, S("s")) || is_letter_at(w, w->text.len - rest.len))
        return at;
    return w->text.len - rest.len;
}

static bool give_whole(struct words *w, size_t end, struct word *out)
{
    size_t len = fold_all(w, w->at, end);

    w->parts_end = end;
    *out = (struct word){ str_of(w->folded, stem_english(w->folded, len)), w->at, end, false, true };
    return len > 0 && len < WORD_MAX;
}

static bool give_part(struct words *w, struct word *out)
{
    size_t start = w->at;
    bool hump;

    w->at = letters_end(w, start, &hump);
    size_t len = fold_all(w, start, w->at);

    *out = (struct word){ str_of(w->folded, stem_english(w->folded, len)), start, w->at, false, false };
    if (w->at >= w->parts_end)
        w->at = skip_genitive(w, w->at);
    return len > 0;
}

/* Most words: small ASCII letters, perhaps a capital first, and nothing behind that could join. */
static bool give_plain(struct words *w, struct word *out)
{
    size_t at = w->at, len = 0;
    uint8_t c = (uint8_t)w->text.p[at];

    if (is_upper(c)) {
        w->folded[len++] = (char)(c + 32);
        at++;
    }
    for (; at < w->text.len && is_lower(c = (uint8_t)w->text.p[at]) && len < WORD_MAX; at++)
        w->folded[len++] = (char)c;
    if (at < w->text.len && (len == WORD_MAX || c >= 0x80 || is_upper(c) || memchr(".-_@:'", c, 6)))
        return false;
    *out = (struct word){ str_of(w->folded, stem_english(w->folded, len)), w->at, at, false, false };
    w->at = at;
    return len > 0;
}

/* Neither endings nor wholes are anything to who wants just words. */
static bool next_run(struct words *w, struct word *out)
{
    size_t start = w->at, n;
    uint32_t c;
    enum kind k;

    while (w->at < w->text.len && ((k = next_kind(w, w->at, &n, &c)) == KIND_LETTER || k == KIND_MARK))
        w->at += n;
    *out = (struct word){ str_of(w->folded, fold_all(w, start, w->at)), start, w->at, false, false };
    return out->folded.len > 0;
}

static bool next_letters(struct words *w, struct word *out)
{
    size_t parts, end;

    if (!w->indexed)
        return next_run(w, out);
    if (w->at >= w->parts_end && give_plain(w, out))
        return true;
    if (w->at >= w->parts_end) {
        end = whole_end(w, w->at, &parts);
        w->parts_end = end;
        if (parts > 1 && give_whole(w, end, out))
            return true;
    }
    return give_part(w, out);
}

bool words_next(struct words *w, struct word *out)
{
    uint32_t c;
    size_t n;

    while (w->at < w->text.len)
        switch (next_kind(w, w->at, &n, &c)) {
        case KIND_HAN:
            if (next_han(w, out))
                return true;
            break;
        case KIND_LETTER:
            if (next_letters(w, out))
                return true;
            break;
        default:
            w->at += n;
        }
    return false;
}
