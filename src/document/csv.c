// SPDX-License-Identifier: Apache-2.0
#include "document/csv_record.h"
#include "document/table.h"

static void say_problems(struct reading *r, const struct csv_record *c)
{
    if (c->unclosed)
        reading_skipped(r, "row %u: a quote is not closed; its first line was read as it stands", c->number);
    else if (c->too_wide)
        reading_skipped(r, "row %u: more than %d columns or %d bytes; the rest of it was left out", c->number, CSV_CELLS_MAX,
                        BUF_DEFAULT_MAX);
}

static str cell(const void *arg, size_t i)
{
    return csv_cell(arg, i);
}

enum err reading_csv(struct reading *r, str text)
{
    CLEANUP(csv_record_done) struct csv_record c = { .rest = text, .delimiter = csv_delimiter(text) };
    CLEANUP(table_done) struct table t = { .out = r };

    while (!r->document->cut && csv_next(&c)) {
        say_problems(r, &c);
        if (!csv_is_blank(&c))
            TRY(table_row(&t, c.number, c.n_cells, cell, &c));
    }
    return OK;
}
