// SPDX-License-Identifier: Apache-2.0
#include "net/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/connection.h"
#include "net/server_internal.h"
#include "net/tls.h"
#include "runtime/clock.h"

enum { BACKLOG = 512, ACCEPTS_A_TURN = 64, NO_FILES_PAUSE_MS = 200 };

/* --- for connections --- */

bool server_admits(struct server *s, const char *peer)
{
    uintptr_t n = (uintptr_t)map_get(&s->peers, str_from(peer));

    if (n >= s->options.max_per_address)
        return false;
    map_put(&s->peers, str_from(peer), (void *)(n + 1));
    s->n_connections++;
    return true;
}

void server_forget(struct server *s, struct connection *c)
{
    str peer = str_from(c->peer);
    uintptr_t n = (uintptr_t)map_get(&s->peers, peer);

    if (n > 1)
        map_put(&s->peers, peer, (void *)(n - 1));
    else
        map_remove(&s->peers, peer);
    list_remove(&c->in_server);
    if (--s->n_connections == 0)
        wake_all(&s->empty);
}

/* RFC 9110 section 5.6.7, by hand: strftime() would follow the locale. */
str server_date(struct server *s)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t second = clock_wall_ms() / 1000;

    if (second != s->date_at) {
        time_t t = (time_t)second;
        struct tm tm;

        gmtime_r(&t, &tm);
        snprintf(s->date, sizeof s->date, "Date: %.3s, %02u %.3s %04u %02u:%02u:%02u GMT\r\n", days + 3 * tm.tm_wday,
                 (unsigned)tm.tm_mday % 100, months + 3 * tm.tm_mon, (unsigned)(tm.tm_year + 1900) % 10000,
                 (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
        s->date_at = second;
    }
    return str_from(s->date);
}

/* --- listening --- */

static int listening_socket(const struct addrinfo *a)
{
    int yes = 1, no = 0;
    int raw = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (raw < 0)
        return -1;
    setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    /* Accepted sockets inherit these two. */
    setsockopt(raw, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    setsockopt(raw, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (a->ai_family == AF_INET6)
        setsockopt(raw, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);     /* "::" means IPv4 too */
    if (bind(raw, a->ai_addr, a->ai_addrlen) == 0 && listen(raw, BACKLOG) == 0)
        return raw;
    int saved = errno;

    close(raw);
    errno = saved;
    return -1;
}

static unsigned bound_port(int raw)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;

    if (getsockname(raw, (struct sockaddr *)&a, &len) != 0)
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port : ((struct sockaddr_in *)&a)->sin_port);
}

static enum err listen_on(struct server *s, const char *host, unsigned port, bool redirects)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
    struct addrinfo *a;
    char service[16];

    snprintf(service, sizeof service, "%u", port);
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (port > 65535 || getaddrinfo(host, service, &hints, &a) != 0)    /* LINT: numeric, asks nobody */
        return failed(ERR_INPUT, "'%s' port %u is no address to listen on", host, port);
    int raw = listening_socket(a);

    freeaddrinfo(a);
    if (raw < 0)
        return failed(errno == EADDRINUSE ? ERR_CONFLICT : ERR_IO, "listening on %s port %u: %s", host, port, strerror(errno));
    struct listener *l = &s->listeners[s->n_listeners++];

    *l = (struct listener){ .server = s, .fd = fd_open(raw), .port = bound_port(raw), .redirects = redirects };
    return OK;
}

/* The umask is the process's: the socket must be born private, and no other thread makes files while we listen. */
static int bound_unix_socket(const struct sockaddr_un *a)
{
    int raw = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (raw < 0)
        return -1;
    mode_t old = umask(0177);
    int e = bind(raw, (const struct sockaddr *)a, sizeof *a) || listen(raw, BACKLOG) ? errno : 0;

    umask(old);
    if (e == 0)
        return raw;
    close(raw);
    errno = e;
    return -1;
}

static enum err listen_on_unix(struct server *s, const char *path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof a.sun_path)
        return failed(ERR_INPUT, "%s is too long for the address of a unix socket (%zu bytes at most)", path,
                      sizeof a.sun_path - 1);
    memcpy(a.sun_path, path, strlen(path));
    if (unlink(path) && errno != ENOENT)
        return failed(ERR_IO, "%s cannot be replaced: %s", path, strerror(errno));
    int raw = bound_unix_socket(&a);

    if (raw < 0)
        return failed(ERR_IO, "listening on %s: %s", path, strerror(errno));
    s->listeners[s->n_listeners++] = (struct listener){ .server = s, .fd = fd_open(raw) };
    return OK;
}

static void fill_defaults(struct server_options *o)
{
    o->max_body = o->max_body ? o->max_body : 8 << 20;
    o->max_per_address = o->max_per_address ? o->max_per_address : 256;
    o->header_timeout_ms = o->header_timeout_ms ? o->header_timeout_ms : 10000;
    o->body_timeout_ms = o->body_timeout_ms ? o->body_timeout_ms : 30000;
    o->write_timeout_ms = o->write_timeout_ms ? o->write_timeout_ms : 30000;
    o->idle_timeout_ms = o->idle_timeout_ms ? o->idle_timeout_ms : 75000;
}

static void closep(struct server **s)
{
    server_close(*s);
}

enum err server_open(const struct server_options *options, struct server **out)
{
    CLEANUP(closep) struct server *s = NEW(struct server);
    struct server_options *o = &s->options;

