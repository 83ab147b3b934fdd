// SPDX-License-Identifier: Apache-2.0
#include "nlu/plan.h"

#include <string.h>

#include "base/buf.h"

/* Why a value has no place in what is made. */
enum filled { FILLED, LEFT_OUT, FILL_FAILED };

static void drop(void *j)
{
    json_decref(j);
}

static json_t *owned(struct arena *a, json_t *j)
{
    arena_on_free(a, drop, j);
    return j;
}

/* ---- which alternative ---- */

static bool has(const json_t *values, const char *name)
{
    const json_t *v = json_at(values, name);

    return v && !json_is_false(v) && !(json_is_string(v) && json_string_length(v) == 0);
}

static bool holds(const json_t *conditions, const json_t *values)
{
    size_t i;
    json_t *c;

    json_array_foreach(conditions, i, c) {
        const char *name = json_string_value(c);

        if (name[0] == '!' ? has(values, name + 1) : !has(values, name))
            return false;
    }
    return true;
}

static size_t count_steps(const json_t *alternative)
{
    const json_t *steps = json_at(alternative, "steps");

    return steps ? json_array_size(steps) : 1;
}

enum err plan_make(struct arena *a, const struct intent *in, json_t *values, struct plan *out)
{
    size_t n = json_is_array(in->plan) ? json_array_size(in->plan) : 1;

    for (size_t i = 0; in->plan && i < n; i++) {
        const json_t *one = json_is_array(in->plan) ? json_array_get(in->plan, i) : in->plan;

        if (!holds(json_at(one, "if"), values))
            continue;
        *out = (struct plan){ in->as, (json_t *)one, owned(a, json_incref(values)), count_steps(one) };
        return OK;
    }
    return failed(ERR_INPUT, "there is nothing to be done about %.*s in this way", STR(in->name));
}

/* ---- arguments ---- */

struct filler { const struct plan *plan; bool as_text; str missing; };

static enum filled fill(struct filler *, const json_t *form, json_t **out);

static json_t *text_of(json_t *v)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (json_is_string(v))
        return json_incref(v);
    json_print_to(&b, v);
    return json_from_str(buf_str(&b));
}

static enum filled fill_value(struct filler *f, str name, json_t **out);

/* What stands behind the bar: a constant, or another value. */
static enum filled fill_default(struct filler *f, str text, json_t **out)
{
    json_t *j = NULL;

    if (str_eat(&text, S("$")))
        return fill_value(f, text, out);
    if (f->as_text || text.len == 0 || !strchr("-0123456789", text.p[0]) || json_parse(text, &j) != OK)
        j = json_from_str(text);
    *out = j;
    return FILLED;
}

static enum filled fill_value(struct filler *f, str name, json_t **out)
{
    size_t bar = str_find_char(name, '|');
    bool optional = str_ends(name, S("?"));
    char path[64];

    str only = bar != STR_NONE ? str_take(name, bar) : optional ? str_take(name, name.len - 1) : name;
    size_t n = only.len < sizeof path - 1 ? only.len : sizeof path - 1;

    memcpy(path, only.p, n);
    path[n] = '\0';
    json_t *v = has(f->plan->values, path) ? json_at(f->plan->values, path) : NULL;

    if (v) {
        *out = f->as_text ? text_of(v) : json_incref(v);
        return FILLED;
    }
    if (bar != STR_NONE)
        return fill_default(f, str_skip(name, bar + 1), out);
    if (optional)
        return LEFT_OUT;
    f->missing = only;
    return FILL_FAILED;
}

static enum filled fill_text(struct filler *f, const json_t *form, json_t **out)
{
    str text = json_strval(form);

    if (str_eat(&text, S("$$"))) {
        *out = json_from_str(str_of(text.p - 1, text.len + 1));
        return FILLED;
    }
    if (str_eat(&text, S("$")))
        return fill_value(f, text, out);
    *out = json_incref((json_t *)form);
    return FILLED;
}

/* Items behind a condition are spliced in. */
static enum filled fill_items(struct filler *f, const json_t *items, json_t *to)
{
    size_t i;
    json_t *form;

    json_array_foreach(items, i, form) {
        const json_t *more = json_at(form, "then");
        json_t *item = NULL;
        enum filled r = FILLED;

        if (more)
            r = has(f->plan->values, json_text(form, "if")) ? fill_items(f, more, to) : LEFT_OUT;
        else if ((r = fill(f, form, &item)) == FILLED)
            json_array_append_new(to, item);
        if (r == FILL_FAILED)
            return r;
    }
    return FILLED;
}

static enum filled fill_array(struct filler *f, const json_t *form, json_t **out)
{
    CLEANUP(json_decrefp) json_t *to = json_array();
    enum filled r = fill_items(f, form, to);

    if (r == FILLED)
        *out = json_incref(to);
    return r;
}

static bool is_plain(str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-", word.p[i]) || word.p[i] == '\0')
            return false;
    return word.len > 0;
}

/* As POSIX quotes (Shell Command Language 2.2.2): between two ' everything is what it is. */
static void add_quoted(struct buf *b, str word)
{
    str part;

    if (is_plain(word)) {
        buf_add(b, word);
        return;
    }
    buf_add_char(b, '\'');
    for (str rest = word; str_split(&rest, '\'', &part); )
        buf_addf(b, part.p == word.p ? "%.*s" : "'\\''%.*s", STR(part));
    buf_add_char(b, '\'');
}

