// SPDX-License-Identifier: Apache-2.0
/* window_bench FOLDER: what a turn of a busy session pays to be shown the session's window: the earlier messages, kept in memory
 * (agent/history.h), beside the same rows read from the database by the same statements on a bare connection.  Prints JSON. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/history.h"
#include "runtime/fiber.h"
#include "runtime/loop.h"
#include "store/store.h"

enum { MESSAGES = 20, ROUNDS = 20000, RAW_ROUNDS = 2000, WARM = 200 };

struct bench { char folder[4000]; struct store *store; struct histories *histories; };

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void must(enum err e)
{
    if (e == OK)
        return;
    fprintf(stderr, "window_bench: %s\n", failed_text());
    exit(1);
}

static void must_sqlite(sqlite3 *db, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return;
    fprintf(stderr, "window_bench: %s\n", sqlite3_errmsg(db));
    exit(1);
}

/* Messages of 200 bytes with answers of 400, as they end. */
static void fill(struct bench *b) AWAITS
{
    char text[201], answer[401], id[32];
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < 400; i++)
        answer[i] = text[i / 2] = (char)('a' + i % 26);
    text[200] = answer[400] = '\0';
    for (int i = 1; i <= MESSAGES; i++) {
        struct reply r = { .text = str_from(answer), .stop = STOP_END };
        struct journal j = { i, 0 };
        struct batch *t = batch_new(a);

        snprintf(id, sizeof id, "m%d", i);
        batch_add(t, "session.ensure", "cccccci", "s", "rest", "c", "", "", "", (int64_t)1);
        batch_add(t, "inbox.insert", "ccccccccccniii", id, "rest", "c", "", "", id, "owner", text, "{}", "done", (int64_t)1, (int64_t)1,
                  (int64_t)1);
        journal_reply(&j, t, &r);
        must(store_commit(b->store, t));
    }
}

static void read_window(struct bench *b, struct arena *a, int64_t before, size_t *ret_messages) AWAITS
{
    struct history_wish w = { .session_id = S("s"), .user_id = S("owner"), .before = before, .max_messages = 40, .max_tokens = UINT64_MAX,
                              .is_new = true };
    struct transcript t = { .arena = a };
    struct history_shown shown;

    if (!history_again(b->histories, &w, &t, &shown))
        must(history_add(b->histories, b->store, &w, &t, &shown));
    *ret_messages = t.n;
}

/* As in a turn: the transcript is the turn's arena's, which goes with it. */
static double ours(struct bench *b, size_t *ret_messages) AWAITS
{
    static double us[ROUNDS];

    for (int i = 0; i < ROUNDS + WARM; i++) {
        struct arena *a = arena_new();
        double start = now_us();

        read_window(b, a, MESSAGES + 1, ret_messages);
        if (i >= WARM)
            us[i - WARM] = now_us() - start;
        arena_free(a);
    }
    qsort(us, ROUNDS, sizeof *us, by_size);
    return us[ROUNDS / 2];
}

/* The same rows, every time from SQLite's own cache. */
static double raw(struct bench *b)
{
    static const char *const sql[] = {
        "SELECT id, text, user_id FROM inbox WHERE session_id = 's' AND id < 1000000 ORDER BY id DESC LIMIT 40",
        "SELECT inbox_id, kind, call_id, body FROM journal WHERE inbox_id IN (SELECT id FROM inbox WHERE session_id = 's') "
        "ORDER BY inbox_id, seq",
    };
    static double us[RAW_ROUNDS];
    sqlite3_stmt *s[2];
    sqlite3 *db;
    char path[4096];

    snprintf(path, sizeof path, "%s/window.db", b->folder);
    must_sqlite(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL));
    for (int k = 0; k < 2; k++)
        must_sqlite(db, sqlite3_prepare_v2(db, sql[k], -1, &s[k], NULL));
    for (int i = 0; i < RAW_ROUNDS; i++) {
        double start = now_us();

        for (int k = 0; k < 2; k++) {
            int rc;

            while ((rc = sqlite3_step(s[k])) == SQLITE_ROW)
                (void)sqlite3_column_text(s[k], 3 - 2 * (k == 0));
            must_sqlite(db, rc);
            sqlite3_reset(s[k]);
        }
        us[i] = now_us() - start;
    }
    for (int k = 0; k < 2; k++)
        sqlite3_finalize(s[k]);
    sqlite3_close(db);
    qsort(us, RAW_ROUNDS, sizeof *us, by_size);
    return us[RAW_ROUNDS / 2];
}

static enum err run(void *arg) AWAITS
{
    struct bench *b = arg;
    struct store_options o = { 0 };
    struct store_stats before, after;
    char url[4096];
    size_t messages;

    snprintf(url, sizeof url, "%s/window.db", b->folder);
    o.url = url;
    must(store_open(&o, &b->store));
    b->histories = histories_new(HISTORIES_DEFAULT_MAX);
    fill(b);
    struct arena *first = arena_new();

    read_window(b, first, MESSAGES + 1, &messages);
    arena_free(first);
    store_stats(b->store, &before);
    double kept = ours(b, &messages), bare = raw(b);

    store_stats(b->store, &after);
    printf("{\"us\": %.3f, \"sqlite_us\": %.1f, \"messages\": %zu, \"reads\": %llu}\n", kept, bare, messages,
           (unsigned long long)(after.queries - before.queries));
    histories_free(b->histories);
    store_close(b->store);
    return OK;
}

int main(int argc, char **argv)
{
    struct bench b = { .folder = "." };

    if (argc > 1)
        snprintf(b.folder, sizeof b.folder, "%s", argv[1]);
    enum err e = loop_run(NULL, run, &b);

    if (e)
        fprintf(stderr, "window_bench: %s\n", failed_text());
    return e != OK;
}
