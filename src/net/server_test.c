// SPDX-License-Identifier: Apache-2.0
#include "net/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"
#include "net/websocket.h"
#include "runtime/clock.h"
#include "runtime/fd.h"

/* --- a server whose handler does what the path says --- */

static struct waiters news;
static size_t n_waiting, n_gone, n_handled;

static void echo_websocket(struct http_exchange *x) AWAITS
{
    struct websocket *w;
    enum websocket_type type;
    str message;

    if (http_upgrade_websocket(x, &w))
        return;
    while (websocket_receive(w, &type, &message) == OK)
        if (websocket_send(w, type, message))
            return;
}

static void pieces(struct http_exchange *x) AWAITS
{
    CHECK_OK(http_begin(x, 200, S("text/event-stream")));
    CHECK_OK(http_piece(x, S("data: a\n\n")));
    CHECK_OK(http_piece(x, S("")));
    CHECK_OK(http_piece(x, S("data: b\n\n")));
    CHECK_OK(http_end(x));
}

static void wait_for_news(struct http_exchange *x) AWAITS
{
    CHECK_OK(http_begin(x, 200, S("text/event-stream")));
    n_waiting++;
    while (http_wait_or_gone(x, &news) == OK)
        if (http_piece(x, S("news\n")))
            break;
    n_waiting--;
    n_gone++;
}

static void handle(void *arg, struct http_exchange *x) AWAITS
{
    (void)arg;
    n_handled++;
    if (str_eq(x->path, S("/silent")))
        return;
    if (str_eq(x->path, S("/pieces"))) {
        pieces(x);
        return;
    }
    if (str_eq(x->path, S("/wait"))) {
        wait_for_news(x);
        return;
    }
    if (str_eq(x->path, S("/ws"))) {
        echo_websocket(x);
        return;
    }
    if (str_eq(x->path, S("/nothing"))) {
        CHECK_OK(http_answer(x, 204, NO_STR, NO_STR));
        return;
    }
    if (str_eq(x->path, S("/split")))
        http_add_field(x, S("X"), S("a\r\nSet-Cookie: b"));
    if (str_eq(x->path, S("/big"))) {
        (void)!http_answer(x, 200, S("text/plain"), str_of(arena_alloc(x->arena, 4 << 20), 4 << 20));
        return;
    }
    http_add_field(x, S("X-Peer"), str_from(x->peer_is_loopback ? "loopback" : "far"));
    (void)!http_answer(x, 200, S("text/plain"),
                       str_from(arena_printf(x->arena, "%.*s %.*s %.*s", STR(x->method), STR(x->path), STR(x->body))));
}

struct site {
    struct server *server;
    struct fiber  *runner;
};

static enum err run_server(void *server)
{
    return server_run(server);
}

static void site_open(struct site *s, struct server_options o)
{
    o.handle = handle;
    o.host = o.host ? o.host : "127.0.0.1";
    CHECK_OK(server_open(&o, &s->server));
    s->runner = fiber_spawn("server", run_server, s->server);
    CHECK_OK(fiber_yield());
}

static void site_close(struct site *s)
{
    fiber_cancel(s->runner);
    (void)!fiber_join(s->runner);
    server_close(s->server);
}

/* --- a client that says exactly what it is told --- */

static struct fd *dial_port(unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int raw = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(connect(raw, (struct sockaddr *)&a, sizeof a) == 0);
    return fd_open(raw);
}

static struct fd *dial(const struct site *s)
{
    return dial_port(server_port(s->server));
}

/* True until the server has that many connections; gives up, so that a server that died does not hang the test. */
static bool still_not(const struct site *s, size_t connections, long *tries)
{
    CHECK(++*tries < 1000000);
    return server_connections(s->server) != connections;
}

/* Everything until the server closes; the Date fields are dropped, since they differ. */
static void read_to_end(struct fd *fd, struct buf *out) AWAITS
{
    char text[4096];
    size_t n, at;

    do {
        if (fd_read(fd, text, sizeof text, &n))
            n = 0;
        buf_add(out, str_of(text, n));
    } while (n);
    while ((at = str_find(buf_str(out), S("Date: "))) != STR_NONE) {
        size_t end = at + str_find_char(str_skip(buf_str(out), at), '\n') + 1;

        memmove(out->p + at, out->p + end, out->len - end);
        buf_cut(out, out->len - (end - at));
    }
}

/* Reads until `what` was seen. */
static void read_until(struct fd *fd, const char *what, struct buf *out) AWAITS
{
    char text[4096];
    size_t n;

    while (str_find(buf_str(out), str_from(what)) == STR_NONE) {
        CHECK_OK(fd_read(fd, text, sizeof text, &n));
        if (n == 0)
            test_failed(__FILE__, __LINE__, "the connection ended after \"%s\"", buf_c(out));
        buf_add(out, str_of(text, n));
    }
}