static void add_words(struct buf *b, const json_t *words, bool quoted)
{
    size_t i;
    json_t *w;

    json_array_foreach(words, i, w) {
        if (quoted && i)
            buf_add_char(b, ' ');
        if (quoted)
            add_quoted(b, json_strval(w));
        else
            buf_add(b, json_strval(w));
    }
}

/* {line: [...]} or {join: [...]}: one text of several. */
static enum filled fill_joined(struct filler *f, const json_t *form, bool quoted, json_t **out)
{
    CLEANUP(json_decrefp) json_t *words = NULL;
    CLEANUP(buf_done) struct buf b = { 0 };
    bool before = f->as_text;

    f->as_text = true;
    enum filled r = fill_array(f, form, &words);

    f->as_text = before;
    if (r != FILLED)
        return r;
    add_words(&b, words, quoted);
    *out = json_from_str(buf_str(&b));
    return FILLED;
}

static enum filled fill_object(struct filler *f, const json_t *form, json_t **out)
{
    CLEANUP(json_decrefp) json_t *to = json_object();
    const char *key;
    json_t *value;

    if (json_at(form, "line"))
        return fill_joined(f, json_at(form, "line"), true, out);
    if (json_at(form, "join"))
        return fill_joined(f, json_at(form, "join"), false, out);
    json_object_foreach((json_t *)form, key, value) {
        json_t *v = NULL;
        bool before = f->as_text;

        f->as_text = before || strcmp(key, "argv") == 0;
        enum filled r = fill(f, value, &v);

        f->as_text = before;
        if (r == FILL_FAILED)
            return r;
        if (r == FILLED)
            json_object_set_new(to, key, v);
    }
    *out = json_incref(to);
    return FILLED;
}

static enum filled fill(struct filler *f, const json_t *form, json_t **out)
{
    switch (json_typeof(form)) {
    case JSON_STRING: return fill_text(f, form, out);
    case JSON_ARRAY:  return fill_array(f, form, out);
    case JSON_OBJECT: return fill_object(f, form, out);
    default:
        *out = f->as_text ? text_of((json_t *)form) : json_incref((json_t *)form);
        return FILLED;
    }
}

/* ---- steps ---- */

static const json_t *form_of(const struct plan *p, size_t i)
{
    const json_t *steps = json_at(p->alternative, "steps");

    return steps ? json_array_get(steps, i) : p->alternative;
}

static enum err fill_arguments(struct arena *a, const struct plan *p, const json_t *form, json_t **out)
{
    struct filler f = { .plan = p };
    const json_t *arguments = json_at(form, "arguments");
    json_t *j = NULL;

    *out = NULL;
    if (arguments == NULL)
        return OK;
    if (fill(&f, arguments, &j) == FILL_FAILED)
        return failed(ERR_INPUT, "%.*s needs a value for %.*s", STR(p->intent), STR(f.missing));
    *out = j ? owned(a, j) : NULL;
    return OK;
}

enum err plan_step_at(struct arena *a, const struct plan *p, size_t i, struct plan_step *out)
{
    const json_t *form = form_of(p, i);
    struct plan_step s = { 0 };

    s.kind = json_at(form, "tool") ? PLAN_TOOL : json_at(form, "command") ? PLAN_COMMAND : PLAN_SAY;
    s.name = json_text_str(form, s.kind == PLAN_TOOL ? "tool" : "command");
    TRY(fill_arguments(a, p, form, &s.arguments));
    s.text = json_strval(s.arguments);
    if (s.kind == PLAN_TOOL && s.arguments == NULL)
        s.arguments = owned(a, json_object());
    *out = s;
    return OK;
}

void plan_add_result(struct plan *p, str text)
{
    json_t *lines = json_array();
    str rest = str_trim(text), line;

    json_object_set_new(p->values, "result", json_from_str(rest));
    while (str_split(&rest, '\n', &line))
        if (line.len)
            json_array_append_new(lines, json_from_str(line));
    json_object_set_new(p->values, "found", lines);
}

/* ---- the answer ---- */

static struct bilingual bilingual_at(const json_t *form, const char *key)
{
    const json_t *of = json_at(form, key);

    return (struct bilingual){ json_text_str(of, "en"), json_text_str(of, "zh") };
}

struct plan_shown plan_shown(const struct plan *p)
{
    const json_t *last = form_of(p, p->n_steps - 1);

    return (struct plan_shown){ bilingual_at(last, "title"), bilingual_at(last, "say"), str_eq(json_text_str(last, "show"), S("text")) };
}

/* ---- kept between steps ---- */

json_t *plan_to_json(const struct plan *p)
{
    return json_pack("{s:o, s:O, s:O}", "intent", json_from_str(p->intent), "plan", p->alternative, "values", p->values);
}

enum err plan_from_json(struct arena *a, const json_t *j, struct plan *out)
{
    json_t *alternative = json_at(j, "plan"), *values = json_at(j, "values");

    if (!json_is_object(alternative) || !json_is_object(values))
        return failed(ERR_INPUT, "a plan that was kept cannot be read");
    *out = (struct plan){ arena_str(a, json_text_str(j, "intent")), owned(a, json_incref(alternative)), owned(a, json_incref(values)),
                          count_steps(alternative) };
    return OK;
}
