// SPDX-License-Identifier: Apache-2.0
/* sqlite.c: the store in one file.  One writer thread owns the only writing connection and commits whatever waits
 * as one group; two reader threads answer queries beside it.  A fiber puts its job into a queue and parks; the
 * thread hands the finished jobs of a whole group back to the loop in one post. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/mem.h"
#include "runtime/fiber.h"
#include "runtime/loop.h"
#include "runtime/timer.h"
#include "store/sqlite_db.h"
#include "store/data_keys.h"
#include "store/sqlite_migrate.h"
#include "store/sqlite_seal.h"

enum {
    N_READERS = 2,
    THREAD_STACK = 1 << 20,
    LATER_MS = 50,
    CHECKPOINT_PAGES = 1000,        /* when nobody waits */
    CHECKPOINT_PAGES_BUSY = 8000,   /* even if somebody does: the log must not grow for ever */
};

/* What a fiber waits for.  It lives on the fiber's stack, or (own != NULL) in an arena of its own, unawaited. */
struct job {
    struct job    *next;
    struct batch  *batch;
    enum err     (*fn)(struct sqlite_db *, struct job *);   /* readers only */
    str            report;          /* of a check; malloc'd */
    struct arena  *own;
    char          *wants_key;       /* nothing was done, for want of the key of this name; malloc'd */
    enum err       result;
    char           text[ERR_TEXT_MAX];
    bool           done;            /* set and read on the loop thread */
    struct waiters waiters;
};

struct jobs { struct job *first, **last; };

struct worker {
    struct sqlite  *store;
    struct job      started, ended;     /* not in a queue: posted when the connection is open, and when it is closed */
    pthread_t       thread;
    bool            running;            /* loop thread's: started and not joined */
};

struct sqlite {
    struct sqlite_place place;
    struct worker       writer, readers[N_READERS];
    size_t              n_readers;      /* loop thread's */
    struct sqlite_db    db;             /* the writer's */
    struct arena       *arena;
    struct batch       *settle;         /* the writer's: what ends every transaction; NULL: nothing does */
    int                 wal_pages;      /* the writer's */

    pthread_mutex_t     mutex;          /* guards what follows */
    pthread_cond_t      write, read;
    struct jobs         to_write, to_shrink, to_read, later;
    bool                later_is_due;
    size_t              idle_readers;
    bool                stop_readers, stop_writer;
    struct store_stats  stats;
    struct timer        later_timer;    /* the loop thread's */
};

static void jobs_push(struct jobs *q, struct job *j)
{
    if (q->first == NULL)
        q->last = &q->first;
    j->next = NULL;
    *q->last = j;
    q->last = &j->next;
}

static struct job *jobs_take_all(struct jobs *q)
{
    struct job *first = q->first;

    q->first = NULL;
    return first;
}

static struct job *jobs_pop(struct jobs *q)
{
    struct job *j = q->first;

    if (j)
        q->first = j->next;
    return j;
}

/* On the loop thread.  A fiber that is woken runs later, so a job is still there when its successor is read. */
static void wake_jobs(void *arg)
{
    for (struct job *j = arg, *next; j; j = next) {
        next = j->next;
        j->done = true;
        wake_all(&j->waiters);
    }
}

static void job_wait(struct job *j, const char *why) AWAITS
{
    while (!j->done)
        wait_out(&j->waiters, why);
}

static void job_finish(struct job *j, enum err e)
{
    j->result = e;
    if (e)
        snprintf(j->text, sizeof j->text, "%s", failed_text());
}

static enum err job_result(const struct job *j)
{
    return j->result ? failed(j->result, "%s", j->text) : OK;
}

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* --- the writer --------------------------------------------------------------------------------------------- */

/* Who is alone in a group needs no savepoint: the whole transaction is undone, and an empty one goes on.  SQLite's journal of a savepoint
 * grows with each statement inside, and is gone through at the end of each. */
static enum err alone(struct sqlite_db *db, struct batch *b)
{
    enum err e = sqlite_db_run(db, b);

    if (e && sqlite_db_in_transaction(db)) {
        char why[ERR_TEXT_MAX];

        snprintf(why, sizeof why, "%s", failed_text());
        TRY(sqlite_db_step(db, TX_ROLLBACK));
        TRY(sqlite_db_step(db, TX_BEGIN));
        return failed(e, "%s", why);
    }
    return e;
}

