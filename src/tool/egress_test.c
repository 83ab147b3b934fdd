// SPDX-License-Identifier: Apache-2.0
/* The proxy alone: the test is the command, its listening socket is ours, names resolve as a table says. */
#include "base/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "net/server.h"
#include "net/test_certificate.h"
#include "runtime/clock.h"
#include "runtime/fd.h"
#include "tool/egress.h"

/* --- the other side --- */

static struct buf seen;         /* what the server was asked, a line each */

static void handle(void *arg UNUSED, struct http_exchange *x) AWAITS
{
    str key = http_exchange_field(x, S("Authorization"));
    CLEANUP(buf_done) struct buf body = { 0 };

    buf_addf(&seen, "%.*s %.*s host=%.*s key=%.*s body=%.*s\n", STR(x->method), STR(x->target), STR(x->host), STR(key), STR(x->body));
    if (key.len)
        http_add_field(x, S("X-Echo"), key);
    if (str_eq(x->path, S("/big")))
        for (int i = 0; i < 10000; i++)
            buf_add(&body, S("0123456789"));
    buf_addf(&body, "you are %.*s\n", STR(key));
    (void)!http_answer(x, 200, S("text/plain"), buf_str(&body));
}

/* --- names --- */

static struct { const char *name; const char *addresses[3]; } names[8];
static size_t n_lookups;

static void put(union address *to, const char *text, unsigned port)
{
    if (inet_pton(AF_INET, text, &to->v4.sin_addr) == 1) {
        to->v4.sin_family = AF_INET;
        to->v4.sin_port = htons((uint16_t)port);
        return;
    }
    CHECK(inet_pton(AF_INET6, text, &to->v6.sin6_addr) == 1);
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons((uint16_t)port);
}

static enum err look_up(const char *host, unsigned port, struct addresses *out)
{
    n_lookups++;
    *out = (struct addresses){ 0 };
    for (size_t i = 0; i < N_ELEMENTS(names) && names[i].name; i++)
        if (strcmp(names[i].name, host) == 0)
            for (size_t j = 0; j < 3 && names[i].addresses[j]; j++)
                put(&out->items[out->n++], names[i].addresses[j], port);
    return out->n ? OK : failed(ERR_NOT_FOUND, "%s: there is no such host", host);
}

/* --- the world --- */

struct world {
    struct arena  *arena;
    struct server *plain, *tls;
    struct fibers  servers;
    struct test_certificate certificate;
    struct egress_options options;
    struct egress *egress;
    struct sockaddr_in proxy;
    struct buf     notes;
};

static void note(void *arg, const struct egress_note *n)
{
    static const char *const events[] = { "refused", "opened", "ended" };
    struct world *w = arg;

    buf_addf(&w->notes, "%s %.*s%s%.*s %.*s%s", events[n->event], STR(n->host), n->address.len ? " at " : "", STR(n->address), STR(n->decision),
             n->event == EGRESS_ENDED && n->sent && n->received ? " with bytes\n" : "\n");
    CHECK_STR(n->person, "owner");
    CHECK_STR(n->call_id, "call7");
}

static enum err secret(void *arg UNUSED, str name, str *out)
{
    *out = str_eq(name, S("key")) ? S("s3cret/key") : S("line\r\nbreak");
    return str_eq(name, S("none")) ? failed(ERR_NOT_FOUND, "there is no secret \"none\"") : OK;
}

static enum err run_server(void *server) AWAITS
{
    return server_run(server);
}

static void open_servers(struct world *w)
{
    struct server_options o = { .host = "127.0.0.1", .handle = handle };

    test_certificate_make(&w->certificate, "localhost");
    CHECK_OK(server_open(&o, &w->plain));
    o.cert_file = w->certificate.cert;
    o.key_file = w->certificate.key;
    CHECK_OK(server_open(&o, &w->tls));
    fibers_spawn(&w->servers, "plain", run_server, w->plain);
    fibers_spawn(&w->servers, "tls", run_server, w->tls);
}

