// SPDX-License-Identifier: Apache-2.0
/* What a command tries and must not get, in every backend that this machine has, and as root also once more as an ordinary
 * user.  Each attempt says GOT when it succeeded.  After each the gateway, whose part this process plays, is as before. */
#include "base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/fiber.h"
#include "tool/backend.h"
#include "tool/sandbox_fixture.h"

/* $SECRET is the path of a file outside, $TRY the program of tests/support/escape_attempts.c. */
static const char *const lines[] = {
    /* reading outside */
    "cat $SECRET",
    "cat ../secret",
    "ln -s $SECRET s1; cat s1",
    "ln -s ../secret s2; cat s2",
    "ln $SECRET s3 && echo GOT it",
    "cat /proc/self/root$SECRET /proc/1/root$SECRET /proc/$$/root$SECRET",
    "cat /proc/self/cwd/../secret",
    "cd /proc/self/fd && cat */secret */../secret",
    "cat /etc/shadow && echo GOT it",
    ("for d in /root /home /var /boot /mnt /srv /opt /run/systemd /run/user /etc/ssl/private /etc/ssh; do"
     "    ls -A $d 2>/dev/null | grep -q . && echo GOT $d; done"),
    "ls /tmp | grep -v clawdbot-test && echo GOT others in tmp",
    /* writing to the system */
    "for d in / /usr /usr/bin /usr/lib /bin /lib /etc /dev /proc /run /sys; do touch $d/x && echo GOT $d; done",
    "echo x >> /etc/passwd && echo GOT it",
    "rm -f /usr/bin/true && echo GOT it",
    ("for f in kernel/core_pattern kernel/hostname vm/drop_caches kernel/modprobe; do"
     "    cat /proc/sys/$f > v; cat v > /proc/sys/$f && echo GOT $f; done"),
    ("find /proc /sys -maxdepth 2 -not -path '/proc/[0-9]*' -not -path '/proc/self*' -not -path '/proc/thread-self*'"
     "    -type f -writable 2>/dev/null | while read -r f; do [ -f $f ] && (: >> $f) 2>/dev/null && echo GOT $f; done"),
    "echo -1000 > /proc/self/oom_score_adj && echo GOT it",
    "echo 1 > /sys/fs/cgroup/cgroup.procs && echo GOT another group",
    "mkdir /sys/fs/cgroup/memory/x /sys/fs/cgroup/x && echo GOT a group",
    /* privileges */
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
    "nsenter -t 1 -m true && echo GOT a namespace",
    "setarch -R true && echo GOT a personality",
    "chown 1:1 . && echo GOT a file of another",
    "$TRY calls",
    /* other processes, secrets, descriptors */
    "[ $(ls -d /proc/[0-9]* | wc -l) -lt 16 ] || echo GOT others",
    "cat /proc/1/environ > e && [ -s e ] && tr '\\0' '\\n' < e | grep -i 'key\\|token\\|secret\\|got' | sed 's/^/GOT /'",
    "dd if=/proc/1/mem of=m bs=1 count=1 && echo GOT memory",
    "env; cat /proc/$$/fd/[3-9]* /proc/1/fd/[3-9]*; ls -l /proc/$$/fd",
    "ls /proc/self/fd | grep -v '^[0123]$' | sed 's/^/GOT descriptor /'",
    /* network and the host's sockets */
    "$TRY network $PORT",
    "$TRY local @clawdbot-test-$PID",
    "$TRY local $SOCKET",
    "$TRY families",
    "grep -v lo: /proc/net/dev | grep : && echo GOT a device",
    /* in a /tmp of its own that may work, and changes nothing */
    "echo x > $SECRET; rm -rf ${SECRET%/*}/*",
};

/* Each in a sandbox of its own, for what it does to others in there. */
static const struct { const char *line; int needs; } bombs[] = {
    { "kill -9 1; sleep 0.2; kill -9 -1; echo still here", -1 },
    { "head -c 3000000 /dev/zero > /tmp/x && echo GOT room in tmp; head -c 3000000 /dev/zero > /dev/shm/x && echo GOT shm", -1 },
    { "head -c 5000000 /dev/zero > big && echo GOT a large file", GUARANTEE_FILE_SIZE },
    { "$TRY memory 400", -1 },
    { "for i in 1 2 3 4 5 6 7 8; do $TRY memory 48 & done | grep -c GOT | grep 8 && echo GOT all of it; wait", GUARANTEE_MEMORY },
    { "$TRY bomb", GUARANTEE_PROCESS_COUNT },
    { "$TRY children 10000", GUARANTEE_PROCESS_COUNT },
    { "yes > /dev/stderr & yes | head -c 30000000; kill $!", -1 },
    { "for i in 1 2 3; do setsid sh -c 'while :; do echo . >> ticks; sleep 0.02; done' & done; sleep 0.2", -1 },
};

