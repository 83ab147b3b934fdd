// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/fault.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "store/audit.h"
#include "store/sqlite_db.h"
#include "store/test_home.h"

static void add(struct batch *b, const char *subject)
{
    audit_add(b, &(struct audit_row){
        .person = S("owner"), .platform = S("cli"), .session_id = S("s"), .event = "tool.call", .subject = str_from(subject),
        .decision = S("allow by default 4"), .content = S("{}"), .detail = json_pack("{s:i}", "bytes", 2) });
}

static enum err add_one(struct test_home *h, const char *subject) AWAITS
{
    struct batch *b = batch_new(h->arena);

    add(b, subject);
    return store_commit(h->store, b);
}

static void add_rows(struct test_home *h, int n) AWAITS
{
    for (int i = 0; i < n; i++)
        CHECK_OK(add_one(h, arena_printf(h->arena, "tool %d", i + 1)));
}

/* As somebody with the file in their hands, who also takes the triggers away. */
static void tamper(struct test_home *h, const char *sql) AWAITS
{
    struct sqlite_place p;
    struct sqlite_db db;

    home_close(h);
    CHECK_OK(sqlite_place_parse(home_path(h, "clawdbot.db"), &p));
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    CHECK_OK(sqlite_db_exec(&db, "DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_deleted"));
    CHECK_OK(sqlite_db_exec(&db, sql));
    sqlite_db_close(&db);
    home_reopen(h);
}

TEST(rows_are_numbered_hashed_and_kept_with_what_they_tell_of)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct audit_filter all = { .person = S(""), .event = S(""), .limit = 10 };
    struct audit_report report;
    struct rows r;

    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_INT(report.head.n, 0);
    clock_fake(1000000);
    add_rows(&h, 3);
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_INT(report.head.n, 3);
    CHECK_OK(audit_latest(h.store, h.arena, &all, &r));
    CHECK_INT(r.n, 3);
    CLEANUP(json_decrefp) json_t *rows = audit_rows_json(&r);
    const json_t *j = json_at(rows, "0");

    CHECK_STR(json_text_str(j, "subject"), "tool 3");
    CHECK_STR(json_text_str(j, "at"), "1970-01-01T00:16:40.000Z");
    CHECK_STR(json_text_str(j, "digest"), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");     /* of {} */
    CHECK_INT(json_int(j, "detail.bytes", 0), 2);
    CHECK_STR(json_text_str(j, "hash"), report.head.hash);
    home_reopen(&h);
    CHECK_OK(audit_verify(h.store, &report.head, &report));
    clock_real();
}

TEST(whatever_was_done_to_a_row_is_found)
{
    static const struct { const char *sql, *says; } cases[] = {
        { "UPDATE audit SET person = 'bob' WHERE id = 3",               "row 3 of the audit log was changed" },
        { "UPDATE audit SET at = at + 1 WHERE id = 1",                  "row 1 of the audit log was changed" },
        { "UPDATE audit SET detail = '' WHERE id = 700",                "row 700 of the audit log was changed" },
        { "UPDATE audit SET decision = 'x' WHERE id = 5",               "row 5 of the audit log was changed" },
        { "DELETE FROM audit WHERE id = 1",                             "no row 1, though it has 2" },
        { "DELETE FROM audit WHERE id = 400",                           "no row 400, though it has 401" },
        { "DELETE FROM audit WHERE id = 700",                           "ends at row 699, and there were 700" },
        { "DELETE FROM audit WHERE id > 200",                           "ends at row 200, and there were 700" },
        { "DELETE FROM audit",                                          "ends at row 0, and there were 700" },
        { "DELETE FROM meta WHERE key = 'audit.head'",                  "has lost its head" },
        { "UPDATE audit SET decision = '', subject = subject || decision WHERE id = 2", "row 2 of the audit log was changed" },
        { "UPDATE audit SET id = -2 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = -2",
          "row 2 of the audit log was changed" },
        { "INSERT INTO audit SELECT 701, at, person, platform, session_id, event, subject, decision, digest, detail, hash FROM audit "
          "WHERE id = 700", "a row 701 that is not of the chain" },
        { "UPDATE meta SET value = '0:' WHERE key = 'audit.head'",      "a row 700 that is not of the chain, which ends at 0" },
        { "UPDATE audit SET id = -1 WHERE id = 6",                      "a row -1, before the first" },
        { "UPDATE audit SET id = 1000 WHERE id = 6",                    "a row 1000 that is not of the chain" },
        { "UPDATE audit SET hash = 'x' WHERE id = 700",                 "row 700 of the audit log was changed" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(home_done) struct test_home h = home_new();
        struct audit_report report;
        struct batch *b = batch_new(h.arena);

        for (int k = 0; k < 700; k++)
            add(b, "exec");
        CHECK_OK(store_commit(h.store, b));
        CHECK_OK(audit_verify(h.store, NULL, &report));
        CHECK_INT(report.head.n, 700);
        tamper(&h, cases[i].sql);
        CHECK_ERR(audit_verify(h.store, NULL, &report), ERR_IO);
        if (!strstr(failed_text(), cases[i].says))
            test_failed(__FILE__, __LINE__, "%s: %s", cases[i].sql, failed_text());
    }
}

TEST(an_end_that_was_cut_off_stays_missing_whatever_is_added_later)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct audit_report report;

    add_rows(&h, 5);
    tamper(&h, "DELETE FROM audit WHERE id > 3");
    add_rows(&h, 2);
    CHECK_ERR(audit_verify(h.store, NULL, &report), ERR_IO);
    CHECK(strstr(failed_text(), "no row 4, though it has 6"));
}

