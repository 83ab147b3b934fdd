// SPDX-License-Identifier: Apache-2.0
/* What a command tries and must not get.  Each attempt says GOT when it succeeded. */
#include "base/test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tool/sandbox_fixture.h"

#define SANDBOXED(f) \
    CLEANUP(fixture_done) struct fixture f; \
    fixture_open(&f); \
    if (!fixture_can_run()) \
        return

/* Every line is run by itself; none may print GOT.  $SECRET stands for the path of a file outside. */
static void check_none(struct fixture *f, const char *const *lines, size_t n) AWAITS
{
    const char *secret = fixture_outside(f, "secret", "GOT the secret\n");

    for (size_t i = 0; i < n; i++) {
        const char *line = arena_printf(f->arena, "SECRET=%s; exec 2>&1; %s", secret, lines[i]);
        struct sandbox_outcome out = fixture_run(f, line);

        if (out.timed_out || str_find(out.output, S("GOT")) != STR_NONE)
            test_failed(__FILE__, __LINE__, "%s: %.*s", lines[i], STR(out.output));
    }
}

TEST(files_outside_are_neither_read_nor_seen)
{
    static const char *const lines[] = {
        "cat $SECRET",
        "cat ../secret",
        "ln -s $SECRET s; cat s",
        "ln -s ../secret s; cat s",
        "ln $SECRET s && echo GOT it",
        "cat /proc/self/root$SECRET /proc/1/root$SECRET /proc/$$/root$SECRET",
        "cat /proc/self/cwd/../secret",
        "cd /proc/self/fd && cat */secret */../secret",
        "cat /etc/shadow && echo GOT it",
        ("for d in /root /home /var /sys /boot /mnt /srv /opt /run/systemd /run/user /etc/ssl/private /etc/ssh; do"
         "    ls -A $d 2>/dev/null | grep -q . && echo GOT $d; done"),
        "ls /tmp | grep -v clawdbot-test && echo GOT others in tmp",
    };
    SANDBOXED(f);

    check_none(&f, lines, N_ELEMENTS(lines));
}

TEST(the_system_is_not_written_to)
{
    static const char *const lines[] = {
        "for d in / /usr /usr/bin /usr/local /bin /lib /etc /dev /proc /run; do touch $d/x && echo GOT $d; done",
        "echo x >> /etc/passwd && echo GOT it",
        "rm -f /usr/bin/true && echo GOT it",
        ("for f in kernel/core_pattern kernel/hostname vm/drop_caches kernel/modprobe; do"
         "    cat /proc/sys/$f > v; cat v > /proc/sys/$f && echo GOT $f; done"),
        ("find /proc -maxdepth 2 -not -path '/proc/[0-9]*' -not -path '/proc/self*' -not -path '/proc/thread-self*'"
         "    -type f -writable | sed 's/^/GOT /'"),
        "echo -1000 > /proc/self/oom_score_adj && echo GOT it",
        "echo x > $SECRET; rm -rf ${SECRET%/*}/*",     /* in a /tmp of its own that may work, and changes nothing */
    };
    SANDBOXED(f);
    struct stat st;

    check_none(&f, lines, N_ELEMENTS(lines));
    CHECK(stat(arena_printf(f.arena, "%s/secret", f.root), &st) == 0 && st.st_size == 15);
}

TEST(privileges_and_the_kernels_inside_are_out_of_reach)
{
    static const char *const lines[] = {
        "unshare -U true && echo GOT a user namespace",
        "unshare -m true && echo GOT a mount namespace",
        "unshare -n true && echo GOT a network namespace",
        "mount -t tmpfs none /tmp && echo GOT a mount",
        "mount --bind /usr . && echo GOT a bind mount",
        "chroot . true && echo GOT a chroot",
        "cp /usr/bin/id . && chmod u+s id && echo GOT a set-user-id file",
        "mkdir -m 2755 d && echo GOT a set-group-id folder",
        "grep -q '^CapEff:.*[1-9a-f]' /proc/self/status && echo GOT capabilities",
        "grep -q '^NoNewPrivs:.*0' /proc/self/status && echo GOT new privileges",
        "hostname other && echo GOT the host name",
        "mknod sda b 8 0 && echo GOT a device",
        "su -c 'echo GOT root' root < /dev/null",
        "nsenter -t 1 -m true && echo GOT a namespace",
        "setarch -R true && echo GOT a personality",
        "chown 1:1 . && echo GOT a file of another",
    };
    SANDBOXED(f);

    check_none(&f, lines, N_ELEMENTS(lines));
}

