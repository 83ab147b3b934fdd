// SPDX-License-Identifier: Apache-2.0
#include "tool/process_group.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/offload.h"

struct search { int pid; unsigned generations; int group; };

/* proc_pid_stat(5): the name, in parentheses, may hold anything; the parent is the second word behind it. */
static int parent_of(const char *pid)
{
    char path[300], text[512] = "";
    const char *behind;
    int parent = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    f = fopen(path, "re");
    if (!f)
        return 0;
    if (fgets(text, sizeof text, f) && (behind = strrchr(text, ')')) != NULL
        && sscanf(behind + 1, " %*c %d", &parent) != 1)     /* LINT: the kernel's */
        parent = 0;
    fclose(f);
    return parent;
}

static int child_of(int pid)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    int child = 0;

    while (d && !child && (e = readdir(d)) != NULL)
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && parent_of(e->d_name) == pid)
            child = (int)strtol(e->d_name, NULL, 10);       /* LINT: the kernel's */
    if (d)
        closedir(d);
    return child;
}

static enum err find(void *arg)
{
    struct search *s = arg;
    int pid = s->pid;

    for (unsigned i = 0; pid > 1 && i < s->generations; i++)
        pid = child_of(pid);
    s->group = pid > 1 ? getpgid(pid) : -1;
    return OK;
}

/* Nothing that goes wrong may end in the group that we are in ourselves, or in everybody's. */
enum err process_group_below(int pid, unsigned generations, int *ret_group)
{
    struct search s = { .pid = pid, .generations = generations };

    TRY(fiber_offload(find, &s));
    if (s.group <= 1 || s.group == getpgrp())
        return failed(ERR_NOT_FOUND, "its process is not to be found");
    *ret_group = s.group;
    return OK;
}
