// SPDX-License-Identifier: Apache-2.0
#include "tool/egress_request.h"

#include <string.h>

static str field(const struct http_parser *p, str name)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (str_eq_nocase(p->fields[i].name, name))
            return p->fields[i].value;
    return NO_STR;
}

bool egress_is_chunked(const struct http_parser *p)
{
    return field(p, S("Transfer-Encoding")).p != NULL;
}

static enum err ask_tunnel(struct arena *a, const struct http_parser *p, struct egress_ask *out)
{
    str length = field(p, S("Content-Length"));

    if (egress_is_chunked(p) || (length.p && !str_eq(length, S("0"))))
        return failed(ERR_INPUT, "CONNECT has no body");
    return egress_authority(a, p->host, &out->host, &out->port);
}

/* What stands behind the host of an absolute URL, which the parser has found to be one. */
static str path_of(struct arena *a, const struct http_parser *p)
{
    str path = str_skip(p->target, str_find(p->target, S("://")) + 3 + p->host.len);

    return str_starts(path, S("/")) ? path : str_from(arena_printf(a, "/%.*s", STR(path)));
}

static enum err ask_plain(struct arena *a, const struct egress_policy *policy, const struct http_parser *p, struct egress_ask *out)
{
    unsigned port = 0;

    if (!str_eq_nocase(str_take(p->target, str_find(p->target, S("://"))), S("http")))
        return failed(ERR_INPUT, "this is a proxy: it is asked for http://host/path, or by CONNECT host:port");
    TRY(egress_authority(a, p->host, &out->host, &port));
    out->path = path_of(a, p);
    out->port = port ? port : 80;
    out->secret = egress_secret_for(policy, out->host, out->port, port != 0);
    if (!out->secret)
        return OK;
    if (str_eq_nocase(p->method, S("TRACE")) || str_eq_nocase(p->method, S("TRACK")))
        return failed(ERR_INPUT, "%.*s would show the secret header of %.*s", STR(p->method), STR(out->host));
    out->kind = EGRESS_SECURED;
    out->port = out->secret->port;
    return OK;
}

enum err egress_ask(struct arena *a, const struct egress_policy *policy, const struct http_parser *p, struct egress_ask *out)
{
    bool tunnel = str_eq(p->method, S("CONNECT"));
    struct egress_ask ask = { .kind = tunnel ? EGRESS_TUNNEL : EGRESS_PLAIN };

    TRY(tunnel ? ask_tunnel(a, p, &ask) : ask_plain(a, policy, p, &ask));
    *out = ask;
    return OK;
}

/* RFC 9110 section 7.6.1; Host is written anew, Expect was answered here. */
static bool is_one_hop(str name)
{
    static const char *const names[] = { "Host", "Connection", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate",
                                         "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "HTTP2-Settings" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq_nocase(name, str_from(names[i])))
            return true;
    return false;
}

static bool is_framing(str name)
{
    return str_eq_nocase(name, S("Content-Length")) || str_eq_nocase(name, S("Transfer-Encoding"));
}

static bool is_named_for_one_hop(const struct http_parser *p, str name)
{
    for (size_t i = 0; i < p->n_fields; i++)
        if (str_eq_nocase(p->fields[i].name, S("Connection")) && http_has_token(p->fields[i].value, name))
            return true;
    return false;
}

/* A compressed or partial answer could carry the secret past the mask. */
static bool is_kept(const struct http_parser *p, const struct egress_ask *ask, str name)
{
    if (is_one_hop(name))
        return false;
    if (is_framing(name))
        return true;
    if (ask->secret && (str_eq_nocase(name, ask->secret->header) || str_eq_nocase(name, S("Accept-Encoding"))
                        || str_eq_nocase(name, S("Range")) || str_eq_nocase(name, S("If-Range"))))
        return false;
    return !is_named_for_one_hop(p, name);
}

static void add_host(struct buf *b, const struct egress_ask *ask)
{
    bool ipv6 = str_find_char(ask->host, ':') != STR_NONE;

    buf_addf(b, ipv6 ? "Host: [%.*s]" : "Host: %.*s", STR(ask->host));
    if (ask->port != (ask->kind == EGRESS_SECURED ? 443 : 80))
        buf_addf(b, ":%u", ask->port);
    buf_add(b, S("\r\n"));
}

void egress_add_head(struct buf *b, const struct http_parser *p, const struct egress_ask *ask, str value)
{
    buf_addf(b, "%.*s %.*s HTTP/1.1\r\n", STR(p->method), STR(ask->path));
    add_host(b, ask);
    for (size_t i = 0; i < p->n_fields; i++)
        if (is_kept(p, ask, p->fields[i].name))
            buf_addf(b, "%.*s: %.*s\r\n", STR(p->fields[i].name), STR(p->fields[i].value));
    if (ask->secret) {
        buf_addf(b, "%.*s: %.*s%.*s\r\n", STR(ask->secret->header), STR(ask->secret->prefix), STR(value));
        buf_add(b, S("Accept-Encoding: identity\r\n"));
    }
    buf_add(b, S("Connection: close\r\n\r\n"));
}
