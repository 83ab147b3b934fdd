// SPDX-License-Identifier: Apache-2.0
/* Commands in the sandbox that have the proxy, what they get by it, and what they try beside it. */
#include "base/test.h"

#include <stdio.h>

#include "config/config.h"
#include "net/server.h"
#include "net/test_certificate.h"
#include "tool/desk.h"
#include "tool/egress.h"
#include "tool/sandbox_fixture.h"
#include "tool/settings.h"

static size_t n_asked;
static char   last_key[100];

static void handle(void *arg UNUSED, struct http_exchange *x) AWAITS
{
    str key = http_exchange_field(x, S("X-Key"));

    n_asked++;
    snprintf(last_key, sizeof last_key, "%.*s", STR(key));
    (void)!http_answer(x, 200, S("text/plain"), str_from(arena_printf(x->arena, "the page, for %.*s\n", STR(key))));
}

static enum err secret(void *arg UNUSED, str name UNUSED, str *out)
{
    *out = S("hidden-value");
    return OK;
}

static enum err run_server(void *server) AWAITS
{
    return server_run(server);
}

/* A machine with a server on its loopback, which the command may reach by the name localhost. */
struct net {
    struct fixture f;
    struct test_certificate certificate;
    struct server *server;
    struct fibers  group;
    struct egress_rule rule;
    struct egress_secret secret;
    struct egress_options options;
    unsigned       port;
};

static void net_open(struct net *n)
{
    *n = (struct net){ .group = { .independent = true } };
    fixture_open(&n->f);
    test_certificate_make(&n->certificate, "localhost");
    CHECK_OK(server_open(&(struct server_options){ .host = "127.0.0.1", .handle = handle, .cert_file = n->certificate.cert,
                                                   .key_file = n->certificate.key }, &n->server));
    fibers_spawn(&n->group, "server", run_server, n->server);
    n->port = server_port(n->server);
    n->rule = (struct egress_rule){ .host = S("localhost"), .port = n->port };
    n->secret = (struct egress_secret){ .host = S("localhost"), .port = n->port, .header = S("X-Key"), .prefix = S(""), .name = S("k") };
    n->options.policy = (struct egress_policy){ .allow = &n->rule, .n_allow = 1, .private_hosts = &n->rule, .n_private = 1,
        .secrets = &n->secret, .n_secrets = 1, .connections = 5000, .bytes = 1 << 20, .idle_ms = 10000 };
    egress_use(&(struct egress_services){ .secret = secret, .ca_file = n->certificate.cert });
    n_asked = 0;
}

static void net_close(struct net *n)
{
    fibers_done(&n->group);
    server_close(n->server);
    test_certificate_remove(&n->certificate);
    egress_use(&(struct egress_services){ 0 });
    fixture_done(&n->f);
}

#define NET(n) \
    CLEANUP(net_close) struct net n; \
    net_open(&n); \
    if (!fixture_can_run()) \
        return

static struct sandbox_outcome net_run(struct net *n, const char *command) AWAITS
{
    struct sandbox_job job = {
        .arena = n->f.arena, .workspace = n->f.workspace, .command = command, .limits = n->f.limits,
        .require = GUARANTEES_DEFAULT, .network = &n->options,
    };
    struct sandbox_outcome out = { 0 };

    CHECK_OK(sandbox_run(&job, &out));
    return out;
}

#define CHECK_SAID(out, part) \
    do { str said_ = (out).output; if (str_find(said_, str_from(part)) == STR_NONE) \
        test_failed(__FILE__, __LINE__, "no \"%s\" in: %.*s", (part), STR(said_)); } while (0)

TEST(curl_in_the_sandbox_gets_what_the_proxy_fetches_with_the_secret)
{
    NET(n);
    struct sandbox_outcome out = net_run(&n, "curl -sS --noproxy '' -H 'X-Key: mine' http://localhost/x; env");

    CHECK_SAID(out, "the page, for ************\n");
    CHECK(str_find(out.output, S("hidden-value")) == STR_NONE);
    CHECK_STR(str_from(last_key), "hidden-value");
    CHECK_SAID(out, "HTTPS_PROXY=http://127.0.0.1:3128\n");
    CHECK_STR(out.reached, "localhost");
}

TEST(curl_in_the_sandbox_speaks_tls_through_a_tunnel_without_the_secret)
{
    NET(n);
    struct sandbox_outcome out = net_run(&n, arena_printf(n.f.arena, "curl -sS -k --noproxy '' https://localhost:%u/x", n.port));

    CHECK_STR(out.output, "the page, for \n");
}

TEST(without_an_allow_list_there_is_no_way_out)
{
    NET(n);
    struct sandbox_outcome out = fixture_run(&n.f, arena_printf(n.f.arena,
        "exec 2>&1; env | grep -i proxy && echo GOT it; curl -sS -k -m 5 https://127.0.0.1:%u/ && echo GOT it;"
        "curl -sS -m 5 -x http://127.0.0.1:3128 http://localhost/ && echo GOT it; echo tried", n.port));

    CHECK(str_find(out.output, S("GOT")) == STR_NONE);
    CHECK_SAID(out, "tried\n");
    CHECK_INT(n_asked, 0);
    CHECK_STR(out.reached, "");
}

