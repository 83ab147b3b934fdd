// SPDX-License-Identifier: Apache-2.0
/* A memory that is killed at any moment, while it saves, deletes and embeds, has lost nothing that was acknowledged and kept nothing whose
 * end was; its index and its vectors are those of its items.  No fibers here: children run them, and others look at what they leave. */
#include "base/test.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "memory/memory.h"
#include "memory/text.h"
#include "memory/vectors.h"
#include "runtime/fiber.h"
#include "runtime/loop.h"

enum { FIBERS = 3, ROUNDS = 10, NUMBERS_MAX = 200000, DIMENSION = 32, LOOKED_FOR = 40 };
enum event { SAVED = 1, TO_BE_DELETED, DELETED };
struct report { int64_t id; int number; enum event event; };
struct known { int64_t id; enum event event; };

/* ---- a folder of its own ---- */

struct place { char folder[128], url[256], vectors[160]; };

static struct place place_new(const char *options)
{
    const char *tmp = getenv("TMPDIR");
    struct place p;

    snprintf(p.folder, sizeof p.folder, "%s/clawdbot-memory-XXXXXX", tmp ? tmp : "/tmp");
    CHECK(mkdtemp(p.folder));
    snprintf(p.url, sizeof p.url, "sqlite:%s/memory.db%s", p.folder, options);
    snprintf(p.vectors, sizeof p.vectors, "%s/memory", p.folder);
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

/* ---- a memory ---- */

static enum err embed(void *arg, struct arena *a, const str *texts, size_t n, const float **out) AWAITS
{
    float *v = arena_alloc(a, n * DIMENSION * sizeof *v);

    (void)arg;
    TRY(fiber_sleep(random_below(4)));      /* items go while they are embedded */
    for (size_t i = 0; i < n * DIMENSION; i++)
        v[i] = (float)texts[i / DIMENSION].p[i % texts[i / DIMENSION].len] - 60;
    *out = v;
    return OK;
}

static enum err open_memory(const struct place *p, struct store **store, struct memory **memory) AWAITS
{
    struct memory_options o = { .folder = p->vectors, .embedder = { "test", DIMENSION, 8, embed, NULL }, .index_type = "auto" };

    TRY(store_open(&(struct store_options){ .url = p->url, .schema = STORE_MEMORY }, store));
    o.store = *store;
    return memory_open(&o, memory);
}

static const struct scope mine = { SCOPE_USER, { "alice", 5 } };

static const char *text_of(struct arena *a, int number)
{
    return arena_printf(a, "number n%d is of n%d", number, number % 7);
}

/* ---- the child that is killed ---- */

struct worker { const struct place *place; struct memory *memory; int report, first; };

static enum err tell(const struct worker *w, int64_t id, int number, enum event event)
{
    struct report r = { id, number, event };

    return write(w->report, &r, sizeof r) == sizeof r ? OK : failed(ERR_IO, "the parent is gone");
}

static enum err save_one(const struct worker *w, int number, int64_t *ret_id) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct memory_item m = { .scope = mine, .text = str_from(text_of(a, number)), .confidence = 1 };

    TRY(memory_save(w->memory, &m, 1, NULL, ret_id));
    return tell(w, *ret_id, number, SAVED);
}

/* Every third goes again, some time after it came: with its vector, or before it has one. */
static enum err work(void *arg) AWAITS
{
    const struct worker *w = arg;
    struct { int64_t id; int number; } kept[16] = { 0 }, *k;
    size_t n;

    for (int i = 0;; i++) {
        k = &kept[random_below(N_ELEMENTS(kept))];
        if (k->id && i % 3 == 0) {
            TRY(tell(w, k->id, k->number, TO_BE_DELETED));
            TRY(memory_delete(w->memory, &k->id, 1, &n));
            TRY(tell(w, k->id, k->number, DELETED));
        }
        k->number = w->first + i * FIBERS;
        TRY(save_one(w, k->number, &k->id));
    }
}

static enum err work_for_ever(void *arg) AWAITS
{
    struct worker *w = arg, each[FIBERS];
    CLEANUP(fibers_done) struct fibers g = { 0 };
    struct store *store;

    TRY(open_memory(w->place, &store, &w->memory));
    fibers_spawn(&g, "memory", memory_run, w->memory);
    for (int i = 0; i < FIBERS; i++) {
        each[i] = *w;
        each[i].first += i;
        fibers_spawn(&g, "worker", work, &each[i]);
    }
    return fibers_wait(&g);
}

static pid_t start_worker(const struct place *p, int first, int *ret_report)
{
    int fds[2];

    CHECK(pipe2(fds, O_CLOEXEC) == 0);
    fflush(stdout);
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        struct worker w = { .place = p, .report = fds[1], .first = first };

        (void)!loop_run(NULL, work_for_ever, &w);
        fprintf(stderr, "the worker ended: %s\n", failed_text());
        _exit(1);
    }
    close(fds[1]);
    *ret_report = fds[0];
    return pid;
}

