// SPDX-License-Identifier: Apache-2.0
/* JSON as rows: the elements of an array, the lines of JSON Lines, the members of an object.  The text is cut into values by their
 * brackets and each is parsed alone, so that a large export needs the memory of one row, and a broken row costs no other. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "document/reading.h"

enum { NAME_LEN_MAX = 256, ROW_MAX = 16 << 20, FIELDS_TOGETHER = 32, GIVE_UP_AFTER = 1000 };

struct rows {
    struct reading        *out;
    uint32_t               number;      /* of the latest element, member or line */
    uint32_t               row;         /* the one that the fields begin with */
    struct outline         outline;     /* the members that we are in */
    struct arena          *arena;       /* of the row that is being made */
    struct document_field *fields;      /* SECTION_FIELDS_MAX */
    size_t                 n;
    struct buf             name;
};

/* --- a value's fields --- */

static void add_field(struct rows *w, str value)
{
    str name = utf8_take(buf_str(&w->name), NAME_LEN_MAX);

    if (w->n == SECTION_FIELDS_MAX)
        return;
    w->fields[w->n++] = (struct document_field){ name.len ? arena_str(w->arena, name) : S("value"), value };
}

static bool is_scalar(const json_t *j)
{
    return !json_is_object(j) && !json_is_array(j);
}

static bool is_list_of_scalars(const json_t *j)
{
    for (size_t i = 0; i < json_array_size(j); i++)
        if (!is_scalar(json_array_get(j, i)))
            return false;
    return true;
}

static void add_scalar(struct buf *out, const json_t *j)
{
    if (json_is_string(j))
        buf_add(out, json_strval(j));
    else if (!json_is_null(j))
        json_print_to(out, j);
}

static void add_list(struct rows *w, const json_t *j)
{
    CLEANUP(buf_done) struct buf value = {0};

    for (size_t i = 0; i < json_array_size(j); i++) {
        if (i)
            buf_add(&value, S(", "));
        add_scalar(&value, json_array_get(j, i));
    }
    add_field(w, arena_str(w->arena, buf_str(&value)));
}

/* "network.ip", "disks.0.size".  As deep as json_parse() lets it be: JSON_DEPTH_MAX. */
static void flatten(struct rows *w, json_t *j)
{
    size_t len = w->name.len, i;
    const char *key;
    json_t *member;

    if (is_scalar(j)) {
        CLEANUP(buf_done) struct buf value = {0};

        add_scalar(&value, j);
        add_field(w, arena_str(w->arena, buf_str(&value)));
        return;
    }
    if (json_is_array(j) && is_list_of_scalars(j)) {
        add_list(w, j);
        return;
    }
    json_object_foreach(j, key, member) {
        buf_addf(&w->name, "%s%s", len ? "." : "", key);
        flatten(w, member);
        buf_cut(&w->name, len);
    }
    json_array_foreach(j, i, member) {
        buf_addf(&w->name, "%s%zu", len ? "." : "", i);
        flatten(w, member);
        buf_cut(&w->name, len);
    }
}

/* --- cutting --- */

static str skip_blanks(str s)
{
    size_t n = 0;

    while (n < s.len && strchr(" \t\n\r\x1e", s.p[n]))     /* RFC 7464 puts a record separator before each */
        n++;
    return str_skip(s, n);
}

static size_t string_end(str s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '"')
            return i + 1;
    }
    return s.len;
}

/* Where the value ends that s begins with, by its brackets and quotes alone; its length if it does not. */
static size_t value_end(str s)
{
    size_t depth = 0, i = 0;

    while (i < s.len) {
        char c = s.p[i];

        if (c == '"') {
            i += string_end(str_skip(s, i));
            if (depth == 0)
                return i;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '\n' || c == ']' || c == '}' || c == ' ' || c == ':') && i > 0)
            return i;
        depth += c == '{' || c == '[';
        depth -= (c == '}' || c == ']') && depth > 0;
        i++;
        if (depth == 0 && (c == '}' || c == ']'))
            return i;
    }
    return s.len;
}

static str take_value(str *s)
{
    size_t n = value_end(*s);
    str value = str_take(*s, n);

    *s = str_skip(*s, n);
    return value;
}

/* --- rows --- */

static enum err skipped(struct rows *w, const char *why)
{
    struct document *d = w->out->document;

    reading_skipped(w->out, "row %u: %s", w->number, why);
    if (d->n_skipped >= GIVE_UP_AFTER && d->n_skipped > d->n_sections)
        return failed(ERR_INPUT, "this is no JSON: %s", buf_c(&d->problem));
    return OK;
}

/* A value's fields are added to those of the row. */
static enum err add_value(struct rows *w, str text)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (text.len > ROW_MAX)
        return skipped(w, "it is longer than 16 MB");
    if (json_parse(text, &j) != OK)
        return skipped(w, failed_text());
    if (w->n == 0)
        w->row = w->number;
    flatten(w, j);
    return OK;
}

static enum err put_fields(struct rows *w)
{
    enum err e = w->n ? reading_put_row(w->out, outline_path(&w->outline), w->row, w->fields, w->n) : OK;

