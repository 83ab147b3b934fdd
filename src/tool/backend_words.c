// SPDX-License-Identifier: Apache-2.0
#include "tool/backend_words.h"

#include <assert.h>
#include <inttypes.h>

#define LOW_PRIORITY "10"    /* added to our own nice value */

enum { ARGV_MAX = 512, JOB_WORDS_MAX = 160, JOB_ENV_MAX = 64, NOFILE_MAX = 4096 };
/* Without a cgroup, a process may reserve this many times the memory that it may fill: java, node and go do not start
 * when address space is as scarce as memory.  What RLIMIT_DATA does not count, shared memory, ends here. */
enum { ADDRESS_SPACE = 8 };

static size_t count(const char *const *words)
{
    size_t n = 0;

    while (words && words[n])
        n++;
    return n;
}

enum err words_open(struct words *w, struct arena *a, const struct sandbox_plan *p)
{
    if (count(p->job->argv) > JOB_WORDS_MAX || count(p->job->env) > JOB_ENV_MAX)
        return failed(ERR_LIMIT, "a command of more than %d words or %d variables", JOB_WORDS_MAX, JOB_ENV_MAX);
    *w = (struct words){ .arena = a, .items = arena_alloc(a, ARGV_MAX * sizeof(char *)) };
    return OK;
}

void words_add(struct words *w, const char *word)
{
    assert(w->n + 1 < ARGV_MAX);
    w->items[w->n++] = word;
}

void words_add_all(struct words *w, const char *const *words)
{
    for (; words && *words; words++)
        words_add(w, *words);
}

const char *words_number(struct words *w, uint64_t n)
{
    return arena_printf(w->arena, "%" PRIu64, n);
}

static void add_limit(struct words *w, const char *name, uint64_t value)
{
    WORDS(w, "--limit", arena_printf(w->arena, "%s=%" PRIu64, name, value));
}

static void add_limits(struct words *w, const struct sandbox_plan *p, bool count_processes)
{
    const struct sandbox_limits *l = &p->job->limits;

    if (p->limit_memory) {
        add_limit(w, "data", l->memory);
        add_limit(w, "as", ADDRESS_SPACE * l->memory);
    }
    if (count_processes)
        add_limit(w, "nproc", l->processes);
    add_limit(w, "cpu", (l->cpu_ms + 999) / 1000);
    add_limit(w, "fsize", l->file_size);
    add_limit(w, "nofile", NOFILE_MAX);
    add_limit(w, "core", 0);
}

void words_add_job(struct words *w, const struct sandbox_plan *p, bool count_processes)
{
    add_limits(w, p, count_processes);
    if (p->low_priority)
        WORDS(w, "--nice", LOW_PRIORITY);
    for (size_t i = 0; p->job->env && p->job->env[i]; i++)
        WORDS(w, "--env", p->job->env[i]);
    if (p->job->terminal.columns)
        words_add(w, "--terminal");
    if (p->report) {
        words_add(w, "--report");
        return;
    }
    words_add(w, "--");
    if (p->job->argv)
        words_add_all(w, p->job->argv);
    else
        WORDS(w, "/bin/sh", "-c", p->job->command);
}
