// SPDX-License-Identifier: Apache-2.0
/* local.h: the store itself, for commands that also work while no gateway runs.  It is opened under the home's lock, as a
 * gateway would, so nobody else has it meanwhile; an older database is brought up to date by that. */
#pragma once
#include "cli/remote.h"

struct home_lock;
struct store;

struct local {
    const char       *home;
    struct home_lock *lock;
    struct store     *store;    /* NULL: a gateway runs and is to be asked */
};
/* ERR_NOT_FOUND: there is no database yet. */
enum err local_open(struct cli *, struct local *) AWAITS MUST_USE;
void     local_close(struct local *) AWAITS;        /* {0} is fine */
