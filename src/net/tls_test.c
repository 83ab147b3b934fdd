// SPDX-License-Identifier: Apache-2.0
/* TLS end to end: a server of ours, with a certificate made here, and our client side of net/transport.h. */
#include "net/tls.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "base/test.h"
#include "net/client.h"
#include "net/server.h"
#include "net/test_certificate.h"
#include "net/transport.h"
#include "net/websocket.h"
#include "net/websocket_internal.h"

/* --- the server and its client --- */

static void handle(void *arg, struct http_exchange *x) AWAITS
{
    struct websocket *w;
    enum websocket_type type;
    str message;

    (void)arg;
    if (str_eq(x->path, S("/ws"))) {
        if (http_upgrade_websocket(x, &w))
            return;
        while (websocket_receive(w, &type, &message) == OK)
            if (websocket_send(w, type, message))
                return;
        return;
    }
    char *body = arena_alloc(x->arena, 100000);

    memset(body, 'x', 100000);
    (void)!http_answer(x, 200, S("text/plain"), str_eq(x->path, S("/big")) ? str_of(body, 100000) : S("secret"));
}

static enum err run_server(void *server)
{
    return server_run(server);
}

struct site {
    struct test_certificate files;
    struct server *server;
    struct fiber  *runner;
    SSL_CTX       *client;      /* trusts the certificate */
};

static void site_open(struct site *s, unsigned redirect_port)
{
    s->files = (struct test_certificate){ 0 };
    test_certificate_make(&s->files, "one");
    CHECK_OK(server_open(&(struct server_options){ .host = "127.0.0.1", .cert_file = s->files.cert, .key_file = s->files.key,
                                                   .redirect_port = redirect_port, .handle = handle }, &s->server));
    CHECK_OK(tls_client_context(s->files.cert, &s->client));
    s->runner = fiber_spawn("server", run_server, s->server);
    CHECK_OK(fiber_yield());
}

static void site_close(struct site *s)
{
    fiber_cancel(s->runner);
    (void)!fiber_join(s->runner);
    server_close(s->server);
    tls_context_free(s->client);
    test_certificate_remove(&s->files);
}

static struct fd *dial(unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int raw = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(connect(raw, (struct sockaddr *)&a, sizeof a) == 0);
    return fd_open(raw);
}

static void say(struct transport *t, const char *text) AWAITS
{
    str s = str_from(text);

    CHECK_OK(transport_write(t, &s, 1));
}

static void hear(struct transport *t, struct buf *out) AWAITS
{
    bool readable, end = false;
    char text[4096];
    size_t n;

    while (!end) {
        CHECK_OK(transport_wait(t, NULL, &readable));
        CHECK_OK(transport_take(t, text, sizeof text, &n, &end));
        buf_add(out, str_of(text, n));
    }
}

static enum err fetch(const struct site *s, SSL_CTX *ctx, const char *host, const char *path, struct buf *out) AWAITS
{
    CLEANUP(transport_close) struct transport t = { .fd = dial(server_port(s->server)) };
    char request[200];

    TRY(transport_connect_tls(&t, ctx, host));
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", path);
    say(&t, request);
    hear(&t, out);
    return OK;
}

TEST(requests_go_over_tls)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, 0);
    CHECK_OK(fetch(&s, s.client, "localhost", "/", &got));
    CHECK(str_ends(buf_str(&got), S("\r\n\r\nsecret")));
    buf_clear(&got);
    CHECK_OK(fetch(&s, s.client, "127.0.0.1", "/big", &got));
    CHECK(got.len > 100000 && str_ends(buf_str(&got), S("xxx")));
    site_close(&s);
}

TEST(tls_1_2_is_spoken_and_1_1_is_not)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, 0);
    SSL_CTX_set_max_proto_version(s.client, TLS1_2_VERSION);
    CHECK_OK(fetch(&s, s.client, "localhost", "/", &got));
    CHECK(str_ends(buf_str(&got), S("\r\n\r\nsecret")));
    SSL_CTX_set_min_proto_version(s.client, TLS1_1_VERSION);
    SSL_CTX_set_max_proto_version(s.client, TLS1_1_VERSION);
    CHECK_ERR(fetch(&s, s.client, "localhost", "/", &got), ERR_NET);
    site_close(&s);
}

