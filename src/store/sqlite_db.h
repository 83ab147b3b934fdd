// SPDX-License-Identifier: Apache-2.0
/* sqlite_db.h: one SQLite connection, used by one thread.  Nothing here knows of fibers. */
#pragma once
#include <sqlite3.h>

#include "store/driver.h"

/* "sqlite:PATH?vfs=NAME&synchronous=off", taken apart. */
struct sqlite_place {
    char path[1024];
    char vfs[32];               /* "" : the usual one */
    bool synchronous_off;
    enum store_schema schema;
    struct data_keys *keys;     /* store_options' */
};
enum err sqlite_place_parse(const char *url, struct sqlite_place *out) MUST_USE;

/* Where transactions begin and end. */
enum tx_step { TX_BEGIN, TX_BEGIN_READ, TX_COMMIT, TX_ROLLBACK, TX_SAVE, TX_UNDO, TX_FORGET, N_TX_STEPS };

struct sqlite_db {
    sqlite3       *handle;
    sqlite3_stmt **cached;      /* by place in sql_names; prepared when first used */
    sqlite3_stmt  *steps[N_TX_STEPS];
    struct sqlite_seal *seal;
};

enum sqlite_role { SQLITE_READER, SQLITE_WRITER };

/* The writer makes the file (0600) and its folder (0700). */
enum err sqlite_db_open(struct sqlite_db *, const struct sqlite_place *, enum sqlite_role) MUST_USE;
/* What was deleted is gone from the file and its log when it returns OK.  Not inside a transaction. */
enum err sqlite_db_shrink(struct sqlite_db *) MUST_USE;
void     sqlite_db_close(struct sqlite_db *);               /* {0} is fine */
enum err sqlite_db_exec(struct sqlite_db *, const char *sql) MUST_USE;
enum err sqlite_db_int(struct sqlite_db *, const char *sql, int64_t *out) MUST_USE; /* first column of the first row; 0 if none */
enum err sqlite_db_step(struct sqlite_db *, enum tx_step) MUST_USE;
bool     sqlite_db_in_transaction(const struct sqlite_db *);
enum err sqlite_db_prepare(struct sqlite_db *, size_t id, sqlite3_stmt **out) MUST_USE;

/* Runs the statements and their expectations one after the other, in whatever transaction is open. */
enum err sqlite_db_run(struct sqlite_db *, struct batch *) MUST_USE;
/* ERR_CONFLICT, ERR_IO, ERR_LIMIT or ERR_BUG, with what SQLite says about it. */
enum err sqlite_db_failed(struct sqlite_db *, const char *doing) MUST_USE;
