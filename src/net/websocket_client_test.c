// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/test.h"
#include "net/client.h"
#include "net/server.h"
#include "net/websocket_internal.h"
#include "runtime/clock.h"

/* --- against our own server --- */

static void echo(void *arg UNUSED, struct http_exchange *x) AWAITS
{
    struct websocket *w;
    enum websocket_type type;
    str message;

    if (str_eq(x->path, S("/forbidden"))) {
        (void)!http_answer(x, 403, S("text/plain"), S("no"));
        return;
    }
    CLEANUP(buf_done) struct buf hello = {0};

    buf_addf(&hello, "%.*s?%.*s %.*s", STR(x->path), STR(x->query), STR(http_exchange_field(x, S("X-Token"))));
    if (http_upgrade_websocket(x, &w) || websocket_send(w, WEBSOCKET_TEXT, buf_str(&hello)))
        return;
    while (websocket_receive(w, &type, &message) == OK)
        if (websocket_send(w, type, message))
            return;
}

static enum err run_server(void *server)
{
    return server_run(server);
}

static void check_message(struct websocket *w, str want) AWAITS
{
    enum websocket_type type;
    str got;

    CHECK_OK(websocket_receive(w, &type, &got));
    CHECK(str_eq(got, want));
}

TEST(websocket_connects_and_talks)
{
    struct server *server;
    struct websocket *w;
    char url[64];

    CHECK_OK(server_open(&(struct server_options){ .host = "127.0.0.1", .handle = echo }, &server));
    struct fiber *runner = fiber_spawn("server", run_server, server);
    struct http_field field = { S("X-Token"), S("t0k") };

    snprintf(url, sizeof url, "ws://127.0.0.1:%u/a/b?c=d#frag", server_port(server));
    CHECK_OK(websocket_connect(url, &field, 1, NULL, &w));
    check_message(w, S("/a/b?c=d t0k"));
    CHECK_OK(websocket_send(w, WEBSOCKET_TEXT, S("hello")));
    check_message(w, S("hello"));
    CHECK_OK(websocket_close(w, 1000, S("bye")));
    websocket_free(w);
    snprintf(url, sizeof url, "ws://127.0.0.1:%u/forbidden", server_port(server));
    CHECK_ERR(websocket_connect(url, NULL, 0, NULL, &w), ERR_AUTH);
    CHECK(strstr(failed_text(), "no WebSocket: HTTP 403"));
    fiber_cancel(runner);
    CHECK_ERR(fiber_join(runner), ERR_CANCELLED);
    server_close(server);
    http_client_stop();
}

/* --- against one that gets it wrong --- */

struct script { struct fd *listener; unsigned port; const char *answer; struct buf seen; };

static void script_open(struct script *s, const char *answer)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    int raw = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(raw, (struct sockaddr *)&a, sizeof a) == 0 && listen(raw, 4) == 0);
    getsockname(raw, (struct sockaddr *)&a, &size);
    *s = (struct script){ .listener = fd_open(raw), .port = ntohs(a.sin_port), .answer = answer };
}

static void script_done(struct script *s)
{
    fd_close(s->listener);
    buf_done(&s->seen);
    http_client_stop();
}

static str field_of(str head, str name)
{
    size_t at = str_find(head, name);

    return at == STR_NONE ? NO_STR : str_trim(str_take(str_skip(head, at + name.len), str_find_char(str_skip(head, at), '\r') - name.len));
}

/* One connection: reads a head, answers with ACCEPT filled in, holds the connection until the other side goes. */
static enum err play(void *arg) AWAITS
{
    CLEANUP(buf_done) struct buf answer = {0}, accept_text = {0};
    struct script *s = arg;
    char piece[4096];
    int events;
    size_t n;

    TRY(fd_wait(s->listener, FD_READ, &events));
    CLEANUP(fd_closep) struct fd *fd = fd_open(accept(fd_raw(s->listener), NULL, NULL));

    do {
        TRY(fd_read(fd, piece, sizeof piece, &n));
        if (n == 0)
            return OK;
        buf_add(&s->seen, str_of(piece, n));
    } while (!str_ends(buf_str(&s->seen), S("\r\n\r\n")));
    websocket_add_accept(&accept_text, field_of(buf_str(&s->seen), S("Sec-WebSocket-Key:")));
    str rest = str_from(s->answer);
    size_t at = str_find(rest, S("ACCEPT"));

    buf_add(&answer, str_take(rest, at));
    if (at != STR_NONE) {
        buf_add(&answer, buf_str(&accept_text));
        buf_add(&answer, str_skip(rest, at + 6));
    }
    for (size_t i = 0; i < answer.len; i += 7)      /* the head comes in pieces */
        TRY(fd_write(fd, str_cut(buf_str(&answer), i, i + 7)));
    if (*s->answer == '\0')
        return OK;
    TRY(fd_read(fd, piece, sizeof piece, &n));
    return OK;
}

