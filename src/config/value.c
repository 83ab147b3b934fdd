// SPDX-License-Identifier: Apache-2.0
#include "config/value.h"

#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"

static void *field_of(const struct option *o, const struct config *c)
{
    return (char *)c + o->offset;
}

static enum err wants(const struct option *o, str text)
{
    bool hidden = o->type == OPTION_SECRET || o->type == OPTION_URL;

    text = utf8_take(text, 60);
    if (o->type == OPTION_CHOICE || (o->type == OPTION_LIST && *o->allowed))
        return failed(ERR_INPUT, "is one of %s, not '%.*s'", o->allowed, STR(text));
    if (*o->allowed)
        return failed(ERR_INPUT, "wants %s, %s, not '%.*s'", option_type_name(o->type), o->allowed, STR(text));
    return failed(ERR_INPUT, "wants %s, not '%.*s'", option_type_name(o->type), STR(hidden ? S("***") : text));
}

static enum err parse_size(str text, uint64_t *out)
{
    static const char units[] = "KMGT";
    uint64_t n;

    if (str_ends(text, S("iB")))
        text.len -= 2;
    else if (str_ends(text, S("B")))
        text.len -= 1;
    const char *unit = text.len && text.p[text.len - 1] ? strchr(units, text.p[text.len - 1]) : NULL;

    if (unit)
        text.len--;
    TRY(str_u64(text, &n));
    for (int i = 0; unit && i <= unit - units; i++)
        if (__builtin_mul_overflow(n, 1024, &n))
            return failed(ERR_INPUT, "too large");
    *out = n;
    return OK;
}

static enum err parse_number(enum option_type type, str text, uint64_t *out)
{
    switch (type) {
    case OPTION_SIZE:
        return parse_size(text, out);
    case OPTION_DURATION:
        return duration_parse(text, out);
    default:
        return str_u64(text, out);
    }
}

static enum err parse_in_range(const struct option *o, str text, uint64_t *out)
{
    str most = str_from(o->type == OPTION_PORT ? "0..65535" : o->allowed);
    size_t dots = str_find(most, S(".."));
    uint64_t n, limit;

    if (parse_number(o->type, text, &n))
        return wants(o, text);
    if (dots != STR_NONE) {
        TRY(parse_number(o->type, str_take(most, dots), &limit));
        if (n < limit)
            return wants(o, text);
        TRY(parse_number(o->type, str_skip(most, dots + 2), &limit));
        if (n > limit)
            return wants(o, text);
    }
    *out = n;
    return OK;
}

static enum err parse_flag(const struct option *o, str text, bool *out)
{
    static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = { "false", "no", "off", "0" };

    for (size_t i = 0; i < N_ELEMENTS(yes); i++) {
        if (str_eq_nocase(text, str_from(yes[i])) || str_eq_nocase(text, str_from(no[i]))) {
            *out = str_eq_nocase(text, str_from(yes[i]));
            return OK;
        }
    }
    return wants(o, text);
}

static bool is_allowed(const struct option *o, str word)
{
    str rest = str_from(o->allowed), one;

    if (rest.len == 0)
        return true;
    while (str_split(&rest, '|', &one))
        if (str_eq(one, word))
            return true;
    return false;
}