TEST(other_processes_are_out_of_reach)
{
    static const char *const lines[] = {
        "[ $(ls -d /proc/[0-9]* | wc -l) -lt 12 ] || echo GOT others",
        "cat /proc/1/environ > e && [ -s e ] && tr '\\0' '\\n' < e | grep -v '^\\(PATH\\|LANG\\|TERM\\|TMPDIR\\|HOME\\|PWD\\)=' | sed 's/^/GOT /'",
        "dd if=/proc/1/mem of=m bs=1 count=1 && echo GOT memory",
        "kill -9 1; sleep 0.2; :",
        "kill -9 -1 2>/dev/null; echo still here",
    };
    SANDBOXED(f);

    check_none(&f, lines, N_ELEMENTS(lines));
}

TEST(secrets_in_the_environment_and_open_files_are_not_inherited)
{
    SANDBOXED(f);
    int fd = open(fixture_outside(&f, "secret", "GOT it"), O_RDONLY);   /* inheritable, as a careless library's */

    setenv("OPENAI_API_KEY", "GOT a key", 1);
    setenv("LD_PRELOAD_X", "GOT it", 1);
    struct sandbox_outcome out = fixture_run(&f, "env; cat /proc/$$/fd/[3-9]* /proc/1/fd/[3-9]*; ls -l /proc/$$/fd");

    unsetenv("OPENAI_API_KEY");
    unsetenv("LD_PRELOAD_X");
    close(fd);
    CHECK(!out.timed_out);
    CHECK(str_find(out.output, S("GOT")) == STR_NONE);
    out = fixture_run(&f, "exec ls /proc/self/fd");
    CHECK_STR(out.output, "0\n1\n2\n3\n");        /* 3 is ls's own, of the folder that it lists */
}

static int listener(int family, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, address, size) == 0 && listen(fd, 4) == 0);
    return fd;
}

/* Whoever connects is in the backlog: accept(2) would give it at once. */
static bool was_called(int fd)
{
    int one;

    fcntl(fd, F_SETFL, O_NONBLOCK);
    one = accept(fd, NULL, NULL);
    if (one >= 0)
        close(one);
    return one >= 0;
}

TEST(the_hosts_network_is_out_of_reach)
{
    SANDBOXED(f);
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    struct sockaddr_un abstract = { .sun_family = AF_UNIX };
    socklen_t size = sizeof here;
    int tcp = listener(AF_INET, (struct sockaddr *)&here, sizeof here), local;

    CHECK(getsockname(tcp, (struct sockaddr *)&here, &size) == 0);
    snprintf(abstract.sun_path + 1, sizeof abstract.sun_path - 1, "clawdbot-test-%d", (int)getpid());
    local = listener(AF_UNIX, (struct sockaddr *)&abstract,
                     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract.sun_path + 1)));
    struct sandbox_outcome out = fixture_run(&f, arena_printf(f.arena,
        "exec 2>&1; bash -c 'exec 3<>/dev/tcp/127.0.0.1/%d && echo GOT loopback';"
        "bash -c 'exec 3<>/dev/tcp/192.0.2.1/80 && echo GOT outside';"
        "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack(\"S a*\", AF_UNIX, \"\\0%s\"))"
        "    and print \"GOT abstract\\n\"';"
        "perl -MSocket -e 'for my $n (3..15, 17..45) { next if $n == 10; socket(S, $n, $_, 0) and print \"GOT family $n\\n\""
        "    for 1, 2, 3, 5 }';"
        "grep -v lo: /proc/net/dev | grep : && echo GOT a device; echo tried",
        ntohs(here.sin_port), abstract.sun_path + 1));

    CHECK_STR(out.output.len >= 6 ? str_skip(out.output, out.output.len - 6) : out.output, "tried\n");
    CHECK(str_find(out.output, S("GOT")) == STR_NONE);
    CHECK(!was_called(tcp));
    CHECK(!was_called(local));
    close(tcp);
    close(local);
}

TEST(sockets_of_the_hosts_file_system_are_out_of_reach)
{
    SANDBOXED(f);
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", f.root);
    int fd = listener(AF_UNIX, (struct sockaddr *)&address, sizeof address);
    struct sandbox_outcome out = fixture_run(&f, arena_printf(f.arena,
        "exec 2>&1; perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un(\"%s\")) and print \"GOT it\\n\"';"
        "echo tried", address.sun_path));

    CHECK(str_find(out.output, S("tried")) != STR_NONE && str_find(out.output, S("GOT")) == STR_NONE);
    CHECK(!was_called(fd));
    close(fd);
}

