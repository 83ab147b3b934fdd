// SPDX-License-Identifier: Apache-2.0
/* Requests come out the same whole, byte by byte, and cut in pieces of a length the input chooses. */
#include <assert.h>
#include <string.h>

#include "net/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void show(struct buf *out, const struct http_parser *p)
{
    assert(p->path.len ? p->path.p[0] == '/' || str_eq(p->path, S("*")) : p->proxy && p->host.len && str_eq(p->target, p->host));
    assert((!p->path.len || !memchr(p->path.p, '\0', p->path.len)) && p->body.len <= p->max_body);
    buf_addf(out, "%.*s %.*s?%.*s @%.*s %d", STR(p->method), STR(p->path), STR(p->query), STR(p->host), p->keep_alive);
    for (size_t i = 0; i < p->n_fields; i++)
        buf_addf(out, " %.*s:%.*s", STR(p->fields[i].name), STR(p->fields[i].value));
    buf_add(out, buf_str(&p->body));
}

static void run(str in, size_t piece, bool proxy, struct buf *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(http_parser_done) struct http_parser p = { .arena = a, .max_body = 1000, .proxy = proxy };

    while (in.len) {
        str bytes = str_take(in, piece);
        size_t used;
        enum http_event e = http_feed(&p, bytes, &used);

        assert(used <= bytes.len && (e != HTTP_MORE || used == bytes.len));
        in = str_skip(in, used);
        if (e == HTTP_REFUSED) {
            buf_addf(out, "%d %s", p.status, p.reason);
            return;
        }
        if (e == HTTP_HEAD)
            buf_addf(out, "head ");
        if (e == HTTP_REQUEST) {
            show(out, &p);
            http_parser_next(&p);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(buf_done) struct buf whole = { 0 }, bytes = { 0 }, pieces = { 0 };
    str in = str_of(data, n);
    bool proxy = str_starts(in, S("CONNECT"));

    run(in, SIZE_MAX, proxy, &whole);
    run(in, 1, proxy, &bytes);
    run(in, n ? 2 + data[n - 1] % 61 : 2, proxy, &pieces);
    assert(str_eq(buf_str(&whole), buf_str(&bytes)));
    assert(str_eq(buf_str(&whole), buf_str(&pieces)));
    return 0;
}
