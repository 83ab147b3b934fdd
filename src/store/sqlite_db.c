// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/audit_hash.h"
#include "store/folder.h"
#include "store/sqlite_found.h"
#include "store/sqlite_seal.h"
#include "store/sqlite_words.h"

enum { ROWS_MAX = 1 << 20 };

static enum err parse_option(str option, struct sqlite_place *p)
{
    if (str_eat(&option, S("vfs=")) && option.len < sizeof p->vfs)
        snprintf(p->vfs, sizeof p->vfs, "%.*s", STR(option));
    else if (str_eq(option, S("synchronous=off")))
        p->synchronous_off = true;
    else
        return failed(ERR_INPUT, "sqlite: unknown option '%.*s' in the url", STR(str_take(option, 60)));
    return OK;
}

enum err sqlite_place_parse(const char *url, struct sqlite_place *out)
{
    struct sqlite_place p = { .path = "" };
    str rest = str_from(url), path = NO_STR, options = NO_STR, one;

    if (str_eat(&rest, S("sqlite:")))
        str_eat(&rest, S("//"));
    str_split(&rest, '?', &path);
    options = rest;
    if (path.len == 0 || path.len >= sizeof p.path)
        return failed(ERR_INPUT, "sqlite: the path is empty or too long");
    snprintf(p.path, sizeof p.path, "%.*s", STR(path));
    while (str_split(&options, '&', &one))
        TRY(parse_option(one, &p));
    if (p.vfs[0] && sqlite3_vfs_find(p.vfs) == NULL)
        return failed(ERR_INPUT, "sqlite: this program has no VFS '%s'", p.vfs);
    if (p.synchronous_off && p.vfs[0] == 0)
        return failed(ERR_INPUT, "sqlite: synchronous=off loses messages; it is for tests with a VFS of their own");
    *out = p;
    return OK;
}

enum err sqlite_db_failed(struct sqlite_db *db, const char *doing)
{
    int code = sqlite3_extended_errcode(db->handle);
    enum err e;

    if (code == SQLITE_CORRUPT_VTAB)    /* of the rows that the index is made of nothing is lost: no reason to fail all others */
        return failed(ERR_CONFLICT, "%s: the full-text index is damaged, or differs from the rows (%d)", doing, code);
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT: e = code == SQLITE_CONSTRAINT_DATATYPE ? ERR_BUG : ERR_CONFLICT; break;
    case SQLITE_TOOBIG:     e = ERR_LIMIT; break;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:   e = ERR_BUG; break;
    case SQLITE_NOMEM:      mem_die("clawdbot: out of memory\n");
    default:                e = ERR_IO;
    }
    return failed(e, "%s: %s (%d)", doing, sqlite3_errmsg(db->handle), code);
}

/* SQLite gives the files beside it (-wal, -shm) the mode of the database. */
static enum err make_file(const char *path)
{
    CLEANUP(raw_closep) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;

    if (fd < 0)
        return failed(ERR_IO, "cannot open %s: %s", path, strerror(errno));
    if (fstat(fd, &st) < 0 || ((st.st_mode & 077) && fchmod(fd, 0600) < 0))
        return failed(ERR_IO, "%s can be read by others, and that cannot be changed: %s", path, strerror(errno));
    return st.st_size == 0 ? folder_sync_of(path) : OK;
}

static str column(sqlite3_value *v)
{
    const void *p = sqlite3_value_text(v);

    return str_of(p ? p : "", (size_t)sqlite3_value_bytes(v));
}

/* audit_hash(previous, id, at, person, ..., detail): in the writer's transaction, where the row before is known. */
static void audit_hash_function(sqlite3_context *cx, int n, sqlite3_value **v)
{
    struct audit_columns c = { .id = sqlite3_value_int64(v[1]), .at = sqlite3_value_int64(v[2]) };
    char hash[AUDIT_HASH_SIZE];

    for (int i = 3; i < n; i++)
        c.texts[i - 3] = column(v[i]);
    audit_hash(hash, column(v[0]), &c);
    sqlite3_result_text(cx, hash, -1, SQLITE_TRANSIENT);
}

