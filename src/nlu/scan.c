// SPDX-License-Identifier: Apache-2.0
#include "nlu/scan.h"

size_t scan_text(str s, size_t at, const char *text)
{
    for (; at < s.len && *text && s.p[at] == *text; text++)
        at++;
    return *text ? 0 : at;
}

size_t scan_word(str s, size_t at, const char *word)
{
    size_t end = scan_text(s, at, word);

    return end && is_letter(s.p[end - 1]) && is_letter(scan_char(s, end)) ? 0 : end;
}

size_t scan_words(str s, size_t at, const struct word *table, size_t n, int *ret_value)
{
    size_t best = 0;

    for (size_t i = 0; i < n; i++) {
        size_t end = scan_word(s, at, table[i].text);

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
