// SPDX-License-Identifier: Apache-2.0
#include "nlu/scan.h"

size_t scan_words(str s, size_t at, const struct word *table, size_t n, int *ret_value)
{
    size_t best = 0;
    char first = scan_char(s, at), second = scan_char(s, at + 1), third = scan_char(s, at + 2);

    for (size_t i = 0; i < n; i++) {
        const char *text = table[i].text;

        if (text[0] != first || (text[1] && text[1] != second) || (first < 0 && text[2] != third))
            continue;
        size_t end = scan_word(s, at, text);

        if (end > best) {
            best = end;
            *ret_value = table[i].value;
        }
    }
    return best;
}

size_t scan_skip(str s, size_t at, const char *word)
{
    size_t end = scan_word(s, at, word);

    return end ? scan_space(s, end) : at;
}

bool scan_begins(str s, size_t at)
{
    char before = at ? s.p[at - 1] : ' ', c = scan_char(s, at);

    if (is_letter(before) || before == '_' || is_figure(before))
        return !(is_letter(c) || is_figure(c) || c == '-' || c == '+');
    return !((before == '.' || before == ':' || before == ',') && is_figure(c) && at > 1 && is_figure(s.p[at - 2]));
}
