// SPDX-License-Identifier: Apache-2.0
/* The tool ssh against OpenSSH's server. */
#include "base/test.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "runtime/module.h"
#include "tool/modules/ssh.h"
#include "tool/test_server.h"

/* Hosts a, b and c are the server; the rest of a host's settings is `more`. */
static void configure(struct desk *d, const struct test_sshd *s, const char *more)
{
    struct arena *a = d->f.arena;
    const char *one = arena_printf(a, "{host: 127.0.0.1, port: %u, user: %s, known_hosts: %s/known_hosts, %s}", s->port, s->user, s->root, more);
    const char *const sets[] = { arena_printf(a, "ssh.hosts={a: %s, b: %s, c: %s}", one, one, one), "ssh.output=4K", "ssh.max_file=64K", NULL };

    CHECK_OK(config_load_for_test(d->f.root, sets));
}

static void configure_key(struct desk *d, const struct test_sshd *s, const char *key)
{
    configure(d, s, arena_printf(d->f.arena, "key: %s/%s", s->root, key));
}

#define SSHD(d, s) \
    DESK(d); \
    CLEANUP(test_sshd_stop) struct test_sshd s = { .process = NULL }; \
    if (!test_sshd_start(&d, &s)) \
        return; \
    configure_key(&d, &s, "user_key")

TEST(ssh_runs_a_command_and_tells_how_it_ended)
{
    SSHD(d, s);

    CHECK_TELLS(&d, "ssh", "{\"host\":\"a\",\"command\":\"echo out; echo err >&2; exit 3\"}", "[exit status 3 after ", false);
    CHECK_TELLS(&d, "ssh", "{\"host\":\"a\",\"command\":\"echo one two\"}", "one two\n[exit status 0 after ", false);
    CHECK_TELLS(&d, "ssh", "{\"host\":\"a\",\"command\":\"kill -TERM $$\"}", "[ended by signal TERM after ", false);
    CHECK_TELLS(&d, "ssh", "{\"host\":\"a\",\"command\":\"cat\"}", "[exit status 0 after ", false);
    CHECK_TELLS(&d, "ssh", "{\"action\":\"hosts\"}", "b: ", false);
    struct tool_result r = desk_call(&d, "ssh", "{\"host\":\"a\",\"command\":\"echo x\"}");

    CHECK_STR(r.taint, "output of a over ssh");
}

TEST(ssh_lets_nobody_answer_in_a_hosts_place)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const char *other = fixture_outside(&d.f, "other", "example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqs5vI8GxRyxmrSRSvvwM1Xx3uP2qHhLG4MGh2vWfYz\n");

    configure(&d, &s, arena_printf(a, "key: %s/user_key", s.root));
    CHECK(rename(other, arena_printf(a, "%s/known_hosts", s.root)) == 0);
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"touch ran\"}", "is not in");
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"touch ran\"}", "ssh-ed25519 SHA256:");
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"touch ran\"}", arena_printf(a, "ssh-keyscan -p %u 127.0.0.1 >> %s/known_hosts", s.port, s.root));
    CHECK(unlink(arena_printf(a, "%s/known_hosts", s.root)) == 0);
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"touch ran\"}", "is not in");
    fixture_outside(&d.f, "known_hosts", arena_printf(a, "[127.0.0.1]:%u %s\n", s.port,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqs5vI8GxRyxmrSRSvvwM1Xx3uP2qHhLG4MGh2vWfYz"));
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"touch ran\"}", "is another than the one in");
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"touch ran\"}", arena_printf(a, "ssh-keygen -R '[127.0.0.1]:%u' -f", s.port));
}

