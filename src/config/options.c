// SPDX-License-Identifier: Apache-2.0
#include "config/options.h"

#include <ctype.h>
#include <string.h>

#include "config/value.h"

const struct option options[N_OPTIONS] = {
#define OPTION(field, type, path, otherwise, allowed, when, doc) \
    { path, otherwise, allowed, doc, OPTION_##type, OPTION_##when, offsetof(struct config, field) },
#include "config/options.def"
#undef OPTION
};

const struct option *option_find(str path)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (str_eq(str_from(options[i].path), path))
            return &options[i];
    return NULL;
}

/* The key that stands below `section` in the row's path; NO_STR when the row is not below it. */
static str key_below(const struct option *o, str section)
{
    str path = str_from(o->path);

    if (section.len && !(str_eat(&path, section) && str_eat(&path, S("."))))
        return NO_STR;
    size_t dot = str_find_char(path, '.');

    return str_take(path, dot);
}

bool options_same_below(str section, const struct config *a, const struct config *b)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (key_below(&options[i], section).p && !value_same(&options[i], a, b))
            return false;
    return true;
}

bool option_is_section(str path)
{
    for (size_t i = 0; i < N_OPTIONS; i++)
        if (path.len == 0 || key_below(&options[i], path).p)
            return true;
    return false;
}

void option_env_name(struct buf *b, const struct option *o)
{
    buf_add(b, S("CLAWDBOT_"));
    for (const char *p = o->path; *p; p++)
        buf_add_char(b, *p == '.' ? '_' : (char)toupper((unsigned char)*p));
}

const char *option_type_name(enum option_type t)
{
    static const char *const names[] = {
        [OPTION_PORT] = "a port number", [OPTION_COUNT] = "a whole number", [OPTION_SIZE] = "a size such as 512M",
        [OPTION_DURATION] = "a duration such as 90s", [OPTION_FLAG] = "true or false", [OPTION_TEXT] = "a text",
        [OPTION_CHOICE] = "one of a few words", [OPTION_URL] = "an address", [OPTION_SECRET] = "a secret",
        [OPTION_PATH] = "a path", [OPTION_LIST] = "a list", [OPTION_RAW] = "a list or map",
    };

    return names[t];
}

const char *option_when_name(enum option_when w)
{
    static const char *const names[] = { "live", "restart", "unbuilt" };

    return names[w];
}

enum { WORD_MAX = 63 };

static unsigned least(unsigned a, unsigned b) { return a < b ? a : b; }

unsigned edit_distance(str a, str b, unsigned most)
{
    unsigned char rows[3][WORD_MAX + 1] = {{0}};

    if (a.len > WORD_MAX || b.len > WORD_MAX)
        return most + 1;
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned char)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned char *now = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];

        now[0] = (unsigned char)i;
        for (size_t j = 1; j <= b.len; j++) {
            bool same = tolower((unsigned char)a.p[i - 1]) == tolower((unsigned char)b.p[j - 1]);
            unsigned d = least(least(above[j] + 1u, now[j - 1] + 1u), above[j - 1] + !same);

            if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1])
                d = least(d, above2[j - 2] + 1u);
            now[j] = (unsigned char)d;
        }
    }
    return least(rows[a.len % 3][b.len], most + 1);
}

/* Half of a short word may not be wrong: then it is another word. */
static unsigned most_edits(str key)
{
    return key.len < 4 ? 1 : key.len < 9 ? 2 : 3;
}

const char *name_nearest(str name, const char *const *names, size_t n)
{
    unsigned best = most_edits(name) + 1;
    const char *found = NULL;

    for (size_t i = 0; i < n; i++) {
        unsigned d = edit_distance(name, str_from(names[i]), best);

        if (d < best) {
            best = d;
            found = names[i];
        }
    }
    return found;
}

str option_nearest(struct arena *a, str section, str key)
{
    unsigned best = most_edits(key) + 1;
    str found = NO_STR;

    for (size_t i = 0; i < N_OPTIONS; i++) {
        str sibling = key_below(&options[i], section);

        if (sibling.p == NULL)
            continue;
        unsigned d = edit_distance(key, sibling, best);

        if (d < best) {
            best = d;
            found = sibling;
        }
    }
    if (found.p)
        return arena_str(a, found);
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *dot = strrchr(options[i].path, '.');

        if (dot && str_eq(str_from(dot + 1), key))
            return str_from(options[i].path);
    }
    return S("");
}
