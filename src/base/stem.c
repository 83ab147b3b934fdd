// SPDX-License-Identifier: Apache-2.0
#include "base/stem.h"

#include "base/str.h"

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u';
}

static bool has_vowel(const char *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_vowel(w[i]) || (w[i] == 'y' && i > 0))
            return true;
    return false;
}

static bool ends(const char *w, size_t n, str end)
{
    return n >= end.len && str_eq(str_of(w + n - end.len, end.len), end);
}

static size_t without_number(char *w, size_t n)
{
    if (ends(w, n, S("ies")) || ends(w, n, S("ied"))) {
        if (n < 5)
            return n - 1;
        w[n - 3] = 'y';
        return n - 2;
    }
    if (ends(w, n, S("sses")) || ends(w, n, S("shes")) || ends(w, n, S("ches")) || ends(w, n, S("xes")) || ends(w, n, S("zes")))
        return n - 2;
    if (w[n - 1] == 's' && w[n - 2] != 's' && w[n - 2] != 'u' && w[n - 2] != 'i')
        return n - 1;
    return n;
}

/* Of "runn" "run", of "nam" "name", of "us" "use". */
static size_t mended(char *w, size_t n)
{
    char last = w[n - 1];

    if (n > 3 && last == w[n - 2] && last != 'l' && last != 's' && last != 'z' && !is_vowel(last))
        return n - 1;
    if ((n == 3 && !is_vowel(w[0]) && is_vowel(w[1]) && !is_vowel(last) && last != 'w' && last != 'x' && last != 'y')
        || (n == 2 && is_vowel(w[0]) && !is_vowel(last)))
        w[n++] = 'e';
    return n;
}

static size_t without_time(char *w, size_t n)
{
    if (ends(w, n, S("ing")) && n >= 5 && has_vowel(w, n - 3))
        return mended(w, n - 3);
    if (ends(w, n, S("ed")) && !ends(w, n, S("eed")) && n >= 4 && has_vowel(w, n - 2))
        return mended(w, n - 2);
    return n;
}

size_t stem(char *w, size_t n)
{
    if (n < 4)
        return n;
    for (size_t i = 0; i < n; i++)
        if (w[i] < 'a' || w[i] > 'z')
            return n;
    n = without_number(w, n);
    n = without_time(w, n);
    return n >= 5 && w[n - 1] == 'e' && w[n - 2] != 'e' ? n - 1 : n;
}
