// SPDX-License-Identifier: Apache-2.0
/* A command's share of the processors: what it gets of them, and what is done where no cgroup can hold it. */
#include "base/test.h"

#include <stdio.h>
#include <string.h>

#include "tool/backend.h"
#include "tool/cgroup.h"
#include "tool/sandbox_fixture.h"

static bool a_cgroup_can_hold_it(void)
{
    struct cgroup g;
    bool can;

    cgroup_open(&g, 64 << 20, 64, 20);
    can = g.bounds_share;
    cgroup_close(&g);
    if (!can)
        fprintf(stderr, "    not tested: no cgroup with the cpu controller is ours to divide\n");
    return can;
}

/* Milliseconds that the shell's children had, by its "times". */
static double children_ms(struct arena *a, str output)
{
    double user_m, user_s, sys_m, sys_s;
    const char *text = arena_c(a, output), *second = strchr(text, '\n');

    CHECK(second != NULL);
    CHECK_INT(sscanf(second, " %lfm%lfs %lfm%lfs", &user_m, &user_s, &sys_m, &sys_s), 4);
    return (user_m + sys_m) * 60000 + (user_s + sys_s) * 1000;
}

/* A fifth of a processor is allowed, half of one is far too much; on a busy machine it gets less anyhow. */
TEST(a_busy_command_gets_its_share_and_no_more)
{
    CLEANUP(fixture_done) struct fixture f;

    fixture_open(&f);
    if (!fixture_can_run() || !a_cgroup_can_hold_it())
        return;
    f.limits.cpu_share = 20;
    struct sandbox_outcome out = fixture_run(&f, "timeout 0.8 sh -c 'while :; do :; done'; times");
    double used = children_ms(f.arena, out.output);

    CHECK_INT(out.exit_code, 0);
    CHECK(out.ms >= 800);
    CHECK(used > 0);
    CHECK(used * 2 < (double)out.ms);
}

static bool has_nice(struct arena *a, struct sandbox_job *job, bool low_priority)
{
    struct sandbox_plan plan = { .job = job, .cwd = "/", .egress_fd = -1, .low_priority = low_priority };
    const char *const *argv;

    CHECK_OK(sandbox_backend()->argv(a, &plan, &argv));
    for (; *argv; argv++)
        if (strcmp(*argv, "--nice") == 0)
            return true;
    return false;
}

TEST(without_a_cgroup_a_command_with_a_share_is_told_to_step_back)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sandbox_job job = { .arena = a, .command = "true", .limits = sandbox_limits_default };

    CHECK(!has_nice(a, &job, false));
    CHECK(has_nice(a, &job, true));
}

TEST(what_starts_a_command_lowers_its_priority)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const char *inside;
    int before, after;

    CHECK_OK(inside_path(&inside));
    FILE *p = popen(arena_printf(a, "nice; '%s' --nice 3 -- nice", inside), "re");   /* LINT: a test */

    CHECK(p != NULL);
    CHECK_INT(fscanf(p, "%d %d", &before, &after), 2);
    CHECK_INT(pclose(p), 0);
    CHECK_INT(after, before + 3 > 19 ? 19 : before + 3);
}

/* Its cgroup is the engine's, and shows in there. */
TEST(a_container_gets_its_share_from_the_engine)
{
    CLEANUP(fixture_done) struct fixture f;

    fixture_open(&f);
    if (!fixture_use("podman") || !fixture_can_run() || !fixture_holds(GUARANTEE_MEMORY))
        return;
    f.limits.cpu_share = 50;
    struct sandbox_outcome out = fixture_run(&f, "cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2> /dev/null");

    CHECK(str_eq(out.output, S("50000 100000\n")) || str_eq(out.output, S("50000\n")));
}
