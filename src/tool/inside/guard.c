// SPDX-License-Identifier: Apache-2.0
#include "tool/inside/guard.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { END_TRIES = 500, END_PAUSE_MS = 10 };

static int code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static pid_t parent_of(const char *pid)
{
    char path[64], text[512];
    int parent = 0;
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    f = fopen(path, "re");
    if (!f)
        return 0;
    n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    /* "PID (any name) STATE PPID": a name may hold parentheses of its own */
    if (!strrchr(text, ')') || sscanf(strrchr(text, ')') + 1, " %*c %d", &parent) != 1)     /* LINT: the kernel's */
        return 0;
    return parent;
}

/* The orphans of those that die here become ours: another round finds them. */
static void kill_children(void)
{
    DIR *d = opendir("/proc");
    pid_t self = getpid();

    for (struct dirent *e; d && (e = readdir(d)) != NULL; )
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && parent_of(e->d_name) == self)
            kill((pid_t)atoi(e->d_name), SIGKILL);      /* LINT: the kernel's */
    if (d)
        closedir(d);
}

static void end_all(void)
{
    for (int i = 0; i < END_TRIES && getpid() != 1; i++) {
        pid_t pid;

        kill_children();
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)      /* LINT: it is a process of its own, and waits for nobody else */
            continue;
        if (pid < 0 && errno == ECHILD)
            return;
        poll(NULL, 0, END_PAUSE_MS);
    }
}

/* What a container's engine was told to pass on comes to us, and is meant for the command. */
static bool pass_on(int signals, pid_t command)
{
    struct signalfd_siginfo info;

    if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
        return errno == EINTR;
    if (info.ssi_signo != SIGCHLD)
        kill(-command, (int)info.ssi_signo);
    return true;
}

/* True when the command itself has ended. */
static bool reap(pid_t command, int *ret_status)
{
    bool over = false;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {     /* LINT: the same */
        if (pid != command)
            continue;
        *ret_status = status;
        over = true;
    }
    return over;
}

/* False when it is to be ended. */
static bool wait_for_end(pid_t command, int lifeline, int signals, int *ret_status)
{
    struct pollfd fds[2] = { { .fd = signals, .events = POLLIN }, { .fd = lifeline, .events = POLLIN } };

    while (!reap(command, ret_status)) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return false;
        if (fds[1].revents)         /* nobody ever writes to it */
            return false;
        if (fds[0].revents && !pass_on(signals, command))
            return false;
    }
    return true;
}

static void watch(pid_t command, int lifeline, const sigset_t *expected, void (*at_end)(void *), void *arg)
{
    int signals = signalfd(-1, expected, SFD_CLOEXEC), status = SIGKILL;

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);       /* the command is of our own user: it is not to look into us */
    if (signals >= 0 && wait_for_end(command, lifeline, signals, &status))
        at_end(arg);
    end_all();
    _exit(code_of(status));
}

/* Whoever kills us kills the process group that it started; the guard has left that, and ends the rest. */
static int step_aside(void)
{
    int status;
    pid_t guard;

    if (getpid() == 1)
        return 0;
    guard = fork();
    if (guard > 0) {
        while (waitpid(guard, &status, 0) < 0)      /* LINT: the same */
            if (errno != EINTR)
                _exit(EXIT_FAILURE);
        _exit(code_of(status));
    }
    if (guard == 0 && (setsid() < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0))
        return -1;
    return guard;
}

int guard_fork(int lifeline, void (*at_end)(void *), void *arg)
{
    static const int expected[] = { SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT };
    sigset_t set, before;
    pid_t command;

    if (step_aside() < 0)
        return -1;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        sigaddset(&set, expected[i]);
    sigprocmask(SIG_BLOCK, &set, &before);
    (void)ioctl(STDIN_FILENO, TIOCNOTTY);       /* a terminal is the command's; most have none */
    command = fork();
    if (command > 0)
        watch(command, lifeline, &set, at_end, arg);
    if (command == 0)
        (void)setsid();                         /* a process group of its own, for pass_on() */
    sigprocmask(SIG_SETMASK, &before, NULL);
    return command;
}
