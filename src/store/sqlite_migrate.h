// SPDX-License-Identifier: Apache-2.0
/* sqlite_migrate.h: brings a database to this program's schema.  Each migration is one transaction with its row
 * in `migrations`.  Before the first one that an existing database lacks, the whole database is copied to
 * PATH.before-NNNN (0600); when a migration fails, the copy is put back, so the database is as it was. */
#pragma once
#include "store/sqlite_db.h"

enum { SQLITE_SNAPSHOTS_KEPT = 2 };

/* All but the newest `keep` copies go. */
void     sqlite_expire_snapshots(const char *path, size_t keep);
/* ERR_CONFLICT: the database is newer than this program.  After any error the connection is closed. */
enum err sqlite_migrate(struct sqlite_db *, const struct sqlite_place *, const struct sql_migration *, size_t n) MUST_USE;
