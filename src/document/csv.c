// SPDX-License-Identifier: Apache-2.0
/* CSV as rows with the header's names. */
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "document/csv_record.h"
#include "document/reading.h"

enum { NAME_LEN_MAX = 256 };

struct table {
    struct arena          *arena;           /* the names */
    struct document_field *fields;          /* of CSV_CELLS_MAX */
    size_t                 n_names;
};

static bool is_number(str s)
{
    bool year = s.len == 4 && (str_starts(s, S("19")) || str_starts(s, S("20")));
    size_t digits = 0;

    s = str_trim(s);
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\0' || !strchr("0123456789.,-+% ", s.p[i]))
            return false;
        digits += s.p[i] >= '0' && s.p[i] <= '9';
    }
    return digits && !year;
}

/* A record with a number in it is no header; years may be. */
static bool is_header(const struct csv_record *c)
{
    for (size_t i = 0; i < c->n_cells; i++)
        if (is_number(csv_cell(c, i)))
            return false;
    return true;
}

/* A column without a name is "column 3". */
static void add_name(struct table *t, str name)
{
    size_t i = t->n_names++;

    name = utf8_take(str_trim(name), NAME_LEN_MAX);
    t->fields[i].name = name.len ? arena_str(t->arena, name) : str_from(arena_printf(t->arena, "column %zu", i + 1));
    for (char *p = (char *)t->fields[i].name.p; *p; p++)
        if (*p == '\n')
            *p = ' ';
}

static void set_values(struct table *t, const struct csv_record *c)
{
    for (size_t i = t->n_names; i < c->n_cells; i++)
        add_name(t, NO_STR);
    for (size_t i = 0; i < t->n_names; i++)
        t->fields[i].value = csv_cell(c, i);
}

static void say_problems(struct reading *r, const struct csv_record *c)
{
    if (c->unclosed)
        reading_skipped(r, "row %u: a quote is not closed; its first line was read as it stands", c->number);
    else if (c->too_wide)
        reading_skipped(r, "row %u: more than %d columns or %d bytes; the rest of it was left out", c->number, CSV_CELLS_MAX,
                        BUF_DEFAULT_MAX);
}

static enum err read_rows(struct reading *r, struct table *t, struct csv_record *c)
{
    bool named = false;

    while (!r->document->cut && csv_next(c)) {
        say_problems(r, c);
        if (csv_is_blank(c))
            continue;
        if (!named && is_header(c))
            for (size_t i = 0; i < c->n_cells; i++)
                add_name(t, csv_cell(c, i));
        else {
            set_values(t, c);
            TRY(reading_put_row(r, NO_STR, c->number, t->fields, t->n_names));
        }
        named = true;
    }
    return OK;
}

enum err read_csv(struct reading *r, str text)
{
    CLEANUP(arena_freep) struct arena *arena = arena_new();
    CLEANUP(csv_record_done) struct csv_record c = { .rest = text, .delimiter = csv_delimiter(text) };
    struct table t = { .arena = arena, .fields = arena_alloc(arena, CSV_CELLS_MAX * sizeof *t.fields) };

    return read_rows(r, &t, &c);
}
