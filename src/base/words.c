// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"

#include <string.h>
#include <utf8proc.h>

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

static void next_letters(struct words *w, struct word *out)
{
    size_t start = w->at, len = 0, n;
    enum kind k;
    uint32_t c;

    while (w->at < w->text.len && ((k = next_kind(w, w->at, &n, &c)) == KIND_LETTER || k == KIND_MARK)) {
        if (k == KIND_LETTER)
            len = fold(w->folded, len, c);
        w->at += n;
    }
    *out = (struct word){ str_of(w->folded, len), start, w->at, false, false };
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
            next_letters(w, out);
            if (out->folded.len)
                return true;
            break;
        default:
            w->at += n;
        }
    return false;
}