/* 1 MB of page cache at most a connection; no mmap, so that an I/O error is an error and not a signal. */
static enum err set_up(struct sqlite_db *db, const struct sqlite_place *p, enum sqlite_role role)
{
    sqlite3_busy_timeout(db->handle, 5000);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* The memory's triggers keep its full-text index in step, and of SQLite 3.40 FTS5 counts as unsafe there. */
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, p->schema == STORE_MEMORY, NULL);
    TRY(sqlite_db_exec(db, "PRAGMA cache_size=-1024; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY"));
    if (p->schema == STORE_MEMORY) {
        TRY(sqlite_words_register(db));
        TRY(sqlite_found_register(db));
        TRY(sqlite_seal_register(db, p->keys, &db->seal));
    }
    if (role == SQLITE_READER)
        return OK;
    sqlite3_create_function(db->handle, "audit_hash", AUDIT_TEXTS + 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                            audit_hash_function, NULL, NULL);
    TRY(sqlite_db_exec(db, "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=16777216; PRAGMA foreign_keys=ON"));
    if (p->schema == STORE_MEMORY)
        TRY(sqlite_db_exec(db, "PRAGMA secure_delete=ON"));
    return sqlite_db_exec(db, p->synchronous_off ? "PRAGMA synchronous=OFF" : "PRAGMA synchronous=FULL");
}

enum err sqlite_db_open(struct sqlite_db *db, const struct sqlite_place *p, enum sqlite_role role)
{
    int flags = SQLITE_OPEN_NOMUTEX | (role == SQLITE_WRITER ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    enum err e;

    *db = (struct sqlite_db){ 0 };
    if (role == SQLITE_WRITER) {
        TRY(folders_make_for(p->path));
        TRY(make_file(p->path));
    }
    if (sqlite3_open_v2(p->path, &db->handle, flags, p->vfs[0] ? p->vfs : NULL) != SQLITE_OK)
        e = sqlite_db_failed(db, p->path);
    else if ((e = set_up(db, p, role)) != OK)
        e = failed_in(e, "%s: ", p->path);
    if (e)
        sqlite_db_close(db);
    else
        db->cached = mem_alloc(sql_n_names * sizeof *db->cached);
    return e;
}

void sqlite_db_close(struct sqlite_db *db)
{
    if (db->cached)
        for (size_t i = 0; i < sql_n_names; i++)
            sqlite3_finalize(db->cached[i]);
    for (size_t i = 0; i < N_TX_STEPS; i++)
        sqlite3_finalize(db->steps[i]);
    free(db->cached);
    sqlite3_close(db->handle);
    sqlite_seal_free(db->seal);
    *db = (struct sqlite_db){ 0 };
}

enum err sqlite_db_exec(struct sqlite_db *db, const char *sql)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_db_failed(db, "sqlite");
    return OK;
}

enum err sqlite_db_int(struct sqlite_db *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *stmt;
    int rc;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL) != SQLITE_OK)
        return sqlite_db_failed(db, "sqlite");
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        *out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    if (sqlite3_finalize(stmt) != SQLITE_OK)
        return sqlite_db_failed(db, "sqlite");
    return OK;
}

/* Into the database, and the log to no length; SQLite waits for those who read as long as the busy handler lets it. */
static enum err empty_log(struct sqlite_db *db)
{
    if (sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        return sqlite_db_failed(db, "emptying the write-ahead log");
    return OK;
}

/* The new copy is written to a file that has no name: in memory it would need as much as the database is long. */
enum err sqlite_db_shrink(struct sqlite_db *db)
{
    enum err e;

    TRY(sqlite_db_exec(db, "PRAGMA temp_store=FILE"));
    e = sqlite_db_exec(db, "VACUUM");
    TRY(sqlite_db_exec(db, "PRAGMA temp_store=MEMORY"));
    return e ? e : empty_log(db);
}

enum err sqlite_db_prepare(struct sqlite_db *db, size_t id, sqlite3_stmt **out)
{
    if (db->cached[id] == NULL
        && sqlite3_prepare_v3(db->handle, sql_sqlite.statements[id], -1, SQLITE_PREPARE_PERSISTENT,
                              &db->cached[id], NULL) != SQLITE_OK)
        return sqlite_db_failed(db, sql_names[id].name);
    *out = db->cached[id];
    return OK;
}

bool sqlite_db_in_transaction(const struct sqlite_db *db)
{
    return !sqlite3_get_autocommit(db->handle);
}

enum err sqlite_db_step(struct sqlite_db *db, enum tx_step step)
{
    static const char *const sql[] = {
        [TX_BEGIN] = "BEGIN IMMEDIATE", [TX_BEGIN_READ] = "BEGIN", [TX_COMMIT] = "COMMIT",
        [TX_ROLLBACK] = "ROLLBACK", [TX_SAVE] = "SAVEPOINT batch", [TX_UNDO] = "ROLLBACK TO batch",
        [TX_FORGET] = "RELEASE batch",
    };
    enum err e = OK;

