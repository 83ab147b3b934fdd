// SPDX-License-Identifier: Apache-2.0
/* sqlite_seal.h: functions of SQL that encrypt and decrypt, for the statements that write or read texts (data_keys.h); so nobody above
 * the statements knows.
 *
 *   sealed(NAME, text)      encrypted with the key of that name when encryption is on, else the text itself; "" stays ""
 *   opened(text)            in the clear, whatever it was; SEAL_UNREADABLE when its key is gone
 *   can_open(text)          1, unless opened() cannot say it
 *   terms_of(NAME, text)    the hashes of its words, to be indexed in the place of the text; NULL when encryption is off
 *   searched(NAME, expr)    an expression of FTS5 for what is indexed of the owner NAME
 *   search_forms()          how many strings searched() makes of one
 *
 * When a key is wanted that is not there yet, the statement fails, and sqlite_seal_take_wanted() says its name: the batch is run once
 * more when it is there. */
#pragma once
#include "store/sqlite_db.h"

#define SEAL_UNREADABLE "[this was encrypted, and its key is gone]"

struct sqlite_seal;

enum err sqlite_seal_register(struct sqlite_db *, struct data_keys *, struct sqlite_seal **out) MUST_USE;
void     sqlite_seal_free(struct sqlite_seal *);            /* after the connection was closed; accepts NULL */
char    *sqlite_seal_take_wanted(struct sqlite_seal *);     /* malloc'd; NULL: none.  Accepts NULL */
