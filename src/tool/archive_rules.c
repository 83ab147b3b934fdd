// SPDX-License-Identifier: Apache-2.0
#include "tool/archive_rules.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "tool/glob.h"

enum { RULES_MAX = 100 };

/* ---- reading them ---- */

static bool is_word(str word)
{
    static const char *const words[] = { "type", "ext", "year", "month", "day", "size" };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        if (str_eq(word, str_from(words[i])))
            return true;
    return false;
}

static enum err check_folder(str to)
{
    str parts = to, part;

    if (to.len == 0 || to.p[0] == '/')
        return failed(ERR_INPUT, "to: \"%.*s\" must be a folder below the target", STR(str_take(to, 60)));
    while (str_split(&parts, '/', &part))
        if (str_eq(part, S("..")) || str_starts(part, S(".")))
            return failed(ERR_INPUT, "to: \"%.*s\": a part may not begin with a dot", STR(str_take(to, 60)));
    for (size_t open; (open = str_find_char(to, '{')) != STR_NONE; ) {
        size_t end = str_find_char(str_skip(to, open), '}');

        if (end == STR_NONE || !is_word(str_cut(to, open + 1, open + end)))
            return failed(ERR_INPUT, "to: only {type} {ext} {year} {month} {day} {size} stand for something, not \"%.*s\"",
                          STR(str_take(str_skip(to, open), 20)));
        to = str_skip(to, open + end + 1);
    }
    return OK;
}

static enum err parse_age(const json_t *j, const char *key, int64_t now_ms, int64_t *out)
{
    str text = json_text_str(j, key);

    *out = 0;
    if (text.len && time_or_age_parse(text, now_ms, out))
        return failed_in(ERR_INPUT, "%s: ", key);
    return OK;
}

static enum err parse_rule(const json_t *j, int64_t now_ms, struct archive_rule *out)
{
    *out = (struct archive_rule){
        .match = json_text_str(j, "match"), .to = json_text_str(j, "to"), .min_size = json_int(j, "min_size", 0),
        .max_size = json_int(j, "max_size", INT64_MAX),
    };
    while (str_ends(out->to, S("/")))
        out->to.len--;
    if (out->match.len)
        TRY(glob_check(out->match));
    TRY(parse_age(j, "older_than", now_ms, &out->before_ms));
    TRY(parse_age(j, "newer_than", now_ms, &out->after_ms));
    return check_folder(out->to);
}

enum err archive_rules_parse(struct arena *a, const json_t *arguments, int64_t now_ms, struct archive_rules *out)
{
    static const struct { const char *by; struct archive_rule rule; } simple[] = {
        { "type", { .to = { "{type}", 6 }, .max_size = INT64_MAX } },
        { "date", { .to = { "{year}/{month}", 14 }, .max_size = INT64_MAX } },
        { "size", { .to = { "{size}", 6 }, .max_size = INT64_MAX } },
    };
    const json_t *list = json_at(arguments, "rules");
    const char *by = json_text(arguments, "by");
    size_t n = json_array_size(list);

    for (size_t i = 0; list == NULL && i < N_ELEMENTS(simple); i++)
        if (strcmp(by[0] ? by : "type", simple[i].by) == 0)
            *out = (struct archive_rules){ &simple[i].rule, 1 };
    if (list == NULL)
        return OK;
    if (n == 0 || n > RULES_MAX)
        return failed(ERR_INPUT, "rules: give 1 to %d of them", RULES_MAX);
    struct archive_rule *rules = arena_alloc(a, n * sizeof *rules);

    for (size_t i = 0; i < n; i++)
        if (parse_rule(json_array_get(list, i), now_ms, &rules[i]))
            return failed_in(ERR_INPUT, "rules.%zu.", i);
    *out = (struct archive_rules){ rules, n };
    return OK;
}

/* ---- using them ---- */

/* What is behind the last dot, small; "": nothing. */
static void ending_of(str name, char out[16])
{
    size_t dot = name.len;

    out[0] = '\0';
    while (dot > 1 && name.p[dot - 1] != '.')
        dot--;
    str end = str_skip(name, dot);

    if (dot <= 1 || end.len == 0 || end.len >= 16)
        return;
    for (size_t i = 0; i < end.len; i++)
        out[i] = (char)tolower((unsigned char)end.p[i]);
    out[end.len] = '\0';
}

static const char *type_of(const char *ending)
{
    static const struct { const char *type, *endings; } types[] = {
#define TYPE(folder, endings) { folder, endings },
#include "tool/archive_types.def"
#undef TYPE
    };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        for (str all = str_from(types[i].endings), one; ending[0] && str_split(&all, ' ', &one); )
            if (str_eq(one, str_from(ending)))
                return types[i].type;
    return "other";
}

static const char *size_name(int64_t size)
{
    return size < 1 << 20 ? "small" : size < 100 << 20 ? "medium" : "large";
}

static void add_word(struct buf *b, str word, const struct archive_file *f)
{
    time_t seconds = (time_t)(f->modified_ms / 1000);
    char ending[16];
    struct tm t;

    localtime_r(&seconds, &t);
    ending_of(f->name, ending);
    if (str_eq(word, S("type")))
        buf_add(b, str_from(type_of(ending)));
    else if (str_eq(word, S("ext")))
        buf_add(b, ending[0] ? str_from(ending) : S("none"));
    else if (str_eq(word, S("year")))
        buf_addf(b, "%04d", t.tm_year + 1900);
    else if (str_eq(word, S("month")))
        buf_addf(b, "%02d", t.tm_mon + 1);
    else if (str_eq(word, S("day")))
        buf_addf(b, "%02d", t.tm_mday);
    else
        buf_add(b, str_from(size_name(f->size)));
}

static str fill(struct arena *a, str to, const struct archive_file *f)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t open; (open = str_find_char(to, '{')) != STR_NONE; ) {
        size_t end = str_find_char(to, '}');

        buf_add(&b, str_take(to, open));
        add_word(&b, str_cut(to, open + 1, end), f);
        to = str_skip(to, end + 1);
    }
    buf_add(&b, to);
    return arena_str(a, buf_str(&b));
}

str archive_rules_place(const struct archive_rules *rules, struct arena *a, const struct archive_file *f)
{
    for (size_t i = 0; i < rules->n; i++) {
        const struct archive_rule *r = &rules->rules[i];

        if ((r->match.len == 0 || glob_match(r->match, f->name, GLOB_DOTS_HIDDEN)) && f->size >= r->min_size && f->size <= r->max_size
            && (r->before_ms == 0 || f->modified_ms < r->before_ms) && (r->after_ms == 0 || f->modified_ms >= r->after_ms))
            return fill(a, r->to, f);
    }
    return NO_STR;
}
