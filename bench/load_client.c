// SPDX-License-Identifier: Apache-2.0
/* load_client: the other side of a gateway (or of a bare reference) that is measured.  Prints one JSON line.
 *
 *   start    PORT N PROGRAM [ARGUMENT...]   N times: starts it, stops it when GET /ready is 200; the time between
 *   turns    PORT TOKEN SESSIONS SECONDS    one message at a time in each of so many sessions, mode=wait
 *   direct   PORT - BYTES SECONDS           the model itself, one call at a time, each with a conversation of so many bytes
 *   requests PORT PID CONNECTIONS N         GET /health on keep-alive connections; processor time of PID a request
 *   streams  PORT TOKEN N                   so many answers at once, mode=stream, to their end; counts the deltas
 *   sockets  PORT TOKEN N [tls]             opens so many WebSockets, says so, and holds them until its input ends
 */
#include "plain.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

enum { MAX_EVENTS = 256 };

struct client {
    int           fd;
    unsigned      number, n_asked;
    double        asked;        /* when */
    struct bytes  in;
    size_t        n_tail;       /* of a stream: bytes of `in` that were looked at, and may begin a mark */
};

static unsigned port;
static const char *token;

/* ---- answers ---- */

/* The length of the answer at the start of the bytes, or 0 when it is not all there. */
static size_t whole_answer(const struct bytes *b, const char **ret_body)
{
    const char *end = b->len ? memmem(b->p, b->len, "\r\n\r\n", 4) : NULL, *field;

    if (!end)
        return 0;
    field = strcasestr(b->p, "\r\ncontent-length:");
    CHECKED(field && field < end);
    size_t whole = (size_t)(end - b->p) + 4 + strtoul(field + 17, NULL, 10);

    *ret_body = end + 4;
    return b->len < whole ? 0 : whole;
}

static void receive(struct client *c)
{
    static char piece[65536];
    ssize_t n = recv(c->fd, piece, sizeof piece, 0);

    CHECKED(n > 0);
    bytes_add(&c->in, piece, (size_t)n);
}

static void send_all(int fd, const char *p, size_t n)
{
    CHECKED(send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void expect(bool right, const char *what, const struct bytes *answer)
{
    if (right)
        return;
    fprintf(stderr, "load_client: %s: %.*s\n", what, (int)(answer->len < 2000 ? answer->len : 2000), answer->p);
    exit(1);
}

static struct client *clients_new(int epoll, unsigned n)
{
    struct client *all = calloc(n, sizeof *all);

    CHECKED(all);
    for (unsigned i = 0; i < n; i++) {
        all[i].fd = plain_dial(port);
        all[i].number = i;
        plain_watch(epoll, all[i].fd, EPOLLIN, &all[i]);
    }
    return all;
}

static void clients_free(struct client *all, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        close(all[i].fd);
        free(all[i].in.p);
    }
    free(all);
}

/* ---- start ---- */

static bool is_ready(void)
{
    static const char ask[] = "GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[64];
    int fd = plain_try_dial(port);
    ssize_t n;

    if (fd < 0)
        return false;
    n = send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL) > 0 ? recv(fd, answer, sizeof answer, 0) : -1;
    close(fd);
    return n > 12 && memcmp(answer + 9, "200", 3) == 0;
}

