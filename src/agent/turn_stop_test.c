// SPDX-License-Identifier: Apache-2.0
/* The user's stop, wherever a turn is: it ends, and nothing it started goes on. */
#include "agent/test_turn.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "tool/policy.h"
#include "tool/sandbox_fixture.h"

enum { STOPPED_WITHIN_MS = 1000, STARTED_WITHIN_MS = 10000 };

/* The tests' own clock stands still where nobody waits: what takes time here is the machine's. */
static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static enum err run(void *turn) AWAITS
{
    return turn_run(turn);
}

/* Asks for the stop, and prints how long it took to take effect. */
static void stop(struct fiber *f, const char *where) AWAITS
{
    double start = now_ms();

    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    double took = now_ms() - start;

    printf("stopped %s: %.2f ms\n", where, took);
    CHECK(took < STOPPED_WITHIN_MS);
}

static void wait_until_asked(const struct scene *s, size_t times) AWAITS
{
    while (s->script.next < times)
        CHECK_OK(fiber_yield());
}

TEST(a_stop_ends_a_turn_whose_model_is_silent)
{
    const char *replies[] = { "..." };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    scene_add_message(&s, "hi");
    struct turn t = scene_turn(&s, "hi");
    struct fiber *f = fiber_spawn("turn", run, &t);

    wait_until_asked(&s, 1);
    stop(f, "while the model is asked");
    scene_end(&s);
}

TEST(a_stop_ends_a_summary_and_nothing_is_kept_of_it)
{
    const char *replies[] = { "..." };
    struct scene s;
    struct rows r;

    scene_start(&s, replies, N_ELEMENTS(replies));
    s.script.model.facts.context = 12000;
    for (int i = 0; i < 12; i++)
        scene_past(&s, "look", NULL, arena_printf(s.home.arena, "%03000d", i));
    scene_add_message(&s, "hi");
    struct turn t = scene_turn(&s, "hi");
    struct fiber *f = fiber_spawn("turn", run, &t);

    wait_until_asked(&s, 1);
    CHECK(scene_asked(&s, "You keep the memory"));
    stop(f, "while older messages are summarised");
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "compaction.between", "sii", S("s1"), (int64_t)0, INT64_MAX));
    CHECK_INT(r.n, 0);
    scene_end(&s);
}

/* Processes of this machine with `word` in their command line. */
static size_t processes(const char *word)
{
    DIR *all = opendir("/proc");
    struct dirent *d;
    size_t n = 0;

    CHECK(all != NULL);
    while ((d = readdir(all))) {
        char path[300], line[4096];
        int fd;

        snprintf(path, sizeof path, "/proc/%s/cmdline", d->d_name);
        if (d->d_name[0] < '0' || d->d_name[0] > '9' || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
            continue;
        ssize_t len = read(fd, line, sizeof line);

        close(fd);
        n += len > 0 && memmem(line, (size_t)len, word, strlen(word)) != NULL;
    }
    closedir(all);
    return n;
}

static void allow_commands(void)
{
    CLEANUP(json_decrefp) json_t *rows = json_pack("[{s:s}]", "decision", "allow");
    struct policy *p;

    CHECK_OK(policy_new(rows, NULL, &p));
    policy_use(p);
}

/* True: it came to that in time. */
static bool until_processes(const char *word, size_t least, size_t most, double ms) AWAITS
{
    for (double end = now_ms() + ms; now_ms() < end; usleep(2000)) {
        size_t n = processes(word);

        if (n >= least && n <= most)
            return true;
        CHECK_OK(fiber_yield());
    }
    return false;
}

TEST(a_stop_ends_a_tool_with_all_its_processes)
{
    struct fixture desk;
    struct scene s;

    if (!fixture_can_run())
        return;
    fixture_open(&desk);
    const char *word = arena_printf(desk.arena, "9%06d.25", (int)getpid());
    const char *replies[] = {
        arena_printf(desk.arena, CALL("c1", "exec", "{\\\"command\\\":\\\"sleep %s | sleep %s\\\"}"), word, word) };

    scene_start(&s, replies, N_ELEMENTS(replies));
    allow_commands();
    scene_add_message(&s, "sleep");
    struct turn t = scene_turn(&s, "sleep");

    t.workspace = desk.workspace;
    struct fiber *f = fiber_spawn("turn", run, &t);

    CHECK(until_processes(word, 2, SIZE_MAX, STARTED_WITHIN_MS));
    stop(f, "while a command runs");
    CHECK(until_processes(word, 0, 0, STOPPED_WITHIN_MS));
    scene_end(&s);
    fixture_done(&desk);
}
