// SPDX-License-Identifier: Apache-2.0
/* http_bench [requests|sockets]...: what the HTTP server costs.  http_bench bare PORT is the bare epoll loop alone.
 *
 * requests: a small fixed answer on keep-alive connections, by our server and by a bare epoll loop around the same
 * parser; processor time of the server a request, so that the load generator and the machine's other work do not count.
 * sockets: memory of a server process that holds 10,000 idle WebSockets, plain and over TLS. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "net/http.h"
#include "net/server.h"
#include "net/test_certificate.h"
#include "net/websocket.h"
#include "runtime/loop.h"

enum { REQUESTS = 200000, SOCKETS = 10000, MAX_CLIENTS = 64, ROUNDS = 3 };

#define CHECKED(cond) do { if (!(cond)) { perror(#cond); exit(1); } } while (0)

static const char request[] = "GET /health HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n";
static const char body[] = "{\"status\":\"ok\"}\n";

/* --- the two servers, each in a process of its own that tells its port through a pipe --- */

struct setup { const struct test_certificate *tls; int tell; unsigned port; };

static void handle(void *arg, struct http_exchange *x) AWAITS
{
    enum websocket_type type;
    struct websocket *w;
    str message;

    (void)arg;
    if (!str_eq(x->path, S("/ws"))) {
        (void)!http_answer(x, 200, S("application/json"), str_of(body, sizeof body - 1));
        return;
    }
    if (http_upgrade_websocket(x, &w))
        return;
    websocket_configure(w, &(struct websocket_options){ .ping_every_ms = 600000 });
    while (websocket_receive(w, &type, &message) == OK)
        if (websocket_send(w, type, message))
            break;
}

static enum err serve(void *arg)
{
    const struct setup *setup = arg;
    struct server_options o = { .host = "127.0.0.1", .max_per_address = 1 << 20, .handle = handle };
    struct server *s;

    if (setup->tls) {
        o.cert_file = setup->tls->cert;
        o.key_file = setup->tls->key;
    }
    TRY(server_open(&o, &s));
    unsigned port = server_port(s);

    CHECKED(write(setup->tell, &port, sizeof port) == sizeof port);
    return server_run(s);
}

static void our_server(struct setup *setup)
{
    if (loop_run(NULL, serve, setup))
        fprintf(stderr, "%s\n", failed_text());
}

struct bare { int fd; struct arena *arena; struct http_parser parser; };

static bool bare_serve(struct bare *b)
{
    static const char out[] = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 08:35:53 GMT\r\nContent-Length: 16\r\n"
                              "Content-Type: application/json\r\n\r\n{\"status\":\"ok\"}\n";
    static char in[16384];
    ssize_t n = recv(b->fd, in, sizeof in, 0);
    size_t used;

    if (n <= 0)
        return false;
    b->parser.arena = arena_new();
    if (http_feed(&b->parser, str_of(in, (size_t)n), &used) == HTTP_REQUEST)
        CHECKED(send(b->fd, out, sizeof out - 1, MSG_NOSIGNAL) == sizeof out - 1);
    http_parser_next(&b->parser);
    arena_free(b->parser.arena);
    return true;
}

static void bare_server(struct setup *setup)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)setup->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), epoll = epoll_create1(0), yes = 1;
    struct epoll_event events[256], ev = { .events = EPOLLIN };

    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    CHECKED(bind(listener, (struct sockaddr *)&a, sizeof a) == 0 && listen(listener, 512) == 0);
    CHECKED(getsockname(listener, (struct sockaddr *)&a, &len) == 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev) == 0);
    unsigned port = ntohs(a.sin_port);

    CHECKED(write(setup->tell, &port, sizeof port) == sizeof port);
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);

        for (int i = 0; i < n; i++) {
            struct bare *b = events[i].data.ptr;

            if (b == NULL) {
                b = calloc(1, sizeof *b);
                b->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                ev.data.ptr = b;
                CHECKED(b->fd >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, b->fd, &ev) == 0);
            } else if (!bare_serve(b)) {
                close(b->fd);
                http_parser_done(&b->parser);
                free(b);
            }
        }
    }
}

struct child { pid_t pid; unsigned port; };

static struct child start(void (*server)(struct setup *), const struct test_certificate *tls)
{
    struct child c;
    int ends[2];

    CHECKED(pipe(ends) == 0);
    fflush(stdout);
    c.pid = fork();
    CHECKED(c.pid >= 0);
    if (c.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        server(&(struct setup){ .tls = tls, .tell = ends[1] });
        exit(1);
    }
    close(ends[1]);
    CHECKED(read(ends[0], &c.port, sizeof c.port) == sizeof c.port);
    close(ends[0]);
    return c;
}

static void stop(struct child c)
{
    kill(c.pid, SIGKILL);
    waitpid(c.pid, NULL, 0);
}

static double cpu_seconds(pid_t pid)
{
    struct timespec ts;
    clockid_t clock;

    CHECKED(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &ts) == 0);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- load --- */

