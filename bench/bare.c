// SPDX-License-Identifier: Apache-2.0
/* bare: what a number of the gateway is held against, measured in the same run: the least that could do the job.
 *
 *   process PORT CERT KEY       the libraries the gateway links, started; answers everything with 200
 *   commits FOLDER N            for each line of input N commits of a row, WAL and synchronous=FULL; prints JSON
 *   turn PORT MODEL_PORT FOLDER a message: a commit, one call of the model, a commit, the answer; one thread for all
 *   relay PORT MODEL_PORT       a model's streamed deltas to an SSE client each, no more than read, rewrite, write
 *   sockets PORT [CERT KEY]     connections that are upgraded and then held
 */
#include "plain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <jansson.h>
#include <md4c.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sqlite3.h>
#include <utf8proc.h>
#include <uv.h>
#include <yaml.h>

enum { MAX_EVENTS = 256 };

struct peer { int fd; SSL *ssl; bool open; struct peer *other; struct bytes in; };

static int epoll;
static unsigned model_port;

static struct peer *peer_new(int fd)
{
    struct peer *p = calloc(1, sizeof *p);

    CHECKED(p && fd >= 0);
    p->fd = fd;
    plain_watch(epoll, fd, EPOLLIN, p);
    return p;
}

static void peer_free(struct peer *p)
{
    SSL_free(p->ssl);
    close(p->fd);
    free(p->in.p);
    free(p);
}

static void serve(int listener, void (*accepted)(int fd), void (*readable)(struct peer *)) __attribute__((noreturn));
static void serve(int listener, void (*accepted)(int fd), void (*readable)(struct peer *))
{
    struct epoll_event events[MAX_EVENTS];

    plain_watch(epoll, listener, EPOLLIN, NULL);
    for (;;) {
        int n = epoll_wait(epoll, events, MAX_EVENTS, -1), fd;

        for (int i = 0; i < n; i++)
            if (events[i].data.ptr)
                readable(events[i].data.ptr);
            else if ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
                accepted(fd);
    }
}

/* ---- process ---- */

static void accept_peer(int fd)
{
    peer_new(fd);
}

static void accept_blocking(int fd)
{
    CHECKED(fcntl(fd, F_SETFL, 0) == 0);
    peer_new(fd);
}

static void answer_anything(struct peer *p)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    char in[4096];

    if (recv(p->fd, in, sizeof in, 0) <= 0 || send(p->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
        peer_free(p);
}

static SSL_CTX *server_context(const char *cert, const char *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    CHECKED(SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 && SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    return ctx;
}

/* Each is called once, so that it is linked, and does what every user of it must. */
static void start_libraries(const char *cert, const char *key)
{
    yaml_parser_t yaml;
    sqlite3 *db;

    CHECKED(curl_global_init(CURL_GLOBAL_DEFAULT) == 0 && curl_multi_init());
    CHECKED(server_context(cert, key) && SSL_CTX_new(TLS_client_method()));
    CHECKED(sqlite3_open(":memory:", &db) == SQLITE_OK && sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL) == SQLITE_OK);
    CHECKED(uv_default_loop());
    CHECKED(yaml_parser_initialize(&yaml));
    CHECKED(utf8proc_version() && json_object() && md_parse != NULL);
}

/* ---- commits ---- */

static void step(sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);

    CHECKED(rc == SQLITE_DONE || rc == SQLITE_ROW);
    sqlite3_reset(s);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;

    CHECKED(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK);
    return s;
}

struct commits { sqlite3_stmt *begin, *insert, *commit; };

static void commit_rows(const struct commits *c, int n, struct sample *times)
{
    for (int i = 0; i < n; i++) {
        double start = plain_now_us();

        step(c->begin);
        step(c->insert);
        step(c->commit);
        sample_add(times, plain_now_us() - start);
    }
}

static struct commits open_database(const char *folder)
{
    struct sample warm = { 0 };
    char path[4096];
    sqlite3 *db;

