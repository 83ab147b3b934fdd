// SPDX-License-Identifier: Apache-2.0
/* clawdbot-inside: the first program in the sandbox.  bubblewrap has made the namespaces and loaded the system call
 * filter; this joins the job's cgroups, sets limits, hands the gateway its way in (egress.h), applies Landlock, and becomes the
 * command.
 *
 * What it did goes to the status descriptor as lines: "ready landlock=7" just before the command, or "failed ...".
 * Nothing on that descriptor means that bubblewrap never came this far.  It uses nothing but libc and is linked
 * statically, so that it starts fast and needs no library in the sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool/inside/egress.h"
#include "tool/inside/landlock.h"

enum { MAX_LIST = 32, EXIT_INSIDE = 125, EXIT_NOT_FOUND = 127, EXIT_NOT_RUNNABLE = 126 };
enum { NR_CLOSE_RANGE = 436, AS_CLOEXEC = 4, TMPFS = 0x01021994 };

struct plan {
    int         status, egress;     /* -1: none */
    int         joins[MAX_LIST];
    const char *writable[MAX_LIST];
    size_t      n_joins, n_writable;
    bool        report, terminal;
    char      **command;
};

static void say(const struct plan *p, const char *text)
{
    if (p->status >= 0 && write(p->status, text, strlen(text)) < 0)
        return;     /* nobody listens any more: there is no one to tell */
}

static int stop(const struct plan *p, const char *what, int code)
{
    char text[512];

    snprintf(text, sizeof text, "failed %s: %s\n", what, strerror(errno));
    say(p, text);
    return code;
}

static int limit_of(const char *name)
{
    static const struct { const char *name; int resource; } known[] = {
        { "as", RLIMIT_AS }, { "data", RLIMIT_DATA }, { "nproc", RLIMIT_NPROC }, { "cpu", RLIMIT_CPU }, { "fsize", RLIMIT_FSIZE },
        { "nofile", RLIMIT_NOFILE }, { "core", RLIMIT_CORE }, { "memlock", RLIMIT_MEMLOCK },
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].resource;
    return -1;
}

/* "cpu=30": soft and hard, but never above the hard limit we came with. */
static bool set_limit(char *text)
{
    char *value = strchr(text, '=');
    struct rlimit now;
    rlim_t want;
    int resource;

    if (!value)
        return false;
    *value++ = '\0';
    resource = limit_of(text);
    want = strtoull(value, NULL, 10);
    if (resource < 0 || getrlimit((__rlimit_resource_t)resource, &now) != 0)
        return false;
    if (now.rlim_max != RLIM_INFINITY && want > now.rlim_max)
        want = now.rlim_max;
    now.rlim_cur = now.rlim_max = want;
    return setrlimit((__rlimit_resource_t)resource, &now) == 0;
}

static bool parse(struct plan *p, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--report") == 0) {
            p->report = true;
            continue;
        }
        if (strcmp(argv[i], "--terminal") == 0) {
            p->terminal = true;
            continue;
        }
        if (i + 1 >= argc)
            return false;
        if (strcmp(argv[i], "--status") == 0)
            p->status = atoi(argv[++i]);                /* LINT: the sandbox starts us, nobody else */
        else if (strcmp(argv[i], "--egress") == 0)
            p->egress = atoi(argv[++i]);                /* LINT: the same */
        else if (strcmp(argv[i], "--join") == 0 && p->n_joins < MAX_LIST)
            p->joins[p->n_joins++] = atoi(argv[++i]);   /* LINT: the same */
        else if (strcmp(argv[i], "--write") == 0 && p->n_writable < MAX_LIST)
            p->writable[p->n_writable++] = argv[++i];
        else if (strcmp(argv[i], "--env") == 0 && putenv(argv[i + 1]) == 0)
            i++;
        else if (strcmp(argv[i], "--limit") != 0 || !set_limit(argv[++i]))
            return false;
    }
    if (i + 1 < argc)
        p->command = argv + i + 1;
    return p->command || p->report;
}

/* The terminal on descriptor 0 is the command's own: its control characters are for the command and what it starts. */
static bool take_terminal(const struct plan *p)
{
    if (!p->terminal)
        return true;
    (void)setsid();     /* it fails where we lead a session already, which is as well */
    return ioctl(0, TIOCSCTTY, 0) == 0;
}

/* Every descriptor but 0 to 2 is closed by the exec. */
static void keep_standard_descriptors(void)
{
    if (syscall(NR_CLOSE_RANGE, 3, ~0U, AS_CLOEXEC) == 0)
        return;
    for (int fd = 3, n = (int)sysconf(_SC_OPEN_MAX); fd < n; fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
}

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

/* What can be seen from here of what the sandbox promises; the gateway judges it. */
static void report(int landlock)
{
    struct statfs root = { 0 };
    struct statvfs at_root = { 0 }, at_usr = { 0 }, at_proc = { 0 };

    if (statfs("/", &root) != 0 || statvfs("/", &at_root) != 0 || statvfs("/usr", &at_usr) != 0
        || statvfs("/proc", &at_proc) != 0)
        root.f_type = 0;
    printf("landlock=%d\n", landlock);
    printf("no_new_privs=%d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
    printf("seccomp=%d\n", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
    printf("pid=%d\n", (int)getpid());
    printf("root_is_ours=%d\n", root.f_type == TMPFS);
    printf("usr_readonly=%d\n", (at_usr.f_flag & ST_RDONLY) != 0);
    printf("root_readonly=%d\n", (at_root.f_flag & ST_RDONLY) != 0);
    printf("proc_readonly=%d\n", (at_proc.f_flag & ST_RDONLY) != 0);
    printf("network_devices=%u\n", network_devices());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct plan p = { .status = -1, .egress = -1 };
    char ready[64];
    int landlock;

    if (!parse(&p, argc, argv))
        return stop(&p, "arguments", EXIT_INSIDE);
    for (size_t i = 0; i < p.n_joins; i++)
        if (write(p.joins[i], "0", 1) != 1)
            return stop(&p, "to join the cgroup", EXIT_INSIDE);
    if (p.egress >= 0 && !egress_hand_over(p.egress))
        return stop(&p, "the way to the proxy", EXIT_INSIDE);
    if (p.egress >= 0)
        egress_environment();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return stop(&p, "no_new_privs", EXIT_INSIDE);
    if (!take_terminal(&p))
        return stop(&p, "to take the terminal", EXIT_INSIDE);
    landlock = landlock_confine(p.writable, p.n_writable);
    if (landlock < 0)
        return stop(&p, "landlock", EXIT_INSIDE);
    keep_standard_descriptors();
    snprintf(ready, sizeof ready, "ready landlock=%d\n", landlock);
    say(&p, ready);
    if (p.report)
        report(landlock);
    if (!p.command)
        return 0;
    execvp(p.command[0], p.command);
    return stop(&p, p.command[0], errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}