struct gateway { int tcp, abstract, socket, careless; struct fixture f; const char *start; };

/* ---- the gateway ---- */

static int listener(int family, const struct sockaddr *address, socklen_t size)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, address, size) == 0 && listen(fd, 4) == 0);
    return fd;
}

static int listen_at(const char *name)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    size_t n = strlen(name);

    CHECK(n < sizeof a.sun_path);
    memcpy(a.sun_path, name, n);
    if (name[0] == '@')
        a.sun_path[0] = '\0';
    return listener(AF_UNIX, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[1 << 16];
    int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    ssize_t n;

    CHECK(in >= 0 && out >= 0);
    while ((n = read(in, bytes, sizeof bytes)) > 0)
        CHECK(write(out, bytes, (size_t)n) == n);
    close(in);
    close(out);
}

/* It lies beside clawdbot-inside, where both were built. */
static const char *attempts_path(struct arena *a)
{
    const char *inside;

    CHECK_OK(inside_path(&inside));
    return arena_printf(a, "%.*s/escape-attempts", (int)(strrchr(inside, '/') - inside), inside);
}

static void gateway_open(struct gateway *g)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof here;

    fixture_open(&g->f);
    struct arena *a = g->f.arena;
    const char *program = arena_printf(a, "%s/attempts", g->f.workspace), *path = arena_printf(a, "%s/socket", g->f.root);
    const char *secret = fixture_outside(&g->f, "secret", "GOT the secret\n");

    copy_file(attempts_path(a), program);
    g->tcp = listener(AF_INET, (struct sockaddr *)&here, sizeof here);
    CHECK(getsockname(g->tcp, (struct sockaddr *)&here, &size) == 0);
    g->abstract = listen_at(arena_printf(a, "@clawdbot-test-%d", (int)getpid()));
    g->socket = listen_at(path);
    g->careless = open(secret, O_RDONLY);       /* inheritable, as a careless library's */
    setenv("OPENAI_API_KEY", "GOT a key", 1);
    setenv("LD_PRELOAD_X", "GOT it", 1);
    g->start = arena_printf(a, "SECRET=%s PORT=%d SOCKET=%s PID=%d TRY=%s; exec 2>&1", secret, ntohs(here.sin_port), path,
                            (int)getpid(), program);
    g->f.limits.memory = 64 << 20;
    g->f.limits.tmp_size = 1 << 20;
    g->f.limits.file_size = 4 << 20;
    g->f.limits.output = 64 << 10;
    g->f.limits.processes = 40;
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

static void gateway_done(struct gateway *g)
{
    int fds[] = { g->tcp, g->abstract, g->socket };

    unsetenv("OPENAI_API_KEY");
    unsetenv("LD_PRELOAD_X");
    close(g->careless);
    for (size_t i = 0; i < N_ELEMENTS(fds); i++) {
        CHECK(!was_called(fds[i]));
        close(fds[i]);
    }
    fixture_done(&g->f);
}

static unsigned count_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (d && readdir(d))
        n++;
    closedir(d);
    return n;
}

static bool has_children(void)
{
    siginfo_t info = { 0 };

    return waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WNOHANG | WNOWAIT) == 0;
}

/* It has no more descriptors and children than before; the last of them may need a moment. */
static void check_same(struct gateway *g, unsigned descriptors, const char *after) AWAITS
{
    struct stat st;

    for (int i = 0; i < 500 && (count_descriptors() > descriptors || has_children()); i++)
        CHECK_OK(fiber_sleep(10));
    if (count_descriptors() > descriptors || has_children())
        test_failed(__FILE__, __LINE__, "after %s there are %u descriptors (before: %u), children: %d", after, count_descriptors(),
                    descriptors, has_children());
    CHECK(stat(arena_printf(g->f.arena, "%s/secret", g->f.root), &st) == 0 && st.st_size == 15);
}

static void check_unharmed(struct gateway *g, unsigned descriptors, const char *after) AWAITS
{
    struct sandbox_outcome out = fixture_run(&g->f, "echo fine");

    if (!str_eq(out.output, S("fine\n")))
        test_failed(__FILE__, __LINE__, "after %s a command says: %.*s", after, STR(out.output));
    check_same(g, descriptors, after);
}

/* ---- the attempts ---- */

static unsigned count(str text, str what)
{
    unsigned n = 0;

    for (size_t at; (at = str_find(text, what)) != STR_NONE; n++)
        text = str_skip(text, at + what.len);
    return n;
}

