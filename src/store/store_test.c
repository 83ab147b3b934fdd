// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "runtime/fiber.h"
#include "store/lock.h"
#include "store/sqlite_migrate.h"
#include "store/test_home.h"

static enum err set(struct store *s, struct arena *a, const char *key, const char *value) AWAITS
{
    struct batch *b = batch_new(a);

    batch_add(b, "meta.set", "cc", key, value);
    return store_commit(s, b);
}

static str get(struct store *s, struct arena *a, const char *key) AWAITS
{
    struct rows r;

    CHECK_OK(store_read(s, a, &r, "meta.get", "c", key));
    return r.n ? row_str(&r, 0, 0) : S("(none)");
}

TEST(what_was_committed_is_read_back_also_after_a_restart)
{
    CLEANUP(home_done) struct test_home h = home_new();

    CHECK_OK(set(h.store, h.arena, "colour", "red"));
    CHECK_STR(get(h.store, h.arena, "colour"), "red");
    home_reopen(&h);
    CHECK_STR(get(h.store, h.arena, "colour"), "red");
    CHECK_STR(get(h.store, h.arena, "shape"), "(none)");
}

TEST(a_batch_is_all_or_nothing)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct batch *b = batch_new(h.arena);

    CHECK_OK(set(h.store, h.arena, "taken", "1"));
    batch_add(b, "meta.set", "cc", "first", "1");
    batch_add(b, "meta.add", "cc", "taken", "2");
    batch_add(b, "meta.set", "cc", "last", "1");
    CHECK_ERR(store_commit(h.store, b), ERR_CONFLICT);
    CHECK(strstr(failed_text(), "meta.add: UNIQUE constraint failed: meta.key"));
    CHECK_STR(get(h.store, h.arena, "first"), "(none)");
    CHECK_STR(get(h.store, h.arena, "last"), "(none)");
    CHECK_STR(get(h.store, h.arena, "taken"), "1");
}

TEST(an_expectation_that_does_not_hold_undoes_the_batch)
{
    CLEANUP(home_done) struct test_home h = home_new();

    CHECK_OK(set(h.store, h.arena, "n", "1"));
    for (int i = 0; i < 2; i++) {
        struct batch *b = batch_new(h.arena);

        batch_add(b, "meta.set", "cc", "trace", i ? "second" : "first");
        batch_add(b, "meta.swap", "ccc", "n", "1", "2");
        batch_expect(b, 1);
        CHECK_ERR(store_commit(h.store, b), i ? ERR_CONFLICT : OK);
    }
    CHECK(strstr(failed_text(), "meta.swap: 0 rows, not 1"));
    CHECK_STR(get(h.store, h.arena, "trace"), "first");
    CHECK_STR(get(h.store, h.arena, "n"), "2");
}

TEST(a_write_batch_may_read_what_it_has_just_written)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct batch *b = batch_new(h.arena);

    batch_add(b, "meta.set", "cc", "a", "1");
    batch_add(b, "meta.get", "c", "a");
    batch_expect(b, 1);
    CHECK_OK(store_commit(h.store, b));
    CHECK_INT(batch_changed(b, 0), 1);
    CHECK_STR(row_str(batch_rows(b, 1), 0, 0), "1");
}

struct gate { struct waiters waiters; bool open; };
struct put { struct store *store; struct gate *gate; int i; enum err want; };

static enum err put_fiber(void *arg) AWAITS
{
    const struct put *p = arg;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    while (!p->gate->open)
        TRY(wait_on(&p->gate->waiters, "the gate"));
    batch_add(b, "meta.set", "cc", arena_printf(a, "trace %03d", p->i), "1");
    batch_add(b, "meta.add", "cc", arena_printf(a, "key %03d", p->i / 2), arena_printf(a, "%d", p->i));
    enum err e = store_commit(p->store, b);

    return e == p->want ? OK : failed(ERR_BUG, "put %d: %s: %s", p->i, err_name(e), failed_text());
}

TEST(many_fibers_share_commits_and_each_succeeds_or_fails_alone)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct gate gate = { .open = false };
    struct put puts[200];
    struct store_stats stats;
    struct rows r;

    CHECK_OK(fault_arm(S("store_commit:sleep:1:once")));    /* while the first commits, the others queue up */
    {
        CLEANUP(fibers_done) struct fibers g = { 0 };

        for (int i = 0; i < 200; i++) {
            puts[i] = (struct put){ h.store, &gate, i, i % 2 ? ERR_CONFLICT : OK };
            fibers_spawn(&g, "put", put_fiber, &puts[i]);
        }
        CHECK_OK(fiber_yield());
        gate.open = true;
        wake_all(&gate.waiters);
        CHECK_OK(fibers_wait(&g));
    }
    CHECK_OK(store_read(h.store, h.arena, &r, "meta.list", "ci", "trace ", (int64_t)1000));
    CHECK_INT(r.n, 100);
    CHECK_STR(row_str(&r, 99, 0), "trace 198");
    store_stats(h.store, &stats);
    CHECK_INT(stats.batches, 200);
    CHECK(stats.commits < 50);
    CHECK(!stats.failing);
}

