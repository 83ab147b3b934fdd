// SPDX-License-Identifier: Apache-2.0
/* exchange.c: one request's answer, written by its handler through the functions of server.h. */
#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "net/connection.h"
#include "net/server_internal.h"
#include "net/target.h"
#include "net/websocket_internal.h"

enum { JOIN_MAX = 16 << 10 };       /* up to here a body is copied behind its head, to be one write and one TLS record */

static const char *reason_phrase(int status)
{
    static const struct { int status; const char *phrase; } table[] = {
        { 101, "Switching Protocols" }, { 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" },
        { 301, "Moved Permanently" }, { 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" },
        { 307, "Temporary Redirect" }, { 308, "Permanent Redirect" }, { 400, "Bad Request" }, { 401, "Unauthorized" },
        { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 406, "Not Acceptable" },
        { 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" }, { 411, "Length Required" },
        { 412, "Precondition Failed" }, { 413, "Content Too Large" }, { 414, "URI Too Long" },
        { 415, "Unsupported Media Type" }, { 417, "Expectation Failed" }, { 422, "Unprocessable Content" },
        { 426, "Upgrade Required" }, { 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" }, { 501, "Not Implemented" }, { 502, "Bad Gateway" },
        { 503, "Service Unavailable" }, { 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
    };

    for (size_t i = 0; i < N_ELEMENTS(table); i++)
        if (table[i].status == status)
            return table[i].phrase;
    return "";
}

static void add_number(struct buf *b, uint64_t n, unsigned base)
{
    char digits[20];
    size_t i = sizeof digits;

    do
        digits[--i] = "0123456789abcdef"[n % base];
    while (n /= base);
    buf_add(b, str_of(digits + i, sizeof digits - i));
}

static void begin_head(struct connection *c, int status)
{
    buf_clear(&c->out);
    buf_add(&c->out, S("HTTP/1.1 "));
    add_number(&c->out, (unsigned)status, 10);
    buf_add_char(&c->out, ' ');
    buf_add(&c->out, str_from(reason_phrase(status)));
    buf_add(&c->out, S("\r\n"));
    buf_add(&c->out, server_date(c->server));
    buf_add(&c->out, buf_str(&c->fields));
}

static void end_head(struct connection *c, str content_type)
{
    if (content_type.len) {
        buf_add(&c->out, S("Content-Type: "));
        buf_add(&c->out, content_type);
        buf_add(&c->out, S("\r\n"));
    }
    if (c->server->draining)
        c->keep_alive = false;
    if (!c->keep_alive)
        buf_add(&c->out, S("Connection: close\r\n"));
    buf_add(&c->out, S("\r\n"));
}

/* Writes c->out, then body, then tail, in time.  Afterwards c->out is empty. */
static enum err write_out(struct connection *c, str body, str tail) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    str parts[3] = { buf_str(&c->out), body, tail };
    size_t n = 3;

    if (body.len <= JOIN_MAX) {
        buf_add(&c->out, body);
        buf_add(&c->out, tail);
        parts[0] = buf_str(&c->out);
        n = 1;
    }
    deadline_set(&d, patience(c->server->options.write_timeout_ms, body.len));
    enum err e = transport_write(&c->io, parts, n);

    buf_clear(&c->out);
    if (e)
        c->keep_alive = false;
    return e;
}

static bool has_body(const struct connection *c, int status)    /* RFC 9110 section 6.4.1 */
{
    return status != 204 && status != 304 && !str_eq(c->parser.method, S("HEAD"));
}

static bool line_is_ok(struct connection *c, int status, str content_type)
{
    return !c->bad_field && status >= 200 && status <= 599 && http_is_value(content_type);
}

/* The whole answer; `status` and the rest are known to be good. */
static enum err answer(struct connection *c, int status, str content_type, str body) AWAITS
{
    c->answer = ANSWER_WHOLE;
    begin_head(c, status);
    if (status != 204 && status != 304) {
        buf_add(&c->out, S("Content-Length: "));
        add_number(&c->out, body.len, 10);
        buf_add(&c->out, S("\r\n"));
    }
    end_head(c, content_type);
    return write_out(c, has_body(c, status) ? body : NO_STR, NO_STR);
}

/* The body says what went wrong, as RFC 9457 has it.  `detail` is ours, so it needs no JSON escapes. */
static enum err answer_problem(struct connection *c, int status, const char *detail) AWAITS
{
    char body[256];

    snprintf(body, sizeof body, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
             reason_phrase(status), status, detail);
    return answer(c, status, S("application/problem+json"), str_from(body));
}

enum err exchange_refuse(struct connection *c, int status, const char *reason)
{
    c->keep_alive = false;
    buf_clear(&c->fields);
    return answer_problem(c, status, reason);
}

static enum err bad_answer(struct connection *c, int status) AWAITS
{
    buf_clear(&c->fields);
    TRY(answer_problem(c, 500, "the answer could not be built"));
    return failed(ERR_BUG, "an answer with status %d has a bad status, field name or value", status);
}

/* --- what handlers call --- */

str http_exchange_field(const struct http_exchange *x, str name)
{
    for (size_t i = 0; i < x->n_fields; i++)
        if (str_eq_nocase(x->fields[i].name, name))
            return x->fields[i].value;
    return NO_STR;
}

bool http_query(const struct http_exchange *x, str name, str *ret_value)
{
    return http_query_find(x->arena, x->query, name, ret_value);
}

/* A value with a line break would let whoever chose it write fields of their own; such an answer becomes a 500. */
void http_add_field(struct http_exchange *x, str name, str value)
{
    struct connection *c = x->connection;

    if (!http_is_token(name) || !http_is_value(value)) {
        c->bad_field = true;
        return;
    }
    buf_add(&c->fields, name);
    buf_add(&c->fields, S(": "));
    buf_add(&c->fields, value);
    buf_add(&c->fields, S("\r\n"));
}

bool http_answered(const struct http_exchange *x)
{
    return x->connection->answer != ANSWER_NONE;
}

enum err http_answer(struct http_exchange *x, int status, str content_type, str body)
{
    struct connection *c = x->connection;

    if (c->answer != ANSWER_NONE)
        return failed(ERR_BUG, "a second answer to one request");
    if (!line_is_ok(c, status, content_type))
        return bad_answer(c, status);
    return answer(c, status, content_type, body);
}

enum err http_begin(struct http_exchange *x, int status, str content_type)
{
    struct connection *c = x->connection;

    if (c->answer != ANSWER_NONE)
        return failed(ERR_BUG, "a second answer to one request");
    if (!line_is_ok(c, status, content_type) || status == 204 || status == 304)
        return bad_answer(c, status);
    c->answer = ANSWER_PIECES;
    c->chunked = !c->parser.http_1_0;
    begin_head(c, status);
    if (c->chunked)
        buf_add(&c->out, S("Transfer-Encoding: chunked\r\n"));
    end_head(c, content_type);
    return write_out(c, NO_STR, NO_STR);
}

enum err http_piece(struct http_exchange *x, str bytes)
{
    struct connection *c = x->connection;

    if (c->answer != ANSWER_PIECES)
        return failed(ERR_BUG, "a piece of an answer that was not begun, or has ended");
    if (bytes.len == 0 || !has_body(c, 200))
        return fiber_check();
    if (!c->chunked)
        return write_out(c, bytes, NO_STR);
    add_number(&c->out, bytes.len, 16);
    buf_add(&c->out, S("\r\n"));
    return write_out(c, bytes, S("\r\n"));
}

enum err http_end(struct http_exchange *x)
{
    struct connection *c = x->connection;

    if (c->answer != ANSWER_PIECES)
        return failed(ERR_BUG, "the end of an answer that was not begun, or has ended");
    c->answer = ANSWER_WHOLE;
    return c->chunked && has_body(c, 200) ? write_out(c, S("0\r\n\r\n"), NO_STR) : OK;
}

enum err http_wait_or_gone(struct http_exchange *x, struct waiters *also)
{
    struct connection *c = x->connection;
    bool readable, end;

    for (;;) {
        if (c->rest.len >= SCRATCH_SIZE)    /* it pipelines and pipelines: it is there */
            return wait_on(also, "news for the client");
        TRY(transport_wait(&c->io, also, &readable));
        if (!readable)
            return OK;
        TRY(connection_take_rest(c, &end));
        if (end)
            return failed(ERR_NET, "the client went away");
    }
}

/* --- RFC 6455 section 4.2 --- */

static const char *not_a_websocket(const struct http_exchange *x, int *ret_status)
{
    str key = http_exchange_field(x, S("Sec-WebSocket-Key"));

    *ret_status = 400;
    if (!str_eq(x->method, S("GET")) || x->connection->parser.http_1_0)
        return "a WebSocket begins with GET in HTTP/1.1";
    if (!http_has_token(http_exchange_field(x, S("Connection")), S("upgrade"))
        || !http_has_token(http_exchange_field(x, S("Upgrade")), S("websocket"))) {
        *ret_status = 426;
        return "only a WebSocket is served here";
    }
    if (!str_eq(http_exchange_field(x, S("Sec-WebSocket-Version")), S("13"))) {
        *ret_status = 426;
        return "only WebSocket version 13 is spoken here";
    }
    return websocket_key_ok(key) && x->body.len == 0 ? NULL : "bad Sec-WebSocket-Key, or a body";
}

static enum err refuse_upgrade(struct http_exchange *x, int status, const char *why) AWAITS
{
    if (status == 426) {
        http_add_field(x, S("Upgrade"), S("websocket"));
        http_add_field(x, S("Sec-WebSocket-Version"), S("13"));
        http_add_field(x, S("Connection"), S("Upgrade"));
    }
    TRY(answer_problem(x->connection, status, why));
    return failed(ERR_INPUT, "%s", why);
}

enum err http_upgrade_websocket(struct http_exchange *x, struct websocket **out)
{
    struct connection *c = x->connection;
    int status;

    if (c->answer != ANSWER_NONE)
        return failed(ERR_BUG, "a second answer to one request");
    const char *why = not_a_websocket(x, &status);

    if (why)
        return refuse_upgrade(x, status, why);
    if (c->bad_field)
        return bad_answer(c, 101);
    c->answer = ANSWER_UPGRADED;
    c->keep_alive = false;
    begin_head(c, 101);
    buf_add(&c->out, S("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "));
    websocket_add_accept(&c->out, http_exchange_field(x, S("Sec-WebSocket-Key")));
    buf_add(&c->out, S("\r\n\r\n"));
    TRY(write_out(c, NO_STR, NO_STR));
    /* It may stay for days, mostly idle. */
    buf_done(&c->out);
    buf_done(&c->fields);
    buf_done(&c->parser.head);
    c->websocket = websocket_new(&c->io, WEBSOCKET_SERVER, &c->rest);
    *out = c->websocket;
    return OK;
}

/* --- running one --- */

static enum err redirect(struct http_exchange *x) AWAITS
{
    struct server *s = x->connection->server;
    unsigned port = s->listeners[0].port;
    str name = x->host;
    size_t end = str_starts(name, S("[")) ? str_find_char(name, ']') + 1 : str_find_char(name, ':');

    name = str_take(name, end);
    if (name.len == 0 || x->target.p[0] != '/')
        return answer_problem(x->connection, 400, "no host to redirect to");
    char *where = port == 443 ? arena_printf(x->arena, "https://%.*s%.*s", STR(name), STR(x->target))
                              : arena_printf(x->arena, "https://%.*s:%u%.*s", STR(name), port, STR(x->target));

    http_add_field(x, S("Location"), str_from(where));
    return http_answer(x, 308, NO_STR, NO_STR);
}

static bool is_loopback(const char *peer)
{
    return strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 || strcmp(peer, "unix") == 0;
}

static enum err handle(struct connection *c, struct http_exchange *x) AWAITS
{
    if (c->redirects)
        return redirect(x);
    c->server->options.handle(c->server->options.arg, x);
    TRY(fiber_check());
    if (c->answer == ANSWER_NONE) {
        buf_clear(&c->fields);
        return answer_problem(c, 500, "the request was not answered");
    }
    if (c->answer == ANSWER_PIECES)     /* the client must see that it is not whole */
        c->keep_alive = false;
    return OK;
}

enum err exchange_run(struct connection *c)
{
    const struct http_parser *p = &c->parser;
    struct http_exchange x = {
        .arena = p->arena, .method = p->method, .target = p->target, .path = p->path, .query = p->query, .host = p->host,
        .fields = p->fields, .n_fields = p->n_fields, .body = buf_str(&p->body), .peer = c->peer,
        .peer_is_loopback = is_loopback(c->peer), .tls = c->secure, .connection = c,
    };

    c->answer = ANSWER_NONE;
    c->bad_field = false;
    c->keep_alive = p->keep_alive;
    enum err e = handle(c, &x);

    buf_clear(&c->fields);
    return e;
}
