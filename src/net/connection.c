// SPDX-License-Identifier: Apache-2.0
#include "net/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/server_internal.h"
#include "net/websocket_internal.h"
#include "runtime/clock.h"

enum { TRIM_AFTER_MS = 1000, LINGER_MS = 2000, LINGER_MAX = 256 << 10 };

struct connection *connection_new(struct server *s, int raw, const char *peer)
{
    struct connection *c = NEW(struct connection);

    c->server = s;
    c->io.fd = fd_open(raw);
    snprintf(c->peer, sizeof c->peer, "%s", peer);
    c->parser.max_body = s->options.max_body;
    list_push_back(&s->connections, &c->in_server);
    return c;
}

/* Gives back what only a request needs. */
static void trim(struct connection *c)
{
    http_parser_done(&c->parser);
    arena_freep(&c->parser.arena);
    buf_done(&c->rest);
    buf_done(&c->fields);
    buf_done(&c->out);
}

void connection_free(struct connection *c)
{
    websocket_free(c->websocket);
    transport_close(&c->io);
    trim(c);
    server_forget(c->server, c);
    free(c);
}

uint64_t patience(uint64_t base_ms, size_t n)
{
    return base_ms + n / 16;
}

/* --- reading --- */

static enum err wait_until(struct connection *c, uint64_t at, struct waiters *also, bool *ret_readable) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    uint64_t now = clock_ms();

    deadline_set(&d, at > now ? at - now : 0);
    return transport_wait(&c->io, also, ret_readable);
}

enum err connection_take_rest(struct connection *c, bool *ret_end)
{
    size_t n;

    TRY(transport_take(&c->io, transport_scratch(), SCRATCH_SIZE, &n, ret_end));
    buf_add(&c->rest, str_of(transport_scratch(), n));
    return OK;
}

/* Reads once and feeds the parser from the server's one read buffer; only what it leaves is kept. */
static enum err read_and_feed(struct connection *c, enum http_event *ret_event, bool *ret_end)
{
    char *scratch = transport_scratch();
    size_t n, used;

    TRY(transport_take(&c->io, scratch, SCRATCH_SIZE, &n, ret_end));
    *ret_event = http_feed(&c->parser, str_of(scratch, n), &used);
    buf_add(&c->rest, str_of(scratch + used, n - used));
    return OK;
}

static enum http_event feed_rest(struct connection *c)
{
    size_t used;
    enum http_event e = http_feed(&c->parser, buf_str(&c->rest), &used);

    buf_drop(&c->rest, used);
    return e;
}

static enum err say_continue(struct connection *c) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    str s = S("HTTP/1.1 100 Continue\r\n\r\n");

    if (!c->parser.expects_continue || c->rest.len)     /* RFC 9110 section 10.1.1: not when the body comes already */
        return OK;
    deadline_set(&d, c->server->options.write_timeout_ms);
    return transport_write(&c->io, &s, 1);
}

/* Reads a request of which some bytes are there.  Every byte of the body buys a little more time. */
static enum err read_request(struct connection *c, enum http_event *ret_event) AWAITS
{
    const struct server_options *o = &c->server->options;
    uint64_t start = clock_ms();
    bool in_body = false, readable, end = false;
    enum http_event e = HTTP_MORE;

    if (c->rest.len)
        e = feed_rest(c);
    else
        TRY(read_and_feed(c, &e, &end));
    while (e == HTTP_MORE || e == HTTP_HEAD) {
        if (e == HTTP_HEAD) {
            in_body = true;
            start = clock_ms();
            TRY(say_continue(c));
            e = feed_rest(c);
            continue;
        }
        if (end)
            return failed(ERR_NET, "the client went away");
        TRY(wait_until(c, start + (in_body ? patience(o->body_timeout_ms, c->parser.body.len) : o->header_timeout_ms),
                       NULL, &readable));
        TRY(read_and_feed(c, &e, &end));
    }
    *ret_event = e;
    return OK;
}

/* Waits for a request's first byte.  *ret_readable is false when there will be none: time is over, or the server
 * stops. */
static enum err wait_idle(struct connection *c, uint64_t timeout_ms, bool *ret_readable) AWAITS
{
    struct server *s = c->server;
    uint64_t start = clock_ms();
    enum err e;

    *ret_readable = false;
    if (s->draining)
        return OK;
    e = wait_until(c, start + (timeout_ms < TRIM_AFTER_MS ? timeout_ms : TRIM_AFTER_MS), &s->stop, ret_readable);
    if (e == ERR_TIMEOUT && timeout_ms > TRIM_AFTER_MS) {
        trim(c);
        e = wait_until(c, start + timeout_ms, &s->stop, ret_readable);
    }
    return e == ERR_TIMEOUT ? OK : e;
}

/* --- a connection's life --- */

/* Lets the client read our last words before it is told that we did not read all of its own (RFC 9112 section 9.6). */
static void linger(struct connection *c) AWAITS
{
    size_t n = 1, total = 0;
    bool readable, end = false;
    uint64_t until = clock_ms() + LINGER_MS;

    shutdown(fd_raw(c->io.fd), SHUT_WR);
    while (!end && total < LINGER_MAX) {
        if (wait_until(c, until, NULL, &readable) || transport_take(&c->io, transport_scratch(), SCRATCH_SIZE, &n, &end))
            return;
        total += n;
    }
}

static enum err refuse(struct connection *c, int status, const char *reason) AWAITS
{
    TRY(exchange_refuse(c, status, reason));
    linger(c);
    return OK;
}

/* One request and its answer; c->keep_alive says whether another may follow. */
static enum err serve_request(struct connection *c, uint64_t timeout_ms) AWAITS
{
    enum http_event event;
    bool readable = true;

    c->keep_alive = false;
    if (c->rest.len == 0)
        TRY(wait_idle(c, timeout_ms, &readable));
    if (!readable)
        return OK;
    c->parser.arena = arena_new();
    enum err e = read_request(c, &event);

    if (e == ERR_TIMEOUT)
        e = refuse(c, 408, "the request did not come in time");
    else if (e == OK && event == HTTP_REFUSED)
        e = refuse(c, c->parser.status, c->parser.reason);
    else if (e == OK)
        e = exchange_run(c);
    http_parser_next(&c->parser);
    arena_freep(&c->parser.arena);
    return e;
}

static enum err greet(struct connection *c) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    if (!c->secure)
        return OK;
    deadline_set(&d, c->server->options.header_timeout_ms);
    return transport_accept_tls(&c->io, c->server->tls);
}

static enum err serve(struct connection *c) AWAITS
{
    const struct server_options *o = &c->server->options;

    TRY(greet(c));
    TRY(serve_request(c, o->header_timeout_ms));
    while (c->keep_alive) {
        if (c->rest.len)        /* it pipelines, and what is written seldom waits: the others have their turn */
            TRY(fiber_yield());
        TRY(serve_request(c, o->idle_timeout_ms));
    }
    return OK;
}

enum err connection_run(void *connection)
{
    struct connection *c = connection;

    c->fiber = fiber_self();
    if (serve(c) && log_on(LOG_DEBUG, "net.connection"))
        log_event(LOG_DEBUG, "net.connection", F("peer", c->peer), F("error", failed_text()));
    connection_free(c);
    return OK;
}