/* Returns how often the program of tests/support/escape_attempts.c came to its end. */
static unsigned run_attempt(struct gateway *g, const char *line, const char *name) AWAITS
{
    struct sandbox_outcome out = fixture_run(&g->f, arena_printf(g->f.arena, "%s; %s", g->start, line));

    size_t got = str_find(out.output, S("GOT"));

    if (out.timed_out || got != STR_NONE)
        test_failed(__FILE__, __LINE__, "%s%s: %.*s", name, out.timed_out ? " (timed out)" : "",
                    STR(got == STR_NONE ? out.output : str_skip(out.output, got)));
    CHECK(out.output.len < (128 << 10));
    return count(out.output, S("tried\n"));
}

/* A container costs a third of a second, so there they are tried one after another in the same one; so they are
 * when all is done for the second time. */
static void run_lines(struct gateway *g, bool one_by_one) AWAITS
{
    CLEANUP(buf_done) struct buf all = { 0 };
    unsigned descriptors = count_descriptors(), programs = 0, tried = 0;

    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        programs += strstr(lines[i], "$TRY") != NULL;
        if (one_by_one) {
            tried += run_attempt(g, lines[i], lines[i]);
            check_same(g, descriptors, lines[i]);
        }
        buf_addf(&all, "(%s); ", lines[i]);
    }
    if (!one_by_one)
        tried = run_attempt(g, buf_c(&all), "one of them");
    CHECK_INT(tried, programs);
    check_unharmed(g, descriptors, "all lines");
}

static void run_bombs(struct gateway *g) AWAITS
{
    unsigned descriptors = count_descriptors();

    for (size_t i = 0; i < N_ELEMENTS(bombs); i++) {
        if (bombs[i].needs >= 0 && !fixture_holds((enum guarantee)bombs[i].needs))
            continue;
        run_attempt(g, bombs[i].line, bombs[i].line);
        check_unharmed(g, descriptors, bombs[i].line);
    }
}

static void try_all(const char *backend) AWAITS
{
    struct gateway g;

    if (!fixture_use(backend) || !fixture_can_run())
        return;
    gateway_open(&g);
    CHECK_STR(fixture_run(&g.f, "echo warm").output, "warm\n");
    run_lines(&g, strcmp(backend, "bubblewrap") == 0 && !getenv("CLAWDBOT_TEST_AGAIN"));
    run_bombs(&g);
    gateway_done(&g);
}

TEST(nothing_escapes_from_bubblewrap)
{
    try_all("bubblewrap");
}

TEST(nothing_escapes_from_podman)
{
    try_all("podman");
}

TEST(nothing_escapes_from_docker)
{
    try_all("docker");
}

/* ---- the same as an ordinary user ---- */

enum { NOBODY = 65534 };

/* In the child: becomes nobody, and the copy of this program; it does not come back. */
static void become_nobody(const char *home, const char *program)
{
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);      /* a fiber's thread gets no signals, nor would what it becomes */
    setenv("HOME", home, 1);
    setenv("CLAWDBOT_TEST_AGAIN", "1", 1);
    unsetenv("CONTAINERS_STORAGE_CONF");
    unsetenv("XDG_RUNTIME_DIR");
    if (setgroups(0, NULL) == 0 && setgid(NOBODY) == 0 && setuid(NOBODY) == 0)
        execl(program, program, "nothing_escapes_from_*", (char *)NULL);
    _exit(1);
}

TEST(nothing_escapes_from_an_ordinary_users_sandbox_either)
{
    if (geteuid() != 0)
        return;             /* the tests above were as an ordinary user */
    CLEANUP(fixture_done) struct fixture f;
    const char *inside;
    char self[4096] = "";
    int status = -1;

    fixture_open(&f);
    CHECK(chmod(f.root, 0755) == 0 && readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    CHECK_OK(inside_path(&inside));
    const char *program = arena_printf(f.arena, "%s/tool_test", f.root), *home = arena_printf(f.arena, "%s/home", f.root);

    copy_file(self, program);
    copy_file(inside, arena_printf(f.arena, "%s/clawdbot-inside", f.root));
    copy_file(attempts_path(f.arena), arena_printf(f.arena, "%s/escape-attempts", f.root));
    CHECK(mkdir(home, 0755) == 0 && chown(home, NOBODY, NOBODY) == 0);
    pid_t child = fork();

    if (child == 0)
        become_nobody(home, program);
    while (child > 0 && waitpid(child, &status, WNOHANG) == 0)
        CHECK_OK(fiber_sleep(20));
    CHECK_INT(status, 0);
}

#define SANDBOXED(f) \
    CLEANUP(fixture_done) struct fixture f; \
    fixture_open(&f); \
    if (!fixture_can_run()) \
        return

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