TEST(ssh_is_let_in_by_a_key_or_an_agent_and_says_why_not)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const char *socket = arena_printf(a, "%s/agent", s.root), *run = "{\"host\":\"a\",\"command\":\"true\"}";
    CLEANUP(process_freep) struct process *agent = NULL;
    struct process_spec spec = { .argv = (const char *const[]){ "ssh-agent", "-D", "-a", socket, NULL }, .stdin_fd = PROCESS_NULL,
                                 .stdout_fd = PROCESS_NULL, .stderr_fd = PROCESS_NULL };

    configure_key(&d, &s, "other_key");
    CHECK_REFUSES(&d, "ssh", run, "does not let");
    configure_key(&d, &s, "no_key");
    CHECK_REFUSES(&d, "ssh", run, "no_key, cannot be read: No such file");
    configure_key(&d, &s, "known_hosts");
    CHECK_REFUSES(&d, "ssh", run, "can be read by others: chmod 600 ");
    CHECK(chmod(arena_printf(a, "%s/known_hosts", s.root), 0600) == 0);
    CHECK_REFUSES(&d, "ssh", run, "is no private key");
    configure(&d, &s, arena_printf(a, "agent: %s", socket));
    CHECK_REFUSES(&d, "ssh", run, "does not let");      /* it is not running */
    CHECK_OK(process_start(&spec, &agent));
    while (access(socket, F_OK) != 0)
        CHECK_OK(fiber_sleep(10));
    CHECK_REFUSES(&d, "ssh", run, "does not let");      /* it has no key */
    test_run((const char *const[]){ "env", arena_printf(a, "SSH_AUTH_SOCK=%s", socket), "ssh-add", "-q", arena_printf(a, "%s/user_key", s.root), NULL });
    CHECK_TELLS(&d, "ssh", run, "[exit status 0", false);
    test_run((const char *const[]){ "ssh-keygen", "-q", "-p", "-P", "", "-N", "open sesame", "-f", arena_printf(a, "%s/user_key", s.root), NULL });
    configure_key(&d, &s, "user_key");
    CHECK_REFUSES(&d, "ssh", run, "if it has a passphrase");
    configure(&d, &s, arena_printf(a, "key: %s/user_key, passphrase: open sesame", s.root));
    CHECK_TELLS(&d, "ssh", run, "[exit status 0", false);
}

TEST(ssh_can_see_beforehand_what_is_missing_for_a_host)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const struct ssh_module *m;
    struct ssh_target t = { .name = "a", .host = "127.0.0.1", .port = s.port, .user = s.user, .key = arena_printf(a, "%s/user_key", s.root),
                            .passphrase = "", .password = "", .agent = "", .known_hosts = arena_printf(a, "%s/known_hosts", s.root) };
    struct ssh_call c = { .target = &t };

    CHECK_OK(module_open("ssh", (const void **)&m));
    CHECK(m->check(&c));
    t.port++;
    CHECK(!m->check(&c) && strstr(c.error, "has no key of 127.0.0.1"));
    t.key = "/no/such";
    CHECK(!m->check(&c) && strstr(c.error, "cannot be read"));
}

TEST(ssh_reaches_several_hosts_side_by_side)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    /* each waits until all three are there */
    const char *call = arena_printf(a, "{\"hosts\":[\"a\",\"b\",\"c\"],\"command\":\"cd %s; mktemp -p . with.XXXXXX; "
                                    "while [ $(ls with.* | wc -l) -lt 3 ]; do sleep 0.05; done\"}", s.root);
    struct tool_result r = desk_call(&d, "ssh", call);

    CHECK(!r.is_error);
    CHECK(str_find(r.text, S("== a ==\n")) == 0);
    CHECK(str_find(r.text, S("\n\n== b ==\n")) != STR_NONE);
    CHECK(str_find(r.text, S("\n\n== c ==\n")) != STR_NONE);
    CHECK_STR(r.taint, "output of a, b, c over ssh");
    CHECK_REFUSES(&d, "ssh", "{\"hosts\":[\"a\",\"d\"],\"command\":\"true\"}", "ssh.hosts has no host 'd'; it has a, b, c");
    CHECK_REFUSES(&d, "ssh", "{\"command\":\"true\"}", "give host: one of a, b, c");
}

TEST(ssh_keeps_the_head_and_the_tail_of_a_long_output)
{
    SSHD(d, s);
    struct tool_result r = desk_call(&d, "ssh", "{\"host\":\"a\",\"command\":\"echo first; yes | head -c 20000000; echo last\"}");

    CHECK(!r.is_error);
    CHECK(r.text.len < 5000);
    CHECK(str_starts(r.text, S("first\ny\n")));
    CHECK(str_find(r.text, S("bytes left out")) != STR_NONE);
    CHECK(str_find(r.text, S("last\n[exit status 0")) != STR_NONE);
}

