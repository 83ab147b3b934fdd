// SPDX-License-Identifier: Apache-2.0
/* escape-attempts: what only a program of its own can try from within a sandbox, as the system calls themselves.  It is linked
 * statically, so that it runs in any container, and prints a line "GOT ..." for everything that it must not get. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPT(what, call) do { errno = 0; if ((call) >= 0) printf("GOT %s\n", what); } while (0)

/* Numbers that Debian's headers may not know; the same on every architecture. */
enum { NR_IO_URING_SETUP = 425, NR_OPEN_TREE = 428, NR_FSOPEN = 430, NR_CLONE3 = 435, NR_OPENAT2 = 437, NR_FCHMODAT2 = 452 };

static int number(const char *text)
{
    return (int)strtol(text, NULL, 10);     /* LINT: the test's own, and no library of ours in here */
}

static void try_processes(void)
{
    ATTEMPT("ptrace of the first process", ptrace(PTRACE_ATTACH, 1, 0, 0));
    ATTEMPT("ptrace of the parent", ptrace(PTRACE_ATTACH, getppid(), 0, 0));
    ATTEMPT("a namespace by clone", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    unsigned long clone3[11] = { CLONE_NEWUSER };

    ATTEMPT("a namespace by clone3", syscall(NR_CLONE3, clone3, sizeof clone3));
    ATTEMPT("a namespace by unshare", unshare(CLONE_NEWUSER));
}

static void try_kernel(void)
{
    static char room[4096];

    ATTEMPT("keyctl", syscall(SYS_keyctl, 0, -3, 1));
    ATTEMPT("add_key", syscall(SYS_add_key, "user", "a", "b", 1, -3));
    ATTEMPT("request_key", syscall(SYS_request_key, "user", "a", NULL, -3));
    ATTEMPT("bpf", syscall(SYS_bpf, 0, room, sizeof room));
    ATTEMPT("perf_event_open", syscall(SYS_perf_event_open, room, 0, -1, -1, 0));
    ATTEMPT("userfaultfd", syscall(SYS_userfaultfd, 1));
    ATTEMPT("io_uring", syscall(NR_IO_URING_SETUP, 4, room));
    ATTEMPT("open_tree", syscall(NR_OPEN_TREE, AT_FDCWD, "/", 0));
    ATTEMPT("fsopen", syscall(NR_FSOPEN, "tmpfs", 0));
    ATTEMPT("open_by_handle_at", syscall(SYS_open_by_handle_at, 3, room, 0));
}

static void try_set_id(void)
{
    struct { unsigned long flags, mode, resolve; } how = { O_CREAT | O_WRONLY, 06755, 0 };

    ATTEMPT("set-user-id by open", open("s1", O_CREAT | O_WRONLY, 04755));
    ATTEMPT("set-user-id by openat2", syscall(NR_OPENAT2, AT_FDCWD, "s2", &how, sizeof how));
    ATTEMPT("set-user-id by mknod", mknod("s3", S_IFREG | 04755, 0));
    ATTEMPT("set-user-id by a temporary file", open(".", O_TMPFILE | O_WRONLY, 04755));
    ATTEMPT("set-user-id by fchmodat2", syscall(NR_FCHMODAT2, AT_FDCWD, "s1", 04755, 0));
    ATTEMPT("set-user-id by chmod", open("s4", O_CREAT | O_WRONLY, 0755) >= 0 ? chmod("s4", 04755) : -1);
}

static void try_other_tables(void)
{
#ifdef __x86_64__
    if (fork() == 0) {
        syscall(0x40000000 | SYS_getpid);
        _exit(puts("GOT x32") > 0 && fflush(stdout) == 0);
    }
    if (fork() == 0) {
        long r;

        __asm__ volatile("int $0x80" : "=a"(r) : "0"(20L));
        _exit(puts("GOT i386") > 0 && fflush(stdout) == 0);
    }
    while (wait(NULL) > 0)
        continue;
#endif
}

static int calls(const char *unused)
{
    (void)unused;
    ATTEMPT("TIOCSTI", ioctl(0, TIOCSTI, "x"));
    errno = 0;
    if (ioctl(0, (1UL << 32) | TIOCSTI, "x") >= 0 || errno != EPERM)
        puts("GOT TIOCSTI by its upper half");
    fflush(stdout);
    try_processes();
    try_kernel();
    try_set_id();
    fflush(stdout);
    try_other_tables();
    return 0;
}

static int families(const char *unused)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET };

    (void)unused;
    for (int family = 3; family < 46; family++)
        for (size_t i = 0; family != AF_INET6 && family != AF_NETLINK && i < sizeof types / sizeof types[0]; i++)
            if (socket(family, types[i], 0) >= 0)
                printf("GOT a socket of family %d\n", family);
    ATTEMPT("a raw socket", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
    return 0;
}

static struct sockaddr_in at(const char *address, int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };

    inet_pton(AF_INET, address, &a.sin_addr);
    return a;
}

static int network(const char *port)
{
    struct sockaddr_in loopback = at("127.0.0.1", number(port)), outside = at("192.0.2.1", 80), dns = at("192.0.2.53", 53);

    ATTEMPT("the host's loopback", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&loopback, sizeof loopback));
    ATTEMPT("an address outside", connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&outside, sizeof outside));
    ATTEMPT("UDP out", sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (void *)&outside, sizeof outside));
    ATTEMPT("DNS out", sendto(socket(AF_INET, SOCK_DGRAM, 0), "\1\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1", 19, 0, (void *)&dns, sizeof dns));
    return 0;
}

/* A path, or "@name" for an abstract one. */
static int local(const char *name)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    size_t n = strlen(name) < sizeof a.sun_path ? strlen(name) : sizeof a.sun_path - 1;

    memcpy(a.sun_path, name, n);
    if (name[0] == '@')
        a.sun_path[0] = '\0';
    ATTEMPT(name, connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)));
    return 0;
}

static int memory(const char *megabytes)
{
    for (int i = 0; i < number(megabytes); i++) {
        char *p = malloc(1 << 20);

        if (!p)
            return 1;
        memset(p, i, 1 << 20);
        __asm__ volatile("" : : "r"(p) : "memory");
    }
    printf("GOT %s MB\n", megabytes);
    return 0;
}

static int children(const char *how_many)
{
    int n = 0, wanted = number(how_many);

    for (int i = 0; i < wanted; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            pause();
            _exit(0);
        }
        n += pid > 0;
    }
    printf(n > 1000 ? "GOT %d children\n" : "%d children\n", n);
    return 0;
}

/* Every process makes others as fast as it can, for a second. */
static int bomb(const char *unused)
{
    time_t end = time(NULL) + 2;

    (void)unused;
    while (time(NULL) < end)
        if (fork() > 0)
            sched_yield();
    return 0;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; int (*run)(const char *); } attempts[] = {
        { "calls", calls }, { "families", families }, { "network", network }, { "local", local }, { "memory", memory },
        { "children", children }, { "bomb", bomb },
    };

    for (size_t i = 0; argc > 1 && i < sizeof attempts / sizeof attempts[0]; i++)
        if (strcmp(attempts[i].name, argv[1]) == 0) {
            int code = attempts[i].run(argc > 2 ? argv[2] : "");

            return puts("tried") < 0 ? 2 : code;
        }
    return 2;
}
