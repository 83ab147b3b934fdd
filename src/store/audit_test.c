// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <sqlite3.h>

#include "runtime/fiber.h"
#include "store/audit.h"
#include "store/test_home.h"

static void put(struct test_home *h, const char *subject, const char *content)
{
    struct batch *b = batch_new(h->arena);

    audit_add(b, &(struct audit_row){ .person = S("owner"), .platform = S("rest"), .session_id = S("s"), .event = "tool.call",
                                      .subject = str_from(subject), .decision = S("allow by default read"),
                                      .content = str_from(content), .detail = json_pack("{s:i}", "bytes", 3) });
    CHECK_OK(store_commit(h->store, b));
}

/* Somebody else writes in the file, with the triggers out of the way. */
static void tamper(struct test_home *h, const char *sql)
{
    sqlite3 *db;
    char *why = NULL;

    CHECK_INT(sqlite3_open(arena_printf(h->arena, "%s/clawdbot.db", h->folder), &db), SQLITE_OK);
    sqlite3_exec(db, "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted", NULL, NULL, NULL);
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        test_failed(__FILE__, __LINE__, "%s: %s", sql, why);
    sqlite3_close(db);
}

TEST(a_log_that_nobody_touched_is_sound)
{
    struct test_home h = home_new();
    int64_t n = -1;

    CHECK_OK(audit_verify(h.store, &n));
    CHECK_INT(n, 0);
    for (int i = 0; i < 1200; i++)
        put(&h, arena_printf(h.arena, "tool %d", i), "{}");
    CHECK_OK(audit_verify(h.store, &n));
    CHECK_INT(n, 1200);
    home_done(&h);
}

TEST(every_change_of_the_log_is_seen)
{
    static const char *const changes[] = {
        "UPDATE audit SET person = 'eve' WHERE id = 3",
        "UPDATE audit SET at = at + 1 WHERE id = 1",
        "UPDATE audit SET detail = '' WHERE id = 5",
        "UPDATE audit SET digest = hash WHERE id = 2",
        "UPDATE audit SET decision = '', subject = subject || decision WHERE id = 2",
        "DELETE FROM audit WHERE id = 1",
        "DELETE FROM audit WHERE id = 3",
        "DELETE FROM audit WHERE id = 5",
        "DELETE FROM audit WHERE id > 2",
        "DELETE FROM audit",
        "UPDATE audit SET id = 100 WHERE id = 5",
        "UPDATE audit SET id = -2 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = -2",
        "INSERT INTO audit SELECT 6, at, person, platform, session_id, event, subject, decision, digest, detail, hash FROM audit WHERE id = 5",
        "DELETE FROM meta WHERE key = 'audit.head'",
    };

    for (size_t i = 0; i < N_ELEMENTS(changes); i++) {
        struct test_home h = home_new();
        int64_t n;

        for (int k = 0; k < 5; k++)
            put(&h, "exec", "{}");
        CHECK_OK(audit_verify(h.store, &n));
        tamper(&h, changes[i]);
        if (audit_verify(h.store, &n) != ERR_IO)
            test_failed(__FILE__, __LINE__, "not seen: %s", changes[i]);
        home_done(&h);
    }
}

TEST(a_row_cut_off_the_end_is_missed_by_what_comes_after_too)
{
    struct test_home h = home_new();
    int64_t n;

    for (int k = 0; k < 3; k++)
        put(&h, "exec", "{}");
    tamper(&h, "DELETE FROM audit WHERE id = 3");
    put(&h, "exec", "{}");
    CHECK_ERR(audit_verify(h.store, &n), ERR_IO);
    home_done(&h);
}

TEST(rows_cannot_be_changed_by_a_statement_of_ours)
{
    struct test_home h = home_new();
    sqlite3 *db;

    put(&h, "exec", "{}");
    CHECK_INT(sqlite3_open(arena_printf(h.arena, "%s/clawdbot.db", h.folder), &db), SQLITE_OK);
    CHECK(sqlite3_exec(db, "UPDATE audit SET person = 'eve'", NULL, NULL, NULL) != SQLITE_OK);
    CHECK(sqlite3_exec(db, "DELETE FROM audit", NULL, NULL, NULL) != SQLITE_OK);
    sqlite3_close(db);
    home_done(&h);
}

static enum err put_many(void *arg)
{
    struct test_home *h = arg;

    for (int i = 0; i < 20; i++) {
        put(h, "exec", "{}");
        struct batch *undone = batch_new(h->arena);      /* one that fails leaves no hole */

        audit_add(undone, &(struct audit_row){ .event = "tool.call" });
        batch_add(undone, "meta.swap", "ccc", "no such key", "a", "b");
        batch_expect(undone, 1);
        CHECK_ERR(store_commit(h->store, undone), ERR_CONFLICT);
    }
    return OK;
}

TEST(many_at_once_make_one_chain)
{
    struct test_home h = home_new();
    CLEANUP(fibers_done) struct fibers g = { 0 };
    int64_t n;

    for (int i = 0; i < 20; i++)
        fibers_spawn(&g, "put", put_many, &h);
    CHECK_OK(fibers_wait(&g));
    CHECK_OK(audit_verify(h.store, &n));
    CHECK_INT(n, 400);
    home_done(&h);
}
