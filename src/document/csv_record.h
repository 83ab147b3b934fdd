// SPDX-License-Identifier: Apache-2.0
/* csv_record.h: one record of CSV after another, RFC 4180, and what programs make of it: another delimiter, blank lines, records of
 * any length, text behind a closing quote.  A quote that nobody closes is a character like any other, for its line: it costs that
 * record's meaning and not the file. */
#pragma once
#include "base/buf.h"

enum { CSV_RECORD_MAX = 1 << 20, CSV_CELLS_MAX = 4096 };    /* bytes of a record with line ends in it; cells of any */

struct csv_record {
    str                    rest;            /* in: what is yet to be read; line ends are "\n" */
    char                   delimiter;       /* in */
    uint32_t               number;          /* of this record, from 1 */
    size_t                 n_cells;
    bool                   unclosed;        /* it has a quote that is not closed */
    bool                   too_wide;        /* it had more than CSV_CELLS_MAX cells, or too much in quotes */
    const char            *line;            /* private from here */
    struct buf             unquoted;
    struct csv_cell { bool quoted; size_t at, len; } *cells;
    size_t                 cap;
};

bool csv_next(struct csv_record *);                         /* false at the end */
str  csv_cell(const struct csv_record *, size_t i);         /* "" behind the last; until the next record */
bool csv_is_blank(const struct csv_record *);
void csv_record_done(struct csv_record *);

/* The comma, semicolon, tab or bar that cuts most of the first records into as many cells. */
char csv_delimiter(str text);
