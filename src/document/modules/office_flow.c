// SPDX-License-Identifier: Apache-2.0
#include "document/modules/office_flow.h"

enum { TEXT_MAX = OFFICE_INFLATED_MAX };

void office_flow_done(struct office_flow *f)
{
    buf_done(&f->text);
    buf_done(&f->row);
}

void office_text(struct office_flow *f, str text)
{
    if (f->left_out || !f->open)
        return;
    f->text.max = TEXT_MAX;
    buf_add(&f->text, text);
}

void office_paragraph_start(struct office_flow *f, enum office_paragraph kind, unsigned level)
{
    if (f->left_out)
        return;
    if (f->open++ == 0) {
        buf_clear(&f->text);
        f->kind = kind;
        f->level = level;
    } else if (f->text.len) {
        office_text(f, S(" "));
    }
}

enum err office_paragraph_end(struct office_flow *f)
{
    if (f->left_out || f->open == 0 || --f->open)
        return OK;
    str text = str_trim(buf_str(&f->text));

    if (text.len == 0)
        return OK;
    if (!f->tables)
        return f->reader->on_paragraph(f->reader->arg, f->kind, f->level, text);
    if (f->in_cell) {
        f->row.max = TEXT_MAX;
        buf_add(&f->row, text);
        buf_add_char(&f->row, '\n');
    }
    return OK;
}

void office_table_start(struct office_flow *f)
{
    if (!f->left_out && f->tables++ == 0) {
        buf_clear(&f->row);
        f->n_cells = 0;
        f->in_cell = false;
    }
}

enum err office_table_end(struct office_flow *f)
{
    if (f->left_out || f->tables == 0 || --f->tables)
        return OK;
    return f->reader->on_table_end(f->reader->arg);
}

void office_cell_start(struct office_flow *f)
{
    if (!f->left_out && f->tables == 1)
        f->in_cell = true;
}

void office_cell_end(struct office_flow *f, unsigned n)
{
    if (f->left_out || f->tables != 1 || !f->in_cell)
        return;
    for (f->in_cell = false; n && f->n_cells < OFFICE_CELLS_MAX; n--)
        f->ends[f->n_cells++] = f->row.len;
}

enum err office_row_end(struct office_flow *f)
{
    str cells[OFFICE_CELLS_MAX];
    size_t from = 0, n = f->n_cells;

    if (f->left_out || f->tables != 1)
        return OK;
    for (size_t i = 0; i < n; i++) {
        cells[i] = str_trim(str_cut(buf_str(&f->row), from, f->ends[i]));
        from = f->ends[i];
    }
    enum err e = f->reader->on_row(f->reader->arg, cells, n);

    buf_clear(&f->row);
    f->n_cells = 0;
    return e;
}
