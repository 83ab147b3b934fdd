// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

static bool has_scheme(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (c == ':')
            return i > 0;
        if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
            return false;
    }
    return false;
}

/* RFC 3986, 5.2.4: the path without its "." and "..", onto out. */
static void add_without_dots(struct buf *out, str path)
{
    size_t root = out->len;
    str part;

    str_eat(&path, S("/"));
    while (str_split(&path, '/', &part)) {
        bool last = path.p == NULL, up = str_eq(part, S(".."));

        if (up && out->len > root) {
            while (out->len > root && out->p[out->len - 1] != '/')
                buf_cut(out, out->len - 1);
            buf_cut(out, out->len > root ? out->len - 1 : root);
        }
        if (!up && !str_eq(part, S("."))) {
            buf_add_char(out, '/');
            buf_add(out, part);
        } else if (last) {
            buf_add_char(out, '/');
        }
    }
    if (out->len == root)
        buf_add_char(out, '/');
}

static void add_origin(struct buf *out, const struct url *u)
{
    buf_add(out, u->scheme);
    buf_add(out, S("://"));
    url_add_authority(out, u);
}

static void add_path(struct buf *out, const struct url *base, str path)
{
    CLEANUP(buf_done) struct buf merged = {0};
    size_t slash = base->path.len;

    if (!str_starts(path, S("/"))) {
        while (slash && base->path.p[slash - 1] != '/')
            slash--;
        buf_add(&merged, str_take(base->path, slash));
    }
    buf_add(&merged, path);
    add_without_dots(out, buf_str(&merged));
}

/* Spaces and the like, which pages write and browsers encode. */
static void add_encoded_as_needed(struct buf *out, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c == '\t' || c == '\r' || c == '\n')
            continue;
        if (c <= ' ' || c == 127 || c == '"' || c == '<' || c == '>' || c == '\\')
            buf_addf(out, "%%%02X", c);
        else
            buf_add_char(out, (char)c);
    }
}

enum err url_resolve(str base, str reference, struct buf *out)
{
    CLEANUP(buf_done) struct buf clean = {0}, made = {0};
    struct url b, check;

    TRY(url_parse(base, &b));
    add_encoded_as_needed(&clean, str_trim(reference));
    str ref = str_take(buf_str(&clean), str_find_char(buf_str(&clean), '#'));
    size_t question = str_find_char(ref, '?');
    str path = str_take(ref, question), query = question == STR_NONE ? NO_STR : str_skip(ref, question);

    if (has_scheme(ref)) {
        buf_add(&made, ref);
    } else if (str_starts(ref, S("//"))) {
        buf_addf(&made, "%.*s:%.*s", STR(b.scheme), STR(ref));
    } else {
        add_origin(&made, &b);
        if (path.len)
            add_path(&made, &b, path);
        else
            buf_add(&made, b.path.len ? b.path : S("/"));
        if (query.p)
            buf_add(&made, query);
        else if (path.len == 0 && b.query.p)
            buf_addf(&made, "?%.*s", STR(b.query));
    }
    TRY(buf_check(&made, "an address"));
    TRY(url_parse(buf_str(&made), &check));
    if (str_starts(check.scheme, S("ws")) || str_starts(check.scheme, S("WS")))
        return failed(ERR_INPUT, "a WebSocket address where http:// or https:// belongs");
    buf_add(out, buf_str(&made));
    return OK;
}