#define ALWAYS "HTTP/1.1 200 OK\r\nX-Peer: loopback\r\n"
#define PLAIN(length) ALWAYS "Content-Length: " length "\r\nContent-Type: text/plain\r\n"
#define CLOSE "Connection: close\r\n\r\n"

TEST(a_client_that_pipelines_leaves_the_others_their_turn)
{
    struct site s;
    CLEANUP(buf_done) struct buf many = { 0 };
    size_t most = 0, seen = 0;

    site_open(&s, (struct server_options){ 0 });
    struct fd *c = dial(&s);

    for (int i = 0; i < 100; i++)
        buf_add(&many, S("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_OK(fd_write(c, buf_str(&many)));
    n_handled = 0;
    while (n_handled < 100) {
        CHECK_OK(fiber_yield());
        most = n_handled - seen > most ? n_handled - seen : most;
        seen = n_handled;
    }
    CHECK_INT(most, 1);
    fd_close(c);
    site_close(&s);
}

TEST(answers_come_in_order_and_as_asked_for)
{
    static const struct { const char *in, *want; } facts[] = {
        { "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", PLAIN("7") CLOSE "GET /a " },
        { "GET /a HTTP/1.0\r\n\r\n", PLAIN("7") CLOSE "GET /a " },
        { "HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", PLAIN("8") CLOSE },
        { "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi"
          "GET /3 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
          PLAIN("7") "\r\nGET /1 " PLAIN("10") "\r\nPOST /2 hi" PLAIN("7") CLOSE "GET /3 " },
        { "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
          PLAIN("9") CLOSE "POST / hi" },
        { "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
          PLAIN("7") CLOSE "POST / " },
        { "GET /pieces HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n" CLOSE
          "9\r\ndata: a\n\n\r\n9\r\ndata: b\n\n\r\n0\r\n\r\n" },
        { "GET /pieces HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n" CLOSE "data: a\n\ndata: b\n\n" },
        { "HEAD /pieces HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n" CLOSE },
        { "GET /nothing HTTP/1.0\r\n\r\n", "HTTP/1.1 204 No Content\r\n" CLOSE },
        { "GET /silent HTTP/1.0\r\n\r\n",
          "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 108\r\nContent-Type: application/problem+json\r\n" CLOSE
          "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500,\"detail\":\"the request was not answered\"}\n" },
        { "GET /split HTTP/1.0\r\n\r\n",
          "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 109\r\nContent-Type: application/problem+json\r\n" CLOSE
          "{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500,\"detail\":\"the answer could not be built\"}\n" },
        { "GET / HTTP/1.1\n\n",
          "HTTP/1.1 400 Bad Request\r\nContent-Length: 102\r\nContent-Type: application/problem+json\r\n" CLOSE
          "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,\"detail\":\"a line that does not end in CRLF\"}\n" },
        { "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n",
          "HTTP/1.1 413 Content Too Large\r\nContent-Length: 97\r\nContent-Type: application/problem+json\r\n" CLOSE
          "{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,\"detail\":\"the body is too large\"}\n" },
    };
    struct site s;

    site_open(&s, (struct server_options){ .max_body = 1000 });
    for (size_t i = 0; i < N_ELEMENTS(facts); i++) {
        CLEANUP(fd_closep) struct fd *c = dial(&s);
        CLEANUP(buf_done) struct buf got = { 0 };

        CHECK_OK(fd_write(c, str_from(facts[i].in)));
        if (i + 2 >= N_ELEMENTS(facts))
            shutdown(fd_raw(c), SHUT_WR);       /* else the server lingers */
        read_to_end(c, &got);
        CHECK_STR(buf_str(&got), facts[i].want);
    }
    site_close(&s);
}

TEST(a_client_that_expects_100_gets_it_before_the_body)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, (struct server_options){ 0 });
    CLEANUP(fd_closep) struct fd *c = dial(&s);

    CHECK_OK(fd_write(c, S("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n")));
    read_until(c, "\r\n\r\n", &got);
    CHECK_STR(buf_str(&got), "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK_OK(fd_write(c, S("hi")));
    buf_clear(&got);
    read_to_end(c, &got);
    CHECK_STR(buf_str(&got), PLAIN("9") CLOSE "POST / hi");
    site_close(&s);
}

TEST(pieces_arrive_at_once_and_a_client_that_leaves_is_noticed)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, (struct server_options){ 0 });
    struct fd *c = dial(&s);

    n_gone = 0;
    CHECK_OK(fd_write(c, S("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")));
    read_until(c, "\r\n\r\n", &got);
    CHECK_INT(n_waiting, 1);
    wake_all(&news);
    read_until(c, "5\r\nnews\n\r\n", &got);
    fd_close(c);
    for (int i = 0; n_gone == 0 && i < 1000000; i++)
        CHECK_OK(fiber_yield());
    CHECK_INT(n_waiting, 0);
    site_close(&s);
}