    snprintf(path, sizeof path, "%s/bare.db", folder);
    CHECKED(sqlite3_open(path, &db) == SQLITE_OK);
    CHECKED(sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                         "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT", NULL, NULL, NULL) == SQLITE_OK);
    struct commits c = { prepare(db, "BEGIN IMMEDIATE"), NULL, prepare(db, "COMMIT") };

    c.insert = prepare(db, "INSERT INTO t (text) VALUES ('a value as long as a short message')");
    commit_rows(&c, 1200, &warm);       /* until the log has its size: writing over is cheaper than growing */
    free(warm.us);
    return c;
}

static void bench_commits(const char *folder, int n)
{
    struct commits c = open_database(folder);

    while (getchar() != EOF) {
        struct sample times = { 0 };

        commit_rows(&c, n, &times);
        printf("{\"p50_us\": %.1f, \"p99_us\": %.1f}\n", sample_quantile(&times, 0.5), sample_quantile(&times, 0.99));
        fflush(stdout);
    }
}

/* ---- turn ---- */

static struct commits database;
static struct sample turn_commits;

static int ask_and_wait(const char *text, size_t n, char *answer, size_t room)
{
    static int model = -1;
    char ask[1024];
    size_t len = 0;
    int body = snprintf(ask, sizeof ask, "{\"model\":\"double\",\"messages\":[{\"role\":\"user\",\"content\":%.*s}],\"stream\":true}", (int)n, text);
    char request[2048];
    int all = snprintf(request, sizeof request, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", body, ask);

    if (model < 0)
        model = plain_dial(model_port);
    CHECKED(send(model, request, (size_t)all, MSG_NOSIGNAL) == all);
    do {
        ssize_t got = recv(model, answer + len, room - 1 - len, 0);

        CHECKED(got > 0);
        len += (size_t)got;
        answer[len] = '\0';
    } while (!strstr(answer, "\r\n0\r\n\r\n"));
    return (int)len;
}

/* Requests are small and come one at a time: one read is one request. */
static void answer_turn(struct peer *p)
{
    char in[4096], from_model[8192], body[1024], out[2048];
    ssize_t n = recv(p->fd, in, sizeof in - 1, 0);

    if (n <= 0) {
        peer_free(p);
        return;
    }
    in[n] = '\0';
    const char *text = strstr(in, "\"text\":"), *echo;

    CHECKED(text);
    commit_rows(&database, 1, &turn_commits);
    text += 7;
    ask_and_wait(text, strcspn(text, "}"), from_model, sizeof from_model);
    commit_rows(&database, 1, &turn_commits);
    turn_commits.n = 0;
    echo = strstr(from_model, "\"content\":\"");
    CHECKED(echo);
    echo += 10;
    int len = snprintf(body, sizeof body, "{\"type\":\"reply\",\"text\":%.*s}", (int)strcspn(echo, "}"), echo);
    int all = snprintf(out, sizeof out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len, body);

    CHECKED(send(p->fd, out, (size_t)all, MSG_NOSIGNAL) == all);
}

/* ---- relay ---- */

static void accept_listener(int fd)
{
    struct peer *client = peer_new(fd), *model = peer_new(plain_dial(model_port));

    client->other = model;
    model->other = client;
    model->open = true;     /* of the two: the model */
}

static void send_chunk(int fd, const char *bytes, size_t n)
{
    char out[4096];
    int len = snprintf(out, sizeof out, "%zx\r\n%.*s\r\n", n, (int)n, bytes);

    CHECKED(len < (int)sizeof out && send(fd, out, (size_t)len, MSG_NOSIGNAL) == len);
}

static void ask_model(struct peer *client)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char body[] = "{\"model\":\"double\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"stream\"}]}";
    char ask[512];
    int n = snprintf(ask, sizeof ask, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s",
                     sizeof body - 1, body);

    CHECKED(send(client->other->fd, ask, (size_t)n, MSG_NOSIGNAL) == n);
    CHECKED(send(client->fd, head, sizeof head - 1, MSG_NOSIGNAL) == sizeof head - 1);
}

