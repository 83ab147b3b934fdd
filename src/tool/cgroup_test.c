// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/cgroup.h"

TEST(a_group_bounds_what_joins_it_and_is_removed)
{
    struct cgroup g;
    char first[256];
    struct stat st;
    int status;

    cgroup_open(&g, 64 << 20, 3, 0);
    if (!g.bounds_processes) {
        fprintf(stderr, "    not tested: %s\n", cgroup_means());
        CHECK(!g.bounds_memory);
        cgroup_close(&g);
        return;
    }
    snprintf(first, sizeof first, "%s", g.dirs[0]);
    CHECK(stat(first, &st) == 0);
    CHECK_OK(cgroup_hasten(&g));
    pid_t child = fork();
    if (child == 0) {           /* itself and two more; the third is one too many */
        int forked = 0;

        for (int i = 0; i < g.n_fds; i++)
            if (write(g.fds[i], "0", 1) != 1)
                _exit(100);
        for (int i = 0; i < 5; i++) {
            pid_t p = fork();

            if (p == 0) {
                usleep(200000);
                _exit(0);
            }
            forked += p > 0;
        }
        while (wait(NULL) > 0)
            continue;
        _exit(forked);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(WEXITSTATUS(status), 2);
    CHECK(!cgroup_ran_out_of_memory(&g));
    cgroup_close(&g);
    cgroup_forget();
    CHECK(stat(first, &st) != 0);
}

static void read_line(const char *dir, const char *file, char *out, int size)
{
    char path[400];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, file);
    f = fopen(path, "re");
    *out = '\0';
    if (f && !fgets(out, size, f))
        *out = '\0';
    if (f)
        fclose(f);
}

TEST(a_share_of_the_processors_is_in_the_groups_files)
{
    struct cgroup g;
    char v2[64], v1[64];

    cgroup_open(&g, 64 << 20, 3, 150);
    if (g.bounds_share) {
        read_line(g.dirs[0], "cpu.max", v2, sizeof v2);
        read_line(g.dirs[g.n_dirs - 1], "cpu.cfs_quota_us", v1, sizeof v1);
        CHECK_STR(str_from(*v2 ? v2 : v1), *v2 ? "150000 100000\n" : "150000\n");
    } else {
        fprintf(stderr, "    not tested: no cgroup with the cpu controller is ours to divide\n");
    }
    cgroup_close(&g);
    cgroup_forget();
}

TEST(who_sets_no_share_gets_no_group_for_it)
{
    struct cgroup with, without;

    cgroup_open(&without, 64 << 20, 3, 0);
    cgroup_open(&with, 64 << 20, 3, 50);
    CHECK(!without.bounds_share);
    CHECK(without.n_fds <= with.n_fds);
    CHECK(without.n_fds < CGROUP_MAX_FDS);
    cgroup_close(&with);
    cgroup_close(&without);
    cgroup_forget();
}
