// SPDX-License-Identifier: Apache-2.0
#include "tool/test_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"

unsigned test_free_port(int kind)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, kind | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    close(fd);
    return ntohs(at.sin_port);
}

void test_run(const char *const *argv)
{
    CLEANUP(process_freep) struct process *p = NULL;
    struct process_spec spec = { .argv = argv, .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = 2 };
    int status;

    CHECK_OK(process_start(&spec, &p));
    CHECK_OK(process_wait(p, &status));
    if (status)
        test_failed(__FILE__, __LINE__, "%s ended with %d", argv[0], status);
}

const char *test_awaits(struct desk *d, const char *path)
{
    char text[64];

    for (;;) {
        FILE *f = fopen(path, "re");
        bool is_there = f && fgets(text, sizeof text, f) && strchr(text, '\n');

        if (f)
            fclose(f);
        if (is_there)
            return arena_c(d->f.arena, str_trim(str_from(text)));
        CHECK_OK(fiber_sleep(10));
    }
}

void test_awaits_end(int pid)
{
    while (kill(pid, 0) == 0 || errno != ESRCH)
        CHECK_OK(fiber_sleep(10));
}

/* --- sshd --- */

static bool answers(unsigned port) AWAITS
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = connect(fd, (struct sockaddr *)&at, sizeof at) == 0;

    close(fd);
    return yes;
}

static const char *make_key(struct desk *d, const char *name)
{
    const char *path = arena_printf(d->f.arena, "%s/%s", d->f.root, name);

    test_run((const char *const[]){ "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path, NULL });
    return path;
}

static const char *content(struct desk *d, const char *path)
{
    char *text = arena_alloc(d->f.arena, 4096);
    FILE *f = fopen(path, "re");

    CHECK(f && fread(text, 1, 4095, f) > 0);
    fclose(f);
    return text;
}

static void write_settings(struct desk *d, struct test_sshd *s)
{
    struct arena *a = d->f.arena;
    const char *host = make_key(d, "host_key"), *user = make_key(d, "user_key");

    make_key(d, "other_key");
    fixture_outside(&d->f, "authorized_keys", content(d, arena_printf(a, "%s.pub", user)));
    fixture_outside(&d->f, "known_hosts", arena_printf(a, "[127.0.0.1]:%u %s", s->port, content(d, arena_printf(a, "%s.pub", host))));
    fixture_outside(&d->f, "sshd_config", arena_printf(a,
        "ListenAddress 127.0.0.1:%u\nHostKey %s\nAuthorizedKeysFile %s/authorized_keys\nPidFile none\nUsePAM no\nStrictModes no\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nMaxStartups 100\nSubsystem sftp internal-sftp\n",
        s->port, host, d->f.root));
}

bool test_sshd_start(struct desk *d, struct test_sshd *s)
{
    const struct passwd *me = getpwuid(getuid());
    const char *config = arena_printf(d->f.arena, "%s/sshd_config", d->f.root);

    *s = (struct test_sshd){ .port = test_free_port(SOCK_STREAM), .root = d->f.root, .user = arena_c(d->f.arena, str_from(me->pw_name)) };
    if (access("/usr/sbin/sshd", X_OK) != 0) {
        fprintf(stderr, "    not tested: there is no /usr/sbin/sshd (Debian's openssh-server)\n");
        return false;
    }
    if (getuid() == 0)
        mkdir("/run/sshd", 0755);       /* as its unit would: it does not start without */
    write_settings(d, s);
    struct process_spec spec = { .argv = (const char *const[]){ "/usr/sbin/sshd", "-D", "-e", "-f", config, NULL },
                                 .env = (const char *const[]){ "PATH=/usr/bin:/bin", NULL },
                                 .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = PROCESS_NULL };

    CHECK_OK(process_start(&spec, &s->process));
    while (!answers(s->port))
        CHECK_OK(fiber_sleep(10));
    return true;
}

void test_sshd_stop(struct test_sshd *s)
{
    process_free(s->process);
}

/* --- snmpd --- */

/* It opens its port before it says anything, so it is asked until it answers; then its pid file is there. */
bool test_snmpd_start(struct desk *d, struct test_snmpd *s)
{
    struct arena *a = d->f.arena;
    const char *pid_file = arena_printf(a, "%s/snmpd.pid", d->f.root), *config;

    *s = (struct test_snmpd){ .port = test_free_port(SOCK_DGRAM) };
    if (access("/usr/sbin/snmpd", X_OK) != 0) {
        fprintf(stderr, "    not tested: there is no /usr/sbin/snmpd (Debian's snmpd)\n");
        return false;
    }
    config = fixture_outside(&d->f, "snmpd.conf", arena_printf(a,
        "agentaddress udp:127.0.0.1:%u\nrocommunity see-all 127.0.0.1\nsysName test device\nsysLocation here\nsysContact nobody\n"
        "createUser private SHA authword1 AES privword1\nrouser private authpriv\n"
        "createUser strong SHA-256 authword1 AES-256 privword1\nrouser strong authpriv\n"
        "createUser signed SHA authword1\nrouser signed authnopriv\ncreateUser open\nrouser open noauth\n", s->port));
    struct process_spec spec = {
        .argv = (const char *const[]){ "/usr/sbin/snmpd", "-f", "-C", "-c", config, "-Ln", "-p", pid_file, "-x", arena_printf(a, "%s/agentx", d->f.root), NULL },
        .env = (const char *const[]){ arena_printf(a, "SNMP_PERSISTENT_DIR=%s/snmp", d->f.root),
                                      arena_printf(a, "SNMPCONFPATH=%s", d->f.root), "MIBS=", NULL },
        .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = PROCESS_NULL };

    CHECK_OK(process_start(&spec, &s->process));
    test_awaits(d, pid_file);
    return true;
}

void test_snmpd_stop(struct test_snmpd *s)
{
    process_free(s->process);
}