static bool has_controls(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

static enum err parse_text(struct arena *a, const struct option *o, str text, const char **out)
{
    bool bad = has_controls(text) || !utf8_valid(text);

    if (o->type == OPTION_CHOICE)
        bad = bad || !is_allowed(o, text);
    if (o->type == OPTION_URL)
        bad = bad || str_find_char(text, ' ') != STR_NONE;
    if (bad)
        return wants(o, text);
    *out = arena_c(a, text);
    return OK;
}

enum err value_set_list(struct arena *a, const struct option *o, const str *items, size_t n, struct config *c)
{
    const char **copy = arena_alloc(a, (n + 1) * sizeof *copy);

    for (size_t i = 0; i < n; i++) {
        if (!is_allowed(o, items[i]) || has_controls(items[i]))
            return wants(o, items[i]);
        copy[i] = arena_c(a, items[i]);
    }
    *(struct string_list *)field_of(o, c) = (struct string_list){ n, copy };
    return OK;
}

enum { LIST_MAX = 1000 };

static enum err parse_list(struct arena *a, const struct option *o, str text, struct config *c)
{
    str *items = arena_alloc(a, LIST_MAX * sizeof *items), one;
    size_t n = 0;

    while (str_split(&text, ',', &one)) {
        one = str_trim(one);
        if (n == LIST_MAX)
            return failed(ERR_LIMIT, "has more than %d items", LIST_MAX);
        if (one.len)
            items[n++] = one;
    }
    return value_set_list(a, o, items, n, c);
}

enum err value_parse(struct arena *a, const struct option *o, str text, struct config *c)
{
    void *field = field_of(o, c);

    switch (o->type) {
    case OPTION_PORT:
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return parse_in_range(o, text, field);
    case OPTION_FLAG:
        return parse_flag(o, text, field);
    case OPTION_LIST:
        return parse_list(a, o, text, c);
    case OPTION_RAW:
        if (text.len)
            return wants(o, text);
        *(const json_t **)field = NULL;
        return OK;
    default:
        return parse_text(a, o, text, field);
    }
}

static void print_size(struct buf *b, uint64_t n)
{
    static const char *const units[] = { "", "K", "M", "G", "T" };
    size_t i = 0;

    for (; n && n % 1024 == 0 && i + 1 < N_ELEMENTS(units); i++)
        n /= 1024;
    buf_addf(b, "%llu%s", (unsigned long long)n, units[i]);
}

str url_password(str url)
{
    size_t start = str_find(url, S("://"));

    if (start == STR_NONE)
        return NO_STR;
    str rest = str_skip(url, start + 3);
    size_t at = STR_NONE;

    /* the last '@' of the authority: a password may hold one */
    for (size_t i = 0; i < rest.len && rest.p[i] != '/' && rest.p[i] != '?' && rest.p[i] != '#'; i++)
        if (rest.p[i] == '@')
            at = i;
    if (at == STR_NONE)
        return NO_STR;
    size_t colon = str_find_char(str_take(rest, at), ':');

    return colon == STR_NONE ? NO_STR : str_cut(rest, colon + 1, at);
}

static void print_url(struct buf *b, str url)
{
    str password = url_password(url);

    if (password.len == 0) {
        buf_add(b, url);
        return;
    }
    size_t before = (size_t)(password.p - url.p);

    buf_add(b, str_take(url, before));
    buf_add(b, S("***"));
    buf_add(b, str_skip(url, before + password.len));
}

void value_print(struct buf *b, const struct option *o, const struct config *c)
{
    const void *field = field_of(o, c);
    const struct string_list *list = field;
    char text[TIME_TEXT_SIZE];

    switch (o->type) {
    case OPTION_PORT:
    case OPTION_COUNT:
        buf_addf(b, "%llu", (unsigned long long)*(const uint64_t *)field);
        break;
    case OPTION_SIZE:
        print_size(b, *(const uint64_t *)field);
        break;
    case OPTION_DURATION:
        buf_add(b, str_from(duration_text(text, *(const uint64_t *)field)));
        break;
    case OPTION_FLAG:
        buf_add(b, *(const bool *)field ? S("true") : S("false"));
        break;
    case OPTION_SECRET:
        buf_add(b, **(const char *const *)field ? S("***") : S(""));
        break;
    case OPTION_URL:
        print_url(b, str_from(*(const char *const *)field));
        break;
    case OPTION_LIST:
        for (size_t i = 0; i < list->n; i++)
            buf_addf(b, "%s%s", i ? ", " : "", list->items[i]);
        break;
    case OPTION_RAW:
        if (*(json_t *const *)field)
            json_print_to(b, *(json_t *const *)field);
        break;
    default:
        buf_add(b, str_from(*(const char *const *)field));
    }
}

json_t *value_json(const struct option *o, const struct config *c)
{
    const void *field = field_of(o, c);
    CLEANUP(buf_done) struct buf text = {0};

    if (o->type == OPTION_PORT || o->type == OPTION_COUNT)
        return json_integer((json_int_t)*(const uint64_t *)field);
    if (o->type == OPTION_FLAG)
        return json_boolean(*(const bool *)field);
    if (o->type == OPTION_RAW)
        return *(json_t *const *)field ? json_incref(*(json_t *const *)field) : json_null();
    if (o->type == OPTION_LIST) {
        const struct string_list *list = field;
        json_t *array = json_array();

        for (size_t i = 0; i < list->n; i++)
            json_array_append_new(array, json_from_str(str_from(list->items[i])));
        return array;
    }
    value_print(&text, o, c);
    return json_from_str(buf_str(&text));
}

bool value_same(const struct option *o, const struct config *x, const struct config *y)
{
    const void *a = field_of(o, x), *b = field_of(o, y);

    switch (o->type) {
    case OPTION_PORT:
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return *(const uint64_t *)a == *(const uint64_t *)b;
    case OPTION_FLAG:
        return *(const bool *)a == *(const bool *)b;
    case OPTION_RAW:
        return *(json_t *const *)a == *(json_t *const *)b || json_equal(*(json_t *const *)a, *(json_t *const *)b);
    case OPTION_LIST: {
        const struct string_list *p = a, *q = b;
        bool same = p->n == q->n;

        for (size_t i = 0; same && i < p->n; i++)
            same = strcmp(p->items[i], q->items[i]) == 0;
        return same;
    }
    default:
        return strcmp(*(const char *const *)a, *(const char *const *)b) == 0;
    }
}

void value_copy(const struct option *o, const struct config *from, struct config *to)
{
    static const size_t sizes[] = {
        [OPTION_PORT] = sizeof(uint64_t), [OPTION_COUNT] = sizeof(uint64_t), [OPTION_SIZE] = sizeof(uint64_t),
        [OPTION_DURATION] = sizeof(uint64_t), [OPTION_FLAG] = sizeof(bool), [OPTION_TEXT] = sizeof(char *),
        [OPTION_CHOICE] = sizeof(char *), [OPTION_URL] = sizeof(char *), [OPTION_SECRET] = sizeof(char *),
        [OPTION_PATH] = sizeof(char *), [OPTION_LIST] = sizeof(struct string_list), [OPTION_RAW] = sizeof(json_t *),
    };

    memcpy(field_of(o, to), field_of(o, from), sizes[o->type]);
}