    *o = *options;
    fill_defaults(o);
    o->cert_file = o->cert_file ? str_dup_c(str_from(o->cert_file)) : NULL;
    o->key_file = o->key_file ? str_dup_c(str_from(o->key_file)) : NULL;
    s->fibers.independent = true;
    s->date_at = -1;
    list_init(&s->connections);
    if (!o->cert_file != !o->key_file)
        return failed(ERR_INPUT, "TLS needs both a certificate and a key");
    if (o->redirect_port && !o->cert_file)
        return failed(ERR_INPUT, "a port that redirects to TLS needs a certificate");
    if (o->cert_file)
        TRY(tls_server_context(o->cert_file, o->key_file, &s->tls));
    if (o->unix_path)
        TRY(listen_on_unix(s, o->unix_path));
    else
        TRY(listen_on(s, o->host, o->port, false));
    if (o->redirect_port)
        TRY(listen_on(s, o->host, o->redirect_port, true));
    *out = s;
    s = NULL;
    return OK;
}

unsigned server_port(const struct server *s)
{
    return s->listeners[0].port;
}

size_t server_connections(const struct server *s)
{
    return s->n_connections;
}

enum err server_reload_certificate(struct server *s)
{
    struct ssl_ctx_st *fresh;

    if (s->tls == NULL)
        return failed(ERR_INPUT, "no certificate is configured");
    TRY(tls_server_context(s->options.cert_file, s->options.key_file, &fresh));
    tls_context_free(s->tls);
    s->tls = fresh;
    return OK;
}

/* --- accepting --- */

/* Text of the address; IPv4 that came through an IPv6 socket looks like IPv4. */
static void peer_text(const struct sockaddr_storage *from, char out[PEER_SIZE])
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)from;

    if (from->ss_family == AF_UNIX)
        memcpy(out, "unix", 5);
    else if (from->ss_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)from)->sin_addr, out, PEER_SIZE);
    else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, out, PEER_SIZE);
    else
        inet_ntop(AF_INET6, &six->sin6_addr, out, PEER_SIZE);
}

static void turn_away(const struct listener *l, int raw)
{
    static const char words[] = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\n"
                                "Connection: close\r\n\r\n";

    if (l->server->tls == NULL || l->redirects)
        (void)!send(raw, words, sizeof words - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(raw);
}

static void welcome(struct listener *l, int raw, const struct sockaddr_storage *from)
{
    struct server *s = l->server;
    char peer[PEER_SIZE];

    peer_text(from, peer);
    if (!server_admits(s, peer)) {
        turn_away(l, raw);
        return;
    }
    struct connection *c = connection_new(s, raw, peer);

    c->redirects = l->redirects;
    c->secure = s->tls && !l->redirects;
    fibers_spawn(&s->fibers, "http connection", connection_run, c);
}

/* Out of descriptors, accept(2) fails at once for as long as somebody is waiting in the backlog. */
static enum err pause_accepting(struct server *s, int why) AWAITS
{
    if (!s->out_of_files)
        log_event(LOG_WARN, "net.accept", F("error", strerror(why)), F("connections", s->n_connections));
    s->out_of_files = true;
    return fiber_sleep(NO_FILES_PAUSE_MS);
}

static enum err accept_some(struct listener *l) AWAITS
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        int raw = accept4(fd_raw(l->fd), (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (raw >= 0) {
            l->server->out_of_files = false;
            welcome(l, raw, &from);
        } else if (errno == EAGAIN) {
            break;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return pause_accepting(l->server, errno);
        } else if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK) {
            return failed(ERR_BUG, "accept: %s", strerror(errno));
        }       /* everything else is about the one connection that is gone already: accept(2) */
    }
    return OK;
}

static enum err accept_loop(void *listener) AWAITS
{
    struct listener *l = listener;
    int events;

    while (!l->server->draining) {
        TRY(fd_wait_or(l->fd, FD_READ, &l->server->stop, &events));
        if (events && !l->server->draining)
            TRY(accept_some(l));
    }
    return OK;
}

/* Whoever comes from now on is refused, instead of waiting for nobody. */
static void refuse_from_now_on(struct server *s)
{
    for (size_t i = 0; i < s->n_listeners; i++)
        shutdown(fd_raw(s->listeners[i].fd), SHUT_RD);      /* server_close() closes */
}

enum err server_run(struct server *s)
{
    CLEANUP(fibers_done) struct fibers acceptors = { 0 };

    for (size_t i = 0; i < s->n_listeners; i++)
        fibers_spawn(&acceptors, "accept", accept_loop, &s->listeners[i]);
    enum err e = fibers_wait(&acceptors);

    refuse_from_now_on(s);
    return e;
}

/* --- the end --- */

/* A fiber that was cancelled before it began has never seen its connection. */
static void free_unstarted(struct server *s)
{
    list_each(node, &s->connections)
        connection_free(list_entry(node, struct connection, in_server));
}

static enum err wait_until_empty(struct server *s, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    deadline_set(&d, ms);
    while (s->n_connections)
        TRY(wait_on(&s->empty, "connections to end"));
    return OK;
}

enum err server_drain(struct server *s, uint64_t ms)
{
    s->draining = true;
    wake_all(&s->stop);
    refuse_from_now_on(s);
    list_each(node, &s->connections) {
        struct connection *c = list_entry(node, struct connection, in_server);

        if (c->websocket)       /* it would never end; its client is told "going away" and comes back */
            fiber_cancel(c->fiber);
    }
    enum err e = wait_until_empty(s, ms);

    fibers_done(&s->fibers);
    free_unstarted(s);
    return e == ERR_TIMEOUT ? fiber_check() : e;
}

void server_close(struct server *s)
{
    if (s == NULL)
        return;
    s->draining = true;
    fibers_done(&s->fibers);
    free_unstarted(s);
    for (size_t i = 0; i < s->n_listeners; i++)
        fd_close(s->listeners[i].fd);
    tls_context_free(s->tls);
    map_done(&s->peers);
    free((char *)s->options.cert_file);
    free((char *)s->options.key_file);
    free(s);
}