#define SWITCH "HTTP/1.1 101 Switching Protocols\r\n"
#define GOOD SWITCH "upgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\nsec-websocket-accept: ACCEPT\r\n"

TEST(websocket_handshake_is_checked)
{
    static const struct { const char *answer; enum err want; } cases[] = {
        { GOOD "\r\n",                                                           OK },
        { GOOD "Sec-WebSocket-Protocol: chat\r\n\r\n",                           ERR_REMOTE },
        { GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",           ERR_REMOTE },
        { SWITCH "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", ERR_REMOTE },
        { SWITCH "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",            ERR_REMOTE },
        { SWITCH "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", ERR_REMOTE },
        { SWITCH "Upgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n",   ERR_REMOTE },
        { "HTTP/1.1 200 OK\r\n\r\n",                                             ERR_REMOTE },
        { "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",                           ERR_REMOTE },
        { "HTTP/1.1 404 Not Found\r\n\r\n",                                      ERR_NOT_FOUND },
        { "HTTP/1.1 429 Slow\r\n\r\n",                                           ERR_LIMIT },
        { "HTTP/1.1 503 Busy\r\n\r\n",                                           ERR_NET },
        { "SSH-2.0-OpenSSH\r\n\r\n",                                             ERR_REMOTE },
        { "",                                                                    ERR_NET },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(script_done) struct script s;
        struct websocket *w = NULL;
        char url[64];

        script_open(&s, cases[i].answer);
        struct fiber *f = fiber_spawn("script", play, &s);

        snprintf(url, sizeof url, "ws://127.0.0.1:%u", s.port);
        CHECK_ERR(websocket_connect(url, NULL, 0, NULL, &w), cases[i].want);
        websocket_free(w);
        CHECK_OK(fiber_join(f));
        CHECK(str_starts(buf_str(&s.seen), S("GET / HTTP/1.1\r\nHost: 127.0.0.1:")));
    }
}

TEST(websocket_keeps_a_message_that_came_with_the_handshake)
{
    CLEANUP(script_done) struct script s;
    struct websocket *w;
    char url[64];

    script_open(&s, GOOD "\r\n\x81\x05hello");
    struct fiber *f = fiber_spawn("script", play, &s);

    snprintf(url, sizeof url, "ws://127.0.0.1:%u", s.port);
    CHECK_OK(websocket_connect(url, NULL, 0, NULL, &w));
    check_message(w, S("hello"));
    websocket_free(w);
    CHECK_OK(fiber_join(f));
}

TEST(websocket_address_and_fields_are_checked_before_anything_is_sent)
{
    static const struct { const char *url; struct http_field field; } cases[] = {
        { "http://127.0.0.1:1/", { { "X", 1 }, { "y", 1 } } }, { "ws://u:p@127.0.0.1:1/", { { "X", 1 }, { "y", 1 } } },
        { "ws:/x", { { "X", 1 }, { "y", 1 } } },
    };
    struct websocket *w;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_ERR(websocket_connect(cases[i].url, &cases[i].field, 1, NULL, &w), ERR_INPUT);
    CHECK_ERR(websocket_connect("ws://127.0.0.1:1/", NULL, 0, NULL, &w), ERR_NET);
    http_client_stop();
}

TEST(websocket_goes_through_a_proxy)
{
    CLEANUP(script_done) struct script s;
    struct websocket *w;
    char proxy[64];

    script_open(&s, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    struct fiber *f = fiber_spawn("script", play, &s);

    snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", s.port);
    setenv("https_proxy", proxy, 1);
    enum err e = websocket_connect("wss://example.invalid/x", NULL, 0, NULL, &w);

    unsetenv("https_proxy");
    CHECK_ERR(e, ERR_NET);
    CHECK_OK(fiber_join(f));
    CHECK(str_starts(buf_str(&s.seen), S("CONNECT example.invalid:443 HTTP/1.1\r\n")));
}

static enum err connect_fiber(void *arg) AWAITS
{
    struct websocket *w;

    return websocket_connect(arg, NULL, 0, NULL, &w);
}

TEST(websocket_handshake_has_its_time)
{
    CLEANUP(script_done) struct script s;
    char url[64];

    script_open(&s, "HTTP/1.1 101");      /* and nothing more */
    clock_fake(0);
    struct fiber *f = fiber_spawn("script", play, &s);

    snprintf(url, sizeof url, "ws://127.0.0.1:%u", s.port);
    struct fiber *c = fiber_spawn("connect", connect_fiber, url);

    for (int i = 0; i < 3000; i++)
        CHECK_OK(fiber_yield());
    clock_advance(10001);
    CHECK_ERR(fiber_join(c), ERR_TIMEOUT);
    CHECK_OK(fiber_join(f));
}
