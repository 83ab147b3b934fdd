// SPDX-License-Identifier: Apache-2.0
#include "net/client.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/metrics.h"
#include "base/test.h"
#include "runtime/clock.h"
#include "runtime/fd.h"

/* --- a server of forty lines: what it does is the path's to say --- */

static struct {
    struct fd     *listener;
    struct fibers  group;
    struct waiters news;
    unsigned       port, connections, requests;
    struct buf     last;            /* the latest request, head and body */
    uint64_t       written;
} server;

struct peer { struct fd *fd; struct buf in; };

static void peer_done(struct peer *p)
{
    fd_close(p->fd);
    buf_done(&p->in);
}

/* Head and body of one request; ERR_NOT_FOUND at the end of the connection. */
static enum err take_request(struct peer *p)
{
    size_t n, end, length = 0;
    char piece[65536];

    for (;;) {
        end = str_find(buf_str(&p->in), S("\r\n\r\n"));
        size_t at = str_find(buf_str(&p->in), S("Content-Length: "));

        if (end != STR_NONE && at < end)
            length = (size_t)atol(p->in.p + at + 16);
        if (end != STR_NONE && p->in.len >= end + 4 + length)
            break;
        TRY(fd_read(p->fd, piece, sizeof piece, &n));
        if (n == 0)
            return failed(ERR_NOT_FOUND, "closed");
        buf_add(&p->in, str_of(piece, n));
    }
    buf_clear(&server.last);
    buf_add(&server.last, str_take(buf_str(&p->in), end + 4 + length));
    buf_drop(&p->in, end + 4 + length);
    server.requests++;
    wake_all(&server.news);
    return OK;
}

static enum err for_ever(void)
{
    struct waiters never = {0};

    return wait_on(&never, "never");
}

static enum err write_endlessly(struct fd *fd)
{
    static char zeros[65536];

    TRY(fd_write(fd, S("HTTP/1.1 200 OK\r\n\r\n")));
    for (;;) {
        TRY(fd_write(fd, str_of(zeros, sizeof zeros)));
        server.written += sizeof zeros;
        TRY(fiber_yield());
    }
}

static enum err write_chunks(struct fd *fd)
{
    static const char *const pieces[] = {
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Enco", "ding: chunked\r\nX-One: 1\r\nX-Empty:\r\n\r\n3\r\nab", "c\r\n",
        "4\r\ndefg\r\n", "0\r\nX-Trailer: t\r\n\r\n",
    };
    for (size_t i = 0; i < N_ELEMENTS(pieces); i++) {
        TRY(fd_write(fd, str_from(pieces[i])));
        TRY(fiber_yield());
    }
    return OK;
}

static bool asked_for(const char *path)
{
    CLEANUP(buf_done) struct buf want = {0};

    buf_addf(&want, " %s HTTP/1.1\r\n", path);
    return str_find(buf_str(&server.last), buf_str(&want)) != STR_NONE;
}

