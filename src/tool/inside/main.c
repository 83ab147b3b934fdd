// SPDX-License-Identifier: Apache-2.0
/* clawdbot-inside: the first program in the sandbox, when bubblewrap or a container's engine has made the namespaces.  It
 * joins the job's cgroups, sets limits, hands the gateway its way in (egress.h), applies Landlock, and becomes the command;
 * where it has a lifeline it stays beside the command as its guard (guard.h).
 *
 * What it did goes to the status descriptor as lines: "ready landlock=7" just before the command, or "failed ...", and at
 * the end "memory" when the guard's own cgroup ran out of it.  Nothing at all means that the sandbox never came this far.  It
 * uses nothing but libc and is linked statically, so that it starts fast and needs no library in the sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool/inside/egress.h"
#include "tool/inside/filter.h"
#include "tool/inside/guard.h"
#include "tool/inside/landlock.h"
#include "tool/inside/report.h"

enum { MAX_LIST = 32, EXIT_INSIDE = 125, EXIT_NOT_FOUND = 127, EXIT_NOT_RUNNABLE = 126 };
enum { NR_CLOSE_RANGE = 436, AS_CLOEXEC = 4 };

struct plan {
    int         status, lifeline, egress;   /* -1: none */
    int         joins[MAX_LIST];
    const char *writable[MAX_LIST];
    size_t      n_joins, n_writable;
    const char *folder, *filter;    /* to start in; a file of a system call filter; NULL: none */
    bool        confine;            /* no new privileges, and write nowhere but where `writable` says */
    bool        one_output;         /* its errors go where its output goes: a container's engine would mix up their order */
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

/* Never the other way: whoever started us at a low priority goes on having it. */
static bool lower_priority(int by)
{
    errno = 0;
    return nice(by) != -1 || errno == 0;
}

static bool parse_flag(struct plan *p, const char *name)
{
    if (strcmp(name, "--report") == 0)
        p->report = true;
    else if (strcmp(name, "--confine") == 0)
        p->confine = true;
    else if (strcmp(name, "--terminal") == 0)
        p->terminal = true;
    else if (strcmp(name, "--one-output") == 0)
        p->one_output = true;
    else
        return false;
    return true;
}

/* A descriptor's number, or the path of a fifo, which has somebody at its other end. */
static int open_end(const char *where, int flags)
{
    if (where[0] == '/')
        return open(where, flags | O_NONBLOCK | O_CLOEXEC);
    return atoi(where);                 /* LINT: the sandbox starts us, nobody else */
}

static bool parse_option(struct plan *p, const char *name, char *value)
{
    if (strcmp(name, "--status") == 0)
        return (p->status = open_end(value, O_WRONLY)) >= 0;
    if (strcmp(name, "--lifeline") == 0)
        return (p->lifeline = open_end(value, O_RDONLY)) >= 0;
    if (strcmp(name, "--egress") == 0)
        return (p->egress = value[0] == '/' ? egress_call(value) : atoi(value)) >= 0;   /* LINT: the same */
    if (strcmp(name, "--join") == 0 && p->n_joins < MAX_LIST)
        p->joins[p->n_joins++] = atoi(value);   /* LINT: the same */
    else if (strcmp(name, "--write") == 0 && p->n_writable < MAX_LIST)
        p->writable[p->n_writable++] = value;
    else if (strcmp(name, "--chdir") == 0)
        p->folder = value;
    else if (strcmp(name, "--filter") == 0)
        p->filter = value;
    else if (strcmp(name, "--nice") == 0)
        return lower_priority(atoi(value));     /* LINT: the same */
    else if (strcmp(name, "--env") == 0)
        return putenv(value) == 0;
    else
        return strcmp(name, "--limit") == 0 && set_limit(value);
    return true;
}

static bool parse(struct plan *p, int argc, char **argv)
{
    int i = 1;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (parse_flag(p, argv[i]))
            continue;
        if (i + 1 >= argc || !parse_option(p, argv[i], argv[i + 1]))
            return false;
        i++;
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

/* Our own guard says it, for only in here can the group be seen; who asks outside sees the engine's. */
static void tell_memory(void *arg)
{
    if (report_ran_out_of_memory())
        say(arg, "memory\n");
}

/* What stops here is not the command's affair.  NULL: all is done. */
static const char *prepare(struct plan *p)
{
    for (size_t i = 0; i < p->n_joins; i++)
        if (write(p->joins[i], "0", 1) != 1)
            return "to join the cgroup";
    if (p->egress >= 0 && !egress_hand_over(p->egress))
        return "the way to the proxy";
    if (p->egress >= 0)
        egress_environment();
    if (p->folder && chdir(p->folder) != 0)
        return p->folder;
    if (p->one_output && dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        return "its output";
    if (p->lifeline >= 0 && guard_fork(p->lifeline, tell_memory, p) < 0)
        return "a guard for it";
    if (p->confine && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return "no_new_privs";
    if (!take_terminal(p))
        return "to take the terminal";
    return NULL;
}

int main(int argc, char **argv)
{
    struct plan p = { .status = -1, .lifeline = -1, .egress = -1 };
    const char *wrong;
    char ready[64];
    int landlock = 0;

    if (!parse(&p, argc, argv))
        return stop(&p, "arguments", EXIT_INSIDE);
    wrong = prepare(&p);
    if (wrong)
        return stop(&p, wrong, EXIT_INSIDE);
    if (p.confine)
        landlock = landlock_confine(p.writable, p.n_writable);
    if (landlock < 0)
        return stop(&p, "landlock", EXIT_INSIDE);
    if (p.filter && filter_load(p.filter) != 0)
        return stop(&p, "the system call filter", EXIT_INSIDE);
    keep_standard_descriptors();
    snprintf(ready, sizeof ready, "ready landlock=%d\n", landlock);
    say(&p, ready);
    if (p.report)
        report_print(landlock);
    if (!p.command)
        return 0;
    execvp(p.command[0], p.command);
    return stop(&p, p.command[0], errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}