/* What only a program of its own can try, as the system calls themselves. */
static const char attempts[] =
    "#define _GNU_SOURCE\n#include <errno.h>\n#include <fcntl.h>\n#include <sched.h>\n#include <stdio.h>\n#include <string.h>\n"
    "#include <sys/ioctl.h>\n#include <sys/ptrace.h>\n#include <sys/stat.h>\n#include <sys/syscall.h>\n#include <unistd.h>\n"
    "#define TRY(what, call) do { errno = 0; if ((call) >= 0) printf(\"GOT %s\\n\", what); } while (0)\n"
    "int main(void) {\n"
    "    static char room[4096]; struct { unsigned long flags, mode, resolve; } how = { O_CREAT | O_WRONLY, 06755, 0 };\n"
    "    struct { unsigned long w[11]; } args = { { CLONE_NEWUSER } };\n"
    "    TRY(\"TIOCSTI\", ioctl(0, TIOCSTI, \"x\"));\n"
    "    if (ioctl(0, (1UL << 32) | TIOCSTI, \"x\") >= 0 || errno != EPERM) puts(\"GOT TIOCSTI by its upper half\");\n"
    "    TRY(\"ptrace of the first process\", ptrace(PTRACE_ATTACH, 1, 0, 0));\n"
    "    TRY(\"ptrace of the parent\", ptrace(PTRACE_ATTACH, getppid(), 0, 0));\n"
    "    TRY(\"clone\", syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0));\n"
    "    TRY(\"clone3\", syscall(435, &args, sizeof args));\n"
    "    TRY(\"unshare\", unshare(CLONE_NEWUSER));\n"
    "    TRY(\"keyctl\", syscall(SYS_keyctl, 0, -3, 1));\n"
    "    TRY(\"add_key\", syscall(SYS_add_key, \"user\", \"a\", \"b\", 1, -3));\n"
    "    TRY(\"bpf\", syscall(SYS_bpf, 0, room, sizeof room));\n"
    "    TRY(\"perf_event_open\", syscall(SYS_perf_event_open, room, 0, -1, -1, 0));\n"
    "    TRY(\"userfaultfd\", syscall(SYS_userfaultfd, 1));\n"
    "    TRY(\"io_uring\", syscall(425, 4, room));\n"
    "    TRY(\"open_tree\", syscall(428, AT_FDCWD, \"/\", 0));\n"
    "    TRY(\"fsopen\", syscall(430, \"tmpfs\", 0));\n"
    "    TRY(\"open_by_handle_at\", syscall(SYS_open_by_handle_at, 3, room, 0));\n"
    "    TRY(\"set-user-id by open\", open(\"s1\", O_CREAT | O_WRONLY, 04755));\n"
    "    TRY(\"set-user-id by openat2\", syscall(437, AT_FDCWD, \"s2\", &how, sizeof how));\n"
    "    TRY(\"set-user-id by mknod\", mknod(\"s3\", S_IFREG | 04755, 0));\n"
    "    TRY(\"set-user-id by a temporary file\", open(\".\", O_TMPFILE | O_WRONLY, 04755));\n"
    "    TRY(\"fchmodat2\", syscall(452, AT_FDCWD, \"a.c\", 04755, 0));\n"
    "#ifdef __x86_64__\n"
    "    if (fork() == 0) { syscall(0x40000000 | SYS_getpid); puts(\"GOT x32\"); return 0; }\n"
    "    if (fork() == 0) { long r; __asm__ volatile(\"int $0x80\" : \"=a\"(r) : \"0\"(20L)); puts(\"GOT i386\"); return 0; }\n"
    "    sleep(1);\n"
    "#endif\n"
    "    puts(\"all tried\");\n"
    "}\n";

TEST(forbidden_system_calls_are_refused)
{
    SANDBOXED(f);
    if (!fixture_holds(GUARANTEE_SECCOMP))
        return;
    fixture_inside(&f, "a.c", attempts);
    struct sandbox_outcome out = fixture_run(&f, "gcc -w -o a a.c && ./a");

    CHECK_STR(out.output, "all tried\n");
}

TEST(ordinary_work_goes_on_inside)
{
    SANDBOXED(f);
    struct sandbox_outcome out = fixture_run(&f,
        "set -e; git init -q r; cd r; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m m; cd ..;"
        "printf 'int main(void){return 0;}' > m.c; gcc -pthread m.c -o m; ./m; tar cf t.tar r; mkdir x; tar xf t.tar -C x;"
        "mkfifo p; (echo through > p) & cat p; echo a | tee /dev/stderr > /dev/null; perl -e 'fork; wait'; date > /dev/null;"
        "ln -s m n; mv n o; rm o; chmod 755 m; echo '[1,2]' > j; sort -u j; echo fine");

    CHECK_INT(out.exit_code, 0);
    CHECK(str_ends(out.output, S("fine\n")));
}