static enum err write_zipped(struct fd *fd)
{
    static const char bytes[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xac\xeb\x5f\xc2\x1a\x1e"
        "\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
        "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xaf\x06"
        "\x87\xfa\xe2\x1b\xa0\x86\x01\x00";
    CLEANUP(buf_done) struct buf all = {0};

    buf_addf(&all, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n", sizeof bytes - 1);
    buf_add(&all, str_of(bytes, sizeof bytes - 1));
    return fd_write(fd, buf_str(&all));
}

static enum err answer(struct fd *fd)
{
    if (asked_for("/hello"))
        return fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"));
    if (asked_for("/chunks"))
        return write_chunks(fd);
    if (asked_for("/endless"))
        return write_endlessly(fd);
    if (asked_for("/silent"))
        return for_ever();
    if (asked_for("/stalls")) {
        TRY(fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")));
        return for_ever();
    }
    if (asked_for("/cut"))
        return failed(ERR_NET, "cut");
    if (asked_for("/cut-body")) {
        TRY(fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")));
        return failed(ERR_NET, "cut");
    }
    if (asked_for("/away"))
        return fd_write(fd, S("HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 4\r\n\r\ngone"));
    if (asked_for("/gzip"))     /* 100,000 times 'a' */
        return write_zipped(fd);
    if (asked_for("/around"))
        return fd_write(fd, S("HTTP/1.1 302 Found\r\nLocation: /around\r\nContent-Length: 0\r\n\r\n"));
    if (asked_for("/none"))
        return fd_write(fd, S("HTTP/1.1 204 No Content\r\n\r\n"));
    if (asked_for("/noise")) {
        TRY(fd_write(fd, S("\x16\x03\x01 not http\r\n\r\n")));
        return failed(ERR_NET, "cut");
    }
    if (asked_for("/once")) {       /* answers the first request of a connection, and closes at the second */
        static unsigned seen;

        return ++seen % 2 ? fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")) : failed(ERR_NET, "cut");
    }
    return fd_write(fd, S("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"));
}

static enum err serve(void *arg)
{
    CLEANUP(peer_done) struct peer p = { .fd = arg };

    for (;;) {
        TRY(take_request(&p));
        TRY(answer(p.fd));
    }
}

static enum err accept_all(void *arg UNUSED)
{
    for (;;) {
        int events, raw;

        TRY(fd_wait(server.listener, FD_READ, &events));
        raw = accept(fd_raw(server.listener), NULL, NULL);
        if (raw < 0)
            continue;
        server.connections++;
        fibers_spawn(&server.group, "serve", serve, fd_open(raw));
    }
}

static void serve_on(int raw, const struct sockaddr *address, socklen_t size)
{
    CHECK(bind(raw, address, size) == 0 && listen(raw, 64) == 0);
    server.listener = fd_open(raw);
    server.group = (struct fibers){ .independent = true };
    fibers_spawn(&server.group, "accept", accept_all, NULL);
}

static void server_start(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int raw = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof a;

    memset(&server, 0, sizeof server);
    serve_on(raw, (struct sockaddr *)&a, sizeof a);
    getsockname(raw, (struct sockaddr *)&a, &size);
    server.port = ntohs(a.sin_port);
}

static void server_stop(void *unused UNUSED)
{
    fibers_done(&server.group);
    fd_close(server.listener);
    buf_done(&server.last);
    http_client_stop();
}

/* Every test: a server, an arena, and the URL of a path. */
#define WITH_SERVER \
    server_start(); \
    CLEANUP(server_stop) int stop_ UNUSED = 0; \
    CLEANUP(arena_freep) struct arena *a = arena_new(); \
    struct http_response r UNUSED; \
    bool sent UNUSED = true

#define URL(path) arena_printf(a, "http://127.0.0.1:%u%s", server.port, path)

TEST(http_fetch_brings_status_fields_and_body)
{
    WITH_SERVER;
    struct http_request rq = { .url = URL("/hello") };

    CHECK_OK(http_fetch(a, &rq, &r, &sent));
    CHECK_INT(r.status, 200);
    CHECK_STR(r.body, "hello");
    CHECK_STR(http_response_field(&r, S("x-a")), "b");
    CHECK(http_response_field(&r, S("x-b")).p == NULL);
    CHECK(sent);
    rq.url = URL("/missing");
    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(r.status, 404);
    CHECK_STR(r.body, "no");
    rq.url = URL("/none");
    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(r.status, 204);
    CHECK_STR(r.body, "");
}

TEST(http_stream_comes_in_pieces_and_decoded)
{
    WITH_SERVER;
    CLEANUP(http_closep) struct http_stream *s = NULL;
    CLEANUP(buf_done) struct buf got = {0};
    str bytes;

    CHECK_OK(http_open(&(struct http_request){ .url = URL("/chunks") }, &s));
    CHECK_INT(http_status(s), 200);
    CHECK_STR(http_field(s, S("X-One")), "1");
    CHECK_STR(http_field(s, S("X-Empty")), "");
    do {
        CHECK_OK(http_read(s, &bytes));
        buf_add(&got, bytes);
    } while (bytes.len);
    CHECK_STR(buf_str(&got), "abcdefg");
    CHECK(http_field(s, S("X-Trailer")).p == NULL);
    CHECK_OK(http_read(s, &bytes));
    CHECK_INT(bytes.len, 0);
}

TEST(http_request_says_what_it_was_told_to)
{
    static const struct { const char *method, *body, *want; } cases[] = {
        { NULL,     "",   "GET /hello"      }, { NULL, "x=1", "POST /hello" }, { "PUT", "abc", "PUT /hello" }, { "DELETE", "", "DELETE /hello" },
        { "POST",   "",   "POST /hello"     }, { "PATCH", "{}", "PATCH /hello" },
    };
    WITH_SERVER;
    int64_t before = metric_value(METRIC_http_connects);

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct http_field fields[] = { { S("X-Custom"), S("v w") }, { S("X-Empty"), S("") } };
        struct http_request rq = { .url = URL("/hello"), .method = cases[i].method, .fields = fields, .n_fields = 2,
                                   .body = str_from(cases[i].body) };

        CHECK_OK(http_fetch(a, &rq, &r, NULL));
        str seen = buf_str(&server.last);

        CHECK(str_starts(seen, str_from(cases[i].want)));
        CHECK(str_ends(seen, str_from(cases[i].body)));
        CHECK(str_find(seen, S("\r\nX-Custom: v w\r\n")) != STR_NONE);
        CHECK(str_find(seen, S("\r\nX-Empty:\r\n")) != STR_NONE);
        CHECK(str_find(seen, S("Content-Type")) == STR_NONE);
        CHECK(str_find(seen, S("Expect")) == STR_NONE);
    }
    CHECK_INT(server.connections, 1);
    CHECK_INT(metric_value(METRIC_http_connects), 1 + before);
}

TEST(http_body_may_go_once_it_is_sent)
{
    WITH_SERVER;
    struct http_request rq = { .url = URL("/hello"), .body = S("x=1") };
    struct http_stream *s;

    CHECK_OK(http_open(&rq, &s));
    CHECK(http_sent(s));
    http_close(s);
    rq.body = NO_STR;
    CHECK_OK(http_open(&rq, &s));
    CHECK(http_sent(s));
    http_close(s);
}

TEST(http_field_that_would_end_its_line_is_refused)
{
    static const struct http_field cases[] = {
        { { "X", 1 }, { "a\r\nY: b", 7 } }, { { "X\nY", 3 }, { "a", 1 } }, { { "X: Y", 4 }, { "a", 1 } }, { { "", 0 }, { "a", 1 } },
        { { "X", 1 }, { "a\0b", 3 } },
    };
    WITH_SERVER;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct http_request rq = { .url = URL("/hello"), .fields = &cases[i], .n_fields = 1 };

        CHECK_ERR(http_fetch(a, &rq, &r, &sent), ERR_INPUT);
        CHECK(!sent);
    }
    CHECK_ERR(http_fetch(a, &(struct http_request){ .url = "ftp://127.0.0.1/" }, &r, &sent), ERR_INPUT);
    CHECK_ERR(http_fetch(a, &(struct http_request){ .url = "http://127.0.0.1/a b" }, &r, &sent), ERR_INPUT);
    CHECK_INT(server.connections, 0);
}

TEST(http_connection_is_kept_for_the_next_request)
{
    WITH_SERVER;
    struct http_request rq = { .url = URL("/hello") };

    for (int i = 0; i < 10; i++)
        CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(server.requests, 10);
    CHECK_INT(server.connections, 1);
}

TEST(http_body_over_the_cap_is_an_error)
{
    WITH_SERVER;
    struct http_request rq = { .url = URL("/endless"), .max_body = 100000 };

    CHECK_ERR(http_fetch(a, &rq, &r, &sent), ERR_LIMIT);
    CHECK(sent);
    CHECK(strstr(failed_text(), "longer than 100000 bytes"));
    rq = (struct http_request){ .url = URL("/hello"), .max_body = 4 };
    CHECK_ERR(http_fetch(a, &rq, &r, NULL), ERR_LIMIT);
    rq.max_body = 5;
    CHECK_OK(http_fetch(a, &rq, &r, NULL));
}

TEST(http_slow_reader_stops_the_sender)
{
    WITH_SERVER;
    CLEANUP(http_closep) struct http_stream *s = NULL;
    uint64_t before = 1, total = 0;
    str bytes;

    CHECK_OK(http_open(&(struct http_request){ .url = URL("/endless"), .max_body = 1 << 30 }, &s));
    while (before != server.written) {      /* until the sockets' own buffers and ours are full */
        before = server.written;
        for (int i = 0; i < 2000; i++)
            CHECK_OK(fiber_yield());
    }
    CHECK(server.written < 16 << 20);
    for (int i = 0; i < 200; i++) {
        CHECK_OK(http_read(s, &bytes));
        total += bytes.len;
    }
    CHECK(server.written > before && total > 1 << 20);
}

TEST(http_refused_connection_sent_nothing)
{
    WITH_SERVER;
    struct sockaddr_in free_port = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof free_port;
    int raw = socket(AF_INET, SOCK_STREAM, 0);      /* bound and not listening: nobody else gets the port */

    CHECK(bind(raw, (struct sockaddr *)&free_port, sizeof free_port) == 0);
    getsockname(raw, (struct sockaddr *)&free_port, &size);
    struct http_request rq = { .url = arena_printf(a, "http://127.0.0.1:%u/secret-token", ntohs(free_port.sin_port)), .body = S("x") };

    CHECK_ERR(http_fetch(a, &rq, &r, &sent), ERR_NET);
    CHECK(!sent);
    CHECK(strstr(failed_text(), "127.0.0.1:") && !strstr(failed_text(), "secret"));
    close(raw);
}

TEST(http_cut_after_sending_says_so)
{
    WITH_SERVER;

    CHECK_ERR(http_fetch(a, &(struct http_request){ .url = URL("/cut"), .body = S("x") }, &r, &sent), ERR_NET);
    CHECK(sent);
    CHECK_ERR(http_fetch(a, &(struct http_request){ .url = URL("/cut-body"), .body = S("x") }, &r, &sent), ERR_NET);
    CHECK(sent);
    CHECK_ERR(http_fetch(a, &(struct http_request){ .url = URL("/noise"), .body = S("x") }, &r, &sent), ERR_REMOTE);
    CHECK(sent);
    CHECK_INT(server.requests, 3);
}

TEST(http_post_on_a_connection_that_died_is_not_repeated)
{
    WITH_SERVER;
    struct http_request post = { .url = URL("/once"), .body = S("x") }, get = { .url = URL("/once") };

    CHECK_OK(http_fetch(a, &post, &r, &sent));
    CHECK_ERR(http_fetch(a, &post, &r, &sent), ERR_NET);    /* the server took it, and closed */
    CHECK(sent);
    CHECK_INT(server.requests, 2);
    CHECK_OK(http_fetch(a, &get, &r, &sent));
    CHECK_OK(http_fetch(a, &get, &r, &sent));               /* taken and cut, then asked again by libcurl */
    CHECK_INT(server.requests, 5);
}

TEST(http_redirect_is_an_answer_unless_it_is_to_be_followed)
{
    WITH_SERVER;
    struct http_request rq = { .url = URL("/away") };

    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(r.status, 302);
    CHECK_STR(r.body, "gone");
    rq.max_redirects = 2;
    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(r.status, 200);
    CHECK_STR(r.body, "hello");
    CHECK(http_response_field(&r, S("Location")).p == NULL);
    rq.body = S("x");
    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(r.status, 200);
    rq.url = URL("/around");
    CHECK_ERR(http_fetch(a, &rq, &r, NULL), ERR_REMOTE);
}

/* --- time and cancellation --- */

struct job { struct http_request rq; struct arena *a; bool sent; char text[200]; };

static enum err fetch_fiber(void *arg)
{
    struct job *j = arg;
    struct http_response r;
    enum err e = http_fetch(j->a, &j->rq, &r, &j->sent);

    snprintf(j->text, sizeof j->text, "%s", failed_text());
    return e;
}

static struct fiber *start_fetch(struct job *j)
{
    struct fiber *f = fiber_spawn("fetch", fetch_fiber, j);

    while (server.requests == 0)
        CHECK_OK(wait_on(&server.news, "a request"));
    for (int i = 0; i < 2000; i++)      /* what the server wrote is read */
        CHECK_OK(fiber_yield());
    return f;
}

TEST(http_answer_that_does_not_begin_in_time_is_a_timeout)
{
    WITH_SERVER;
    struct job j = { { .url = URL("/silent"), .first_byte_timeout_ms = 5000 }, a };

    clock_fake(0);
    struct fiber *f = start_fetch(&j);

    clock_advance(4999);
    CHECK_OK(fiber_yield());
    CHECK_INT(fibers_alive(), 4);       /* this one, accept, serve, fetch */
    clock_advance(1);
    CHECK_ERR(fiber_join(f), ERR_TIMEOUT);
    CHECK(j.sent && strstr(j.text, "no answer within 5 s"));
}

TEST(http_answer_that_stalls_is_a_timeout)
{
    WITH_SERVER;
    struct job j = { { .url = URL("/stalls"), .first_byte_timeout_ms = 5000, .idle_timeout_ms = 9000 }, a };

    clock_fake(0);
    struct fiber *f = start_fetch(&j);

    clock_advance(8999);
    CHECK_OK(fiber_yield());
    CHECK_INT(fibers_alive(), 4);
    clock_advance(1);
    CHECK_ERR(fiber_join(f), ERR_TIMEOUT);
    CHECK(strstr(j.text, "no more of the answer within 9 s"));
}

static enum err fetch_with_deadline(void *arg)
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, 2000);
    return fetch_fiber(arg);
}