/* Sends `begin` and no more; returns all that comes until the server closes, and how long that took. */
static uint64_t stall(const char *begin, struct buf *got) AWAITS
{
    struct site s;

    site_open(&s, (struct server_options){ .header_timeout_ms = 100, .body_timeout_ms = 200, .idle_timeout_ms = 300 });
    CLEANUP(fd_closep) struct fd *c = dial(&s);

    clock_fake(1000);
    uint64_t start = clock_ms();
    long tries = 0;

    CHECK_OK(fd_write(c, str_from(begin)));
    while (still_not(&s, 1, &tries))
        CHECK_OK(fiber_yield());
    while (still_not(&s, 0, &tries)) {
        for (int i = 0; i < 20; i++)
            CHECK_OK(fiber_yield());
        clock_advance(1);
    }
    uint64_t took = clock_ms() - start;

    clock_real();
    read_to_end(c, got);
    site_close(&s);
    return took;
}

TEST(slow_clients_are_cut)
{
    static const struct { const char *begin; uint64_t at_least; const char *want; } facts[] = {
        { "", 100, "" },
        { "GET /a HT", 100, "HTTP/1.1 408 Request Timeout\r\n" },
        { "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", 200, "HTTP/1.1 408 Request Timeout\r\n" },
        { "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 300, PLAIN("6") "\r\nGET / " },
    };
    for (size_t i = 0; i < N_ELEMENTS(facts); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };
        uint64_t took = stall(facts[i].begin, &got);

        CHECK(took >= facts[i].at_least && took < facts[i].at_least + 2500);
        CHECK_STR(str_take(buf_str(&got), strlen(facts[i].want)), facts[i].want);
        CHECK_INT(got.len > 0, facts[i].want[0] != '\0');
    }
}

TEST(a_client_that_does_not_read_is_cut)
{
    struct site s;

    site_open(&s, (struct server_options){ .write_timeout_ms = 30 });
    CLEANUP(fd_closep) struct fd *c = dial(&s);
    int small = 4096;
    long tries = 0;

    setsockopt(fd_raw(c), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    CHECK_OK(fd_write(c, S("GET /big HTTP/1.1\r\nHost: h\r\n\r\nGET /big HTTP/1.1\r\nHost: h\r\n\r\n")));
    clock_fake(1000);
    while (still_not(&s, 1, &tries))
        CHECK_OK(fiber_yield());
    while (still_not(&s, 0, &tries)) {
        clock_advance(10000);
        for (int i = 0; i < 100; i++)
            CHECK_OK(fiber_yield());
    }
    clock_real();
    site_close(&s);
}

TEST(one_address_has_only_so_many_connections)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, (struct server_options){ .max_per_address = 2 });
    CLEANUP(fd_closep) struct fd *a = dial(&s);
    struct fd *b = dial(&s);
    struct fd *c = dial(&s);
    long tries = 0;

    read_to_end(c, &got);
    CHECK_STR(str_take(buf_str(&got), 12), "HTTP/1.1 503");
    CHECK_INT(server_connections(s.server), 2);
    fd_close(b);
    fd_close(c);
    while (still_not(&s, 1, &tries))
        CHECK_OK(fiber_yield());
    c = dial(&s);
    CHECK_OK(fd_write(c, S("GET / HTTP/1.0\r\n\r\n")));
    buf_clear(&got);
    read_to_end(c, &got);
    CHECK_STR(buf_str(&got), PLAIN("6") CLOSE "GET / ");
    fd_close(c);
    site_close(&s);
}

TEST(a_drain_lets_requests_finish_and_closes_the_rest)
{
    CLEANUP(buf_done) struct buf got = { 0 }, ignored = { 0 };
    struct site s;

    site_open(&s, (struct server_options){ 0 });
    CLEANUP(fd_closep) struct fd *idle = dial(&s);
    CLEANUP(fd_closep) struct fd *busy = dial(&s);

    CHECK_OK(fd_write(busy, S("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nh")));
    CHECK_OK(fd_write(idle, S("GET / HTTP/1.1\r\nHost: h\r\n\r\n")));
    read_until(idle, "GET / ", &ignored);      /* what `busy` wrote before was read before */
    CHECK_OK(fd_write(busy, S("i")));
    CHECK_OK(server_drain(s.server, 5000));
    CHECK_INT(server_connections(s.server), 0);
    read_to_end(busy, &got);
    CHECK_STR(buf_str(&got), PLAIN("9") CLOSE "POST / hi");
    buf_clear(&got);
    read_to_end(idle, &got);
    CHECK_STR(buf_str(&got), "");
    CHECK_OK(fiber_join(s.runner));
    server_close(s.server);
}