/* The rules as the configuration has them, %P and %T for the ports of the two servers. */
static str with_ports(struct world *w, const char *text)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (; *text; text++) {
        if (text[0] == '%' && (text[1] == 'P' || text[1] == 'T'))
            buf_addf(&b, "%u", server_port(*++text == 'P' ? w->plain : w->tls));
        else
            buf_add_char(&b, *text);
    }
    return arena_str(w->arena, buf_str(&b));
}

static void add_rules(struct world *w, const char *text, struct egress_rule **rules, size_t *n)
{
    str rest = with_ports(w, text), one;

    *rules = arena_alloc(w->arena, 10 * sizeof **rules);
    while (rest.len && str_split(&rest, ' ', &one))
        CHECK_OK(egress_rule_parse(w->arena, one, &(*rules)[(*n)++]));
}

/* As clawdbot-inside does it. */
static void hand_over(int to, int fd)
{
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } control = { 0 };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    CHECK(sendmsg(to, &m, 0) == 1);
}

static void open_egress(struct world *w)
{
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof w->proxy;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), child;

    CHECK(bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, 128) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&w->proxy, &size) == 0);
    CHECK_OK(egress_open(w->arena, &w->options, &w->egress, &child));
    hand_over(child, fd);
    close(fd);
    close(child);
}

static void open_world(struct world *w, const char *allow, const char *private_hosts)
{
    *w = (struct world){ .arena = arena_new(), .servers = { .independent = true } };
    struct egress_policy *p = &w->options.policy;

    memset(names, 0, sizeof names);
    n_lookups = 0;
    buf_clear(&seen);
    open_servers(w);
    *p = (struct egress_policy){ .connections = 1000, .bytes = 1 << 20, .idle_ms = 20000 };
    add_rules(w, allow, &p->allow, &p->n_allow);
    add_rules(w, private_hosts, &p->private_hosts, &p->n_private);
    w->options.person = S("owner");
    w->options.call_id = S("call7");
    egress_use(&(struct egress_services){ .on_connection = note, .secret = secret, .lookup = look_up,
                                          .ca_file = w->certificate.cert, .arg = w });
    open_egress(w);
}

static void close_world(struct world *w)
{
    egress_close(w->egress);
    fibers_done(&w->servers);
    server_close(w->plain);
    server_close(w->tls);
    test_certificate_remove(&w->certificate);
    egress_use(&(struct egress_services){ 0 });
    buf_done(&w->notes);
    buf_done(&seen);
    arena_free(w->arena);
}

#define WORLD(w, allow, private_hosts) CLEANUP(close_world) struct world w; open_world(&w, allow, private_hosts)

static struct fd *call(struct world *w)
{
    int raw = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(raw >= 0 && connect(raw, (struct sockaddr *)&w->proxy, sizeof w->proxy) == 0);
    return fd_open(raw);
}

/* All that comes until the end. */
static str read_all(struct world *w, struct fd *fd) AWAITS
{
    CLEANUP(buf_done) struct buf got = { 0 };
    CLEANUP(deadline_clear) struct deadline d;
    char piece[4096];
    size_t n = 1;

    deadline_set(&d, 20000);
    while (n) {
        if (fd_read(fd, piece, sizeof piece, &n) != OK) {
            CHECK(fiber_check() == OK);     /* reset is an end too */
            break;
        }
        buf_add(&got, str_of(piece, n));
    }
    return arena_str(w->arena, buf_str(&got));
}

static str ask(struct world *w, const char *request) AWAITS
{
    CLEANUP(fd_closep) struct fd *fd = call(w);

    CHECK_OK(fd_write(fd, with_ports(w, request)));
    return read_all(w, fd);
}

#define CHECK_HAS(text, part) \
    do { str has_ = (text); if (str_find(has_, str_from(part)) == STR_NONE) \
        test_failed(__FILE__, __LINE__, "no \"%s\" in: %.*s", (part), STR(has_)); } while (0)

/* The connection's end is noticed a moment later. */
static void wait_for_note(struct world *w, const char *part) AWAITS
{
    for (int i = 0; i < 2000 && str_find(buf_str(&w->notes), str_from(part)) == STR_NONE; i++)
        CHECK_OK(fiber_sleep(5));
    CHECK_HAS(buf_str(&w->notes), part);
}

