// SPDX-License-Identifier: Apache-2.0
/* secrets_internal.h: what the secrets and the data keys share: one master key, and one change at a time. */
#pragma once
#include "runtime/fiber.h"
#include "store/data_keys.h"
#include "store/master_key.h"
#include "store/secrets.h"

struct entry;

struct secrets {
    struct store     *store;
    char             *home;
    struct master_key key;
    struct entry     *entries;          /* in order of name */
    size_t            n;
    char             *area;             /* locked, not dumped, wiped */
    size_t            used;
    bool              changing;
    struct waiters    changed;
    struct data_keys *data_keys;
};

/* One change at a time: a row that is encrypted with the old key while a rotation commits could never be read again.
 * CLEANUP(secrets_end_change) struct secrets *mine = secrets_begin_change(s); */
struct secrets *secrets_begin_change(struct secrets *) AWAITS MUST_USE;
void            secrets_end_change(struct secrets **);
/* Memory for keys: locked when the system lets us, never dumped; of munmap(2). */
void           *secrets_area_new(size_t size);

/* data_keys.c */
struct data_keys *data_keys_new(struct secrets *);
void              data_keys_free(struct data_keys *);       /* wipes; accepts NULL */
enum err          data_keys_load(struct data_keys *) AWAITS MUST_USE;
void              data_keys_turn_on(struct data_keys *);
/* All of them anew, under another master key. */
void              data_keys_add_wrapped(struct data_keys *, const struct master_key *, struct batch *);