TEST(a_drain_cuts_what_does_not_end)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, (struct server_options){ 0 });
    CLEANUP(fd_closep) struct fd *c = dial(&s);

    n_gone = 0;
    CHECK_OK(fd_write(c, S("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n")));
    read_until(c, "\r\n\r\n", &got);
    CHECK_OK(server_drain(s.server, 10));
    CHECK_INT(n_gone, 1);
    CHECK_INT(server_connections(s.server), 0);
    CHECK_OK(fiber_join(s.runner));
    server_close(s.server);
}

TEST(a_taken_port_is_a_conflict_and_a_name_is_no_address)
{
    struct server *other = NULL;
    struct site s;

    site_open(&s, (struct server_options){ 0 });
    struct server_options o = { .host = "127.0.0.1", .port = server_port(s.server), .handle = handle };

    CHECK_ERR(server_open(&o, &other), ERR_CONFLICT);
    o.host = "example.org";
    CHECK_ERR(server_open(&o, &other), ERR_INPUT);
    o = (struct server_options){ .host = "127.0.0.1", .redirect_port = 1, .handle = handle };
    CHECK_ERR(server_open(&o, &other), ERR_INPUT);
    o = (struct server_options){ .host = "127.0.0.1", .cert_file = "/nonexistent", .handle = handle };
    CHECK_ERR(server_open(&o, &other), ERR_INPUT);
    CHECK(other == NULL);
    site_close(&s);
}

TEST(ipv4_through_an_ipv6_socket_is_loopback_too)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    if (access("/proc/net/if_inet6", F_OK) != 0)
        return;     /* no IPv6 here */
    site_open(&s, (struct server_options){ .host = "::" });
    CLEANUP(fd_closep) struct fd *c = dial(&s);

    CHECK_OK(fd_write(c, S("GET / HTTP/1.0\r\n\r\n")));
    read_to_end(c, &got);
    CHECK_STR(buf_str(&got), PLAIN("6") CLOSE "GET / ");
    site_close(&s);
}

TEST(running_out_of_descriptors_pauses_accepting)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct rlimit old, low;
    struct site s;
    int spare;

    site_open(&s, (struct server_options){ 0 });
    CLEANUP(fd_closep) struct fd *c = dial(&s);

    CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
    spare = dup(0);
    close(spare);
    low = (struct rlimit){ (rlim_t)spare, old.rlim_max };
    CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
    CHECK_OK(fd_write(c, S("GET / HTTP/1.0\r\n\r\n")));
    CHECK_OK(fiber_sleep(20));
    CHECK_INT(server_connections(s.server), 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
    read_to_end(c, &got);
    CHECK_STR(buf_str(&got), PLAIN("6") CLOSE "GET / ");
    site_close(&s);
}

#define UPGRADE "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

TEST(a_websocket_begins_only_as_the_standard_says)
{
    static const struct { const char *in, *want; } facts[] = {
        { UPGRADE KEY VERSION "\r\n\x81\x82\1\2\3\4ik\x88\x80" "abcd",
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi\x88" },
        { UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n",
          "HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" },
        { UPGRADE KEY "\r\n", "HTTP/1.1 426 " },
        { UPGRADE VERSION "\r\n", "HTTP/1.1 400 " },
        { UPGRADE VERSION "Sec-WebSocket-Key: c2hvcnQ=\r\n\r\n", "HTTP/1.1 400 " },
        { "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n" KEY VERSION "\r\n", "HTTP/1.1 426 " },
        { "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n" KEY VERSION "\r\n", "HTTP/1.1 426 " },
        { "POST /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" KEY VERSION "\r\n", "HTTP/1.1 400 " },
    };
    struct site s;

    site_open(&s, (struct server_options){ 0 });
    for (size_t i = 0; i < N_ELEMENTS(facts); i++) {
        CLEANUP(fd_closep) struct fd *c = dial(&s);
        CLEANUP(buf_done) struct buf got = { 0 };

        CHECK_OK(fd_write(c, str_from(facts[i].in)));
        shutdown(fd_raw(c), SHUT_WR);
        read_to_end(c, &got);
        CHECK_STR(str_take(buf_str(&got), strlen(facts[i].want)), facts[i].want);
    }
    site_close(&s);
}
