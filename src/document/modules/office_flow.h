// SPDX-License-Identifier: Apache-2.0
/* modules/office_flow.h: what both formats come down to: text runs into a paragraph, paragraphs into the document or into a cell,
 * cells into rows.  It calls the reader. */
#pragma once
#include "base/buf.h"
#include "document/modules/office.h"

struct office_flow {
    const struct office_reader *reader;
    struct buf            text;             /* of the paragraph that is open */
    unsigned              open;             /* paragraphs that are: a footnote's lies in another */
    unsigned              left_out;         /* elements that we are in and whose text nobody reads */
    enum office_paragraph kind;
    unsigned              level;
    unsigned              tables;           /* that we are in */
    struct buf            row;              /* the cells' text */
    size_t                ends[OFFICE_CELLS_MAX];
    size_t                n_cells;
    bool                  in_cell;
};

void     office_paragraph_start(struct office_flow *, enum office_paragraph, unsigned level);
enum err office_paragraph_end(struct office_flow *) MUST_USE;
void     office_text(struct office_flow *, str);
void     office_table_start(struct office_flow *);
enum err office_table_end(struct office_flow *) MUST_USE;
void     office_cell_start(struct office_flow *);
void     office_cell_end(struct office_flow *, unsigned n);     /* as wide as n columns: the others are empty */
enum err office_row_end(struct office_flow *) MUST_USE;
void     office_flow_done(struct office_flow *);

/* Both formats' readers. */
enum err office_read_docx(str zip, const struct office_reader *) MUST_USE;
enum err office_read_odt(str zip, const struct office_reader *) MUST_USE;
enum err office_read_title(str zip, const char *file, const struct office_reader *) MUST_USE;