TEST(ssh_moves_files_whole_or_not_at_all)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const char *there = arena_printf(a, "%s/there", s.root);
    char *put = arena_printf(a, "{\"action\":\"put\",\"host\":\"a\",\"path\":\"f\",\"remote_path\":\"%s/there\"}", s.root);
    char *get = arena_printf(a, "{\"action\":\"get\",\"host\":\"a\",\"path\":\"sub/g\",\"remote_path\":\"%s/there\"}", s.root);

    fixture_inside(&d.f, "f", "content\n");
    CHECK_SAYS(&d, "ssh", put, arena_printf(a, "a: %s written, 8 bytes", there));
    CHECK(access(there, F_OK) == 0);
    fixture_inside(&d.f, "f", "other\n");
    CHECK_SAYS(&d, "ssh", put, arena_printf(a, "a: %s written, 6 bytes", there));
    CHECK_SAYS(&d, "ssh", get, arena_printf(a, "a: %s fetched into sub/g, 6 bytes", there));
    CHECK_STR(str_from(desk_content(&d, "sub/g")), "other\n");
    CHECK_TELLS(&d, "ssh", arena_printf(a, "{\"action\":\"put\",\"host\":\"a\",\"path\":\"f\",\"remote_path\":\"%s\"}", s.root), "/f written", false);
    CHECK_TELLS(&d, "ssh", arena_printf(a, "{\"host\":\"a\",\"command\":\"ls %s\"}", s.root), "there\n", false);
    CHECK_TELLS(&d, "ssh", arena_printf(a, "{\"host\":\"a\",\"command\":\"ls %s | grep -c part\"}", s.root), "0\n[exit status 1", false);

    CHECK_REFUSES(&d, "ssh", "{\"action\":\"put\",\"host\":\"a\",\"path\":\"../user_key\",\"remote_path\":\"/tmp/x\"}", "outside");
    CHECK_REFUSES(&d, "ssh", "{\"action\":\"put\",\"host\":\"a\",\"path\":\"f\",\"remote_path\":\"/no/such/place\"}", "there is no such file");
    CHECK_REFUSES(&d, "ssh", "{\"action\":\"get\",\"host\":\"a\",\"path\":\"g\",\"remote_path\":\"/no/such\"}", "there is no such file");
    CHECK_REFUSES(&d, "ssh", "{\"action\":\"get\",\"host\":\"a\",\"path\":\"g\",\"remote_path\":\"/dev/zero\"}", "not a regular file");
    CHECK_REFUSES(&d, "ssh", "{\"action\":\"get\",\"hosts\":[\"a\",\"b\"],\"path\":\"g\",\"remote_path\":\"/x\"}", "one host at a time");
    test_run((const char *const[]){ "truncate", "-s", "65537", there, NULL });
    CHECK_REFUSES(&d, "ssh", get, "more than the 65536 bytes");
    CHECK_STR(str_from(desk_content(&d, "sub/g")), "other\n");
    test_run((const char *const[]){ "truncate", "-s", "65537", arena_printf(a, "%s/f", d.f.workspace), NULL });
    CHECK_REFUSES(&d, "ssh", put, "ssh.max_file");
}

/* --- what does not end well --- */

/* sshd passes no signals on where it is root who came in. */
static void ends(int pid) AWAITS
{
    if (getuid() == 0)
        CHECK(kill(pid, SIGKILL) == 0);
    test_awaits_end(pid);
}

TEST(ssh_kills_a_command_that_takes_too_long)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const char *pid = arena_printf(a, "%s/pid", s.root);

    CHECK_TELLS(&d, "ssh", arena_printf(a, "{\"host\":\"a\",\"timeout\":1,\"command\":\"echo begun; echo $$ >%s; exec sleep 1000\"}", pid),
                "begun\n[timed out after 1.0 s and was ", true);
    ends(atoi(test_awaits(&d, pid)));
}

TEST(ssh_does_not_wait_for_what_a_command_left_running)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const char *pid = arena_printf(a, "%s/pid", s.root);

    CHECK_TELLS(&d, "ssh", arena_printf(a, "{\"host\":\"a\",\"command\":\"sleep 1000 & echo $! >%s\"}", pid), "[exit status 0", false);
    CHECK(kill(atoi(test_awaits(&d, pid)), SIGKILL) == 0);
}