TEST(http_obeys_the_deadline_of_its_fiber)
{
    WITH_SERVER;
    struct job j = { { .url = URL("/silent"), .first_byte_timeout_ms = 5000 }, a };

    clock_fake(0);
    struct fiber *f = fiber_spawn("fetch", fetch_with_deadline, &j);

    while (server.requests == 0)
        CHECK_OK(wait_on(&server.news, "a request"));
    clock_advance(2000);
    CHECK_ERR(fiber_join(f), ERR_TIMEOUT);
}

TEST(http_cancelled_transfer_is_dropped_at_once)
{
    WITH_SERVER;
    struct job j = { { .url = URL("/endless"), .max_body = SIZE_MAX / 4 }, a };
    struct fiber *f = start_fetch(&j);

    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
    while (server.group.n > 1)          /* the peer sees its connection go */
        CHECK_OK(fiber_yield());
    CHECK(j.sent);
}

TEST(http_closed_stream_is_dropped_at_once)
{
    WITH_SERVER;
    CLEANUP(http_closep) struct http_stream *s = NULL;

    CHECK_OK(http_open(&(struct http_request){ .url = URL("/stalls") }, &s));
    http_closep(&s);
    struct http_request rq = { .url = URL("/hello") };

    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(server.connections, 2);
}

