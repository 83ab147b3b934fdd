// SPDX-License-Identifier: Apache-2.0
/* websocket_client.c: the way to an open WebSocket: a connection (dial.h), TLS, the upgrade of RFC 6455 section 4.1, frames. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "net/dial.h"
#include "net/http.h"
#include "net/url.h"
#include "net/websocket_internal.h"

enum { HANDSHAKE_MS = 10000, ANSWER_MAX = 16 << 10 };

void websocket_client_stop(void)
{
    dial_stop();
}

static bool is_ours(str name)
{
    static const char *const names[] = {
        "Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Extensions", "Content-Length",
        "Transfer-Encoding",
    };
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq_nocase(name, str_from(names[i])))
            return true;
    return false;
}

static enum err add_request(struct buf *b, const struct url *u, str key, const struct http_field *fields, size_t n)
{
    buf_addf(b, "GET %s%.*s%s%.*s HTTP/1.1\r\nHost: ", u->path.len ? "" : "/", STR(u->path), u->query.len ? "?" : "", STR(u->query));
    url_add_authority(b, u);
    buf_addf(b, "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %.*s\r\n", STR(key));
    for (size_t i = 0; i < n; i++) {
        if (!http_is_token(fields[i].name) || !http_is_value(fields[i].value) || is_ours(fields[i].name))
            return failed(ERR_INPUT, "a field of the request ('%.*s') may not be sent", STR(str_take(fields[i].name, 40)));
        buf_addf(b, "%.*s: ", STR(fields[i].name));
        buf_add(b, fields[i].value);
        buf_add(b, S("\r\n"));
    }
    buf_add(b, S("\r\n"));
    return buf_check(b, "the request for a WebSocket");
}

/* Up to the blank line; what came after it is left in `got` behind the head. */
static enum err read_head(struct transport *io, struct buf *got, size_t *ret_len) AWAITS
{
    bool readable, end = false;
    size_t n, at;

    while ((at = str_find(buf_str(got), S("\r\n\r\n"))) == STR_NONE) {
        if (end)
            return failed(ERR_NET, "closed before the upgrade was answered");
        if (got->len >= ANSWER_MAX)
            return failed(ERR_REMOTE, "an answer without an end to its head");
        TRY(transport_wait(io, NULL, &readable));
        TRY(transport_take(io, transport_scratch(), SCRATCH_SIZE, &n, &end));
        buf_add(got, str_of(transport_scratch(), n));
    }
    *ret_len = at + 2;
    return OK;
}

static enum err refused(str status_line)
{
    str words = str_take(str_skip(status_line, 9), 80);
    uint64_t status = 0;

    if (str_u64(str_take(words, 3), &status) != OK)
        return failed(ERR_REMOTE, "the answer is no HTTP/1.1");
    enum err e = status == 401 || status == 403 ? ERR_AUTH : status == 404 ? ERR_NOT_FOUND : status == 429 ? ERR_LIMIT
               : status >= 500 ? ERR_NET : ERR_REMOTE;

    return failed(e, "no WebSocket: HTTP %.*s", STR(words));
}

/* What section 4.1 makes the client check. */
static enum err check_head(str head, str key, bool asked_for_protocol)
{
    CLEANUP(buf_done) struct buf accept = {0};
    bool upgrade = false, connection = false, accepted = false;
    str line, status = NO_STR;

    websocket_add_accept(&accept, key);
    str_split(&head, '\n', &status);
    status = str_trim(status);
    if (!str_starts(status, S("HTTP/1.1 101")))
        return refused(status);
    while (str_split(&head, '\n', &line)) {
        str name = str_take(line, str_find_char(line, ':')), value = str_trim(str_skip(line, name.len + 1));

        upgrade |= str_eq_nocase(name, S("Upgrade")) && str_eq_nocase(value, S("websocket"));
        connection |= str_eq_nocase(name, S("Connection")) && http_has_token(value, S("upgrade"));
        accepted |= str_eq_nocase(name, S("Sec-WebSocket-Accept")) && str_eq(value, buf_str(&accept));
        if (str_eq_nocase(name, S("Sec-WebSocket-Extensions"))
            || (str_eq_nocase(name, S("Sec-WebSocket-Protocol")) && !asked_for_protocol))
            return failed(ERR_REMOTE, "the server wants an extension or protocol that was not offered");
    }
    if (!upgrade || !connection || !accepted)
        return failed(ERR_REMOTE, "the answer 101 is not one to our request");
    return OK;
}

struct handshake { const struct url *url; const struct http_field *fields; size_t n_fields; };

static enum err shake_hands(struct transport *io, const struct handshake *h, struct buf *rest) AWAITS
{
    CLEANUP(buf_done) struct buf rq = {0}, key = {0};
    CLEANUP(mem_freep) char *host = str_dup_c(h->url->host);
    bool protocol = false;
    char nonce[16];
    size_t len;

    for (size_t i = 0; i < h->n_fields; i++)
        protocol |= str_eq_nocase(h->fields[i].name, S("Sec-WebSocket-Protocol"));
    random_bytes(nonce, sizeof nonce);
    buf_add_base64(&key, str_of(nonce, sizeof nonce));
    TRY(add_request(&rq, h->url, buf_str(&key), h->fields, h->n_fields));
    if (h->url->tls)
        TRY(dial_tls(io, host));
    TRY(transport_write(io, &(str){ rq.p, rq.len }, 1));
    TRY(read_head(io, rest, &len));
    TRY(check_head(str_take(buf_str(rest), len), buf_str(&key), protocol));
    buf_drop(rest, len + 2);
    return OK;
}

static void transport_freep(struct transport **io)
{
    if (*io)
        transport_close(*io);
    free(*io);
}

static enum err connect_to(const struct handshake *h, const char *where, struct websocket **out) AWAITS
{
    CLEANUP(transport_freep) struct transport *io = NEW(struct transport);
    CLEANUP(buf_done) struct buf rest = { .max = ANSWER_MAX + SCRATCH_SIZE };
    CLEANUP(deadline_clear) struct deadline d = {0};
    CLEANUP(mem_freep) char *host = str_dup_c(h->url->host);

    TRY(dial(host, h->url->port, h->url->tls ? DIAL_AS_HTTPS : DIAL_AS_HTTP, io));
    deadline_set(&d, HANDSHAKE_MS);
    enum err e = shake_hands(io, h, &rest);

    deadline_clear(&d);
    if (e == ERR_TIMEOUT && fiber_check() == OK)
        return failed(ERR_TIMEOUT, "%s: no handshake within %d s", where, HANDSHAKE_MS / 1000);
    if (e)
        return failed_in(e, "%s: ", where);
    *out = websocket_new(io, WEBSOCKET_CLIENT, &rest);
    io = NULL;
    return OK;
}

enum err websocket_connect(const char *text, const struct http_field *fields, size_t n_fields,
                           const struct websocket_options *options, struct websocket **out) AWAITS
{
    CLEANUP(buf_done) struct buf where = {0};
    struct url u;
    struct websocket *w;

    TRY(url_parse(str_from(text), &u));
    if (!str_eq_nocase(u.scheme, S("ws")) && !str_eq_nocase(u.scheme, S("wss")))
        return failed(ERR_INPUT, "a WebSocket's address begins with ws:// or wss://");
    if (u.userinfo.p)
        return failed(ERR_INPUT, "a WebSocket's address holds no user and password: send a field");
    url_add_authority(&where, &u);
    TRY(connect_to(&(struct handshake){ &u, fields, n_fields }, buf_c(&where), &w));
    if (options)
        websocket_configure(w, options);
    *out = w;
    return OK;
}
