// SPDX-License-Identifier: Apache-2.0
#include "tool/inside/report.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { TMPFS = 0x01021994 };
#define CGROUPS "/sys/fs/cgroup/"

static unsigned network_devices(void)
{
    char line[512];
    unsigned n = 0;
    FILE *f = fopen("/proc/net/dev", "re");

    if (!f)
        return 0;
    while (fgets(line, sizeof line, f))
        n += strchr(line, ':') && !strstr(line, " lo:") && strncmp(line, "lo:", 3) != 0;
    fclose(f);
    return n;
}

static bool is_read_only(const char *path)
{
    struct statvfs fs;

    return statvfs(path, &fs) == 0 && (fs.f_flag & ST_RDONLY);
}

/* The number in the first of these files that there is; -1: none says one ("max"). */
static long long number_in(const char *v2, const char *v1)
{
    char text[64] = "";
    FILE *f = fopen(v2, "re");

    if (!f)
        f = fopen(v1, "re");
    if (!f)
        return -1;
    if (!fgets(text, sizeof text, f) || text[0] < '0' || text[0] > '9')
        text[0] = '\0';
    fclose(f);
    return text[0] ? strtoll(text, NULL, 10) : -1;      /* LINT: the kernel's */
}

bool report_ran_out_of_memory(void)
{
    char line[128];
    bool ran_out = false;
    FILE *f = fopen(CGROUPS "memory.events", "re");

    if (!f)
        f = fopen(CGROUPS "memory/memory.oom_control", "re");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "oom_kill ", 9) == 0 && line[9] != '0')
            ran_out = true;
    if (f)
        fclose(f);
    return ran_out;
}

void report_print(int landlock)
{
    struct statfs root = { 0 };

    if (statfs("/", &root) != 0)
        root.f_type = 0;
    printf("landlock=%d\n", landlock);
    printf("no_new_privs=%d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    printf("seccomp=%d\n", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
    printf("pid=%d\n", (int)getpid());
    printf("root_is_memory=%d\n", root.f_type == TMPFS);
    printf("usr_readonly=%d\n", is_read_only("/usr"));
    printf("root_readonly=%d\n", is_read_only("/"));
    printf("proc_readonly=%d\n", is_read_only("/proc"));
    printf("proc_sys_readonly=%d\n", is_read_only("/proc/sys"));
    printf("network_devices=%u\n", network_devices());
    printf("memory_max=%lld\n", number_in(CGROUPS "memory.max", CGROUPS "memory/memory.limit_in_bytes"));
    printf("pids_max=%lld\n", number_in(CGROUPS "pids.max", CGROUPS "pids/pids.max"));
    fflush(stdout);
}
