// SPDX-License-Identifier: Apache-2.0
/* no_sandbox.c: the backend "none": a command runs as we do, with our user's rights, and with limits.  Nothing is chosen
 * here that the owner did not write in the configuration, and sandbox.require lets nothing run until it is emptied too. */
#include <unistd.h>

#include "tool/backend_words.h"
#include "tool/cgroup.h"

static enum err none_argv(struct arena *a, const struct sandbox_plan *p, const char *const **ret_argv)
{
    const char *inside;
    struct words w;

    TRY(words_open(&w, a, p));
    TRY(inside_path(&inside));
    WORDS(&w, inside, "--status", words_number(&w, BACKEND_FD_STATUS),
          "--lifeline", words_number(&w, BACKEND_FD_LIFELINE), "--chdir", p->cwd);
    for (int i = 0; i < p->n_joins; i++)
        WORDS(&w, "--join", words_number(&w, (uint64_t)(BACKEND_FD_JOIN + i)));
    words_add_job(&w, p, false);        /* RLIMIT_NPROC would count everything else that our user runs */
    *ret_argv = w.items;
    return OK;
}

static void judge_none(struct sandbox_report *r, str seen)
{
    struct cgroup g;

    (void)seen;
    for (unsigned i = 0; i < N_GUARANTEES; i++)
        backend_state(r, i, false, "there is no sandbox (sandbox.backend is none)");
    backend_state(r, GUARANTEE_WALL_TIME, false, "a guard ends what a command started, but the command can end its guard");
    cgroup_open(&g, sandbox_limits_default.memory, sandbox_limits_default.processes, 0);
    if (g.bounds_memory)
        backend_state(r, GUARANTEE_MEMORY, false, "%s, which nothing keeps a command from leaving", cgroup_means());
    else
        backend_state(r, GUARANTEE_MEMORY, false, "each process by RLIMIT_DATA, not all together: %s", cgroup_means());
    if (g.bounds_processes)
        backend_state(r, GUARANTEE_PROCESS_COUNT, false, "%s, which nothing keeps a command from leaving", cgroup_means());
    else
        backend_state(r, GUARANTEE_PROCESS_COUNT, false, "%s", cgroup_means());
    cgroup_close(&g);
    if (geteuid() == 0)
        return;                         /* who may raise its own limits is not held by them */
    backend_state(r, GUARANTEE_CPU_TIME, true, "RLIMIT_CPU, each process");
    backend_state(r, GUARANTEE_FILE_SIZE, true, "RLIMIT_FSIZE, each file");
}

const struct sandbox_backend sandbox_none = {
    .name = "none", .how_to_get = "clawdbot-inside cannot be run", .reach = REACH_LIFELINE, .generations = 2,
    .argv = none_argv, .judge = judge_none,
};
