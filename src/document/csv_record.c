// SPDX-License-Identifier: Apache-2.0
#include "document/csv_record.h"

#include <stdlib.h>

#include "base/mem.h"

enum { LOOK_AT_RECORDS = 20 };

void csv_record_done(struct csv_record *c)
{
    buf_done(&c->unquoted);
    free(c->cells);
    c->cells = NULL;
}

static void add_cell(struct csv_record *c, struct csv_cell cell)
{
    if (c->n_cells == CSV_CELLS_MAX) {
        c->too_wide = true;
        return;
    }
    if (c->n_cells == c->cap) {
        c->cap = c->cap ? c->cap * 2 : 32;
        c->cells = mem_resize(c->cells, c->cap * sizeof *c->cells);
    }
    c->cells[c->n_cells++] = cell;
}

str csv_cell(const struct csv_record *c, size_t i)
{
    if (i >= c->n_cells)
        return S("");
    struct csv_cell cell = c->cells[i];

    return cell.quoted ? str_cut(buf_str(&c->unquoted), cell.at, cell.at + cell.len) : str_of(c->line + cell.at, cell.len);
}

bool csv_is_blank(const struct csv_record *c)
{
    for (size_t i = 0; i < c->n_cells; i++)
        if (str_trim(csv_cell(c, i)).len)
            return false;
    return true;
}

static size_t bare_end(str s, char delimiter)
{
    size_t n = 0;

    while (n < s.len && s.p[n] != delimiter && s.p[n] != '\n')
        n++;
    return n;
}

/* The next quote within the longest record. */
static size_t find_quote(const struct csv_record *c, str s)
{
    size_t used = (size_t)(s.p - c->line);

    return used < CSV_RECORD_MAX ? str_find_char(str_take(s, CSV_RECORD_MAX - used), '"') : STR_NONE;
}

/* s begins behind the opening quote.  False: nothing closes it. */
static bool take_quoted(struct csv_record *c, str *s)
{
    size_t start = c->unquoted.len, at, tail;

    for (;;) {
        if ((at = find_quote(c, *s)) == STR_NONE)
            return false;
        buf_add(&c->unquoted, str_take(*s, at));
        *s = str_skip(*s, at + 1);
        if (!str_eat(s, S("\"")))
            break;
        buf_add_char(&c->unquoted, '"');
    }
    tail = bare_end(*s, c->delimiter);
    buf_add(&c->unquoted, str_take(*s, tail));
    *s = str_skip(*s, tail);
    add_cell(c, (struct csv_cell){ true, start, c->unquoted.len - start });
    return true;
}

static void take_bare(struct csv_record *c, str *s)
{
    size_t n = bare_end(*s, c->delimiter);

    add_cell(c, (struct csv_cell){ false, (size_t)(s->p - c->line), n });
    *s = str_skip(*s, n);
}

/* False: a quote is not closed. */
static bool take_record(struct csv_record *c, str *s)
{
    c->n_cells = 0;
    c->too_wide = false;
    buf_clear(&c->unquoted);
    for (;;) {
        if (c->unclosed || !str_eat(s, S("\"")))
            take_bare(c, s);
        else if (!take_quoted(c, s))
            return false;
        if (s->len == 0 || *s->p == '\n')
            return true;
        *s = str_skip(*s, 1);       /* a delimiter: another cell follows, be it empty */
    }
}

bool csv_next(struct csv_record *c)
{
    str s = c->rest;

    if (c->rest.len == 0)
        return false;
    c->line = c->rest.p;
    c->number++;
    c->unclosed = c->unquoted.overflowed = false;
    if (!take_record(c, &s)) {
        c->unclosed = true;
        s = c->rest;
        take_record(c, &s);
    }
    c->too_wide |= c->unquoted.overflowed;
    c->rest = str_skip(s, 1);
    return true;
}

static unsigned agreement(str text, char delimiter)
{
    CLEANUP(csv_record_done) struct csv_record c = { .rest = str_take(text, 2 * CSV_RECORD_MAX), .delimiter = delimiter };
    size_t first = 0;
    unsigned n = 0;

    for (unsigned i = 0; i < LOOK_AT_RECORDS && csv_next(&c); i++) {
        if (csv_is_blank(&c))
            continue;
        first = first ? first : c.n_cells;
        n += c.n_cells == first && first > 1;
    }
    return n;
}

char csv_delimiter(str text)
{
    static const char known[] = ",;\t|";
    unsigned most = 0;
    char best = ',';

    for (const char *d = known; *d; d++) {
        unsigned n = agreement(text, *d);

        if (n > most) {
            most = n;
            best = *d;
        }
    }
    return best;
}
