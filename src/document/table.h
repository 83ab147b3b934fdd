// SPDX-License-Identifier: Apache-2.0
/* table.h: rows that come one after the other, under the names of the first, unless that has a number in it: then the columns are
 * "column 1", "column 2", as is one without a name. */
#pragma once
#include "base/arena.h"
#include "document/reading.h"

struct table {
    struct reading        *out;
    str                    heading;         /* of all its rows */
    struct arena          *arena;           /* private from here: the names */
    struct document_field *fields;          /* SECTION_FIELDS_MAX */
    size_t                 n_names;
    bool                   named, header_alone;     /* header_alone, to be read: nothing stands below it yet */
};

/* cell(arg, i): of a row that has n; its text need only live until then. */
enum err table_row(struct table *, uint32_t number, size_t n, str (*cell)(const void *arg, size_t i), const void *arg) MUST_USE;
void     table_done(struct table *);        /* and it may start anew */
