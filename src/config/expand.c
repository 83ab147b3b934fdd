// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>

#include "config/load.h"

enum { EXPANDED_MAX = 1 << 20 };

static bool is_name(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isalnum((unsigned char)s.p[i]) && s.p[i] != '_')
            return false;
    return s.len && !isdigit((unsigned char)s.p[0]);
}

/* `inside` is what stands between the braces. */
static enum err add_variable(struct arena *a, const char *const *env, str inside, struct buf *out)
{
    size_t dash = str_find(inside, S(":-"));
    str name = str_take(inside, dash);

    if (!is_name(name))
        return failed(ERR_INPUT, "has '${%.*s}', which is not ${NAME} or ${NAME:-otherwise}; write $${ for a plain ${",
                      STR(str_take(inside, 60)));
    const char *value = env_get(env, arena_c(a, name));

    if (value == NULL && dash == STR_NONE)
        return failed(ERR_INPUT, "names the environment variable %.*s, which is not set", STR(name));
    buf_add(out, value ? str_from(value) : str_skip(inside, dash + 2));
    return OK;
}

enum err expand(struct arena *a, const char *const *env, str text, str *out)
{
    CLEANUP(buf_done) struct buf b = { .max = EXPANDED_MAX };
    size_t at;

    if (str_find(text, S("${")) == STR_NONE) {
        *out = text;
        return OK;
    }
    while ((at = str_find(text, S("${"))) != STR_NONE) {
        if (at && text.p[at - 1] == '$') {
            buf_add(&b, str_take(text, at - 1));
            buf_add(&b, S("${"));
            text = str_skip(text, at + 2);
            continue;
        }
        size_t end = str_find_char(str_skip(text, at), '}');

        if (end == STR_NONE)
            return failed(ERR_INPUT, "has '${' without its '}'");
        buf_add(&b, str_take(text, at));
        TRY(add_variable(a, env, str_cut(text, at + 2, at + end), &b));
        text = str_skip(text, at + end + 1);
    }
    buf_add(&b, text);
    TRY(buf_check(&b, "a value with its variables"));
    *out = arena_str(a, buf_str(&b));
    return OK;
}
