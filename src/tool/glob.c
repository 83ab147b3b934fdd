// SPDX-License-Identifier: Apache-2.0
#include "tool/glob.h"

#include "base/utf8.h"

/* Above every character, so that a bad byte equals only itself. */
enum { BAD_BYTE = 0x110000 };

static uint32_t next(str *s)
{
    uint32_t ch;
    size_t n = utf8_next(*s, &ch);

    if (n == 0) {
        ch = BAD_BYTE + (unsigned char)s->p[0];
        n = 1;
    }
    *s = str_skip(*s, n);
    return ch;
}

/* One character of a set, which "\" may stand before. */
static uint32_t next_of_set(str *s)
{
    uint32_t ch = next(s);

    return ch == '\\' && s->len ? next(s) : ch;
}

/* `p` is behind the "["; moved behind the "]".  False when there is none. */
static bool match_set(str *p, uint32_t ch, bool *ret_in)
{
    bool negated = p->len && (p->p[0] == '!' || p->p[0] == '^'), in = false;

    *p = str_skip(*p, negated);
    for (bool first = true; p->len && (first || p->p[0] != ']'); first = false) {
        uint32_t from = next_of_set(p), to = from;

        if (p->len > 1 && p->p[0] == '-' && p->p[1] != ']') {
            *p = str_skip(*p, 1);
            to = next_of_set(p);
        }
        in |= from <= ch && ch <= to;
    }
    if (!str_eat(p, S("]")))
        return false;
    *ret_in = in != negated;
    return true;
}

/* The pattern's next element, which is no star, against one character. */
static bool match_one(str *p, str *name)
{
    uint32_t want = next(p), ch = next(name);
    bool in = false;

    if (want == '?')
        return true;
    if (want == '[')
        return match_set(p, ch, &in) && in;
    if (want == '\\' && p->len)
        want = next(p);
    return want == ch;
}

/* Going back to the last star is enough: what an earlier one might take, the last can. */
static bool match_part(str p, str name, enum glob_dots dots)
{
    str star_p = NO_STR, star_name = NO_STR;

    if (dots == GLOB_DOTS_HIDDEN && str_starts(name, S(".")) && p.len && (p.p[0] == '*' || p.p[0] == '?' || p.p[0] == '['))
        return false;
    while (name.len || p.len) {
        if (p.len && p.p[0] == '*') {
            p = star_p = str_skip(p, 1);
            star_name = name;
            continue;
        }
        if (p.len && name.len && match_one(&p, &name))
            continue;
        if (!star_name.len)
            return false;
        next(&star_name);
        name = star_name;
        p = star_p;
    }
    return true;
}

/* Where a "**" stands in the pattern, and what it has not taken yet.  A pattern without "/" has one before it. */
struct any_folders { bool is; str pattern, path; };

static struct any_folders before_all(str pattern, str path)
{
    return (struct any_folders){ .is = str_find_char(pattern, '/') == STR_NONE, .pattern = pattern, .path = path };
}

static bool is_hidden(str part, enum glob_dots dots) { return dots == GLOB_DOTS_HIDDEN && str_starts(part, S(".")); }

/* The same a floor up, with parts for characters and "**" for the star: it takes whole parts, but no hidden ones. */
bool glob_match(str pattern, str path, enum glob_dots dots)
{
    struct any_folders any = before_all(pattern, path);
    str want, part;

    for (;;) {
        bool has_want = str_split(&pattern, '/', &want), has_part;

        if (has_want && str_eq(want, S("**"))) {
            any = (struct any_folders){ .is = true, .pattern = pattern, .path = path };
            if (!pattern.p)         /* at the end it stands for everything below, not for the folder itself */
                pattern = any.pattern = S("*");
            continue;
        }
        has_part = str_split(&path, '/', &part);
        if (!has_want && !has_part)
            return true;
        if (has_want && has_part && match_part(want, part, dots))
            continue;
        if (!any.is || !str_split(&any.path, '/', &part) || is_hidden(part, dots))
            return false;
        pattern = any.pattern;
        path = any.path;
    }
}

/* A hidden folder is worth a look if the pattern names one. */
static bool may_take(str pattern, str folder, enum glob_dots dots)
{
    bool names_one = false, hidden = false;
    str part;

    while (str_split(&pattern, '/', &part))
        names_one |= str_starts(part, S(".")) || str_starts(part, S("\\."));
    while (str_split(&folder, '/', &part))
        hidden |= is_hidden(part, dots);
    return names_one || !hidden;
}

bool glob_may_match_below(str pattern, str folder, enum glob_dots dots)
{
    str want, part;

    if (before_all(pattern, folder).is)
        return may_take(S("*"), folder, dots);
    while (str_split(&pattern, '/', &want)) {
        if (str_eq(want, S("**")))
            return may_take(pattern, folder, dots);
        if (!str_split(&folder, '/', &part))
            return true;
        if (!match_part(want, part, dots))
            return false;
    }
    return false;
}

static enum err check_part(str part)
{
    bool in;

    if (part.len == 0 || str_eq(part, S(".")) || str_eq(part, S("..")))
        return failed(ERR_INPUT, "a pattern has names between single slashes, such as *.c or src/**/*.h");
    while (part.len) {
        char c = part.p[0];

        part = str_skip(part, 1);
        if (c == '{')
            return failed(ERR_INPUT, "a pattern has no braces: ask for each by itself, or write \\{ for the character");
        if (c == '[' && !match_set(&part, 0, &in))
            return failed(ERR_INPUT, "a pattern has a ] for every [; write \\[ for the character");
        if (c == '\\' && part.len == 0)
            return failed(ERR_INPUT, "a pattern has no \\ at the end of a name");
        if (c == '\\')
            part = str_skip(part, 1);
    }
    return OK;
}

enum err glob_check(str pattern)
{
    str part;

    if (pattern.len == 0 || pattern.len > GLOB_MAX || str_find_char(pattern, '\0') != STR_NONE)
        return failed(ERR_INPUT, "a pattern has 1 to %d bytes and no NUL", GLOB_MAX);
    while (str_split(&pattern, '/', &part))
        TRY(check_part(part));
    return OK;
}