/* One event of the model's: its text, still in JSON's quotes, goes on; the end is told. */
static void pass_on(struct peer *model, const char *event, size_t n)
{
    const char *text = memmem(event, n, "\"content\":\"", 11), *end;
    char out[2048];

    if (memmem(event, n, "data: [DONE]", 12)) {
        send_chunk(model->other->fd, "event: done\ndata: {}\n\n", 22);
        return;
    }
    if (!text)
        return;
    text += 10;
    for (end = text + 1; *end != '"'; end++)
        end += *end == '\\';
    int len = snprintf(out, sizeof out, "event: delta\ndata: {\"type\":\"delta\",\"text\":%.*s}\n\n", (int)(end + 1 - text), text);

    send_chunk(model->other->fd, out, (size_t)len);
}

static void relay(struct peer *p)
{
    static char piece[65536];
    ssize_t n = recv(p->fd, piece, sizeof piece, 0);
    char *end;

    if (n <= 0) {
        if (p->other)
            p->other->other = NULL;
        peer_free(p);
        return;
    }
    bytes_add(&p->in, piece, (size_t)n);
    if (!p->open) {
        if (p->other && strstr(p->in.p, "}}"))
            ask_model(p);
        return;
    }
    while (p->other && (end = strstr(p->in.p, "\n\n"))) {
        pass_on(p, p->in.p, (size_t)(end - p->in.p));
        bytes_drop(&p->in, (size_t)(end + 2 - p->in.p));
    }
}

/* ---- sockets ---- */

static SSL_CTX *tls;

static void accept_socket(int fd)
{
    struct peer *p = peer_new(fd);

    if (tls) {
        p->ssl = SSL_new(tls);
        SSL_set_fd(p->ssl, fd);
    }
}

static void answer_upgrade(struct peer *p)
{
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    char in[4096];

    if (p->ssl && !p->open && SSL_accept(p->ssl) <= 0)
        return;
    p->open = true;
    ssize_t n = p->ssl ? SSL_read(p->ssl, in, sizeof in) : recv(p->fd, in, sizeof in, 0);

    ERR_clear_error();
    if (n > 0 && p->ssl)
        SSL_write(p->ssl, answer, sizeof answer - 1);
    else if (n > 0)
        CHECKED(send(p->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) > 0);
    else if (n == 0 || errno != EAGAIN)
        peer_free(p);
}

int main(int argc, char **argv)
{
    const char *what = argc > 2 ? argv[1] : "";
    unsigned port;

    signal(SIGPIPE, SIG_IGN);
    plain_all_files();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (strcmp(what, "commits") == 0 && argc == 4) {
        bench_commits(argv[2], (int)strtol(argv[3], NULL, 10));
        return 0;
    }
    if (strcmp(what, "turn") == 0 && argc == 5)     /* before anybody can connect */
        database = open_database(argv[4]);
    int listener = plain_listen((unsigned)strtoul(argc > 2 ? argv[2] : "0", NULL, 10), &port);

    if (strcmp(what, "process") == 0 && argc == 5) {
        start_libraries(argv[3], argv[4]);
        serve(listener, accept_peer, answer_anything);
    }
    if (strcmp(what, "turn") == 0 && argc == 5) {
        model_port = (unsigned)strtoul(argv[3], NULL, 10);
        serve(listener, accept_blocking, answer_turn);
    }
    if (strcmp(what, "relay") == 0 && argc == 4) {
        model_port = (unsigned)strtoul(argv[3], NULL, 10);
        serve(listener, accept_listener, relay);
    }
    if (strcmp(what, "sockets") == 0) {
        tls = argc == 5 ? server_context(argv[3], argv[4]) : NULL;
        serve(listener, accept_socket, answer_upgrade);
    }
    fputs("bare: see the top of bench/bare.c\n", stderr);
    return 2;
}