static enum err in_savepoint(struct sqlite_db *db, struct batch *b)
{
    TRY(sqlite_db_step(db, TX_SAVE));
    enum err e = sqlite_db_run(db, b);

    if (e && sqlite_db_in_transaction(db)) {
        char why[ERR_TEXT_MAX];

        snprintf(why, sizeof why, "%s", failed_text());
        TRY(sqlite_db_step(db, TX_UNDO));
        TRY(sqlite_db_step(db, TX_FORGET));
        return failed(e, "%s", why);
    }
    return e ? e : sqlite_db_step(db, TX_FORGET);
}

/* A failed batch is undone alone, unless the failure is the disk's or has undone the whole transaction already. */
static enum err run_jobs(struct sqlite_db *db, struct job *jobs)
{
    for (struct job *j = jobs; j; j = j->next) {
        job_finish(j, jobs->next ? in_savepoint(db, j->batch) : alone(db, j->batch));
        j->wants_key = sqlite_seal_take_wanted(db->seal);
        if (!sqlite_db_in_transaction(db) || j->result == ERR_IO)
            return j->result ? j->result : failed(ERR_IO, "sqlite: the transaction is gone");
    }
    return OK;
}

/* Two databases of one program are two places to fail at. */
static bool about_to_commit(const struct sqlite *s)
{
    return s->place.schema == STORE_MEMORY ? FAULT(memory_commit) : FAULT(store_commit);
}

static void committed(const struct sqlite *s)
{
    if (s->place.schema == STORE_MEMORY)
        FAULT(memory_committed);
    else
        FAULT(store_committed);
}

static enum err run_group(struct sqlite *s, struct job *jobs)
{
    struct sqlite_db *db = &s->db;

    TRY(sqlite_db_step(db, TX_BEGIN));
    TRY(run_jobs(db, jobs));
    if (s->settle)
        TRY(sqlite_db_run(db, s->settle));
    if (about_to_commit(s))
        return failed(ERR_IO, "database or disk is full (a fault was asked for)");
    TRY(sqlite_db_step(db, TX_COMMIT));
    committed(s);
    return OK;
}

/* Everything of the group is undone; a conflict found on the way may have been with a neighbour, so it is no
 * better off. */
static void undo_group(struct sqlite_db *db, struct job *jobs, enum err e)
{
    char why[ERR_TEXT_MAX];

    snprintf(why, sizeof why, "%s", failed_text());
    if (sqlite_db_in_transaction(db) && sqlite_db_step(db, TX_ROLLBACK))
        snprintf(why + strlen(why), sizeof why - strlen(why), "; %s", failed_text());
    for (struct job *j = jobs; j; j = j->next) {
        batch_forget_results(j->batch);
        job_finish(j, failed(e == ERR_BUG ? ERR_BUG : ERR_IO, "%s", why));
    }
}

/* The one place here that logs above debug: no fiber sees the change from working to failing and back. */
static void account(struct sqlite *s, struct job *jobs, enum err e, uint64_t us)
{
    struct store_stats *t = &s->stats;
    bool changed;

    pthread_mutex_lock(&s->mutex);
    for (struct job *j = jobs; j; j = j->next)
        t->batches++;
    t->commits += e == OK;
    t->commit_us_total += us;
    changed = t->failing != (e != OK);
    t->failing = e != OK;
    if (e)
        snprintf(t->failure, sizeof t->failure, "%.*s", (int)sizeof t->failure - 1, jobs->text);
    pthread_mutex_unlock(&s->mutex);
    if (changed && e)
        log_event(LOG_ERROR, "store.failing", F("error", jobs->text));
    else if (changed)
        log_event(LOG_INFO, "store.recovered");
}

static void free_unawaited(struct job **jobs)
{
    for (struct job **at = jobs; *at; ) {
        struct job *j = *at;

        if (j->own == NULL) {
            at = &j->next;
            continue;
        }
        if (j->result)
            log_event(LOG_DEBUG, "store.later_failed", F("error", j->text));
        *at = j->next;
        free(j->wants_key);
        arena_free(j->own);
    }
}

static void write_group(struct sqlite *s, struct job *jobs)
{
    uint64_t start = now_us();
    enum err e = run_group(s, jobs);

    if (e)
        undo_group(&s->db, jobs, e);
    account(s, jobs, e, now_us() - start);
    free_unawaited(&jobs);
    if (jobs)
        loop_post(wake_jobs, jobs);
}