/* Each line says GOT when it succeeded.  %u is the port of the server outside. */
TEST(the_proxy_is_the_only_new_power_of_a_command_that_has_it)
{
    static const char *const lines[] = {
        "curl -sS -k -m 5 --noproxy '*' https://127.0.0.1:$PORT/ && echo GOT it without the proxy",
        "curl -sS -m 5 --noproxy '' http://127.0.0.1:$PORT/ | grep page && echo GOT it by address",
        "curl -sS -m 5 -k --noproxy '' https://127.0.0.1:$PORT/ && echo GOT a tunnel by address",
        "curl -sS -m 5 -k --noproxy '' https://[::1]:$PORT/ && echo GOT a tunnel by address",
        "curl -sS -m 5 --noproxy '' http://169.254.169.254/latest/meta-data | grep -v clawdbot: && echo GOT metadata",
        "curl -sS -m 5 --noproxy '' -H 'Host: localhost' http://example.org/ | grep -v clawdbot: && echo GOT another host",
        "curl -sS -m 5 -p --noproxy '' smtp://localhost:25/ && echo GOT mail",
        "perl -MSocket -e 'socket(S, AF_INET, SOCK_DGRAM, 0); send(S, \"x\", 0, sockaddr_in(53, inet_aton(\"8.8.8.8\"))) and print \"GOT UDP\\n\"'",
        "getent ahosts example.org && echo GOT a name",
        "bash -c 'echo > /dev/tcp/192.0.2.1/80' && echo GOT a connection",
        "ls /proc/self/fd | grep -vx '[0-3]' && echo GOT a descriptor",
        "grep -v lo: /proc/net/dev | grep : && echo GOT a device",
        "[ $(ls -d /proc/[0-9]* | wc -l) -lt 8 ] || echo GOT another process",
        "ls -A /run | grep -v clawdbot-inside && echo GOT a file of the proxy",
        ("perl -MSocket -e 'socket(S, AF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1);"
         "    setsockopt(S, SOL_SOCKET, 15, 1); bind(S, sockaddr_in(3128, INADDR_LOOPBACK)) and listen(S, 1) and print \"GOT the port\\n\"'"),
        "kill -9 -1; :",
    };
    NET(n);

    n.options.policy.n_secrets = 0;
    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        struct sandbox_outcome out = net_run(&n, arena_printf(n.f.arena, "exec 2>&1; PORT=%u; %s", n.port, lines[i]));

        if (out.timed_out || str_find(out.output, S("GOT")) != STR_NONE)
            test_failed(__FILE__, __LINE__, "%s: %.*s", lines[i], STR(out.output));
    }
    CHECK_INT(n_asked, 0);
}

TEST(garbage_and_a_thousand_connections_leave_the_gateway_unharmed)
{
    NET(n);
    n.f.limits.wall_ms = 60000;
    struct sandbox_outcome out = net_run(&n,
        "perl -MSocket -e '$SIG{PIPE} = \"IGNORE\"; my @all; for my $i (1..1000) { my $s;"
        "  socket($s, AF_INET, SOCK_STREAM, 0); $s->blocking(0); connect($s, sockaddr_in(3128, INADDR_LOOPBACK)); push @all, $s }"
        "  syswrite($_, \"\\0\\xff\" x 5000) for @all; print \"opened \", scalar @all, \"\\n\"';"
        "bash -c 'for i in 1 2 3; do head -c 100000 /dev/urandom > /dev/tcp/127.0.0.1/3128; done' 2>/dev/null;"
        "curl -sS -m 30 --noproxy '' http://localhost/x");

    CHECK_SAID(out, "opened 1000\n");
    CHECK_SAID(out, "the page, for ");
    out = net_run(&n, "curl -sS --noproxy '' http://localhost/x");
    CHECK_SAID(out, "the page, for ");
}

/* The engine hands no descriptor on: the socket comes through the folder that it binds. */
TEST(a_command_in_a_container_has_the_proxy_too)
{
    NET(n);
    if (!fixture_use("podman") || !fixture_can_run())
        return;
    struct sandbox_outcome out = net_run(&n,    /* the tests' image has no more than a shell */
        "bash -c 'exec 3<>/dev/tcp/127.0.0.1/3128; printf \"GET http://localhost/x HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n\" >&3; cat <&3'");

    CHECK_SAID(out, "the page, for ************\n");
    CHECK_STR(out.reached, "localhost");
}

/* What the configuration says reaches a tool's command, and a refusal of it stops the command. */
TEST(a_tool_has_the_proxy_that_the_configuration_opens)
{
    DESK(d);
    if (!fixture_can_run())
        return;
    CHECK_TELLS(&d, "exec", "{\"command\":\"env | grep -c -i _proxy\"}", "0\n", false);
    CHECK_OK(config_load_for_test(d.f.root, (const char *const[]){ "sandbox.network.allow=api.github.com,*.pypi.org", NULL }));
    CHECK_TELLS(&d, "exec", "{\"command\":\"env | grep -c -i _proxy\"}", "8\n", false);
    CHECK_TELLS(&d, "exec", "{\"command\":\"curl -sS http://example.org/\"}", "example.org:80 is not in sandbox.network.allow", false);
    CHECK_TELLS(&d, "exec", "{\"command\":\"echo $HTTPS_PROXY\",\"env\":{\"HTTPS_PROXY\":\"mine\"}}", "mine", false);
    CHECK_STR(str_from(sandbox_network_text(d.f.arena)), "no network but the proxy to 2 hosts (sandbox.network.allow)");
    CHECK_OK(config_load_for_test(d.f.root, (const char *const[]){ "sandbox.network.allow=http://x", NULL }));
    CHECK_REFUSES(&d, "exec", "{\"command\":\"true\"}", "sandbox.network.allow: 'http://x' is not a host such as");
}