/* --- what goes through --- */

TEST(a_plain_request_reaches_an_allowed_host)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    str got = ask(&w, "GET http://api.test:%P/a?b HTTP/1.1\r\nHost: evil.test\r\n\r\n");

    CHECK(str_starts(got, S("HTTP/1.1 200 ")));
    CHECK_HAS(buf_str(&seen), arena_printf(w.arena, "GET /a?b host=api.test:%u key= body=\n", server_port(w.plain)));
    wait_for_note(&w, "ended api.test at 127.0.0.1 ended with bytes\n");
    CHECK(str_starts(buf_str(&w.notes), S("opened api.test at 127.0.0.1 sandbox.network.allow api.test\n")));
    CHECK_STR(egress_reached(w.egress), "api.test");
    CHECK_INT(n_lookups, 1);
}

TEST(a_body_goes_through_as_it_was_framed)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";

    (void)ask(&w, "POST http://api.test:%P/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
    CHECK_HAS(buf_str(&seen), "body=hello\n");
    (void)ask(&w, "POST http://api.test:%P/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nin \r\n6\r\npieces\r\n0\r\nT: x\r\n\r\n");
    CHECK_HAS(buf_str(&seen), "body=in pieces\n");
    str got = ask(&w, "POST http://api.test:%P/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi");

    CHECK(str_starts(got, S("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 ")));
    got = ask(&w, "POST http://api.test:%P/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nin \r\nzz\r\n");
    CHECK(str_find(got, S("200")) == STR_NONE);
    CHECK(str_find(buf_str(&seen), S("body=in \n")) == STR_NONE);
}

TEST(a_second_request_on_a_connection_is_not_passed_on)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    (void)ask(&w, "GET http://api.test:%P/one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: metadata\r\n\r\n");

    CHECK_HAS(buf_str(&seen), "GET /one");
    CHECK(str_find(buf_str(&seen), S("/two")) == STR_NONE);
}

TEST(a_tunnel_carries_bytes_both_ways)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    str got = ask(&w, "CONNECT api.test:%P HTTP/1.1\r\nHost: a\r\n\r\nGET /in HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n\r\n");

    CHECK(str_starts(got, S("HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 200 ")));
    CHECK_HAS(buf_str(&seen), "GET /in host=inner");
    wait_for_note(&w, "ended api.test at 127.0.0.1 ended with bytes\n");
}

/* --- what does not --- */

static void check_refused(struct world *w, const char *request, const char *status, const char *decision) AWAITS
{
    str got;

    buf_clear(&w->notes);
    got = ask(w, request);
    if (!str_starts(got, str_from(arena_printf(w->arena, "HTTP/1.1 %s ", status))))
        test_failed(__FILE__, __LINE__, "%s: %.*s", request, STR(got));
    CHECK_HAS(buf_str(&w->notes), "refused ");
    CHECK_HAS(buf_str(&w->notes), decision);
    CHECK_HAS(got, decision);
}