    if (db->steps[step] == NULL
        && sqlite3_prepare_v3(db->handle, sql[step], -1, SQLITE_PREPARE_PERSISTENT, &db->steps[step], NULL) != SQLITE_OK)
        return sqlite_db_failed(db, sql[step]);
    if (sqlite3_step(db->steps[step]) != SQLITE_DONE)
        e = sqlite_db_failed(db, sql[step]);
    sqlite3_reset(db->steps[step]);
    return e;
}

/* The values outlive the step, so SQLite need not copy them. */
static enum err bind_values(sqlite3_stmt *stmt, const struct batch_statement *s)
{
    for (size_t i = 0; i < s->n_values; i++) {
        const struct store_value *v = &s->values[i];
        int at = (int)i + 1, rc = SQLITE_OK;

        switch (v->type) {
        case STORE_NULL: rc = sqlite3_bind_null(stmt, at); break;
        case STORE_INT:  rc = sqlite3_bind_int64(stmt, at, v->i); break;
        case STORE_REAL: rc = sqlite3_bind_double(stmt, at, v->d); break;
        case STORE_TEXT: rc = sqlite3_bind_text64(stmt, at, v->s.p, v->s.len, SQLITE_STATIC, SQLITE_UTF8); break;
        case STORE_BLOB: rc = sqlite3_bind_blob64(stmt, at, v->s.p, v->s.len, SQLITE_STATIC); break;
        }
        if (rc == SQLITE_TOOBIG)
            return failed(ERR_LIMIT, "%s: a value of %zu bytes", sql_names[s->id].name, v->s.len);
        assert(rc == SQLITE_OK);
    }
    return OK;
}

static struct store_value column_value(struct arena *a, sqlite3_stmt *stmt, int column)
{
    const void *p;

    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        return (struct store_value){ .type = STORE_INT, .i = sqlite3_column_int64(stmt, column) };
    case SQLITE_FLOAT:
        return (struct store_value){ .type = STORE_REAL, .d = sqlite3_column_double(stmt, column) };
    case SQLITE_TEXT:
        p = sqlite3_column_text(stmt, column);
        return (struct store_value){
            .type = STORE_TEXT, .s = arena_str(a, str_of(p, (size_t)sqlite3_column_bytes(stmt, column))) };
    case SQLITE_BLOB:
        p = sqlite3_column_blob(stmt, column);
        return (struct store_value){
            .type = STORE_BLOB, .s = arena_str(a, str_of(p, (size_t)sqlite3_column_bytes(stmt, column))) };
    }
    return (struct store_value){ .type = STORE_NULL };
}

/* Room doubles, so `cap` is a power of two of rows and known from their number. */
static void keep_row(struct batch *b, struct rows *r, sqlite3_stmt *stmt)
{
    size_t columns = (size_t)sqlite3_column_count(stmt);
    struct store_value *values = (struct store_value *)r->values;

    if (b->results == NULL)
        b->results = arena_new();
    if ((r->n & (r->n - 1)) == 0) {     /* 0, 1, 2, 4, 8: full */
        values = arena_alloc(b->results, (r->n ? r->n * 2 : 1) * columns * sizeof *values);
        if (r->n)
            memcpy(values, r->values, r->n * columns * sizeof *values);
    }
    for (size_t c = 0; c < columns; c++)
        values[r->n * columns + c] = column_value(b->results, stmt, (int)c);
    *r = (struct rows){ r->n + 1, columns, values };
}

static enum err step_through(struct sqlite_db *db, sqlite3_stmt *stmt, struct batch *b, struct batch_statement *s)
{
    const char *name = sql_names[s->id].name;
    int rc;

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (s->rows.n == ROWS_MAX)
            return failed(ERR_LIMIT, "%s: more than %d rows", name, ROWS_MAX);
        keep_row(b, &s->rows, stmt);
    }
    if (rc != SQLITE_DONE)
        return sqlite_db_failed(db, name);
    s->changed = sqlite3_stmt_readonly(stmt) ? s->rows.n : (size_t)sqlite3_changes(db->handle);
    return batch_check(s);
}

static enum err run_statement(struct sqlite_db *db, struct batch *b, struct batch_statement *s)
{
    sqlite3_stmt *stmt;
    enum err e;

    TRY(sqlite_db_prepare(db, s->id, &stmt));
    TRY(bind_values(stmt, s));
    e = step_through(db, stmt, b, s);
    sqlite3_reset(stmt);                /* its result only repeats the step's */
    return e;
}

enum err sqlite_db_run(struct sqlite_db *db, struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        TRY(run_statement(db, b, &b->statements[i]));
    return OK;
}