TEST(http_faults_say_truthfully_what_was_sent)
{
    static const struct { const char *fault; bool sent; } cases[] = {
        { "net_connect:fail", false }, { "net_write:fail", true }, { "net_read:fail", true },
    };
    WITH_SERVER;
    struct http_request rq = { .url = URL("/hello"), .body = S("x") };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        sent = !cases[i].sent;
        CHECK_OK(fault_arm(str_from(cases[i].fault)));
        CHECK_ERR(http_fetch(a, &rq, &r, &sent), ERR_NET);
        CHECK_INT(sent, cases[i].sent);
        fault_disarm_all();
    }
    CHECK_OK(http_fetch(a, &rq, &r, &sent));
}

TEST(http_speaks_through_a_unix_socket)
{
    char folder[] = "/tmp/clawdbot-test-XXXXXX";
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct http_response r;

    CHECK(mkdtemp(folder));
    snprintf(un.sun_path, sizeof un.sun_path, "%s/s", folder);
    memset(&server, 0, sizeof server);
    serve_on(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, sizeof un);
    struct http_request rq = { .url = "http://localhost/hello", .unix_socket = un.sun_path };

    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_STR(r.body, "hello");
    server_stop(NULL);
    unlink(un.sun_path);
    rmdir(folder);
}

