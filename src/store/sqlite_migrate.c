// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/folder.h"

enum { PATH_SIZE = sizeof ((struct sqlite_place *)0)->path + 32 };

static enum err applied(struct sqlite_db *db, int64_t *out)
{
    TRY(sqlite_db_exec(db, "CREATE TABLE IF NOT EXISTS migrations ("
                           "number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT"));
    return sqlite_db_int(db, "SELECT max(number) FROM migrations", out);
}

static enum err sync_file(const char *path)
{
    CLEANUP(raw_closep) int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return failed(ERR_IO, "cannot sync %s: %s", path, strerror(errno));
    return folder_sync_of(path);
}

/* SQLite writes into an empty file that is there already, and so it is never readable by others. */
static enum err take_snapshot(struct sqlite_db *db, const char *snapshot)
{
    CLEANUP(raw_closep) int fd = open(snapshot, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    sqlite3_stmt *stmt;
    enum err e = OK;

    if (fd < 0)
        return failed(ERR_IO, "cannot make %s: %s", snapshot, strerror(errno));
    if (sqlite3_prepare_v2(db->handle, "VACUUM INTO ?1", -1, &stmt, NULL) != SQLITE_OK)
        return sqlite_db_failed(db, snapshot);
    sqlite3_bind_text(stmt, 1, snapshot, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        e = sqlite_db_failed(db, snapshot);
    sqlite3_finalize(stmt);
    return e ? e : sync_file(snapshot);
}

static enum err copy_file(const char *from, const char *to)
{
    CLEANUP(raw_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
    CLEANUP(raw_closep) int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t n;

    if (in < 0 || out < 0)
        return failed(ERR_IO, "cannot copy %s to %s: %s", from, to, strerror(errno));
    while ((n = sendfile(out, in, NULL, 1 << 30)) > 0)
        ;
    if (n < 0 || fsync(out) < 0)
        return failed(ERR_IO, "cannot copy %s to %s: %s", from, to, strerror(errno));
    return OK;
}

/* The connection is closed, so everything is in the one file and no -wal belongs to it. */
static enum err restore(const char *snapshot, const char *path)
{
    char fresh[PATH_SIZE];

    snprintf(fresh, sizeof fresh, "%s.restored", path);
    enum err e = copy_file(snapshot, fresh);

    if (e == OK && rename(fresh, path) < 0)
        e = failed(ERR_IO, "cannot rename %s to %s: %s", fresh, path, strerror(errno));
    if (e) {
        unlink(fresh);
        return e;
    }
    return folder_sync_of(path);
}

/* The names end in the number of the migration, so their order is their age. */
void sqlite_expire_snapshots(const char *path, size_t keep)
{
    char pattern[PATH_SIZE];
    glob_t found;

    snprintf(pattern, sizeof pattern, "%s.before-[0-9][0-9][0-9][0-9]", path);
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i + keep < found.gl_pathc; i++)
        unlink(found.gl_pathv[i]);
    globfree(&found);
}

static enum err apply_statements(struct sqlite_db *db, const struct sql_migration *m)
{
    char row[256];
    int64_t orphans;

    TRY(sqlite_db_exec(db, "BEGIN IMMEDIATE"));
    TRY(sqlite_db_exec(db, m->text));
    TRY(sqlite_db_int(db, "SELECT count(*) FROM pragma_foreign_key_check", &orphans));
    if (orphans)
        return failed(ERR_IO, "%lld rows refer to rows that are not there", (long long)orphans);
    snprintf(row, sizeof row, "INSERT INTO migrations VALUES (%u, '%s', datetime('now'))", m->number, m->name);
    TRY(sqlite_db_exec(db, row));
    return sqlite_db_exec(db, "COMMIT");
}

/* Tables are rebuilt by copy and rename, which foreign keys would see as deletion; they are checked at the end. */
static enum err apply(struct sqlite_db *db, const struct sql_migration *m)
{
    TRY(sqlite_db_exec(db, "PRAGMA foreign_keys=OFF"));
    enum err e = apply_statements(db, m);

    if (e)
        return failed_in(e, "migration %04u_%s: ", m->number, m->name);
    return sqlite_db_exec(db, "PRAGMA foreign_keys=ON");
}

static enum err apply_all(struct sqlite_db *db, const struct sql_migration *migrations, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++)
        TRY(apply(db, &migrations[i]));
    return OK;
}

static enum err migrate(struct sqlite_db *db, const struct sqlite_place *p, const struct sql_migration *migrations, size_t n)
{
    char snapshot[PATH_SIZE];
    int64_t have;

    TRY(applied(db, &have));
    if (have > (int64_t)n)
        return failed(ERR_CONFLICT, "%s was written by a newer clawdbot (schema %lld, this one knows %zu)",
                      p->path, (long long)have, n);
    if (have == (int64_t)n)
        return OK;
    if (have == 0)
        return apply_all(db, migrations, 0, n);     /* a new file: nothing to keep */
    snprintf(snapshot, sizeof snapshot, "%s.before-%04u", p->path, migrations[have].number);
    TRY(take_snapshot(db, snapshot));
    enum err e = apply_all(db, migrations, (size_t)have, n);

    if (e == OK) {
        sqlite_expire_snapshots(p->path, SQLITE_SNAPSHOTS_KEPT);
        return OK;
    }
    char why[ERR_TEXT_MAX];

    snprintf(why, sizeof why, "%s", failed_text());
    sqlite_db_close(db);
    if (restore(snapshot, p->path))
        return failed(ERR_IO, "%s; and the copy %s could not be put back: %s", why, snapshot, failed_text());
    return failed(ERR_IO, "%s; %s is as it was before", why, p->path);
}

enum err sqlite_migrate(struct sqlite_db *db, const struct sqlite_place *p, const struct sql_migration *migrations, size_t n)
{
    enum err e = migrate(db, p, migrations, n);

    if (e)
        sqlite_db_close(db);
    return e;
}
