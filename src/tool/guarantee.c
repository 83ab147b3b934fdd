// SPDX-License-Identifier: Apache-2.0
#include "tool/guarantee.h"

#include <string.h>

static const char *const names[N_GUARANTEES] = {
    [GUARANTEE_FILESYSTEM] = "filesystem",
    [GUARANTEE_NETWORK] = "network",
    [GUARANTEE_PROCESSES] = "processes",
    [GUARANTEE_NO_NEW_PRIVILEGES] = "no_new_privileges",
    [GUARANTEE_WALL_TIME] = "wall_time",
    [GUARANTEE_SECCOMP] = "seccomp",
    [GUARANTEE_LANDLOCK] = "landlock",
    [GUARANTEE_MEMORY] = "memory",
    [GUARANTEE_PROCESS_COUNT] = "process_count",
    [GUARANTEE_CPU_TIME] = "cpu_time",
    [GUARANTEE_FILE_SIZE] = "file_size",
};

const char *guarantee_name(enum guarantee g)
{
    return names[g];
}

enum err guarantees_parse(const char *const *wanted, size_t n, unsigned *ret_set)
{
    unsigned set = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned g = 0;

        while (g < N_GUARANTEES && strcmp(names[g], wanted[i]) != 0)
            g++;
        if (g == N_GUARANTEES)
            return failed(ERR_INPUT, "\"%s\" is not a sandbox guarantee", wanted[i]);
        set |= GUARANTEE_BIT(g);
    }
    *ret_set = set;
    return OK;
}