    w->n = 0;
    arena_freep(&w->arena);
    w->arena = arena_new();
    return e;
}

static enum err put_value(struct rows *w, str text)
{
    w->number++;
    TRY(add_value(w, text));
    return put_fields(w);
}

static enum err read_elements(struct rows *w, str array)
{
    str s = skip_blanks(str_skip(array, 1));

    w->number = 0;
    while (s.len && *s.p != ']' && !w->out->document->cut) {
        TRY(put_value(w, take_value(&s)));
        s = skip_blanks(s);
        if (!str_eat(&s, S(",")) && !str_starts(s, S("]")))
            TRY(skipped(w, s.len ? "no comma stands behind it" : "the file ends behind it, within the array"));
        s = skip_blanks(s);
    }
    return OK;
}

static enum err read_lines(struct rows *w, str text)
{
    struct lines l = { .rest = text };
    str line;

    while (!w->out->document->cut && lines_next(&l, &line)) {
        line = skip_blanks(str_trim(line));
        if (line.len)
            TRY(put_value(w, line));
    }
    return OK;
}

/* Values one behind the other, each over many lines. */
static enum err read_values(struct rows *w, str s)
{
    while ((s = skip_blanks(s)).len && !w->out->document->cut)
        TRY(put_value(w, take_value(&s)));
    return OK;
}

/* --- an object: its members that are objects or lists of them are rows, the others between them are one row --- */

static enum err read_members(struct rows *w, str object, unsigned level);

static bool is_list_of_objects(str value)
{
    return str_starts(value, S("[")) && str_starts(skip_blanks(str_skip(value, 1)), S("{"));
}

static bool is_large_object(str value, unsigned level)
{
    return str_starts(value, S("{")) && value.len > SECTION_TEXT_MAX && level + 1 < OUTLINE_LEVELS;
}

/* A member that is more than a field. */
static enum err read_below(struct rows *w, str key, str value, unsigned level)
{
    uint32_t number = w->number;

    outline_set(&w->outline, level, key);
    if (is_list_of_objects(value)) {
        TRY(read_elements(w, value));
    } else if (is_large_object(value, level)) {
        TRY(read_members(w, value, level + 1));
    } else {
        TRY(add_value(w, value));
        TRY(put_fields(w));
    }
    w->number = number;
    outline_forget(&w->outline, level);
    return OK;
}

/* Few fields a row, so that a long list of settings does not become one. */
static enum err read_field(struct rows *w, str key, str value)
{
    if (w->n >= FIELDS_TOGETHER)
        TRY(put_fields(w));
    buf_clear(&w->name);
    buf_add(&w->name, key);
    enum err e = add_value(w, value);

    buf_clear(&w->name);
    return e;
}

static enum err read_member(struct rows *w, str key, str value, unsigned level)
{
    CLEANUP(json_decrefp) json_t *name = NULL;

    if (json_parse(key, &name) != OK || !json_is_string(name))
        return skipped(w, "a member has no name in quotes");
    if (!str_starts(value, S("{")) && !is_list_of_objects(value))
        return read_field(w, json_strval(name), value);
    TRY(put_fields(w));
    return read_below(w, json_strval(name), value, level);
}

static enum err read_members(struct rows *w, str object, unsigned level)
{
    str s = skip_blanks(str_skip(object, 1));

    w->number = 0;
    while (s.len && *s.p != '}' && !w->out->document->cut) {
        str key = take_value(&s);

        s = skip_blanks(s);
        str_eat(&s, S(":"));
        s = skip_blanks(s);
        w->number++;
        TRY(read_member(w, key, take_value(&s), level));
        s = skip_blanks(s);
        if (!str_eat(&s, S(",")) && !str_starts(s, S("}")))
            TRY(skipped(w, s.len ? "no comma stands behind it" : "the file ends behind it, within the object"));
        s = skip_blanks(s);
    }
    return put_fields(w);
}

/* --- the whole --- */

static void rows_done(struct rows *w)
{
    arena_freep(&w->arena);
    buf_done(&w->name);
    free(w->fields);
}

static enum err read_all(struct rows *w, str text)
{
    str rest = text, first = take_value(&rest);

    if (str_starts(text, S("[")) && skip_blanks(rest).len == 0)
        return read_elements(w, text);
    if (str_starts(text, S("{")) && skip_blanks(rest).len == 0)
        return read_members(w, text, 1);
    return str_find_char(first, '\n') == STR_NONE ? read_lines(w, text) : read_values(w, text);
}

enum err reading_json_rows(struct reading *r, str text)
{
    CLEANUP(rows_done) struct rows w = { .out = r, .arena = arena_new(), .fields = mem_alloc(SECTION_FIELDS_MAX * sizeof *w.fields) };
    struct document *d = r->document;

    text = skip_blanks(text);
    TRY(read_all(&w, text));
    if (d->n_sections == 0 && d->n_skipped)
        return failed(ERR_INPUT, "this is no JSON: %s", buf_c(&d->problem));
    return OK;
}
