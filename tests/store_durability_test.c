// SPDX-License-Identifier: Apache-2.0
/* What the store has acknowledged is there after SIGKILL, after a power cut, and after the disk was full.  The tests
 * run no fibers themselves: each starts a child that does, and looks at what the child leaves behind. */
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/random.h"
#include "runtime/fiber.h"
#include "runtime/loop.h"
#include "store/store.h"

enum { FIBERS = 4, ROUNDS = 30, MAX_ROWS = 1 << 20 };

/* --- a folder of its own --- */

struct place { char folder[128], db[160], url[256]; };

static struct place place_new(const char *options)
{
    const char *tmp = getenv("TMPDIR");
    struct place p;

    snprintf(p.folder, sizeof p.folder, "%s/clawdbot-durable-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(p.folder));
    snprintf(p.db, sizeof p.db, "%s/clawdbot.db", p.folder);
    snprintf(p.url, sizeof p.url, "sqlite:%s%s", p.db, options);
    return p;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static void place_done(struct place *p)
{
    nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- the child: commits numbered rows and reports each one that was acknowledged --- */

struct committer { const char *url; int report, first, step; struct store *store; };

static enum err add_row(struct store *s, int number, str value) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "meta.add", "cs", arena_printf(a, "row %09d", number), value);
    return store_commit(s, b);
}

static enum err commit_rows(void *arg) AWAITS
{
    const struct committer *c = arg;

    for (int i = c->first; ; i += c->step) {
        TRY(add_row(c->store, i, S("x")));
        if (write(c->report, &i, sizeof i) != sizeof i)
            return failed(ERR_IO, "the parent is gone");
    }
}

static enum err commit_for_ever(void *arg) AWAITS
{
    struct committer *c = arg, each[FIBERS];
    CLEANUP(fibers_done) struct fibers g = { 0 };

    TRY(store_open(&(struct store_options){ .url = c->url }, &c->store));
    for (int i = 0; i < FIBERS; i++) {
        each[i] = *c;
        each[i].first = c->first + i;
        each[i].step = FIBERS;
        fibers_spawn(&g, "committer", commit_rows, &each[i]);
    }
    return fibers_wait(&g);
}

static pid_t start_committer(const char *url, int first, int *ret_report)
{
    int pipe_fds[2];

    CHECK(pipe2(pipe_fds, O_CLOEXEC) == 0);
    fflush(stdout);
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        struct committer c = { .url = url, .report = pipe_fds[1], .first = first };

        (void)!loop_run(NULL, commit_for_ever, &c);
        fprintf(stderr, "the committer ended: %s\n", failed_text());
        _exit(1);
    }
    close(pipe_fds[1]);
    *ret_report = pipe_fds[0];
    return pid;
}

/* --- the parent: kills it and counts --- */

/* Marks what was acknowledged; returns the number after the last. */
static int take_reports(int fd, char *acknowledged, int next)
{
    int numbers[1024];
    ssize_t n = read(fd, numbers, sizeof numbers);

    CHECK(n % (ssize_t)sizeof *numbers == 0);
    for (ssize_t i = 0; i < n / (ssize_t)sizeof *numbers; i++) {
        CHECK(numbers[i] < MAX_ROWS);
        acknowledged[numbers[i]] = 1;
        if (numbers[i] >= next)
            next = numbers[i] + 1;
    }
    return n > 0 ? next : -1;
}

/* SIGKILL at a moment that nobody chose, some time after the first acknowledgement.  Returns the next unused number. */
static int run_and_kill(const char *url, char *acknowledged, int first)
{
    int report, next = first, got, status;
    pid_t pid = start_committer(url, first, &report);

    CHECK((got = take_reports(report, acknowledged, next)) >= 0);
    next = got;
    for (uint64_t i = random_below(40); i > 0 && got >= 0; i--)
        if ((got = take_reports(report, acknowledged, next)) >= 0)
            next = got;
    usleep((useconds_t)random_below(2000));
    kill(pid, SIGKILL);
    while ((got = take_reports(report, acknowledged, next)) >= 0)
        next = got;
    close(report);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return next + FIBERS;       /* rows in flight may be stored or not */
}

