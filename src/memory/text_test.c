// SPDX-License-Identifier: Apache-2.0
#include "memory/text.h"

#include "base/test.h"
#include "memory/id.h"
#include "store/sqlite_db.h"
#include "store/test_home.h"

/* Items are put in by a connection of its own: what is tested is how they are found. */
struct scene { struct test_home home; struct text text; struct sqlite_db db; };

static struct scene scene_new(void) AWAITS
{
    struct scene s = { .home = home_folder() };
    struct sqlite_place p;

    CHECK_OK(store_open(&(struct store_options){ .url = home_path(&s.home, "memory.db"), .schema = STORE_MEMORY }, &s.home.store));
    CHECK_OK(sqlite_place_parse(home_path(&s.home, "memory.db"), &p));
    p.schema = STORE_MEMORY;
    CHECK_OK(sqlite_db_open(&s.db, &p, SQLITE_WRITER));
    s.text.store = s.home.store;
    return s;
}

static void scene_done(struct scene *s) AWAITS
{
    sqlite_db_close(&s->db);
    text_done(&s->text);
    home_done(&s->home);
}

static void run(struct scene *s, const char *sql)
{
    CHECK_OK(sqlite_db_exec(&s->db, sql));
}

static void partition(struct scene *s, unsigned id)
{
    run(s, arena_printf(s->home.arena, "INSERT INTO partitions (id, scope, scope_key, created_at) VALUES (%u, 'user', 'u%u', 0)", id, id));
}

static int64_t add(struct scene *s, unsigned partition, const char *text)
{
    sqlite3_stmt *stmt;
    int64_t id = 0;

    CHECK(sqlite3_prepare_v2(s->db.handle,
        "INSERT INTO items (id, kind, text, origin, created_at, hash)"
        " SELECT id << 40 | next, 'note', ?2, 'person', 0, '' FROM partitions WHERE id = ?1 RETURNING id", -1, &stmt, NULL) == SQLITE_OK);
    sqlite3_bind_int64(stmt, 1, partition);
    sqlite3_bind_text(stmt, 2, text, -1, SQLITE_STATIC);
    CHECK(sqlite3_step(stmt) == SQLITE_ROW);
    id = sqlite3_column_int64(stmt, 0);
    CHECK(sqlite3_step(stmt) == SQLITE_DONE);
    sqlite3_finalize(stmt);
    run(s, arena_printf(s->home.arena, "UPDATE partitions SET next = next + 1 WHERE id = %u", partition));
    return id;
}

struct answer { struct text_hit hits[50]; size_t n; };

static struct answer ask_in(struct scene *s, const char *question, const uint32_t *partitions, size_t n) AWAITS
{
    struct text_query q = { .text = str_from(question), .partitions = partitions, .n_partitions = n, .k = 50 };
    struct answer a = { .n = 0 };

    CHECK_OK(text_search(&s->text, s->home.arena, &q, a.hits, &a.n));
    return a;
}

static struct answer ask(struct scene *s, const char *question) AWAITS
{
    return ask_in(s, question, (const uint32_t[]){ 1 }, 1);
}

TEST(what_has_more_and_rarer_words_of_the_question_comes_first)
{
    CLEANUP(scene_done) struct scene s = scene_new();

    partition(&s, 1);
    int64_t port = add(&s, 1, "The staging server listens on port 9123.");
    int64_t other = add(&s, 1, "The production server is in Frankfurt, and its port is closed.");

    add(&s, 1, "Alice likes green tea.");
    struct answer a = ask(&s, "Which port does the staging server use?");

    CHECK_INT(a.n, 2);
    CHECK(a.hits[0].id == port && a.hits[1].id == other);
    CHECK(a.hits[0].score > a.hits[1].score);
    CHECK_INT(a.hits[0].matched, 3);
}

TEST(nothing_is_found_in_partitions_that_were_not_named)
{
    CLEANUP(scene_done) struct scene s = scene_new();

    for (unsigned p = 1; p <= 3; p++) {
        partition(&s, p);
        add(&s, p, "the password of the router is hunter2");
    }
    struct answer a = ask_in(&s, "password of the router", (const uint32_t[]){ 3, 1, 3 }, 3);

    CHECK_INT(a.n, 2);
    CHECK_INT(item_partition(a.hits[0].id), 3);
    CHECK_INT(item_partition(a.hits[1].id), 1);
    CHECK_INT(ask_in(&s, "password", (const uint32_t[]){ 9 }, 1).n, 0);
    CHECK_INT(ask_in(&s, "password", NULL, 0).n, 0);
}