struct asked { struct desk *d; const char *arguments; struct tool_result said; };

static enum err ask(void *arg)
{
    struct asked *q = arg;

    return tool_call_run(&q->d->cx, S("ssh"), str_from(q->arguments), &q->said);
}

TEST(ssh_ends_at_once_with_its_turn)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const char *pid = arena_printf(a, "%s/pid", s.root);
    struct asked q = { &d, arena_printf(a, "{\"hosts\":[\"a\"],\"timeout\":1000,\"command\":\"echo $$ >%s; exec sleep 1000\"}", pid), { .text = NO_STR } };
    struct fiber *f = fiber_spawn("turn", ask, &q);
    int running = atoi(test_awaits(&d, pid));

    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    ends(running);
}

TEST(ssh_tells_when_the_connection_breaks)
{
    SSHD(d, s);
    struct arena *a = d.f.arena;
    const char *pid = arena_printf(a, "%s/pid", s.root);
    struct asked q = { &d, arena_printf(a, "{\"host\":\"a\",\"timeout\":1000,\"command\":\"echo begun; echo $PPID >%s; exec sleep 1000\"}", pid), { .text = NO_STR } };
    struct fiber *f = fiber_spawn("turn", ask, &q);

    CHECK(kill(atoi(test_awaits(&d, pid)), SIGKILL) == 0);
    CHECK_OK(fiber_join(f));
    CHECK(q.said.is_error);
    CHECK(str_find(q.said.text, S("the connection broke")) != STR_NONE);
}

/* A server that takes a connection and says nothing. */
static int silent_server(unsigned *ret_port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 8) == 0 && getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

TEST(ssh_waits_for_no_server_that_says_nothing)
{
    DESK(d);
    unsigned port;
    int server = silent_server(&port);
    const char *sets[] = { arena_printf(d.f.arena, "ssh.hosts={a: {host: 127.0.0.1, port: %u, user: me, password: x}}", port), "ssh.connect_timeout=1s", NULL };
    struct asked q = { &d, "{\"host\":\"a\",\"command\":\"true\"}", { .text = NO_STR } };

    CHECK_OK(config_load_for_test(d.f.root, sets));
    CHECK_REFUSES(&d, "ssh", q.arguments, "not as an SSH server");
    sets[1] = "ssh.connect_timeout=5m";
    CHECK_OK(config_load_for_test(d.f.root, sets));
    struct fiber *f = fiber_spawn("turn", ask, &q);

    close(accept(server, NULL, NULL));      /* the first one's */
    int events;

    CHECK_OK(fiber_wait_fd(server, FD_READ, &events));
    int theirs = accept(server, NULL, NULL);

    CHECK(theirs >= 0);
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    close(theirs);
    close(server);
    CHECK_REFUSES(&d, "ssh", q.arguments, "Connection refused");
}

TEST(ssh_says_what_is_wrong_with_a_hosts_settings)
{
    static const struct { const char *settings, *want; } cases[] = {
        { "{user: u, key: k, usr: v}",       "ssh.hosts.a has a setting 'usr', which there is not; did you mean 'user'?" },
        { "{key: k}",                        "ssh.hosts.a has no user" },
        { "{user: u}",                       "ssh.hosts.a has neither key nor agent nor password" },
        { "{user: u, key: k, port: 70000}",  "ssh.hosts.a.port is a number from 1 to 65535" },
        { "{user: u, key: k, port: ssh}",    "ssh.hosts.a.port is a number from 1 to 65535" },
        { "{user: u, key: {a: b}}",          "ssh.hosts.a.key is a text" },
    };
    DESK(d);

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const char *const sets[] = { arena_printf(d.f.arena, "ssh.hosts={a: %s}", cases[i].settings), NULL };

        CHECK_OK(config_load_for_test(d.f.root, sets));
        CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"true\"}", cases[i].want);
    }
    CHECK_OK(config_load_for_test(d.f.root, NULL));
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"command\":\"true\"}", "the owner names them in ssh.hosts");
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\"}", "give command");
    CHECK_REFUSES(&d, "ssh", "{\"host\":\"a\",\"action\":\"put\",\"path\":\"x\"}", "remote_path");
}
