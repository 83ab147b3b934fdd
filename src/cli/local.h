// SPDX-License-Identifier: Apache-2.0
/* local.h: the store itself, for commands that also work while no gateway runs.  It is opened under the home's lock, as a
 * gateway would, so nobody else has it meanwhile; an older database is brought up to date by that. */
#pragma once
#include "cli/remote.h"

struct home_lock;
struct store;

enum local_how { LOCAL_EXISTING, LOCAL_MADE };

struct local {
    bool              has_config;   /* set before: the settings are loaded already */
    const char       *home;
    struct home_lock *lock;
    struct store     *store;    /* NULL: a gateway runs and is to be asked */
};
bool     cli_gateway_runs(struct cli *);
/* LOCAL_EXISTING, ERR_NOT_FOUND: there is no database yet. */
enum err local_open(struct cli *, enum local_how, struct local *) AWAITS MUST_USE;
void     local_close(struct local *) AWAITS;        /* {0} is fine */
