// SPDX-License-Identifier: Apache-2.0
#include "base/stem.h"

#include <string.h>

#include "base/str.h"

enum { SHORTEST = 4 };      /* "gas", "bed" and "die" are what they are */

/* They end as if they were made from another word. */
static const str whole[] = {
    S("accounting"), S("always"), S("anything"), S("boxing"), S("building"), S("called"), S("customs"), S("department"), S("during"),
    S("earring"), S("earrings"), S("evening"), S("everything"), S("fasting"), S("fishing"), S("fried"), S("fries"), S("glasses"),
    S("morning"), S("news"), S("nothing"), S("pants"), S("parking"), S("presents"), S("production"), S("programming"), S("quite"),
    S("savings"), S("series"), S("something"), S("species"), S("suite"), S("tired"), S("training"), S("wedding"),
};

static bool is_vowel(char c)
{
    return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y';
}

static bool has_vowel(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_vowel(s.p[i]))
            return true;
    return false;
}

static bool is_plain(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < 'a' || s.p[i] > 'z')
            return false;
    for (size_t i = 0; i < N_ELEMENTS(whole); i++)
        if (str_eq(s, whole[i]))
            return false;
    return true;
}

static str without(str s, size_t n)
{
    return str_take(s, s.len - n);
}

static str plural(str s)
{
    if (str_ends(s, S("ies")))
        return s.len > 4 ? without(s, 2) : without(s, 1);
    if (str_ends(s, S("uses")) && s.len > 4)
        return without(s, 2);
    if (str_ends(s, S("sses")) || str_ends(s, S("xes")) || str_ends(s, S("ches")) || str_ends(s, S("shes")) || str_ends(s, S("zes")))
        return without(s, 2);
    if (str_ends(s, S("s")) && !str_ends(s, S("ss")) && !str_ends(s, S("us")) && !str_ends(s, S("is")))
        return without(s, 1);
    return s;
}

/* "bak", "writ": one vowel, then a consonant; in front of an e, another word than without it. */
static bool wants_e(str s)
{
    size_t vowels = 0;

    for (size_t i = 0; i < s.len; i++)
        vowels += is_vowel(s.p[i]);
    return s.len > 2 && vowels == 1 && is_vowel(s.p[s.len - 2]) && s.p[s.len - 1] != 'w' && s.p[s.len - 1] != 'x';
}

/* What "running" and "baking" are without their ends: "run" and "bake".  There is room where the end was. */
static str bare_verb(char *word, size_t len)
{
    str s = str_of(word, len);
    char last = word[len - 1];

    if (len >= SHORTEST && last == word[len - 2] && !is_vowel(last) && last != 'l' && last != 's' && last != 'z')
        return without(s, 1);
    if (len <= SHORTEST && wants_e(s)) {
        word[len] = 'e';
        s.len++;
    }
    return s;
}

static str verb(char *word, str s)
{
    if (str_ends(s, S("ied")) && s.len > 4)
        return without(s, 2);
    if (str_ends(s, S("ing")) && s.len > 5 && has_vowel(without(s, 3)))
        return bare_verb(word, s.len - 3);
    if (str_ends(s, S("ed")) && !str_ends(s, S("eed")) && s.len > 4 && has_vowel(without(s, 2)))
        return bare_verb(word, s.len - 2);
    return s;
}

static str derived(str s)
{
    if ((str_ends(s, S("tion")) || str_ends(s, S("sion"))) && s.len >= 8)
        return without(s, 3);
    if (str_ends(s, S("ment")) && s.len >= 10)
        return without(s, 4);
    if (str_ends(s, S("ly")) && s.len >= 7)
        return without(s, 2);
    return s;
}

/* The e that "caching" has lost is taken from "cache" too, if no other word is left: "plane" is no "plan". */
static bool has_silent_e(str s)
{
    return str_ends(s, S("e")) && (s.len >= 6 || (s.len == 5 && !wants_e(without(s, 1))));
}

size_t stem_english(char *folded, size_t len)
{
    str s = str_of(folded, len);

    if (len < SHORTEST || !is_plain(s))
        return len;
    s = derived(verb(folded, plural(s)));
    if (has_silent_e(s) || (s.len >= 6 && str_ends(s, S("ll"))))
        return s.len - 1;
    if (s.len >= SHORTEST && str_ends(s, S("y")) && !is_vowel(s.p[s.len - 2]))
        folded[s.len - 1] = 'i';
    return s.len;
}