TEST(only_http_1_1_is_agreed_on)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, 0);
    SSL_CTX_set_alpn_protos(s.client, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    CHECK_OK(fetch(&s, s.client, "localhost", "/", &got));
    SSL_CTX_set_alpn_protos(s.client, (const unsigned char *)"\x02h2", 3);
    CHECK_ERR(fetch(&s, s.client, "localhost", "/", &got), ERR_NET);
    site_close(&s);
}

TEST(a_client_checks_the_name_and_the_issuer)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    SSL_CTX *stranger;
    struct site s;

    site_open(&s, 0);
    CHECK_ERR(fetch(&s, s.client, "example.org", "/", &got), ERR_NET);
    CHECK(strstr(failed_text(), "hostname mismatch"));
    CHECK_ERR(fetch(&s, s.client, "127.0.0.2", "/", &got), ERR_NET);
    CHECK_OK(tls_client_context(NULL, &stranger));
    CHECK_ERR(fetch(&s, stranger, "localhost", "/", &got), ERR_NET);
    CHECK(strstr(failed_text(), "self-signed"));
    tls_context_free(stranger);
    site_close(&s);
}

static int trust_anyone(X509_STORE_CTX *store, void *arg)
{
    (void)store, (void)arg;
    return 1;
}

static void check_subject(const struct site *s, const char *want) AWAITS
{
    CLEANUP(transport_close) struct transport t = { .fd = dial(server_port(s->server)) };
    SSL_CTX *ctx;
    char name[64];

    CHECK_OK(tls_client_context(NULL, &ctx));
    SSL_CTX_set_cert_verify_callback(ctx, trust_anyone, NULL);
    CHECK_OK(transport_connect_tls(&t, ctx, "localhost"));
    tls_context_free(ctx);
    X509 *cert = SSL_get1_peer_certificate(t.ssl);

    CHECK(cert != NULL);
    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name);
    X509_free(cert);
    CHECK_STR(str_from(name), want);
}

TEST(a_certificate_is_reloaded_and_a_bad_one_is_not)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, 0);
    CLEANUP(transport_close) struct transport old = { .fd = dial(server_port(s.server)) };

    CHECK_OK(transport_connect_tls(&old, s.client, "localhost"));
    test_certificate_make(&s.files, "two");
    check_subject(&s, "one");
    CHECK_OK(server_reload_certificate(s.server));
    check_subject(&s, "two");

    FILE *file = fopen(s.files.key, "w");

    CHECK(file && fputs("no key\n", file) >= 0 && fclose(file) == 0);
    CHECK_ERR(server_reload_certificate(s.server), ERR_INPUT);
    CHECK(strstr(failed_text(), "key.pem"));
    unlink(s.files.cert);
    CHECK_ERR(server_reload_certificate(s.server), ERR_IO);
    test_certificate_make(&s.files, "three");
    CHECK_OK(server_reload_certificate(s.server));
    check_subject(&s, "three");

    say(&old, "GET / HTTP/1.0\r\n\r\n");     /* went on all the time */
    hear(&old, &got);
    CHECK(str_ends(buf_str(&got), S("secret")));
    site_close(&s);
}

static unsigned free_port(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int raw = socket(AF_INET, SOCK_STREAM, 0);

    CHECK(bind(raw, (struct sockaddr *)&a, sizeof a) == 0 && getsockname(raw, (struct sockaddr *)&a, &len) == 0);
    close(raw);
    return ntohs(a.sin_port);
}

