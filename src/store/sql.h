// SPDX-License-Identifier: Apache-2.0
/* sql.h: the SQL of src/store/sql/, put into the program by tools/embed-sql.  A statement is known by its place
 * in sql_names, which is the same in every dialect. */
#pragma once
#include <stddef.h>

#include "store/store.h"

struct sql_name { const char *name; unsigned params; enum store_schema schema; };
extern const struct sql_name sql_names[];       /* sorted */
extern const size_t          sql_n_names;

struct sql_migration { unsigned number; const char *name, *text; };   /* numbered from 1 without a gap */
struct sql_dialect {
    const char *const *statements;      /* by place in sql_names */
    struct { const struct sql_migration *list; size_t n; } migrations[N_STORE_SCHEMAS];
};
extern const struct sql_dialect sql_sqlite;