static double start_once(char **argv)
{
    double start = plain_now_us(), took;
    pid_t pid = fork();
    int status;

    CHECKED(pid >= 0);
    if (pid == 0) {
        CHECKED(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
        execv(argv[0], argv);
        plain_die(argv[0]);
    }
    while (!is_ready()) {
        CHECKED(waitpid(pid, &status, WNOHANG) == 0);
        CHECKED(plain_now_us() - start < 10e6);
        usleep(200);
    }
    took = plain_now_us() - start;
    kill(pid, SIGTERM);
    CHECKED(waitpid(pid, &status, 0) == pid);
    return took;
}

static void bench_start(unsigned n, char **argv)
{
    struct sample times = { 0 };

    for (unsigned i = 0; i < n; i++)
        sample_add(&times, start_once(argv));
    printf("{\"p50_us\": %.0f, \"min_us\": %.0f}\n", sample_quantile(&times, 0.5), sample_quantile(&times, 0));
}

/* ---- turns ---- */

static void say(struct client *c)
{
    char body[256], head[512];
    int n = snprintf(body, sizeof body, "{\"session_id\":\"b1ac0000-0000-4000-8000-%04x%08x\",\"content\":{\"text\":\"message %u of %u\"}}",
                     (unsigned)getpid() & 0xffff, c->number, ++c->n_asked, c->number);
    int h = snprintf(head, sizeof head, "POST /api/v1/messages?mode=wait HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                     "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", token, n, body);

    c->asked = plain_now_us();
    send_all(c->fd, head, (size_t)h);
}

/* Adds how long the answer took, once it is there, and checks that it answers what was asked. */
static bool hear(struct client *c, struct sample *times)
{
    const char *body;
    char echo[64];

    receive(c);
    size_t whole = whole_answer(&c->in, &body);

    if (whole == 0)
        return false;
    sample_add(times, plain_now_us() - c->asked);
    snprintf(echo, sizeof echo, "\"echo: message %u of %u\"", c->n_asked, c->number);
    expect(memcmp(c->in.p + 9, "200", 3) == 0 && memmem(c->in.p, c->in.len, echo, strlen(echo)), "not an answer", &c->in);
    bytes_drop(&c->in, whole);
    return true;
}

static void bench_turns(unsigned sessions, double seconds)
{
    struct epoll_event events[MAX_EVENTS];
    struct sample times = { 0 };
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct client *all = clients_new(epoll, sessions);
    double start = plain_now_us(), end = start + seconds * 1e6;

    for (unsigned i = 0; i < sessions; i++)
        say(&all[i]);
    for (unsigned waiting = sessions; waiting; ) {
        int n = epoll_wait(epoll, events, MAX_EVENTS, 10000);

        CHECKED(n > 0);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;

            if (!hear(c, &times))
                continue;
            if (c->asked < end && plain_now_us() < end)
                say(c);
            else
                waiting--;
        }
    }
    seconds = (plain_now_us() - start) / 1e6;
    printf("{\"turns\": %zu, \"per_second\": %.1f, \"p50_us\": %.0f, \"p99_us\": %.0f}\n", times.n, (double)times.n / seconds,
           sample_quantile(&times, 0.5), sample_quantile(&times, 0.99));
    clients_free(all, sessions);
}

/* ---- the model without anything between ---- */

static void ask_model(int fd, const char *filler, unsigned number)
{
    struct bytes body = { 0 };
    char piece[256];

    bytes_add(&body, piece, (size_t)snprintf(piece, sizeof piece, "{\"model\":\"double\",\"messages\":[{\"role\":\"user\",\"content\":\""));
    bytes_add(&body, filler, strlen(filler));
    bytes_add(&body, piece, (size_t)snprintf(piece, sizeof piece, "\"},{\"role\":\"user\",\"content\":\"message %u\"}]}", number));
    int n = snprintf(piece, sizeof piece, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.len);

    send_all(fd, piece, (size_t)n);
    send_all(fd, body.p, body.len);
    free(body.p);
}

static void bench_direct(size_t bytes, double seconds)
{
    struct sample times = { 0 };
    struct client c = { .fd = plain_dial(port) };
    char *filler = malloc(bytes + 1);
    const char *answer;
    size_t whole;
    double cpu = plain_cpu_us(), end = plain_now_us() + seconds * 1e6;

    CHECKED(filler);
    memset(filler, 'x', bytes);
    filler[bytes] = '\0';
    while ((c.asked = plain_now_us()) < end) {
        ask_model(c.fd, filler, ++c.n_asked);
        while (receive(&c), (whole = whole_answer(&c.in, &answer)) == 0)
            continue;
        expect(memcmp(c.in.p + 9, "200", 3) == 0, "not an answer", &c.in);
        bytes_drop(&c.in, whole);
        sample_add(&times, plain_now_us() - c.asked);
    }
    printf("{\"calls\": %zu, \"p50_us\": %.0f, \"cpu_us\": %.1f}\n", times.n, sample_quantile(&times, 0.5),
           (plain_cpu_us() - cpu) / (double)times.n);
    free(filler);
    free(c.in.p);
    close(c.fd);
}

/* ---- requests ---- */

static double cpu_us(pid_t pid)
{
    struct timespec t;
    clockid_t clock;

    CHECKED(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void ask_health(int fd)
{
    static const char ask[] = "GET /health HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: bench/1.0\r\nAccept: */*\r\n\r\n";

    send_all(fd, ask, sizeof ask - 1);
}

static void health_answered(struct client *c)
{
    const char *body;

    receive(c);
    size_t whole = whole_answer(&c->in, &body);

    if (whole == 0)
        return;
    expect(memcmp(c->in.p + 9, "200", 3) == 0, "/health", &c->in);
    bytes_drop(&c->in, whole);
    c->n_asked++;
    ask_health(c->fd);
}

static void request_health(struct client *all, int epoll, unsigned connections, unsigned long n)
{
    struct epoll_event events[MAX_EVENTS];
    unsigned long done = 0;

    while (done < n) {
        int got = epoll_wait(epoll, events, MAX_EVENTS, 10000);

        CHECKED(got > 0);
        for (int i = 0; i < got; i++)
            health_answered(events[i].data.ptr);
        done = 0;
        for (unsigned i = 0; i < connections; i++)
            done += all[i].n_asked;
    }
    for (unsigned i = 0; i < connections; i++)
        all[i].n_asked = 0;
}

/* The best of five rounds: a neighbour's work makes it only slower. */
static void bench_requests(pid_t pid, unsigned connections, unsigned long n)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct client *all = clients_new(epoll, connections);
    double best = 1e9, rate = 0;

    for (unsigned i = 0; i < connections; i++)
        ask_health(all[i].fd);
    for (int round = 0; round < 6; round++) {
        double cpu = cpu_us(pid), start = plain_now_us();

        request_health(all, epoll, connections, n);
        cpu = (cpu_us(pid) - cpu) / (double)n;
        start = (double)n * 1e6 / (plain_now_us() - start);
        if (round && cpu < best)
            best = cpu;
        rate = start > rate ? start : rate;
    }
    printf("{\"cpu_us\": %.3f, \"per_second\": %.0f}\n", best, rate);
    clients_free(all, connections);
}

/* ---- streams ---- */

static void ask_stream(struct client *c)
{
    char body[128], head[512];
    int n = snprintf(body, sizeof body, "{\"content\":{\"text\":\"stream %u\"}}", c->number);
    int h = snprintf(head, sizeof head, "POST /api/v1/messages?mode=stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"
                     "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", token, n, body);

    send_all(c->fd, head, (size_t)h);
}

/* Looks for the marks in what came, and in what began before.  True: the stream is at its end. */
static bool count_events(struct client *c, unsigned long *deltas, unsigned long *bytes)
{
    static const char delta[] = "event: delta\n", done[] = "event: done\n";

    receive(c);
    *bytes += c->in.len - c->n_tail;
    for (const char *p = c->in.p, *end = p + c->in.len; (p = memmem(p, (size_t)(end - p), delta, sizeof delta - 1)); p++)
        ++*deltas;
    if (memmem(c->in.p, c->in.len, done, sizeof done - 1))
        return true;
    c->n_tail = c->in.len < sizeof delta - 2 ? c->in.len : sizeof delta - 2;     /* one byte short of a mark */
    bytes_drop(&c->in, c->in.len - c->n_tail);
    return false;
}

static void bench_streams(unsigned n)
{
    struct epoll_event events[MAX_EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct client *all = clients_new(epoll, n);
    unsigned long deltas = 0, bytes = 0;
    double start = plain_now_us();

    for (unsigned i = 0; i < n; i++)
        ask_stream(&all[i]);
    for (unsigned open = n; open; ) {
        int got = epoll_wait(epoll, events, MAX_EVENTS, 10000);

        CHECKED(got > 0);
        for (int i = 0; i < got; i++) {
            struct client *c = events[i].data.ptr;

            if (!count_events(c, &deltas, &bytes))
                continue;
            CHECKED(epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, NULL) == 0);
            open--;
        }
    }
    printf("{\"deltas\": %lu, \"bytes\": %lu, \"seconds\": %.2f}\n", deltas, bytes, (plain_now_us() - start) / 1e6);
    clients_free(all, n);
}

/* ---- sockets ---- */

/* With TLS only the handshake is kept: the session's memory here goes, the connection stays. */
static void upgrade(int fd, SSL_CTX *ctx)
{
    char ask[512], in[4096];
    int len = snprintf(ask, sizeof ask, "GET /ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", token), n;
    SSL *ssl = ctx ? SSL_new(ctx) : NULL;

    if (ssl) {
        SSL_set_fd(ssl, fd);
        CHECKED(SSL_connect(ssl) == 1 && SSL_write(ssl, ask, len) == len);
        n = SSL_read(ssl, in, sizeof in);
        SSL_set_quiet_shutdown(ssl, 1);
        SSL_free(ssl);
    } else {
        send_all(fd, ask, (size_t)len);
        n = (int)recv(fd, in, sizeof in, 0);
    }
    CHECKED(n > 12 && memcmp(in, "HTTP/1.1 101", 12) == 0);
}

static void bench_sockets(unsigned n, bool tls)
{
    SSL_CTX *ctx = tls ? SSL_CTX_new(TLS_client_method()) : NULL;

    plain_all_files();
    for (unsigned i = 0; i < n; i++)
        upgrade(plain_dial(port), ctx);
    printf("{\"open\": %u}\n", n);
    fflush(stdout);
    while (getchar() != EOF)
        continue;
}

int main(int argc, char **argv)
{
    const char *what = argc > 4 ? argv[1] : "";
    unsigned long a = argc > 4 ? strtoul(argv[4], NULL, 10) : 0;

    port = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    token = argc > 3 ? argv[3] : "";
    if (strcmp(what, "start") == 0 && argc > 4)
        bench_start((unsigned)strtoul(argv[3], NULL, 10), argv + 4);
    else if (strcmp(what, "turns") == 0 && argc == 6)
        bench_turns((unsigned)a, strtod(argv[5], NULL));
    else if (strcmp(what, "direct") == 0 && argc == 6)
        bench_direct(a, strtod(argv[5], NULL));
    else if (strcmp(what, "requests") == 0 && argc == 6)
        bench_requests((pid_t)strtol(argv[3], NULL, 10), (unsigned)a, strtoul(argv[5], NULL, 10));
    else if (strcmp(what, "streams") == 0 && argc == 5)
        bench_streams((unsigned)a);
    else if (strcmp(what, "sockets") == 0 && argc >= 5)
        bench_sockets((unsigned)a, argc > 5);
    else
        return fputs("load_client: see the top of bench/load_client.c\n", stderr), 2;
    return 0;
}
