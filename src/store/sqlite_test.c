// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_migrate.h"
#include "store/test_home.h"

static const struct sql_migration steps[] = {
    { 1, "one",   "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)" },
    { 2, "two",   "INSERT INTO a VALUES (2)" },
    { 3, "three", "INSERT INTO a VALUES (3)" },
    { 4, "four",  "INSERT INTO a VALUES (4)" },
};
static const struct sql_migration with_error[] = {
    { 1, "one",   "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1)" },
    { 2, "two",   "INSERT INTO a VALUES (2)" },
    { 3, "three", "INSERT INTO a VALUES (30); INSERT INTO a VALUES ('not a number')" },
};

/* The steps from file to connection and back, as the writer takes them. */
static enum err bring_to(const char *path, const struct sql_migration *m, size_t n)
{
    struct sqlite_place p;
    struct sqlite_db db;

    TRY(sqlite_place_parse(path, &p));
    TRY(sqlite_db_open(&db, &p, SQLITE_WRITER));
    TRY(sqlite_migrate(&db, &p, m, n));
    sqlite_db_close(&db);
    return OK;
}

static int64_t ask(const char *path, const char *sql)
{
    struct sqlite_place p;
    struct sqlite_db db;
    int64_t n;

    CHECK_OK(sqlite_place_parse(path, &p));
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    CHECK_OK(sqlite_db_int(&db, sql, &n));
    sqlite_db_close(&db);
    return n;
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

TEST(migrations_are_applied_once_and_in_order)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "m.db");

    CHECK_OK(bring_to(path, steps, 1));
    CHECK_INT(ask(path, "SELECT max(x) FROM a"), 1);
    CHECK_OK(bring_to(path, steps, 3));
    CHECK_OK(bring_to(path, steps, 3));
    CHECK_INT(ask(path, "SELECT sum(x) FROM a"), 6);
    CHECK_INT(ask(path, "SELECT count(*) FROM migrations"), 3);
}

TEST(a_copy_is_made_before_the_first_pending_migration_and_old_ones_go)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "m.db");
    struct stat st;

    CHECK_OK(bring_to(path, steps, 1));
    CHECK(!exists(home_path(&h, "m.db.before-0001")));     /* there was nothing to keep */
    CHECK_OK(bring_to(path, steps, 2));
    CHECK(stat(home_path(&h, "m.db.before-0002"), &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0600);
    CHECK_INT(ask(home_path(&h, "m.db.before-0002"), "SELECT sum(x) FROM a"), 1);
    CHECK_OK(bring_to(path, steps, 3));
    CHECK_OK(bring_to(path, steps, 4));
    CHECK(!exists(home_path(&h, "m.db.before-0002")));
    CHECK(exists(home_path(&h, "m.db.before-0003")));
    CHECK(exists(home_path(&h, "m.db.before-0004")));
}

TEST(a_failed_migration_leaves_the_database_as_it_was)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "m.db");

    CHECK_OK(bring_to(path, with_error, 1));
    CHECK_ERR(bring_to(path, with_error, 3), ERR_IO);
    CHECK(strstr(failed_text(), "migration 0003_three: "));
    CHECK(strstr(failed_text(), "is as it was before"));
    CHECK_INT(ask(path, "SELECT count(*) FROM migrations"), 1);
    CHECK_INT(ask(path, "SELECT sum(x) FROM a"), 1);
    CHECK_OK(bring_to(path, steps, 4));     /* the next version, mended, goes on from there */
    CHECK_INT(ask(path, "SELECT sum(x) FROM a"), 10);
}

TEST(a_new_database_whose_migration_fails_is_not_left_half_made)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "m.db");
    static const struct sql_migration broken[] = { { 1, "one", "CREATE TABLE a (x INTEGER); CREATE TABLE a (y TEXT)" } };

    CHECK_ERR(bring_to(path, broken, 1), ERR_BUG);
    CHECK_INT(ask(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'a'"), 0);
}

TEST(a_migration_may_not_orphan_rows)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "m.db");
    static const struct sql_migration orphans[] = {
        { 1, "one", "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p);"
                    "INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)" },
        { 2, "two", "DELETE FROM p" },
    };

    CHECK_OK(bring_to(path, orphans, 1));
    CHECK_ERR(bring_to(path, orphans, 2), ERR_IO);
    CHECK_INT(ask(path, "SELECT count(*) FROM p"), 1);
}

