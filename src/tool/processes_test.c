// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/desk.h"
#include "tool/machine_look.h"
#include "tool/process_end.h"
#include "tool/sockets.h"

/* A process that nobody here is a parent of: its parent ends at once.  It waits until the other end of `fd` is closed, so that no failed
 * test leaves it behind. */
struct orphan { pid_t pid; int fd; };

static void orphan_done(struct orphan *o)
{
    close(o->fd);
}

static void become_orphan(const int *life, int tell, const char *name)
{
    pid_t own = getpid();
    char c;

    close(life[1]);
    signal(SIGTERM, SIG_DFL);       /* whatever the test program, or a sanitizer in it, makes of it */
    sigprocmask(SIG_SETMASK, &(sigset_t){ 0 }, NULL);
    if (write(tell, &own, sizeof own) != sizeof own)
        _exit(1);
    if (name) {
        FILE *f = fopen("/proc/self/comm", "we");

        if (!f || fputs(name, f) < 0 || fclose(f) != 0)
            _exit(1);
        signal(SIGTERM, SIG_IGN);
        if (write(tell, &own, sizeof own) != sizeof own)
            _exit(1);
    }
    _exit(read(life[0], &c, 1) == 0 ? 0 : 1);
}

/* With a name it ignores TERM. */
static void orphan_start(struct orphan *o, const char *name)
{
    int life[2], tell[2], status;
    pid_t child;

    CHECK(pipe(life) == 0 && pipe(tell) == 0);
    child = fork();
    if (child == 0) {
        if (fork() == 0)
            become_orphan(life, tell[1], name);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    close(tell[1]);
    CHECK(read(tell[0], &o->pid, sizeof o->pid) == sizeof o->pid);
    if (name)
        CHECK(read(tell[0], &o->pid, sizeof o->pid) == sizeof o->pid);
    close(tell[0]);
    close(life[0]);
    o->fd = life[1];
}

static const char *kill_of(struct desk *d, pid_t pid, const char *more)
{
    return arena_printf(d->f.arena, "{\"action\":\"kill\",\"pid\":%d%s}", (int)pid, more);
}

TEST(processes_are_listed_and_found)
{
    DESK(d);
    struct tool_result r;

    machine_sample_ms = 5;
    r = desk_call(&d, "processes", "{\"action\":\"list\",\"number\":2,\"by\":\"memory\"}");
    CHECK(!r.is_error && str_starts(r.text, S("    pid user          CPU     memory  command\n")));
    CHECK(str_find(r.text, S("[the first 2 of ")) != STR_NONE);
    CHECK_TELLS(&d, "processes", arena_printf(d.f.arena, "{\"action\":\"find\",\"pid\":%d}", (int)getpid()), "tool_test", false);
    CHECK_TELLS(&d, "processes", "{\"action\":\"find\",\"name\":\"TOOL_test\"}", arena_printf(d.f.arena, "%7d ", (int)getpid()), false);
    CHECK_SAYS(&d, "processes", "{\"action\":\"find\",\"name\":\"no such program\"}", "[no such process]");
    CHECK_REFUSES(&d, "processes", "{\"action\":\"find\"}", "give name or pid");
    CHECK_REFUSES(&d, "processes", "{\"action\":\"kill\"}", "give name or pid");
    machine_sample_ms = 500;
}

TEST(a_process_is_ended_and_its_end_told)
{
    DESK(d);
    CLEANUP(orphan_done) struct orphan o;

    orphan_start(&o, NULL);
    CHECK_TELLS(&d, "processes", kill_of(&d, o.pid, ",\"name\":\"another\""), "no process has that name or pid", true);
    CHECK_SAYS(&d, "processes", kill_of(&d, o.pid, ""), arena_printf(d.f.arena, "Process %d (tool_test) has ended.", (int)o.pid));
    CHECK_REFUSES(&d, "processes", kill_of(&d, 999999999, ""), "no process has that name or pid");
}

TEST(a_process_is_ended_by_its_name_when_there_is_one_of_it)
{
    DESK(d);
    CLEANUP(orphan_done) struct orphan a;
    CLEANUP(orphan_done) struct orphan b;
    const char *name = arena_printf(d.f.arena, "orphan%d", (int)getpid());      /* the same test may run elsewhere */
    const char *by_name = arena_printf(d.f.arena, "{\"action\":\"kill\",\"signal\":\"KILL\",\"name\":\"%s\"}", name);

    orphan_start(&a, name);
    orphan_start(&b, name);
    CHECK_REFUSES(&d, "processes", by_name, "2 processes have that name: give the pid of one\n");
    CHECK_TELLS(&d, "processes", kill_of(&d, a.pid, ",\"signal\":\"KILL\""), "has ended.", false);
    CHECK_REFUSES(&d, "processes", "{\"action\":\"kill\",\"name\":\"orphan\"}", "no process has that name");
    CHECK_TELLS(&d, "processes", by_name, "has ended.", false);
}

TEST(a_process_that_goes_on_is_told_of)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(orphan_done) struct orphan o;
    struct machine_process p;
    enum process_ended ended;

    orphan_start(&o, "orphan");
    CHECK_OK(machine_read_process(a, "/proc", o.pid, &p));
    CHECK_OK(process_end("/proc", &p, SIGTERM, 20, &ended));
    CHECK_INT(ended, PROCESS_GOES_ON);
    p.started++;
    CHECK_ERR(process_end("/proc", &p, SIGKILL, 1000, &ended), ERR_NOT_FOUND);
    CHECK(kill(o.pid, 0) == 0);
}

