// SPDX-License-Identifier: Apache-2.0
/* audit.h: the record of who did what.  Rows are only ever added, each hashed together with the one before it, in the
 * same transaction as what they tell of: neither is there without the other.  They hold digests, not contents. */
#pragma once
#include "base/json.h"
#include "store/store.h"

struct audit_row {
    str         person, platform, session_id;   /* who, from where; "" where nobody, nowhere */
    const char *event;          /* "tool.call", "tool.result", "approval.given", "egress.connect", "secret.set", ... */
    str         subject;        /* a tool's name, a host, a secret's name */
    str         decision;       /* "allow by default 4"; "" where nothing was decided */
    str         content;        /* hashed, not kept: arguments, a result; NO_STR: none */
    json_t     *detail;         /* small; taken over (its reference is given up); NULL: none */
};

/* Adds the row's statement(s) to the batch. */
void audit_add(struct batch *, const struct audit_row *);
/* The same alone, along with the next commit, for what has no transaction of its own (a connection was made). */
void audit_later(struct store *, const struct audit_row *);

/* Walks the whole chain.  ERR_IO: a row was changed, is missing or out of place; the text names its id.  ret_n: rows that
 * are sound. */
enum err audit_verify(struct store *, int64_t *ret_n) AWAITS MUST_USE;