TEST(http_loopback_is_never_asked_through_a_proxy)
{
    WITH_SERVER;
    struct http_request rq = { .url = URL("/hello") };

    setenv("http_proxy", "http://127.0.0.1:1", 1);
    enum err e = http_fetch(a, &rq, &r, NULL);

    unsetenv("http_proxy");
    CHECK_OK(e);
}

TEST(http_goes_through_a_proxy_that_the_environment_names)
{
    WITH_SERVER;
    struct http_request rq = { .url = "http://example.invalid/hello" };

    setenv("http_proxy", arena_printf(a, "http://127.0.0.1:%u", server.port), 1);
    enum err e = http_fetch(a, &rq, &r, NULL);

    unsetenv("http_proxy");
    CHECK_OK(e);
    CHECK_INT(r.status, 404);       /* of our server, which knows no such address */
    CHECK(str_starts(buf_str(&server.last), S("GET http://example.invalid/hello HTTP/1.1\r\n")));
}

TEST(http_many_at_once)
{
    WITH_SERVER;
    CLEANUP(fibers_done) struct fibers g = {0};
    struct job jobs[40];

    for (size_t i = 0; i < N_ELEMENTS(jobs); i++) {
        jobs[i] = (struct job){ { .url = URL(i % 2 ? "/chunks" : "/hello") }, a };
        fibers_spawn(&g, "fetch", fetch_fiber, &jobs[i]);
    }
    CHECK_OK(fibers_wait(&g));
    CHECK_INT(server.requests, 40);
}