TEST(a_host_that_is_not_allowed_is_not_even_looked_up)
{
    WORLD(w, "api.test *.good.test ok.test:%P", "");

    check_refused(&w, "GET http://evil.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "evil.test:80 is not in sandbox.network.allow");
    check_refused(&w, "CONNECT evil.test:443 HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "evil.test:443 is not in sandbox.network.allow");
    check_refused(&w, "CONNECT api.test:25 HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "api.test:25 is not");
    check_refused(&w, "CONNECT good.test:443 HTTP/1.1\r\nHost: a\r\n\r\n", "403", "good.test:443 is not");
    check_refused(&w, "CONNECT 127.0.0.1:%P HTTP/1.1\r\nHost: a\r\n\r\n", "403", "is not in sandbox.network.allow");
    check_refused(&w, "CONNECT [::1]:443 HTTP/1.1\r\nHost: a\r\n\r\n", "403", "is not in sandbox.network.allow");
    CHECK_INT(n_lookups, 0);
    CHECK_INT(seen.len, 0);
}

TEST(a_private_address_is_refused_whatever_its_name)
{
    static const char *const addresses[] = {
        "127.0.0.1", "127.8.8.8", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1",
        "::1", "::", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::1", "fd00:ec2::254", "fe80::1", "fc00::1",
    };
    WORLD(w, "* *:%P", "other.test");

    names[0].name = "inner.test";
    for (size_t i = 0; i < N_ELEMENTS(addresses); i++) {
        names[0].addresses[0] = addresses[i];
        check_refused(&w, "CONNECT inner.test:443 HTTP/1.1\r\nHost: a\r\n\r\n", "403", "private address");
        check_refused(&w, "GET http://inner.test/latest/meta-data HTTP/1.1\r\nHost: a\r\n\r\n", "403", addresses[i]);
    }
    names[0].name = "metadata.google.internal", names[0].addresses[0] = "169.254.169.254";
    check_refused(&w, "GET http://metadata.google.internal/ HTTP/1.1\r\nHost: a\r\n\r\n", "403", "private address");
    CHECK_INT(seen.len, 0);
}

/* The first answer leads where it may, the second elsewhere: what is connected to is what was checked. */
TEST(a_name_that_changes_its_address_is_checked_each_time)
{
    WORLD(w, "api.test:%P", "127.0.0.1");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    const char *request = "GET http://api.test:%P/x HTTP/1.1\r\nHost: a\r\n\r\n";

    CHECK(str_starts(ask(&w, request), S("HTTP/1.1 200 ")));
    CHECK_INT(n_lookups, 1);
    names[0].addresses[0] = "127.0.0.2";
    check_refused(&w, request, "403", "api.test is 127.0.0.2, a private address");
    CHECK_INT(n_lookups, 2);
    names[0].addresses[1] = "127.0.0.1";        /* of several, one that may be reached is taken */
    CHECK(str_starts(ask(&w, request), S("HTTP/1.1 200 ")));
    wait_for_note(&w, "opened api.test at 127.0.0.1 ");
}

TEST(what_is_no_request_is_refused_and_told)
{
    WORLD(w, "* *:%P", "api.test");

    check_refused(&w, "hello there\r\n\r\n", "400", "bad");
    check_refused(&w, "\x16\x03\x01\x02\x01 GET\r\n\r\n", "400", "bad method");
    check_refused(&w, "GET / HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "this is a proxy");
    check_refused(&w, "GET http://u:p@api.test/ HTTP/1.1\r\nHost: a\r\n\r\n", "400", "bad host in the target");
    check_refused(&w, "GET http://api.test/\r\nX: HTTP/1.1\r\nHost: a\r\n\r\n", "400", "bad");
    check_refused(&w, "GET http://api.test/ HTTP/1.1\nHost: a\n\n", "400", "CRLF");
    check_refused(&w, "CONNECT api.test HTTP/1.1\r\nHost: a\r\n\r\n", "400", "CONNECT wants a host and a port");
    check_refused(&w, "GET http://nowhere.test/ HTTP/1.1\r\nHost: a\r\n\r\n", "502", "there is no such host");
    CHECK_INT(seen.len, 0);
}

TEST(a_server_that_is_not_there_is_told)
{
    WORLD(w, "api.test:1", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";

    check_refused(&w, "CONNECT api.test:1 HTTP/1.1\r\nHost: a\r\n\r\n", "502", "Connection refused");
}

/* --- secrets --- */

static void use_secret(struct world *w, const char *name)
{
    struct egress_secret *s = ARENA_NEW(w->arena, struct egress_secret);

    *s = (struct egress_secret){ .host = S("localhost"), .port = server_port(w->tls), .header = S("Authorization"),
                                 .prefix = S("Bearer "), .name = str_from(name) };
    w->options.policy.secrets = s;
    w->options.policy.n_secrets = 1;
}

TEST(a_secret_is_added_where_the_proxy_speaks_tls_and_hidden_in_the_answer)
{
    WORLD(w, "localhost:%T localhost:%P", "localhost");
    names[0].name = "localhost", names[0].addresses[0] = "127.0.0.1";
    use_secret(&w, "key");
    str got = ask(&w, "GET http://localhost:%T/v1 HTTP/1.1\r\nHost: a\r\nAuthorization: mine\r\n\r\n");

    CHECK(str_starts(got, S("HTTP/1.1 200 ")));
    CHECK_HAS(buf_str(&seen), "key=Bearer s3cret/key body=");
    CHECK_HAS(got, "X-Echo: Bearer **********\r\n");
    CHECK_HAS(got, "you are Bearer **********\n");
    CHECK(str_find(got, S("s3cret")) == STR_NONE);
    buf_clear(&seen);
    got = ask(&w, "GET http://localhost/v1 HTTP/1.1\r\nHost: a\r\n\r\n");       /* the usual way to ask */
    CHECK_HAS(got, "you are Bearer **********\n");
    buf_clear(&seen);
    (void)ask(&w, "GET http://localhost:%P/ HTTP/1.1\r\nHost: a\r\n\r\n");      /* another port is another server */
    CHECK_HAS(buf_str(&seen), "key= body=");
}

TEST(a_secret_goes_to_nobody_whose_certificate_does_not_fit)
{
    WORLD(w, "localhost:%T", "localhost");
    names[0].name = "localhost", names[0].addresses[0] = "127.0.0.1";
    use_secret(&w, "key");
    egress_use(&(struct egress_services){ .on_connection = note, .secret = secret, .lookup = look_up, .arg = &w });
    str got = ask(&w, "GET http://localhost/v1 HTTP/1.1\r\nHost: a\r\n\r\n");

    CHECK(str_starts(got, S("HTTP/1.1 502 ")));
    CHECK_HAS(got, "TLS handshake: self-signed certificate");
    CHECK_INT(seen.len, 0);
}

TEST(a_secret_that_is_missing_or_does_not_fit_sends_nothing)
{
    WORLD(w, "localhost:%T", "localhost");
    names[0].name = "localhost", names[0].addresses[0] = "127.0.0.1";
    use_secret(&w, "none");
    check_refused(&w, "GET http://localhost/v1 HTTP/1.1\r\nHost: a\r\n\r\n", "502", "there is no secret \"none\"");
    use_secret(&w, "broken");
    check_refused(&w, "GET http://localhost/v1 HTTP/1.1\r\nHost: a\r\n\r\n", "400", "does not fit into a header");
    CHECK_INT(n_lookups, 0);
    CHECK_INT(seen.len, 0);
}

TEST(a_tunnel_carries_no_secret)
{
    WORLD(w, "localhost:%P", "localhost");
    names[0].name = "localhost", names[0].addresses[0] = "127.0.0.1";
    use_secret(&w, "key");
    w.options.policy.secrets->port = server_port(w.plain);
    (void)ask(&w, "CONNECT localhost:%P HTTP/1.1\r\nHost: a\r\n\r\nGET /in HTTP/1.1\r\nHost: inner\r\nConnection: close\r\n\r\n");

    CHECK_HAS(buf_str(&seen), "GET /in host=inner key= body=");
}

/* --- limits --- */

TEST(a_command_moves_so_many_bytes_and_no_more)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    w.options.policy.bytes = 50000;
    str got = ask(&w, "GET http://api.test:%P/big HTTP/1.1\r\nHost: a\r\n\r\n");

    CHECK(got.len <= 50000 + (16 << 10));
    check_refused(&w, "GET http://api.test:%P/ HTTP/1.1\r\nHost: a\r\n\r\n", "403", "more than sandbox.network.bytes");
    CHECK_STR(buf_str(&seen), arena_printf(w.arena, "GET /big host=api.test:%u key= body=\n", server_port(w.plain)));
}

TEST(a_command_makes_so_many_connections_and_no_more)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    const char *request = "GET http://api.test:%P/ HTTP/1.1\r\nHost: a\r\n\r\n";

    w.options.policy.connections = 2;
    CHECK(ask(&w, request).len > 0);
    CHECK(ask(&w, request).len > 0);
    for (int i = 0; i < 3; i++) {
        CLEANUP(fd_closep) struct fd *fd = call(&w);

        CHECK_INT(read_all(&w, fd).len, 0);
    }
    size_t first = str_find(buf_str(&w.notes), S("more than sandbox.network.connections"));

    CHECK(first != STR_NONE);
    CHECK(str_find(str_skip(buf_str(&w.notes), first + 1), S("more than")) == STR_NONE);    /* told once */
}

TEST(a_connection_on_which_nothing_moves_is_closed)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    w.options.policy.idle_ms = 100;
    str got = ask(&w, "CONNECT api.test:%P HTTP/1.1\r\nHost: a\r\n\r\n");

    CHECK_STR(got, "HTTP/1.1 200 Connection established\r\n\r\n");
}

TEST(many_connections_at_once_are_served_in_turn)
{
    enum { MANY = 100 };
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    struct fd *fds[MANY];

    for (int i = 0; i < MANY; i++) {
        fds[i] = call(&w);
        CHECK_OK(fd_write(fds[i], with_ports(&w, "GET http://api.test:%P/ HTTP/1.1\r\nHost: a\r\n\r\n")));
    }
    for (int i = 0; i < MANY; i++) {
        CHECK(str_starts(read_all(&w, fds[i]), S("HTTP/1.1 200 ")));
        fd_close(fds[i]);
    }
}

/* Whatever state its connections are in: the test fails if a fiber is left. */
TEST(everything_ends_with_the_job)
{
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    CLEANUP(fd_closep) struct fd *silent = call(&w);
    CLEANUP(fd_closep) struct fd *half = call(&w);
    CLEANUP(fd_closep) struct fd *tunnel = call(&w);
    char text[100];
    size_t n;

    CHECK_OK(fd_write(half, S("POST http://api.test")));
    CHECK_OK(fd_write(tunnel, with_ports(&w, "CONNECT api.test:%P HTTP/1.1\r\nHost: a\r\n\r\n")));
    CHECK_OK(fd_read(tunnel, text, sizeof text, &n));
    egress_close(w.egress);
    w.egress = NULL;
    CHECK_INT(read_all(&w, silent).len, 0);
    CHECK_INT(read_all(&w, half).len, 0);
    CHECK_INT(read_all(&w, tunnel).len, 0);
    CHECK_HAS(buf_str(&w.notes), "ended api.test at 127.0.0.1 ended");
}

/* What a container sees is a socket in a folder: once clawdbot-inside has called, nobody answers there. */
TEST(a_socket_in_a_folder_answers_one_call)
{
    char folder[] = "/tmp/clawdbot-test-XXXXXX";
    WORLD(w, "api.test:%P", "api.test");
    names[0].name = "api.test", names[0].addresses[0] = "127.0.0.1";
    struct sockaddr_un there = { .sun_family = AF_UNIX };
    struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof w.proxy;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), first = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int second = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    CHECK(mkdtemp(folder) != NULL);
    snprintf(there.sun_path, sizeof there.sun_path, "%s/egress", folder);
    egress_close(w.egress);
    CHECK_OK(egress_open_at(w.arena, &w.options, there.sun_path, &w.egress));
    CHECK(bind(fd, (struct sockaddr *)&here, sizeof here) == 0 && listen(fd, 8) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&w.proxy, &size) == 0);
    CHECK(connect(first, (struct sockaddr *)&there, sizeof there) == 0);
    hand_over(first, fd);
    close(fd);
    close(first);
    CHECK(str_starts(ask(&w, "GET http://api.test:%P/ HTTP/1.1\r\nHost: a\r\n\r\n"), S("HTTP/1.1 200 ")));
    CHECK(connect(second, (struct sockaddr *)&there, sizeof there) != 0 && errno == ECONNREFUSED);
    close(second);
    unlink(there.sun_path);
    rmdir(folder);
}

TEST(a_job_that_never_hands_over_its_socket_costs_nothing)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct egress_options o = { 0 };
    struct egress *e;
    int child;

    CHECK_OK(egress_open(a, &o, &e, &child));
    CHECK_OK(fiber_yield());
    close(child);
    CHECK_OK(fiber_yield());
    egress_close(e);
    CHECK_OK(egress_open(a, &o, &e, &child));
    CHECK(write(child, "x", 1) == 1);       /* words instead of a socket */
    CHECK_OK(fiber_sleep(1));
    close(child);
    egress_close(e);
}
