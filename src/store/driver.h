// SPDX-License-Identifier: Apache-2.0
/* driver.h: the slot of a kind of store, private to this folder.  A new one is a file with a struct store_driver,
 * its SQL in sql/, and a line in stores.def.  Everything here runs on the loop thread, in a fiber, unless it says
 * otherwise. */
#pragma once
#include <stdarg.h>

#include "store/sql.h"
#include "store/store.h"

struct batch_statement {
    size_t                    id;           /* place in sql_names */
    size_t                    n_values;
    const struct store_value *values;
    size_t                    expect;       /* EXPECT_ANY: not asked */
    size_t                    changed;      /* results: written by the driver */
    struct rows               rows;
};
#define EXPECT_ANY SIZE_MAX

struct batch {
    struct arena           *arena;          /* of the caller; the driver's threads must not touch it */
    struct arena           *results;        /* NULL until the driver has rows to keep; freed with `arena` */
    struct batch_statement *statements;
    size_t                  n, cap;
};

void          batch_addv(struct batch *, const char *statement, const char *types, va_list);
void          batch_forget_results(struct batch *);
/* ERR_CONFLICT unless the statement's expectation holds. */
enum err      batch_check(const struct batch_statement *) MUST_USE;

struct store_driver {
    const char *const *schemes;             /* NULL-terminated: "sqlite" */
    enum err (*open)(const struct store_options *, void **out) AWAITS;
    void     (*close)(void *) AWAITS;
    enum err (*commit)(void *, struct batch *) AWAITS;
    void     (*commit_later)(void *, const struct batch *);
    enum err (*query)(void *, struct batch *) AWAITS;
    enum err (*check)(void *, struct arena *, str *ret_report) AWAITS;
    enum err (*shrink)(void *) AWAITS;
    void     (*stats)(void *, struct store_stats *out);
};