TEST(later_rides_along_with_the_next_commit)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct batch *b = batch_new(h.arena);
    struct store_stats stats;

    batch_add(b, "meta.set", "cc", "late", "1");
    store_commit_later(h.store, b);
    CHECK_OK(set(h.store, h.arena, "now", "1"));
    CHECK_STR(get(h.store, h.arena, "late"), "1");
    store_stats(h.store, &stats);
    CHECK_INT(stats.later, 1);
    CHECK_INT(stats.batches, 2);
}

TEST(later_comes_by_itself_too)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct batch *b = batch_new(h.arena);

    batch_add(b, "meta.set", "cc", "late", "1");
    store_commit_later(h.store, b);
    for (int i = 0; i < 1000000 && !str_eq(get(h.store, h.arena, "late"), S("1")); i++)
        CHECK_OK(fiber_yield());
    CHECK_STR(get(h.store, h.arena, "late"), "1");
}

TEST(closing_commits_what_was_left_for_later)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct batch *b = batch_new(h.arena);

    batch_add(b, "meta.set", "cc", "late", "1");
    store_commit_later(h.store, b);
    home_reopen(&h);
    CHECK_STR(get(h.store, h.arena, "late"), "1");
}

TEST(a_query_cannot_write)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct batch *b = batch_new(h.arena);

    batch_add(b, "meta.set", "cc", "a", "1");
    CHECK_ERR(store_query(h.store, b), ERR_IO);
    CHECK_STR(get(h.store, h.arena, "a"), "(none)");
}

TEST(a_query_of_several_statements_has_the_rows_of_each)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct batch *b = batch_new(h.arena);

    for (int i = 0; i < 100; i++)
        CHECK_OK(set(h.store, h.arena, arena_printf(h.arena, "k%02d", i), arena_printf(h.arena, "%d", i)));
    batch_add(b, "meta.list", "ci", "k", (int64_t)1000);
    batch_add(b, "meta.get", "c", "k07");
    batch_add(b, "meta.get", "c", "absent");
    CHECK_OK(store_query(h.store, b));
    CHECK_INT(batch_rows(b, 0)->n, 100);
    CHECK_STR(row_str(batch_rows(b, 0), 31, 1), "31");
    CHECK_STR(row_str(batch_rows(b, 1), 0, 0), "7");
    CHECK_INT(batch_rows(b, 2)->n, 0);
}

static enum err commit_cancelled(void *arg)
{
    struct store *s = arg;
    CLEANUP(arena_freep) struct arena *a = arena_new();

    fiber_cancel(fiber_self());
    CHECK_OK(set(s, a, "cancelled", "1"));
    return fiber_check();
}

TEST(a_commit_is_not_interrupted_by_cancellation)
{
    CLEANUP(home_done) struct test_home h = home_new();

    CHECK_ERR(fiber_join(fiber_spawn("committer", commit_cancelled, h.store)), ERR_CANCELLED);
    CHECK_STR(get(h.store, h.arena, "cancelled"), "1");
}

TEST(a_full_disk_stores_nothing_and_the_store_goes_on_after_it)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct store_stats stats;

    CHECK_OK(fault_arm(S("store_commit:fail:1")));
    CHECK_ERR(set(h.store, h.arena, "a", "1"), ERR_IO);
    CHECK_ERR(set(h.store, h.arena, "b", "1"), ERR_IO);
    store_stats(h.store, &stats);
    CHECK(stats.failing && strstr(stats.failure, "full"));
    fault_disarm_all();
    CHECK_STR(get(h.store, h.arena, "a"), "(none)");
    CHECK_OK(set(h.store, h.arena, "c", "1"));
    store_stats(h.store, &stats);
    CHECK(!stats.failing);
    CHECK_STR(get(h.store, h.arena, "b"), "(none)");
    CHECK_STR(get(h.store, h.arena, "c"), "1");
}

TEST(only_stores_that_are_built_are_opened)
{
    static const struct { const char *url, *says; } cases[] = {
        { "postgresql://user:secret@localhost/clawdbot", "no store for 'postgresql:'" },
        { "mysql://localhost/x",                         "no store for 'mysql:'" },
        { "mongodb://localhost/x",                       "no store for 'mongodb:'" },
        { "sqlite:",                                     "path is empty" },
        { "sqlite:/x?journal=off",                       "unknown option" },
        { "sqlite:/x?synchronous=off",                   "loses messages" },
        { "sqlite:/x?vfs=nothing&synchronous=off",       "no VFS 'nothing'" },
    };
    struct store *s;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_ERR(store_open(&(struct store_options){ .url = cases[i].url }, &s), ERR_INPUT);
        CHECK(strstr(failed_text(), cases[i].says));
        CHECK(!strstr(failed_text(), "secret"));
    }
}

TEST(a_store_that_cannot_be_opened_says_why)
{
    struct store *s;

    CHECK_ERR(store_open(&(struct store_options){ .url = "/proc/nowhere/clawdbot.db" }, &s), ERR_IO);
    CHECK(strstr(failed_text(), "/proc/nowhere"));
}