TEST(a_database_of_a_newer_version_is_left_alone)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "m.db");

    CHECK_OK(bring_to(path, steps, 3));
    CHECK_ERR(bring_to(path, steps, 2), ERR_CONFLICT);
    CHECK(strstr(failed_text(), "was written by a newer clawdbot (schema 3, this one knows 2)"));
}

TEST(every_statement_prepares_and_takes_what_it_says)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    static const char *const names[N_STORE_SCHEMAS] = { "record.db", "memory.db" };
    struct sqlite_db db[N_STORE_SCHEMAS];
    sqlite3_stmt *stmt;

    for (size_t i = 0; i < N_STORE_SCHEMAS; i++) {
        struct sqlite_place p;

        CHECK_OK(sqlite_place_parse(home_path(&h, names[i]), &p));
        p.schema = (enum store_schema)i;
        CHECK_OK(sqlite_db_open(&db[i], &p, SQLITE_WRITER));
        CHECK_OK(sqlite_migrate(&db[i], &p, sql_sqlite.migrations[i].list, sql_sqlite.migrations[i].n));
    }
    for (size_t i = 0; i < sql_n_names; i++) {
        if (sqlite_db_prepare(&db[sql_names[i].schema], i, &stmt))
            test_failed(__FILE__, __LINE__, "%s: %s", sql_names[i].name, failed_text());
        CHECK_INT(sqlite3_bind_parameter_count(stmt), sql_names[i].params);
        CHECK(i == 0 || strcmp(sql_names[i - 1].name, sql_names[i].name) < 0);
    }
    for (size_t i = 0; i < N_STORE_SCHEMAS; i++)
        sqlite_db_close(&db[i]);
}

/* No statement of ours returns its parameter as it is, so one is put in the place of another. */
static void echo(struct sqlite_db *db, struct arena *a, struct batch **out, const char *types, str s)
{
    struct batch *b = batch_new(a);

    if (*types == 'i')
        batch_add(b, "meta.get", "i", INT64_MIN);
    else if (*types == 'd')
        batch_add(b, "meta.get", "d", 0.1);
    else
        batch_add(b, "meta.get", types, s);
    CHECK_OK(sqlite_db_run(db, b));
    *out = b;
}

TEST(values_of_every_type_come_back_as_they_went)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    struct sqlite_place p;
    struct sqlite_db db;
    struct batch *b = batch_new(h.arena);

    CHECK_OK(sqlite_place_parse(home_path(&h, "m.db"), &p));
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    batch_add(b, "meta.get", "n");
    size_t id = b->statements[0].id;

    CHECK(sqlite3_prepare_v2(db.handle, "SELECT ?1", -1, &db.cached[id], NULL) == SQLITE_OK);
    CHECK_OK(sqlite_db_run(&db, b));
    CHECK(row_null(batch_rows(b, 0), 0, 0));
    echo(&db, h.arena, &b, "i", NO_STR);
    CHECK(row_int(batch_rows(b, 0), 0, 0) == INT64_MIN);
    echo(&db, h.arena, &b, "d", NO_STR);
    CHECK(row_real(batch_rows(b, 0), 0, 0) == 0.1);
    echo(&db, h.arena, &b, "s", S("a\0b"));
    CHECK(str_eq(row_str(batch_rows(b, 0), 0, 0), S("a\0b")));
    CHECK(batch_rows(b, 0)->values[0].type == STORE_TEXT);
    echo(&db, h.arena, &b, "s", NO_STR);
    CHECK(!row_null(batch_rows(b, 0), 0, 0));
    echo(&db, h.arena, &b, "S", NO_STR);
    CHECK(row_null(batch_rows(b, 0), 0, 0));
    echo(&db, h.arena, &b, "b", S("\xff\0\x01"));
    CHECK(str_eq(row_str(batch_rows(b, 0), 0, 0), S("\xff\0\x01")));
    CHECK(batch_rows(b, 0)->values[0].type == STORE_BLOB);
    sqlite_db_close(&db);
}
