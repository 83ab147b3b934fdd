// SPDX-License-Identifier: Apache-2.0
#include "document/table.h"

#include <string.h>

#include "base/utf8.h"

enum { NAME_LEN_MAX = 256 };

void table_done(struct table *t)
{
    arena_freep(&t->arena);
    t->fields = NULL;
    t->n_names = 0;
    t->named = t->header_alone = false;
}

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

static void add_name(struct table *t, str name)
{
    size_t i = t->n_names++;

    name = utf8_take(str_trim(name), NAME_LEN_MAX);
    char *copy = name.len ? arena_c(t->arena, name) : arena_printf(t->arena, "column %zu", i + 1);

    for (char *p = copy; *p; p++)
        if (*p == '\n')
            *p = ' ';
    t->fields[i].name = str_from(copy);
}

static bool has_number(size_t n, str (*cell)(const void *arg, size_t i), const void *arg)
{
    for (size_t i = 0; i < n; i++)
        if (is_number(cell(arg, i)))
            return true;
    return false;
}

static void start(struct table *t)
{
    t->arena = arena_new();
    t->fields = arena_alloc(t->arena, SECTION_FIELDS_MAX * sizeof *t->fields);
}

enum err table_row(struct table *t, uint32_t number, size_t n, str (*cell)(const void *arg, size_t i), const void *arg)
{
    bool header = !t->named && !has_number(n, cell, arg);

    if (!t->arena)
        start(t);
    t->named = true;
    n = n < SECTION_FIELDS_MAX ? n : SECTION_FIELDS_MAX;
    for (size_t i = t->n_names; i < n; i++)
        add_name(t, header ? cell(arg, i) : NO_STR);
    t->header_alone = header;
    if (header)
        return OK;
    for (size_t i = 0; i < t->n_names; i++)
        t->fields[i].value = i < n ? cell(arg, i) : S("");
    return reading_put_row(t->out, t->heading, number, t->fields, t->n_names);
}
