// SPDX-License-Identifier: Apache-2.0
/* test_home.h: for tests: a folder of its own, with a store in it, gone at the end of the scope. */
#pragma once
#include "store/store.h"

struct test_home {
    char          folder[256];
    struct arena *arena;
    struct store *store;        /* NULL until home_reopen(), when made by home_folder() */
};

struct test_home home_folder(void);
struct test_home home_new(void) AWAITS;             /* with the store open */
void  home_close(struct test_home *) AWAITS;
void  home_reopen(struct test_home *) AWAITS;       /* closes it first if it is open */
char *home_path(struct test_home *, const char *name);
void  home_done(struct test_home *) AWAITS;
