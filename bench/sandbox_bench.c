// SPDX-License-Identifier: Apache-2.0
/* What it costs to run `true` in the sandbox, beside bubblewrap alone with the same flags and the same filter: the
 * difference is our cgroup, clawdbot-inside with Landlock and limits, and the pipes.  In turns, so that both see the
 * same machine; medians.  Argument: how many turns. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "runtime/process.h"
#include "tool/backend.h"
#include "tool/seccomp_filter.h"

static const char *const just_true[] = { "true", NULL };
static char folder[] = "/tmp/clawdbot-bench-XXXXXX";
static int turns;

/* The words up to "--" are bubblewrap's. */
static enum err bare_argv(struct arena *a, const char *const **ret)
{
    static const char *words[256];
    struct sandbox_job job = { .arena = a, .workspace = folder, .argv = just_true, .limits = sandbox_limits_default };
    struct sandbox_plan plan = { .job = &job, .cwd = folder };
    const char *const *all;
    size_t n = 0;

    TRY(sandbox_bubblewrap.argv(a, &plan, &all));
    for (; strcmp(all[n], "--") != 0; n++)
        words[n] = all[n];
    words[n] = "true";
    *ret = words;
    return OK;
}

static enum err run_bare(const char *const *argv) AWAITS
{
    static const char *const env[] = { "PATH=/usr/bin", NULL };
    int fds[] = { memfd_create("filter", MFD_CLOEXEC), -1 };
    struct process_spec spec = {
        .argv = argv, .env = env, .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = 2, .extra_fds = fds,
    };
    CLEANUP(process_freep) struct process *p = NULL;
    int status;
    str program;

    TRY(seccomp_filter(&program));
    if (pwrite(fds[0], program.p, program.len, 0) < 0)
        return failed(ERR_IO, "filter");
    TRY(process_start(&spec, &p));
    close(fds[0]);
    TRY(process_wait(p, &status));
    return status ? failed(ERR_IO, "bwrap alone: status %d", status) : OK;
}

static enum err run_ours(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sandbox_job job = {
        .arena = a, .workspace = folder, .argv = just_true, .limits = sandbox_limits_default, .require = GUARANTEES_DEFAULT,
    };
    struct sandbox_outcome out;

    TRY(sandbox_run(&job, &out));
    return out.exit_code ? failed(ERR_IO, "sandbox: exit %d: %.*s", out.exit_code, STR(out.output)) : OK;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t median(uint64_t *us)
{
    qsort(us, (size_t)turns, sizeof *us, by_size);
    return us[turns / 2];
}

static enum err measure(void *arg)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t *bare = arena_alloc(a, (size_t)turns * sizeof *bare), *ours = arena_alloc(a, (size_t)turns * sizeof *ours);
    const char *const *argv;
    double ratio;

    (void)arg;
    TRY(bare_argv(a, &argv));
    TRY(run_ours());        /* measures what holds, once */
    for (int i = 0; i < turns; i++) {
        uint64_t begin = clock_us(), middle;

        TRY(run_bare(argv));
        middle = clock_us();
        TRY(run_ours());
        bare[i] = middle - begin;
        ours[i] = clock_us() - middle;
    }
    ratio = (double)median(ours) / (double)median(bare);
    printf("true in the sandbox %8.2f ms, bwrap alone %8.2f ms: %.2f times   (bound 1.50)\n",
           (double)median(ours) / 1000, (double)median(bare) / 1000, ratio);
    return OK;
}

int main(int argc, char **argv)
{
    enum err e;

    turns = argc > 1 ? atoi(argv[1]) : 100;
    if (turns < 1 || !mkdtemp(folder))
        return 2;
    e = loop_run(NULL, measure, NULL);
    rmdir(folder);
    if (e)
        fprintf(stderr, "%s\n", failed_text());
    return e != OK;
}
