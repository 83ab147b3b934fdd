// SPDX-License-Identifier: Apache-2.0
/* The matcher, which remembers only its last star, agrees with one that tries everything; and no folder above a match
 * is passed over.  The input is a pattern, a line end, and a path. */
#include <assert.h>

#include "tool/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SHORT = 24 };        /* trying everything takes exponential time */

/* Stars, "?" and plain ASCII alone: what the rest of it does is the matcher's own to say. */
static bool is_plain(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] > 126 || s.p[i] == '[' || s.p[i] == '\\')
            return false;
    return true;
}

static bool try_part(str p, str name)
{
    if (p.len == 0)
        return name.len == 0;
    if (p.p[0] == '*')
        return try_part(str_skip(p, 1), name) || (name.len && try_part(p, str_skip(name, 1)));
    return name.len && (p.p[0] == '?' || p.p[0] == name.p[0]) && try_part(str_skip(p, 1), str_skip(name, 1));
}

static bool try_path(str p, str path)
{
    str want, part, p_rest = p, path_rest = path;

    if (!str_split(&p_rest, '/', &want))
        return path.p == NULL;
    if (!str_split(&path_rest, '/', &part))
        return false;
    if (!str_eq(want, S("**")))
        return try_part(want, part) && try_path(p_rest, path_rest);
    return (p_rest.p ? try_path(p_rest, path) : true) || try_path(p, path_rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    str path = str_of(data, n), pattern;

    if (!str_split(&path, '\n', &pattern) || !path.p || glob_check(pattern) != OK)
        return 0;
    bool shown = glob_match(pattern, path, GLOB_DOTS_SHOWN), hidden = glob_match(pattern, path, GLOB_DOTS_HIDDEN);

    assert(shown || !hidden);
    for (size_t at = 0; at < path.len; at++)
        if (path.p[at] == '/') {
            assert(!shown || glob_may_match_below(pattern, str_take(path, at), GLOB_DOTS_SHOWN));
            assert(!hidden || glob_may_match_below(pattern, str_take(path, at), GLOB_DOTS_HIDDEN));
        }
    if (str_find_char(pattern, '/') != STR_NONE && n <= SHORT && is_plain(str_of(data, n)))
        assert(shown == try_path(pattern, path));
    return 0;
}
