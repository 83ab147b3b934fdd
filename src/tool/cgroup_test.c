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

    cgroup_open(&g, 64 << 20, 3);
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