TEST(what_the_machine_or_the_assistant_stands_on_is_not_ended)
{
    DESK(d);
    int life[2];
    char c;

    CHECK(pipe(life) == 0);
    pid_t child = fork();

    if (child == 0) {
        close(life[1]);
        _exit(read(life[0], &c, 1) == 0 ? 0 : 1);
    }
    CHECK_REFUSES(&d, "processes", kill_of(&d, 1, ""), "process 1 is what keeps");
    CHECK_REFUSES(&d, "processes", kill_of(&d, getpid(), ""), "is the assistant itself");
    CHECK_REFUSES(&d, "processes", kill_of(&d, child, ""), "was started by the assistant");
    if (getppid() > 1)
        CHECK_REFUSES(&d, "processes", kill_of(&d, getppid(), ""), "is what the assistant was started by");
    close(life[0]);
    close(life[1]);
    CHECK(waitpid(child, NULL, 0) == child);
}

/* ---- ports ---- */

TEST(listening_sockets_are_read)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct listeners l = { 0 };

    listeners_parse(a, "tcp", S("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0\n"
        "   1: 0100007F:1F91 0100007F:0016 01 00000000:00000000 00:00000000 00000000  1000        0 12346 1 0 100 0 0 10 0\n"
        "   2: 0100007F:XXXX 00000000:0000 0A 0 0\n"
        "   3: 0100007:0001 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1\n"), &l);
    listeners_parse(a, "tcp6", S("0: 00000000000000000000000001000000:0050 0:0 0A 0:0 0:0 0 0 0 7 1\n"), &l);
    listeners_parse(a, "udp", S("0: 00000000:0035 00000000:0000 07 0:0 0:0 0 101 0 8 1\n"), &l);
    CHECK_INT(l.n, 3);
    CHECK_STR(l.items[0].address, "127.0.0.1");
    CHECK_INT(l.items[0].port, 8080);
    CHECK_INT(l.items[0].uid, 1000);
    CHECK_INT(l.items[0].inode, 12345);
    CHECK_STR(l.items[1].address, "::1");
    CHECK_STR(str_from(l.items[2].protocol), "udp");
    CHECK_INT(l.items[2].port, 53);
}

TEST(who_listens_on_a_port_is_told)
{
    DESK(d);
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, size) == 0 && listen(fd, 1) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&at, &size) == 0);
    const char *arguments = arena_printf(d.f.arena, "{\"action\":\"ports\",\"port\":%u}", ntohs(at.sin_port));

    CHECK_SAYS(&d, "processes", arguments, arena_printf(d.f.arena, "proto  port  address                  process\n"
               "tcp   %5u  127.0.0.1                %d tool_test\n", ntohs(at.sin_port), (int)getpid()));
    CHECK_TELLS(&d, "processes", "{\"action\":\"ports\"}", "127.0.0.1 ", false);
    close(fd);
    CHECK_TELLS(&d, "processes", arguments, "Nothing listens on port", false);
}