static sqlite3 *open_plainly(const struct place *p)
{
    sqlite3 *db;

    CHECK(sqlite3_open_v2(p->db, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    return db;
}

static void check_sound(sqlite3 *db)
{
    sqlite3_stmt *stmt;

    CHECK(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL) == SQLITE_OK);
    CHECK(sqlite3_step(stmt) == SQLITE_ROW);
    CHECK_STR(str_from((const char *)sqlite3_column_text(stmt, 0)), "ok");
    sqlite3_finalize(stmt);
}

/* How many acknowledged rows are not there. */
static int count_lost(const struct place *p, const char *acknowledged, int n)
{
    sqlite3 *db = open_plainly(p);
    sqlite3_stmt *stmt = NULL;
    char key[32];
    int lost = 0;

    check_sound(db);
    /* Where nothing at all was synced there is no table. */
    if (sqlite3_prepare_v2(db, "SELECT 1 FROM meta WHERE key = ?1", -1, &stmt, NULL) != SQLITE_OK)
        stmt = NULL;
    for (int i = 0; i < n; i++) {
        if (!acknowledged[i])
            continue;
        snprintf(key, sizeof key, "row %09d", i);
        if (stmt)
            sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC);
        lost += stmt == NULL || sqlite3_step(stmt) != SQLITE_ROW;
        if (stmt)
            sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return lost;
}

static int kill_rounds(const char *options, int rounds, int *ret_acknowledged)
{
    CLEANUP(place_done) struct place p = place_new(options);
    char *acknowledged = calloc(MAX_ROWS, 1);
    int next = 0, lost = 0, n = 0;

    for (int i = 0; i < rounds && lost == 0; i++) {
        next = run_and_kill(p.url, acknowledged, next);
        lost = count_lost(&p, acknowledged, next);
    }
    for (int i = 0; i < next; i++)
        n += acknowledged[i];
    free(acknowledged);
    *ret_acknowledged = n;
    return lost;
}

TEST(sigkill_loses_nothing_acknowledged)
{
    int n;

    CHECK_INT(kill_rounds("", ROUNDS, &n), 0);
    CHECK(n > ROUNDS);
}

TEST(a_power_cut_loses_nothing_acknowledged)
{
    int n;

    CHECK_INT(kill_rounds("?vfs=lossy", ROUNDS, &n), 0);
    CHECK(n > ROUNDS);
}

TEST(the_same_test_sees_the_loss_when_nothing_is_synced)
{
    int n;

    CHECK(kill_rounds("?vfs=lossy&synchronous=off", ROUNDS, &n) > 0);
}

/* --- a full disk --- */

enum { EXIT_NO_MOUNT = 77 };

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return ok;
}

/* A mount that is this child's alone, and needs no root where the kernel lets users have namespaces. */
static bool mount_small(const char *folder)
{
    char users[64], groups[64];

    snprintf(users, sizeof users, "0 %d 1", (int)getuid());
    snprintf(groups, sizeof groups, "0 %d 1", (int)getgid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0) {
        if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", users)
            || !write_file("/proc/self/gid_map", groups))
            return false;
    } else if (unshare(CLONE_NEWNS) != 0) {
        return false;
    }
    return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0
        && mount("tmpfs", folder, "tmpfs", 0, "size=1536k,mode=0700") == 0;
}

/* One 300 KiB file stands in for whatever else fills the disk, and goes again. */
static void ballast(const char *folder, bool there)
{
    char path[256], kilobyte[1024] = "";

    snprintf(path, sizeof path, "%s/ballast", folder);
    unlink(path);
    int fd = there ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) : -1;

    for (int i = 0; fd >= 0 && i < 300; i++)
        if (write(fd, kilobyte, sizeof kilobyte) < 0)
            break;
    if (fd >= 0)
        close(fd);
}

struct filler { struct store *store; int next, stored; };

static enum err fill_until_full(void *arg) AWAITS
{
    static const char value[8000];
    struct filler *f = arg;
    enum err e;

    while ((e = add_row(f->store, f->next++, str_of(value, sizeof value))) == OK)
        f->stored++;
    return e == ERR_IO ? OK : e;
}

/* From several fibers, so that groups of more than one meet the end. */
static enum err fill_up(struct filler *f) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    for (int i = 0; i < FIBERS; i++)
        fibers_spawn(&g, "filler", fill_until_full, f);
    return fibers_wait(&g);
}

static enum err check_count(struct store *s, int want) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    TRY(store_read(s, a, &r, "meta.list", "ci", "row ", (int64_t)MAX_ROWS));
    return r.n == (size_t)want ? OK : failed(ERR_BUG, "%zu rows, not %d", r.n, want);
}

static enum err live_through_a_full_disk(void *arg) AWAITS
{
    const struct place *p = arg;
    struct filler f = { .next = 0 };
    struct store_stats stats;

    ballast(p->folder, true);
    TRY(store_open(&(struct store_options){ .url = p->url }, &f.store));
    for (int round = 0; round < 3; round++) {
        TRY(fill_up(&f));
        store_stats(f.store, &stats);
        if (!stats.failing || !strstr(stats.failure, "full"))
            return failed(ERR_BUG, "the store does not say that the disk is full: %s", stats.failure);
        TRY(check_count(f.store, f.stored));
    }
    ballast(p->folder, false);
    TRY(add_row(f.store, f.next++, S("there is room again")));
    store_stats(f.store, &stats);
    if (stats.failing)
        return failed(ERR_BUG, "the store still says that it fails");
    TRY(check_count(f.store, ++f.stored));
    store_close(f.store);
    TRY(store_open(&(struct store_options){ .url = p->url }, &f.store));
    TRY(check_count(f.store, f.stored));
    store_close(f.store);
    return f.stored > 20 ? OK : failed(ERR_BUG, "only %d rows fitted: the test is not what it says", f.stored);
}

TEST(a_full_disk_loses_nothing_acknowledged_and_the_store_goes_on)
{
    CLEANUP(place_done) struct place p = place_new("");
    int status;

    fflush(stdout);
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        if (!mount_small(p.folder))
            _exit(EXIT_NO_MOUNT);
        enum err e = loop_run(NULL, live_through_a_full_disk, &p);

        if (e)
            fprintf(stderr, "full disk: %s\n", failed_text());
        _exit(e ? 1 : 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_NO_MOUNT) {
        printf("skipped: this kernel gives us no mount namespace, so there is no small disk to fill\n");
        skip();
    }
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