static int count_wal_pages(void *arg, sqlite3 *handle, const char *name, int pages)
{
    (void)handle, (void)name;
    ((struct sqlite *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

/* After the waiters were told, not before.  If it fails (disk full) the log keeps what it would have moved. */
static void checkpoint(struct sqlite *s, bool busy)
{
    if (s->wal_pages < (busy ? CHECKPOINT_PAGES_BUSY : CHECKPOINT_PAGES))
        return;
    s->wal_pages = 0;
    sqlite3_wal_checkpoint_v2(s->db.handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* The next group, or NULL when it is time to end. */
static struct job *next_group(struct sqlite *s)
{
    struct jobs *q = &s->to_write;
    struct job *group = NULL;

    pthread_mutex_lock(&s->mutex);
    while (q->first == NULL && s->to_shrink.first == NULL && !s->stop_writer && !s->later_is_due)
        pthread_cond_wait(&s->write, &s->mutex);
    s->later_is_due = false;
    if (s->later.first) {
        group = jobs_take_all(&s->later);
        *s->later.last = jobs_take_all(q);
    } else {
        group = jobs_take_all(q);
    }
    pthread_mutex_unlock(&s->mutex);
    return group;
}

static struct job *next_shrink(struct sqlite *s)
{
    pthread_mutex_lock(&s->mutex);
    struct job *j = jobs_pop(&s->to_shrink);

    pthread_mutex_unlock(&s->mutex);
    if (j)
        j->next = NULL;
    return j;
}

static enum err shrink(struct sqlite *s)
{
    sqlite_expire_snapshots(s->place.path, 0);
    TRY(sqlite_db_shrink(&s->db));
    s->wal_pages = 0;
    return OK;
}

static bool somebody_waits(struct sqlite *s)
{
    pthread_mutex_lock(&s->mutex);
    bool busy = s->to_write.first != NULL;

    pthread_mutex_unlock(&s->mutex);
    return busy;
}

static enum err open_writer(struct sqlite *s)
{
    TRY(sqlite_db_open(&s->db, &s->place, SQLITE_WRITER));
    TRY(sqlite_migrate(&s->db, &s->place, sql_sqlite.migrations[s->place.schema].list, sql_sqlite.migrations[s->place.schema].n));
    sqlite3_wal_hook(s->db.handle, count_wal_pages, s);     /* also ends SQLite's own checkpoints */
    return OK;
}

static void *writer_thread(void *arg)
{
    struct worker *w = arg;
    struct sqlite *s = w->store;
    struct job *group, *one;

    job_finish(&w->started, open_writer(s));
    bool opened = w->started.result == OK;

    loop_post(wake_jobs, &w->started);
    do {
        group = opened ? next_group(s) : NULL;
        if (group) {
            write_group(s, group);
            checkpoint(s, somebody_waits(s));
        }
        one = opened ? next_shrink(s) : NULL;
        if (one) {
            job_finish(one, shrink(s));
            loop_post(wake_jobs, one);
        }
    } while (group || one);
    sqlite_db_close(&s->db);
    loop_post(wake_jobs, &w->ended);
    return NULL;
}

/* --- the readers -------------------------------------------------------------------------------------------- */

static enum err read_batch(struct sqlite_db *db, struct job *j)
{
    if (j->batch->n == 1)
        return sqlite_db_run(db, j->batch);
    TRY(sqlite_db_step(db, TX_BEGIN_READ));
    enum err e = sqlite_db_run(db, j->batch);
    char why[ERR_TEXT_MAX];

    snprintf(why, sizeof why, "%s", failed_text());
    if (sqlite_db_in_transaction(db))
        TRY(sqlite_db_step(db, TX_ROLLBACK));
    return e ? failed(e, "%s", why) : OK;
}

static struct job *next_read(struct sqlite *s)
{
    struct job *j;

    pthread_mutex_lock(&s->mutex);
    s->idle_readers++;
    while (s->to_read.first == NULL && !s->stop_readers)
        pthread_cond_wait(&s->read, &s->mutex);
    s->idle_readers--;
    j = jobs_pop(&s->to_read);
    pthread_mutex_unlock(&s->mutex);
    if (j)
        j->next = NULL;
    return j;
}

/* The connection is opened at the first read, so a failure is that read's, and the next one tries again. */
static void *reader_thread(void *arg)
{
    struct worker *w = arg;
    struct sqlite_db db = { 0 };
    struct job *j;

    while ((j = next_read(w->store)) != NULL) {
        enum err e = db.handle ? OK : sqlite_db_open(&db, &w->store->place, SQLITE_READER);

        job_finish(j, e ? e : j->fn(&db, j));
        if (j->result && j->batch)
            batch_forget_results(j->batch);
        loop_post(wake_jobs, j);
    }
    sqlite_db_close(&db);
    loop_post(wake_jobs, &w->ended);
    return NULL;
}

/* What cannot even be checked is a finding as well. */
static void add_findings(struct sqlite_db *db, struct buf *report, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &stmt, NULL);

    while (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        buf_addf(report, "%s%s", report->len ? "\n" : "", sqlite3_column_text(stmt, 0));
    if (sqlite3_finalize(stmt) != SQLITE_OK || rc != SQLITE_OK)
        buf_addf(report, "%s%s", report->len ? "\n" : "", sqlite3_errmsg(db->handle));
}

static enum err read_check(struct sqlite_db *db, struct job *j)
{
    CLEANUP(buf_done) struct buf report = { .max = 1 << 20 };

    add_findings(db, &report, "PRAGMA integrity_check");
    add_findings(db, &report, "SELECT 'row ' || ifnull(rowid, '?') || ' of ' || \"table\" || ' refers to a row of ' || parent "
                              "|| ' that is not there' FROM pragma_foreign_key_check");
    j->report = str_of(str_dup_c(buf_str(&report)), report.len);
    return OK;
}

/* --- the loop thread's side --------------------------------------------------------------------------------- */

static void worker_start(struct sqlite *s, struct worker *w, void *(*fn)(void *))
{
    pthread_attr_t attr;
    sigset_t all, before;

    w->store = s;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);        /* signals are the loop's */
    if (pthread_create(&w->thread, &attr, fn, w) != 0)
        mem_die("clawdbot: no thread for the store\n");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    w->running = true;
}

static void worker_join(struct worker *w) AWAITS
{
    if (!w->running)
        return;
    job_wait(&w->ended, "a store thread's end");
    pthread_join(w->thread, NULL);
    w->running = false;
}

static void later_is_due(void *arg)
{
    struct sqlite *s = arg;

    pthread_mutex_lock(&s->mutex);
    s->later_is_due = s->later.first != NULL;
    pthread_mutex_unlock(&s->mutex);
    pthread_cond_signal(&s->write);
}

static struct sqlite *sqlite_new(const struct sqlite_place *place)
{
    struct sqlite *s = NEW(struct sqlite);

    s->place = *place;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->write, NULL);
    pthread_cond_init(&s->read, NULL);
    s->later_timer = (struct timer){ .fn = later_is_due, .arg = s };
    s->arena = arena_new();
    if (place->schema == STORE_MEMORY) {
        s->settle = batch_new(s->arena);
        batch_add(s->settle, "text.index", "");
        batch_add(s->settle, "text.indexed", "");
    }
    return s;
}

static void sqlite_free(struct sqlite *s)
{
    pthread_cond_destroy(&s->write);
    pthread_cond_destroy(&s->read);
    pthread_mutex_destroy(&s->mutex);
    arena_free(s->arena);
    free(s);
}

static enum err sqlite_open(const struct store_options *o, void **out) AWAITS
{
    struct sqlite_place place;
    struct sqlite *s;

    TRY(sqlite_place_parse(o->url, &place));
    place.schema = o->schema;
    place.keys = o->keys;
    s = sqlite_new(&place);
    worker_start(s, &s->writer, writer_thread);
    job_wait(&s->writer.started, "the store to open");
    enum err e = s->writer.started.result;

    if (e == OK) {
        *out = s;
        return OK;
    }
    worker_join(&s->writer);
    e = job_result(&s->writer.started);
    sqlite_free(s);
    return e;
}

static void stop(struct sqlite *s, bool *flag)
{
    pthread_mutex_lock(&s->mutex);
    *flag = true;
    pthread_cond_broadcast(&s->read);
    pthread_cond_signal(&s->write);
    pthread_mutex_unlock(&s->mutex);
}

/* The writer last: as the last connection it empties the log into the database and removes it. */
static void sqlite_close(void *impl) AWAITS
{
    struct sqlite *s = impl;

    stop(s, &s->stop_readers);
    for (size_t i = 0; i < s->n_readers; i++)
        worker_join(&s->readers[i]);
    timer_stop(&s->later_timer);
    stop(s, &s->stop_writer);
    worker_join(&s->writer);
    sqlite_free(s);
}

static enum err commit_once(struct sqlite *s, struct batch *b, char **ret_wants_key) AWAITS
{
    struct job j = { .batch = b };

    pthread_mutex_lock(&s->mutex);
    jobs_push(&s->to_write, &j);
    pthread_mutex_unlock(&s->mutex);
    pthread_cond_signal(&s->write);     /* the writer does not wake only to wait for the mutex */
    job_wait(&j, "the store to commit");
    *ret_wants_key = j.wants_key;
    return job_result(&j);
}

/* A key is made when something is to be encrypted with it, and is durable in the record before. */
static enum err sqlite_commit(void *impl, struct batch *b) AWAITS
{
    struct sqlite *s = impl;

    for (;;) {
        CLEANUP(mem_freep) char *wants_key = NULL;
        enum err e = commit_once(s, b, &wants_key);

        if (e == OK || wants_key == NULL)
            return e;
        TRY(data_keys_ensure(s->place.keys, str_from(wants_key)));
        batch_forget_results(b);
    }
}

/* The writer is not woken for it: mostly the next commit comes first, and whoever waits for that would wait longer. */
static void sqlite_commit_later(void *impl, const struct batch *b)
{
    struct sqlite *s = impl;
    struct arena *own = arena_new();
    struct job *j = ARENA_NEW(own, struct job);
    bool first;

    j->own = own;
    j->batch = batch_copy(own, b);
    pthread_mutex_lock(&s->mutex);
    first = s->later.first == NULL;
    jobs_push(&s->later, j);
    s->stats.later++;
    pthread_mutex_unlock(&s->mutex);
    if (first)
        timer_set(&s->later_timer, LATER_MS);
}

/* A reader is started when the ones there are all have something to do. */
static void give_to_reader(struct sqlite *s, struct job *j)
{
    bool start;

    pthread_mutex_lock(&s->mutex);
    jobs_push(&s->to_read, j);
    s->stats.queries++;
    start = s->idle_readers == 0 && s->n_readers < N_READERS;
    pthread_mutex_unlock(&s->mutex);
    pthread_cond_signal(&s->read);
    if (start)
        worker_start(s, &s->readers[s->n_readers++], reader_thread);
}

static enum err sqlite_query(void *impl, struct batch *b) AWAITS
{
    struct job j = { .batch = b, .fn = read_batch };

    give_to_reader(impl, &j);
    job_wait(&j, "the store to read");
    return job_result(&j);
}

static enum err sqlite_check(void *impl, struct arena *a, str *ret_report) AWAITS
{
    struct job j = { .fn = read_check };

    give_to_reader(impl, &j);
    job_wait(&j, "the store to check itself");
    CLEANUP(mem_freep) char *report = (char *)j.report.p;

    TRY(job_result(&j));
    *ret_report = arena_str(a, j.report);
    if (!str_eq(j.report, S("ok")))
        return failed(ERR_IO, "the database is damaged: %.*s", STR(str_take(j.report, str_find_char(j.report, '\n'))));
    return OK;
}

static enum err sqlite_shrink(void *impl) AWAITS
{
    struct sqlite *s = impl;
    struct job j = { 0 };

    pthread_mutex_lock(&s->mutex);
    jobs_push(&s->to_shrink, &j);
    pthread_mutex_unlock(&s->mutex);
    pthread_cond_signal(&s->write);
    job_wait(&j, "the store to be written anew");
    return job_result(&j);
}

static void sqlite_stats(void *impl, struct store_stats *out)
{
    struct sqlite *s = impl;

    pthread_mutex_lock(&s->mutex);
    *out = s->stats;
    pthread_mutex_unlock(&s->mutex);
}

static const char *const schemes[] = { "sqlite", "", NULL };

const struct store_driver store_sqlite = {
    .schemes = schemes, .open = sqlite_open, .close = sqlite_close, .commit = sqlite_commit,
    .commit_later = sqlite_commit_later, .query = sqlite_query, .check = sqlite_check, .shrink = sqlite_shrink,
    .stats = sqlite_stats,
};
