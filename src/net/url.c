// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

static const struct { str name; unsigned port; bool tls; } schemes[] = {
    { { "http", 4 }, 80, false }, { { "https", 5 }, 443, true },
    { { "ws", 2 }, 80, false },   { { "wss", 3 }, 443, true },
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
        || c == '-' || c == '.' || c == '_' || c == '~';
}

/* Bytes over 127 are let through: people write IRIs, and libcurl and the servers take them. */
static enum err check_bytes(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c <= ' ' || c == 127 || c == '\\' || c == '"' || c == '<' || c == '>')
            return failed(ERR_INPUT, "byte %zu of the URL (0x%02x) may not stand there", i, c);
        if (c == '%' && (text.len - i < 3 || hex_value(text.p[i + 1]) < 0 || hex_value(text.p[i + 2]) < 0))
            return failed(ERR_INPUT, "byte %zu of the URL: '%%' without two hexadecimal digits", i);
    }
    return OK;
}

static enum err take_scheme(str *rest, struct url *out)
{
    size_t end = str_find(*rest, S("://"));
    str name = str_take(*rest, end == STR_NONE ? 0 : end);

    for (size_t i = 0; i < N_ELEMENTS(schemes); i++)
        if (str_eq_nocase(name, schemes[i].name)) {
            out->scheme = name;
            out->port = schemes[i].port;
            out->tls = schemes[i].tls;
            *rest = str_skip(*rest, end + 3);
            return OK;
        }
    return failed(ERR_INPUT, "'%.*s' does not start with http:// or https://", STR(str_take(*rest, 60)));
}

static size_t find_first_of(str s, const char *set)
{
    size_t at = 0;

    while (at < s.len && str_find_char(str_from(set), s.p[at]) == STR_NONE)
        at++;
    return at;
}

static enum err take_port(str text, struct url *out)
{
    uint64_t port;

    if (text.len == 0)      /* "http://host:/" is allowed by RFC 3986 */
        return OK;
    TRY(str_u64(text, &port));
    if (port == 0 || port > 65535)
        return failed(ERR_INPUT, "port %.*s is not between 1 and 65535", STR(str_take(text, 20)));
    out->port = (unsigned)port;
    out->has_port = true;
    return OK;
}

static enum err take_ipv6(str text, struct url *out)
{
    size_t end = str_find_char(text, ']');

    if (end == STR_NONE || end == 1)
        return failed(ERR_INPUT, "'%.*s': '[' without an address and ']'", STR(str_take(text, 60)));
    out->host = str_cut(text, 1, end);
    out->is_ipv6 = true;
    for (size_t i = 0; i < out->host.len; i++)
        if (hex_value(out->host.p[i]) < 0 && out->host.p[i] != ':' && out->host.p[i] != '.')
            return failed(ERR_INPUT, "'%.*s' is not an IPv6 address", STR(str_take(out->host, 60)));
    text = str_skip(text, end + 1);
    if (text.len && !str_eat(&text, S(":")))
        return failed(ERR_INPUT, "'%.*s' stands where a port belongs", STR(str_take(text, 20)));
    return take_port(text, out);
}

static enum err take_authority(str text, struct url *out)
{
    size_t at;

    while ((at = str_find_char(text, '@')) != STR_NONE) {
        if (out->userinfo.p)
            return failed(ERR_INPUT, "two '@' before the path of a URL");
        out->userinfo = str_take(text, at);
        text = str_skip(text, at + 1);
    }
    if (str_starts(text, S("[")))
        return take_ipv6(text, out);
    size_t colon = str_find_char(text, ':');

    out->host = str_take(text, colon);
    if (out->host.len == 0)
        return failed(ERR_INPUT, "a URL without a host");
    if (find_first_of(out->host, "[]^`{|}%") < out->host.len)
        return failed(ERR_INPUT, "'%.*s' is not a host name", STR(str_take(out->host, 60)));
    return colon == STR_NONE ? OK : take_port(str_skip(text, colon + 1), out);
}

enum err url_parse(str text, struct url *out)
{
    struct url u = {0};

    TRY(check_bytes(text));
    TRY(take_scheme(&text, &u));
    text = str_take(text, str_find_char(text, '#'));
    size_t end = find_first_of(text, "/?");

    TRY(take_authority(str_take(text, end), &u));
    text = str_skip(text, end);
    size_t question = str_find_char(text, '?');

    u.path = str_take(text, question);
    if (question != STR_NONE)
        u.query = str_skip(text, question + 1);
    *out = u;
    return OK;
}

char *url_join(struct arena *a, str base, str path)
{
    while (str_ends(base, S("/")))
        base.len--;
    while (str_eat(&path, S("/")))
        ;
    return arena_printf(a, "%.*s/%.*s", STR(base), STR(path));
}

void url_add_encoded(struct buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (is_unreserved(s.p[i]))
            buf_add_char(b, s.p[i]);
        else
            buf_addf(b, "%%%02X", (unsigned char)s.p[i]);
    }
}

void url_add_authority(struct buf *b, const struct url *u)
{
    buf_addf(b, u->is_ipv6 ? "[%.*s]" : "%.*s", STR(u->host));
    if (u->port != (u->tls ? 443 : 80))
        buf_addf(b, ":%u", u->port);
}

bool url_is_loopback(const struct url *u)
{
    bool digits = u->host.len > 4;

    for (size_t i = 0; i < u->host.len; i++)
        digits &= u->host.p[i] == '.' || (u->host.p[i] >= '0' && u->host.p[i] <= '9');
    return str_eq_nocase(u->host, S("localhost")) || (digits && str_starts(u->host, S("127."))) || str_eq(u->host, S("::1"));
}