TEST(files_are_for_their_owner_alone)
{
    static const char *const names[] = { "clawdbot.db", "clawdbot.db-wal", "clawdbot.db-shm" };
    CLEANUP(home_done) struct test_home h = home_new();
    struct stat st;

    CHECK(stat(h.folder, &st) == 0 && (st.st_mode & 0777) == 0700);
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        CHECK(stat(home_path(&h, names[i]), &st) == 0);
        CHECK_INT(st.st_mode & 0777, 0600);
    }
    CHECK(chmod(home_path(&h, "clawdbot.db"), 0644) == 0);
    home_reopen(&h);
    CHECK(stat(home_path(&h, "clawdbot.db"), &st) == 0);
    CHECK_INT(st.st_mode & 0777, 0600);
}

TEST(a_check_finds_a_damaged_database)
{
    CLEANUP(home_done) struct test_home h = home_new();
    char garbage[4096];
    str report;

    CHECK_OK(store_check(h.store, h.arena, &report));
    CHECK_STR(report, "ok");
    for (int i = 0; i < 400; i++)
        CHECK_OK(set(h.store, h.arena, arena_printf(h.arena, "key %d", i), "a value of some length, so that pages fill"));
    home_close(&h);
    int fd = open(home_path(&h, "clawdbot.db"), O_RDWR);

    memset(garbage, 0x5a, sizeof garbage);
    CHECK(fd >= 0 && pwrite(fd, garbage, sizeof garbage, lseek(fd, 0, SEEK_END) - 4096) == 4096);
    close(fd);
    home_reopen(&h);
    CHECK_ERR(store_check(h.store, h.arena, &report), ERR_IO);
    CHECK(strstr(failed_text(), "damaged"));
}

TEST(two_gateways_never_share_a_home)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct home_lock *first, *second;
    int pid;

    CHECK_OK(home_lock_holder(h.folder, &pid));
    CHECK_INT(pid, 0);
    CHECK_OK(home_lock_take(h.folder, &first));
    CHECK_OK(home_lock_holder(h.folder, &pid));
    CHECK_INT(pid, getpid());
    CHECK_ERR(home_lock_take(h.folder, &second), ERR_CONFLICT);
    CHECK(strstr(failed_text(), arena_printf(h.arena, "another gateway (pid %d) already uses %s", getpid(), h.folder)));
    home_lock_free(first);
    CHECK_OK(home_lock_take(h.folder, &second));
    home_lock_free(second);
}

/* ---- shrinking ---- */

static bool any_file_has(struct test_home *h, const char *needle)
{
    static const char *const names[] = { "clawdbot.db", "clawdbot.db-wal" };
    bool has = false;

    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        CLEANUP(buf_done) struct buf b = { 0 };
        FILE *f = fopen(home_path(h, names[i]), "r");
        size_t room, n;

        while (f && (n = fread(buf_room(&b, 1 << 16, &room), 1, 1 << 16, f)) > 0)
            buf_grown(&b, n);
        if (f)
            fclose(f);
        has |= str_find(buf_str(&b), str_from(needle)) != STR_NONE;
    }
    return has;
}

static enum err read_on(void *arg) AWAITS
{
    struct test_home *h = arg;

    for (int i = 0; i < 50; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct rows r;

        TRY(store_read(h->store, a, &r, "meta.get", "c", "kept"));
        if (r.n != 1 || !str_eq(row_str(&r, 0, 0), S("value")))
            return failed(ERR_BUG, "what is kept was not there");
    }
    return OK;
}

TEST(shrinking_takes_what_was_overwritten_from_the_files_and_nothing_else)
{
    CLEANUP(home_done) struct test_home h = home_new();
    const char *snapshot = home_path(&h, "clawdbot.db.before-0002");
    FILE *f;

    CHECK_OK(set(h.store, h.arena, "kept", "value"));
    CHECK_OK(set(h.store, h.arena, "secret", "xyzzy-plugh"));
    CHECK_OK(set(h.store, h.arena, "secret", "forgotten"));
    CHECK((f = fopen(snapshot, "w")) && fclose(f) == 0);
    CHECK(any_file_has(&h, "xyzzy-plugh"));
    {
        CLEANUP(fibers_done) struct fibers g = { 0 };

        fibers_spawn(&g, "reader", read_on, &h);
        CHECK_OK(fiber_yield());
        CHECK_OK(store_shrink(h.store));
        CHECK_OK(fibers_wait(&g));
    }
    CHECK(!any_file_has(&h, "xyzzy-plugh"));
    CHECK(access(snapshot, F_OK) < 0);
    CHECK_STR(get(h.store, h.arena, "kept"), "value");
    CHECK_STR(get(h.store, h.arena, "secret"), "forgotten");
    CHECK_OK(set(h.store, h.arena, "after", "1"));
    home_reopen(&h);
    CHECK_STR(get(h.store, h.arena, "after"), "1");
    CHECK_STR(get(h.store, h.arena, "kept"), "value");
}
