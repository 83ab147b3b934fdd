// SPDX-License-Identifier: Apache-2.0
#include "net/target.h"

#include <string.h>

#include "net/chars.h"

/* Decodes %XX into out, which has room for text.len bytes.  Control characters are not let through: nothing
 * that names a resource has them, and they end up in logs. */
static const char *decode_path(str text, char *out, size_t *ret_len)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];

        if (c == '%') {
            if (text.len - i < 3 || http_hex(text.p[i + 1]) < 0 || http_hex(text.p[i + 2]) < 0)
                return "bad percent-encoding in the path";
            c = (char)(http_hex(text.p[i + 1]) << 4 | http_hex(text.p[i + 2]));
            if ((unsigned char)c < 0x20 || c == 0x7f)
                return "control character in the path";
            i += 2;
        }
        out[n++] = c;
    }
    *ret_len = n;
    return NULL;
}

/* RFC 3986 section 5.2.4, in place; the path begins with '/'.  After decoding, so that %2e%2e and %2f are no
 * way around it.  False: it climbs above the root. */
static bool remove_dots(char *path, size_t *len)
{
    size_t to = 0, from = 0;

    while (from < *len) {       /* path[from] is '/' */
        size_t end = from + 1;

        while (end < *len && path[end] != '/')
            end++;
        str part = str_of(path + from + 1, end - from - 1);

        if (str_eq(part, S(".."))) {
            if (to == 0)
                return false;
            while (path[--to] != '/')
                ;
        } else if (!str_eq(part, S("."))) {
            memmove(path + to, path + from, end - from);
            to += end - from;
            from = end;
            continue;
        }
        if (end == *len)        /* "/a/." is "/a/" */
            path[to++] = '/';
        from = end;
    }
    *len = to;
    return true;
}

static const char *parse_path(struct arena *a, str text, struct http_target *out)
{
    size_t mark = str_find_char(text, '?'), len;
    str raw = str_take(text, mark);
    char *path = arena_alloc(a, raw.len + 1);

    out->query = mark == STR_NONE ? NO_STR : str_skip(text, mark + 1);
    if (!http_all(raw, CHAR_PATH) || !http_all(out->query, CHAR_QUERY))
        return "character in the target that needs percent-encoding";
    const char *why = decode_path(raw, path, &len);

    if (why)
        return why;
    if (!remove_dots(path, &len))
        return "the path climbs above the root";
    path[len] = '\0';
    out->path = str_of(path, len);
    return NULL;
}

static const char *parse_absolute(struct arena *a, str rest, struct http_target *out)
{
    size_t n = 0;

    while (n < rest.len && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    out->host = str_take(rest, n);
    if (n == 0 || !http_host_ok(out->host))
        return "bad host in the target";
    rest = str_skip(rest, n);
    if (rest.len && rest.p[0] == '/')
        return parse_path(a, rest, out);
    return parse_path(a, str_from(arena_printf(a, "/%.*s", STR(rest))), out);
}

const char *http_target_parse(struct arena *a, str method, str target, struct http_target *out)
{
    *out = (struct http_target){ 0 };
    if (target.len && target.p[0] == '/')
        return parse_path(a, target, out);
    if (str_eq(target, S("*")) && str_eq(method, S("OPTIONS"))) {
        out->path = target;
        return NULL;
    }
    str scheme = str_take(target, str_find(target, S("://")));

    if (str_eq_nocase(scheme, S("http")) || str_eq_nocase(scheme, S("https")))
        return parse_absolute(a, str_skip(target, scheme.len + 3), out);
    return "the target is neither a path nor an http URL";
}

static bool port_ok(str port)       /* what follows the host: "", ":" or ":8000" */
{
    uint64_t n;

    if (port.len == 0 || str_eq(port, S(":")))
        return true;
    return port.p[0] == ':' && port.len <= 6 && str_u64(str_skip(port, 1), &n) == OK && n <= 65535;
}

bool http_host_ok(str host)
{
    if (!http_all(host, CHAR_HOST))
        return false;
    if (host.len && host.p[0] == '[') {
        size_t end = str_find_char(host, ']');

        if (end == STR_NONE || end < 3)
            return false;
        for (size_t i = 1; i < end; i++)
            if (http_hex(host.p[i]) < 0 && host.p[i] != ':' && host.p[i] != '.')
                return false;
        return port_ok(str_skip(host, end + 1));
    }
    size_t colon = str_find_char(host, ':');
    str name = str_take(host, colon);

    return str_find_char(name, '[') == STR_NONE && str_find_char(name, ']') == STR_NONE
        && (colon == STR_NONE || (colon > 0 && port_ok(str_skip(host, colon))));
}

/* Form decoding; bytes that are no %XX stand for themselves, as browsers send "100%". */
static str decode_form(struct arena *a, str text)
{
    char *out = arena_alloc(a, text.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i] == '+' ? ' ' : text.p[i];

        if (c == '%' && text.len - i >= 3 && http_hex(text.p[i + 1]) >= 0 && http_hex(text.p[i + 2]) >= 0) {
            c = (char)(http_hex(text.p[i + 1]) << 4 | http_hex(text.p[i + 2]));
            i += 2;
        }
        out[n++] = c;
    }
    return str_of(out, n);
}

bool http_query_find(struct arena *a, str query, str name, str *ret_value)
{
    str part;

    while (str_split(&query, '&', &part)) {
        size_t eq = str_find_char(part, '=');

        if (str_eq(decode_form(a, str_take(part, eq)), name)) {
            *ret_value = eq == STR_NONE ? S("") : decode_form(a, str_skip(part, eq + 1));
            return true;
        }
    }
    return false;
}