TEST(a_chain_that_was_made_anew_is_not_the_one_whose_head_was_kept)
{
    CLEANUP(home_done) struct test_home h = home_new();
    char text[AUDIT_HEAD_SIZE];
    struct audit_report report;
    struct audit_head kept;

    add_rows(&h, 5);
    CHECK_OK(audit_head_now(h.store, &kept));
    CHECK_OK(audit_head_parse(str_from(audit_head_text(text, &kept)), &kept));
    add_rows(&h, 5);
    CHECK_OK(audit_verify(h.store, &kept, &report));
    tamper(&h, "DELETE FROM audit; UPDATE meta SET value = '0:' WHERE key = 'audit.head'");
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_ERR(audit_verify(h.store, &kept, &report), ERR_IO);
    CHECK(strstr(failed_text(), "has 0 rows, and had 5"));
    for (int i = 0; i < 7; i++)
        CHECK_OK(add_one(&h, "innocent"));
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_ERR(audit_verify(h.store, &kept, &report), ERR_IO);
    CHECK(strstr(failed_text(), "the log was written anew"));
    CHECK_ERR(audit_head_parse(S("5:abc"), &kept), ERR_INPUT);
}

TEST(the_store_itself_refuses_to_change_or_delete)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct sqlite_place p;
    struct sqlite_db db;

    add_rows(&h, 1);
    home_close(&h);
    CHECK_OK(sqlite_place_parse(home_path(&h, "clawdbot.db"), &p));
    CHECK_OK(sqlite_db_open(&db, &p, SQLITE_WRITER));
    CHECK_ERR(sqlite_db_exec(&db, "DELETE FROM audit"), ERR_CONFLICT);
    CHECK_ERR(sqlite_db_exec(&db, "UPDATE audit SET at = 1"), ERR_CONFLICT);
    CHECK(strstr(failed_text(), "append-only"));
    sqlite_db_close(&db);
}

TEST(a_clock_that_was_set_back_is_told_and_no_damage)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct audit_report report;

    clock_fake(100000000);
    add_rows(&h, 2);
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_INT(report.clock_back, 0);
    clock_fake(1000);
    add_rows(&h, 2);
    clock_real();
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_INT(report.clock_back, 3);
}

struct adder { struct test_home *home; int i; };

/* Every third batch fails by itself, after its row was added. */
static enum err adder_fiber(void *arg) AWAITS
{
    const struct adder *x = arg;
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (int i = 0; i < 20; i++) {
        bool fails = (x->i + i) % 3 == 0;
        struct batch *b = batch_new(a);

        add(b, fails ? "undone" : "done");
        batch_add(b, "meta.set", "cc", "x", "1");
        if (fails)
            batch_add(b, "meta.add", "cc", "audit.head", "conflict");
        enum err e = store_commit(x->home->store, b);

        if (e != (fails ? ERR_CONFLICT : OK))
            return failed(ERR_BUG, "%d: %s: %s", x->i, err_name(e), failed_text());
        audit_later(x->home->store, &(struct audit_row){ .event = "egress.connect", .subject = S("done") });
    }
    return OK;
}

TEST(batches_that_are_undone_in_the_middle_of_a_group_leave_no_hole)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct adder adders[60];
    struct audit_report report;
    struct audit_filter all = { .person = S(""), .event = S("tool"), .limit = 10000 };
    struct rows r;
    int done = 0;

    CHECK_OK(fault_arm(S("store_commit:sleep:1:once")));
    {
        CLEANUP(fibers_done) struct fibers g = { 0 };

        for (int i = 0; i < 60; i++) {
            adders[i] = (struct adder){ &h, i };
            fibers_spawn(&g, "adder", adder_fiber, &adders[i]);
        }
        CHECK_OK(fibers_wait(&g));
    }
    for (int i = 0; i < 60; i++)
        for (int k = 0; k < 20; k++)
            done += (i + k) % 3 != 0;
    fault_disarm_all();
    home_reopen(&h);        /* what was left for later is there too */
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_INT(report.head.n, done + 60 * 20);
    CHECK_OK(audit_page(h.store, h.arena, &all, 0, &r));
    CHECK_INT(r.n, done);
    for (size_t i = 0; i < r.n; i++)
        CHECK_STR(row_str(&r, i, 6), "done");
}

TEST(a_group_that_the_disk_refuses_leaves_no_trace)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct audit_report report;

    add_rows(&h, 2);
    CHECK_OK(fault_arm(S("store_commit:fail:1")));
    CHECK_ERR(add_one(&h, "lost"), ERR_IO);
    fault_disarm_all();
    add_rows(&h, 1);
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_INT(report.head.n, 3);
}

TEST(what_outsiders_name_is_cut_and_mended)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct audit_filter all = { .person = S(""), .event = S(""), .limit = 10 };
    struct batch *b = batch_new(h.arena);
    char *longer = arena_alloc(h.arena, 100000);
    struct audit_report report;
    struct rows r;

    memset(longer, 'x', 99999);
    audit_add(b, &(struct audit_row){ .event = "e", .person = S("a\0b\xff"), .subject = str_from(longer),
                                      .detail = json_pack("{s:s}", "text", longer) });
    CHECK_OK(store_commit(h.store, b));
    CHECK_OK(audit_verify(h.store, NULL, &report));
    CHECK_OK(audit_latest(h.store, h.arena, &all, &r));
    CHECK_STR(row_str(&r, 0, 2), "a b\xef\xbf\xbd");
    CHECK_INT(row_str(&r, 0, 6).len, 500);
    CHECK(row_str(&r, 0, 9).len < 100);
}