/* False when the child has ended. */
static bool take_reports(int fd, struct known *known, int *next)
{
    struct report reports[256];
    ssize_t n = read(fd, reports, sizeof reports);

    CHECK(n % (ssize_t)sizeof *reports == 0);
    for (ssize_t i = 0; i < n / (ssize_t)sizeof *reports; i++) {
        CHECK(reports[i].number < NUMBERS_MAX);
        known[reports[i].number] = (struct known){ reports[i].id, reports[i].event };
        if (reports[i].number >= *next)
            *next = reports[i].number + 1;
    }
    return n > 0;
}

static void run_and_kill(const struct place *p, struct known *known, int *next)
{
    int report, status;
    pid_t pid = start_worker(p, *next, &report);

    for (uint64_t i = 1 + random_below(60); i > 0; i--)
        CHECK(take_reports(report, known, next));
    usleep((useconds_t)random_below(3000));
    kill(pid, SIGKILL);
    while (take_reports(report, known, next))
        ;
    close(report);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    *next += FIBERS * 2;       /* what was under way may be there or not */
}

/* ---- the child that looks ---- */

struct look { const struct place *place; const struct known *known; int n; struct memory *memory; };

static enum err sound(struct memory *m, const char *when) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct memory_findings f;

    TRY(memory_check(m, a, MEMORY_LOOK, &f));
    return f.n ? failed(ERR_BUG, "%s: %.*s", when, STR(f.text)) : OK;
}

static enum err look_at(const struct look *l, int number) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct known *k = &l->known[number];
    float vector[DIMENSION];
    struct memory_item m;

    if (k->event == 0 || k->event == TO_BE_DELETED)
        return OK;
    enum err e = memory_get(l->memory, a, k->id, &mine, 1, &m);
    bool has = vectors_get(memory_vectors(l->memory), k->id, vector) == OK;

    if (k->event == SAVED && (e || !str_eq(m.text, str_from(text_of(a, number))) || !has))
        return failed(ERR_BUG, "number %d, id %lld, was saved: %s%s", number, (long long)k->id, e ? failed_text() : "there",
                      has ? "" : ", without a vector");
    if (k->event == DELETED && (e != ERR_NOT_FOUND || has))
        return failed(ERR_BUG, "number %d, id %lld, was deleted and is there%s", number, (long long)k->id, has ? ", its vector" : "");
    return OK;
}

static enum err find(const struct look *l, int number) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint32_t partition = (uint32_t)(l->known[number].id >> 40);
    struct text_query q = { .text = str_from(arena_printf(a, "n%d", number)), .partitions = &partition, .n_partitions = 1, .k = 10 };
    struct text_hit hits[10];
    size_t n = 0;

    if (l->known[number].event != SAVED)
        return OK;
    TRY(text_search(memory_text(l->memory), a, &q, hits, &n));
    for (size_t i = 0; i < n; i++)
        if (hits[i].id == l->known[number].id)
            return OK;
    return failed(ERR_BUG, "number %d is not found by its word", number);
}

static enum err run_memory(void *memory) AWAITS
{
    enum err e = memory_run(memory);

    return e == ERR_CANCELLED ? OK : e;
}

/* The queue goes on where the kill has left it. */
static enum err work_off(struct memory *m) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };
    struct memory_stats s = { .pending = 1 };

    fibers_spawn(&g, "memory", run_memory, m);
    while (s.pending || s.purges) {
        TRY(fiber_sleep(1));
        TRY(memory_stats(m, &s));
    }
    return s.failed ? failed(ERR_BUG, "%lld items got no vector", (long long)s.failed) : OK;
}

static enum err look(void *arg) AWAITS
{
    struct look *l = arg;
    struct store *store = NULL;

    TRY(open_memory(l->place, &store, &l->memory));
    TRY(sound(l->memory, "after the kill"));
    TRY(work_off(l->memory));
    TRY(sound(l->memory, "when all was made up for"));
    for (int i = 0; i < l->n; i++)
        TRY(look_at(l, i));
    for (int i = l->n > LOOKED_FOR ? l->n - LOOKED_FOR : 0; i < l->n; i++)
        TRY(find(l, i));
    memory_close(l->memory);
    store_close(store);
    return OK;
}

static bool is_sound(const struct place *p, const struct known *known, int n)
{
    int status;

    fflush(stdout);
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        struct look l = { .place = p, .known = known, .n = n };
        enum err e = loop_run(NULL, look, &l);

        if (e)
            fprintf(stderr, "%s\n", failed_text());
        _exit(e != OK);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void kill_rounds(const char *options)
{
    CLEANUP(place_done) struct place p = place_new(options);
    struct known *known = calloc(NUMBERS_MAX, sizeof *known);
    int next = 0, saved = 0, deleted = 0;

    for (int i = 0; i < ROUNDS; i++) {
        run_and_kill(&p, known, &next);
        CHECK(is_sound(&p, known, next));
    }
    for (int i = 0; i < next; i++) {
        saved += known[i].event == SAVED;
        deleted += known[i].event == DELETED;
    }
    free(known);
    CHECK(saved > ROUNDS && deleted > 0);
}

TEST(sigkill_leaves_items_index_and_vectors_in_agreement)
{
    kill_rounds("");
}

TEST(a_power_cut_of_the_database_does_too)
{
    kill_rounds("?vfs=lossy");
}