TEST(the_plain_port_redirects)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    unsigned port = free_port();
    char want[200];
    struct site s;

    site_open(&s, port);
    CLEANUP(transport_close) struct transport t = { .fd = dial(port) };

    say(&t, "GET /a%20b?c=d HTTP/1.1\r\nHost: example.org:80\r\n\r\nGET / HTTP/1.1\r\nHost: [::1]\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    hear(&t, &got);
    CHECK(str_starts(buf_str(&got), S("HTTP/1.1 308 Permanent Redirect\r\n")));
    snprintf(want, sizeof want, "\r\nLocation: https://example.org:%u/a%%20b?c=d\r\n", server_port(s.server));
    CHECK(str_find(buf_str(&got), str_from(want)) != STR_NONE);
    snprintf(want, sizeof want, "\r\nLocation: https://[::1]:%u/\r\n", server_port(s.server));
    CHECK(str_find(buf_str(&got), str_from(want)) != STR_NONE);
    CHECK(str_find(buf_str(&got), S("HTTP/1.1 400 ")) != STR_NONE);
    CHECK(str_find(buf_str(&got), S("secret")) == STR_NONE);
    site_close(&s);
}

TEST(plain_text_on_the_tls_port_gets_nowhere)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct site s;

    site_open(&s, 0);
    CLEANUP(transport_close) struct transport t = { .fd = dial(server_port(s.server)) };

    say(&t, "GET / HTTP/1.0\r\n\r\n");
    hear(&t, &got);
    CHECK(str_find(buf_str(&got), S("secret")) == STR_NONE);
    site_close(&s);
}

TEST(a_websocket_runs_over_tls)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    CLEANUP(buf_done) struct buf got = { 0 };
    enum websocket_type type;
    char text[1024];
    str message;
    struct site s;
    bool readable, end;
    size_t n;

    deadline_set(&d, 5000);
    site_open(&s, 0);
    struct transport *t = calloc(1, sizeof *t);

    t->fd = dial(server_port(s.server));
    CHECK_OK(transport_connect_tls(t, s.client, "localhost"));
    say(t, "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    while (str_find(buf_str(&got), S("\r\n\r\n")) == STR_NONE) {
        CHECK_OK(transport_wait(t, NULL, &readable));
        CHECK_OK(transport_take(t, text, sizeof text, &n, &end));
        buf_add(&got, str_of(text, n));
    }
    CHECK(str_starts(buf_str(&got), S("HTTP/1.1 101 ")));
    struct websocket *w = websocket_new(t, WEBSOCKET_CLIENT, NULL);

    for (int i = 0; i < 3; i++) {
        CHECK_OK(websocket_send(w, WEBSOCKET_TEXT, S("hello")));
        CHECK_OK(websocket_receive(w, &type, &message));
        CHECK_STR(message, "hello");
    }
    CHECK_OK(server_drain(s.server, 1000));
    CHECK_ERR(websocket_receive(w, &type, &message), ERR_NOT_FOUND);
    CHECK_INT(websocket_close_code(w), 1001);
    websocket_free(w);
    site_close(&s);
}

/* --- our clients, which find whom to trust in the environment --- */

TEST(clients_speak_tls_with_whom_they_trust_and_with_nobody_else)
{
    static const struct { const char *host; bool trusted; enum err want; } cases[] = {
        { "localhost", true, OK }, { "127.0.0.1", true, OK }, { "localhost", false, ERR_NET }, { "127.0.0.2", true, ERR_NET },
    };
    struct site s;

    site_open(&s, 0);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct http_request rq = { .url = arena_printf(a, "https://%s:%u/", cases[i].host, server_port(s.server)), .body = S("x") };
        char *ws = arena_printf(a, "wss://%s:%u/ws", cases[i].host, server_port(s.server));
        struct websocket *w = NULL;
        struct http_response r;
        bool sent = true;

        if (cases[i].trusted)
            setenv("SSL_CERT_FILE", s.files.cert, 1);
        CHECK_ERR(http_fetch(a, &rq, &r, &sent), cases[i].want);
        CHECK_INT(sent, cases[i].want == OK);
        CHECK_ERR(websocket_connect(ws, NULL, 0, NULL, &w), cases[i].want);
        if (w) {
            enum websocket_type type;
            str message;

            CHECK_STR(r.body, "secret");
            CHECK_OK(websocket_send(w, WEBSOCKET_TEXT, S("hello")));
            CHECK_OK(websocket_receive(w, &type, &message));
            CHECK_STR(message, "hello");
        }
        websocket_free(w);
        unsetenv("SSL_CERT_FILE");
        http_client_stop();     /* the trust is read once */
    }
    site_close(&s);
}
