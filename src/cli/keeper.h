// SPDX-License-Identifier: Apache-2.0
/* keeper.h: whoever keeps the secrets: the running gateway, or without one the store itself.  Only the latter gives values. */
#pragma once
#include "cli/local.h"

struct json_t;
struct secrets;

struct keeper {
    struct cli     *cli;
    struct local    local;
    struct secrets *secrets;    /* NULL: the gateway has them */
    struct json_t  *known;      /* then: {"secrets": [names], "key"} */
};
enum err keeper_open(struct keeper *, enum local_how) AWAITS MUST_USE;
void     keeper_close(struct keeper *) AWAITS;

size_t      keeper_count(const struct keeper *);
str         keeper_name(const struct keeper *, size_t i);
const char *keeper_key(const struct keeper *);      /* where the master key is */
enum err    keeper_keep(struct keeper *, const char *name, str value) AWAITS MUST_USE;
enum err    keeper_forget(struct keeper *, const char *name) AWAITS MUST_USE;       /* ERR_NOT_FOUND: there is none */
/* Loads the settings again with the secrets in their places (or, where the gateway has them, with "***"), so that one that is
 * missing is an error in the report. */
enum err keeper_resolve(struct keeper *, struct config_report *) MUST_USE;