TEST(http_compressed_answer_counts_as_what_comes_out_of_it)
{
    WITH_SERVER;
    struct http_request rq = { .url = URL("/gzip"), .decompress = true };

    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(r.body.len, 100000);
    CHECK(str_starts(r.body, S("aaaa")));
    rq.max_body = 99999;
    CHECK_ERR(http_fetch(a, &rq, &r, NULL), ERR_LIMIT);
    rq = (struct http_request){ .url = URL("/gzip") };
    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK(r.body.len < 1000);
}

struct asked { unsigned n; bool answer; };

static bool count_and_answer(void *arg, const struct sockaddr *to)
{
    struct asked *asked = arg;

    asked->n += to->sa_family == AF_INET;
    return asked->answer;
}

TEST(http_address_is_asked_about_when_it_is_connected_to)
{
    WITH_SERVER;
    struct asked asked = { .answer = true };
    struct http_request plain = { .url = URL("/hello") }, rq = { .url = plain.url, .allow_address = count_and_answer, .allow_address_arg = &asked };

    CHECK_OK(http_fetch(a, &plain, &r, NULL));
    CHECK_OK(http_fetch(a, &rq, &r, NULL));         /* the kept connection was not asked about: not taken */
    CHECK_OK(http_fetch(a, &rq, &r, NULL));
    CHECK_INT(asked.n, 2);
    CHECK_INT(server.connections, 3);
    asked.answer = false;
    CHECK_ERR(http_fetch(a, &rq, &r, &sent), ERR_AUTH);
    CHECK(!sent);
    CHECK(strstr(failed_text(), "127.0.0.1 is an address that may not be connected to"));
    CHECK_INT(server.connections, 3);
    CHECK_OK(http_fetch(a, &plain, &r, NULL));
}