static int dial(unsigned port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    CHECKED(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static void ask(int fd)
{
    CHECKED(write(fd, request, sizeof request - 1) == sizeof request - 1);
}

static void hear(int fd)
{
    char in[4096];
    ssize_t n = read(fd, in, sizeof in);

    CHECKED(n > (ssize_t)sizeof body && memcmp(in + n - (ssize_t)sizeof body + 1, body, sizeof body - 1) == 0);
}

static void load(unsigned port, int n_clients, int n_requests)
{
    int fds[MAX_CLIENTS], epoll = epoll_create1(0);
    struct epoll_event events[MAX_CLIENTS];

    for (int i = 0; i < n_clients; i++) {
        struct epoll_event ev = { .events = EPOLLIN, .data.fd = fds[i] = dial(port) };

        CHECKED(epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &ev) == 0);
        ask(fds[i]);
    }
    while (n_requests > 0) {
        int n = epoll_wait(epoll, events, MAX_CLIENTS, -1);

        for (int i = 0; i < n; i++) {
            hear(events[i].data.fd);
            ask(events[i].data.fd);
            n_requests--;
        }
    }
    for (int i = 0; i < n_clients; i++)
        close(fds[i]);
    close(epoll);
}

struct cost { double cpu_us, per_second; };

static struct cost measure(void (*server)(struct setup *), int n_clients)
{
    struct cost best = { 1e9, 0 };
    struct child c = start(server, NULL);

    load(c.port, n_clients, REQUESTS / 10);     /* warm */
    for (int i = 0; i < ROUNDS; i++) {
        double cpu = cpu_seconds(c.pid), t = now();

        load(c.port, n_clients, REQUESTS);
        cpu = (cpu_seconds(c.pid) - cpu) * 1e6 / REQUESTS;
        t = REQUESTS / (now() - t);
        best.cpu_us = cpu < best.cpu_us ? cpu : best.cpu_us;
        best.per_second = t > best.per_second ? t : best.per_second;
    }
    stop(c);
    return best;
}

static void bench_requests(void)
{
    static const int clients[] = { 1, 64 };

    for (size_t i = 0; i < N_ELEMENTS(clients); i++) {
        struct cost bare = measure(bare_server, clients[i]), ours = measure(our_server, clients[i]);

        printf("http request, %2d keep-alive connections  %.2f us cpu (%.0f/s)  bare epoll loop %.2f us (%.0f/s)  ratio %.2f  bound 1.50\n",
               clients[i], ours.cpu_us, ours.per_second, bare.cpu_us, bare.per_second, ours.cpu_us / bare.cpu_us);
    }
}

/* --- idle WebSockets --- */

static double megabytes(pid_t pid, const char *key)
{
    char path[64], line[256];
    unsigned long kb = 0, v;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *f = fopen(path, "r");

    CHECKED(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), ": %lu", &v) == 1)
            kb = v;
    fclose(f);
    return (double)kb / 1000 * 1.024;
}

static void upgrade(int fd, SSL_CTX *ctx)
{
    static const char hello[] = "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    char in[4096];
    SSL *ssl = ctx ? SSL_new(ctx) : NULL;
    int n;

    if (ssl) {
        SSL_set_fd(ssl, fd);
        CHECKED(SSL_connect(ssl) == 1 && SSL_write(ssl, hello, sizeof hello - 1) == sizeof hello - 1);
        n = SSL_read(ssl, in, sizeof in);
        SSL_set_quiet_shutdown(ssl, 1);     /* the session goes, the connection stays */
        SSL_free(ssl);
    } else {
        CHECKED(write(fd, hello, sizeof hello - 1) == sizeof hello - 1);
        n = (int)read(fd, in, sizeof in);
    }
    CHECKED(n > 12 && memcmp(in, "HTTP/1.1 101", 12) == 0);
}

static void bench_sockets(const struct test_certificate *tls, double bound)
{
    SSL_CTX *ctx = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    struct child c = start(our_server, tls);
    int *fds = calloc(SOCKETS, sizeof *fds);
    double before;

    fds[0] = dial(c.port);
    upgrade(fds[0], ctx);
    before = megabytes(c.pid, "Anonymous");
    for (int i = 1; i < SOCKETS; i++) {
        fds[i] = dial(c.port);
        upgrade(fds[i], ctx);
    }
    double busy = megabytes(c.pid, "Anonymous");

    sleep(4);       /* stacks are trimmed after a second */
    printf("%d idle WebSockets, %-5s  Rss %.1f MB, anonymous %.1f MB (%.1f KB each; %.1f MB just after connecting; %.1f MB with one)  bound %.0f MB\n",
           SOCKETS, tls ? "TLS" : "plain", megabytes(c.pid, "Rss"), megabytes(c.pid, "Anonymous"),
           (megabytes(c.pid, "Anonymous") - before) * 1000 / SOCKETS, busy, before, bound);
    for (int i = 0; i < SOCKETS; i++)
        close(fds[i]);
    free(fds);
    SSL_CTX_free(ctx);
    stop(c);
}

static void all_sockets(void)
{
    struct rlimit files = { 0, 0 };
    struct test_certificate tls = { 0 };

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_max < SOCKETS + 100) {
        printf("idle WebSockets: not measured, only %lu descriptors allowed\n", (unsigned long)files.rlim_max);
        return;
    }
    bench_sockets(NULL, 150);
    test_certificate_make(&tls, "bench");
    bench_sockets(&tls, 300);
    test_certificate_remove(&tls);
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "bare") == 0)
        bare_server(&(struct setup){ .tell = open("/dev/null", O_WRONLY), .port = (unsigned)strtoul(argv[2], NULL, 10) });
    for (int i = 1; i < argc || argc == 1; i++) {
        const char *what = argc == 1 ? "requests" : argv[i];

        if (strcmp(what, "requests") == 0)
            bench_requests();
        if (argc == 1 || strcmp(what, "sockets") == 0)
            all_sockets();
        if (argc == 1)
            break;
    }
    return 0;
}
