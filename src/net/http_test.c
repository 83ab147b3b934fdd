// SPDX-License-Identifier: Apache-2.0
#include "net/http.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/test.h"
#include "net/target.h"

enum { BODY_MAX = 64 };

static void show_request(struct buf *out, const struct http_parser *p)
{
    buf_addf(out, "%.*s %.*s?%.*s @%.*s", STR(p->method), STR(p->path), STR(p->query), STR(p->host));
    for (size_t i = 0; i < p->n_fields; i++)
        if (!str_eq_nocase(p->fields[i].name, S("host")))
            buf_addf(out, " %.*s=%.*s;", STR(p->fields[i].name), STR(p->fields[i].value));
    buf_addf(out, " [%.*s]%s%s\n", STR(buf_str(&p->body)), p->keep_alive ? "" : " close",
             p->expects_continue ? " expects" : "");
}

/* Feeds one piece; false when the parser refused. */
static bool feed(struct http_parser *p, str bytes, struct buf *out)
{
    while (bytes.len) {
        size_t used;
        enum http_event e = http_feed(p, bytes, &used);

        bytes = str_skip(bytes, used);
        if (e == HTTP_REFUSED) {
            buf_addf(out, "%d %s\n", p->status, p->reason);
            return false;
        }
        if (e == HTTP_HEAD)
            buf_addf(out, "head, ");
        if (e == HTTP_REQUEST) {
            show_request(out, p);
            http_parser_next(p);
        }
    }
    return true;
}

static void run(str in, size_t cut, size_t cut2, struct buf *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(http_parser_done) struct http_parser p = { .arena = a, .max_body = BODY_MAX };

    if (feed(&p, str_take(in, cut), out) && feed(&p, str_cut(in, cut, cut2), out))
        feed(&p, str_skip(in, cut2), out);
}

/* Whole, and cut in two at every place, and one byte at a time. */
static void check(str in, const char *want)
{
    for (size_t cut = 0; cut <= in.len; cut++) {
        CLEANUP(buf_done) struct buf got = { 0 };

        run(in, cut, in.len, &got);
        CHECK_STR(buf_str(&got), want);
    }
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(http_parser_done) struct http_parser p = { .arena = a, .max_body = BODY_MAX };
    CLEANUP(buf_done) struct buf got = { 0 };

    for (size_t i = 0; i < in.len && feed(&p, str_cut(in, i, i + 1), &got); i++)
        ;
    CHECK_STR(buf_str(&got), want);
}

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

struct fact { const char *in, *want; };

static void check_all(const struct fact *facts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        check(str_from(facts[i].in), facts[i].want);
}

TEST(requests_are_parsed_the_same_wherever_they_are_cut)
{
    static const struct fact facts[] = {
        { "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /? @a []\n" },
        { "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /? @a []\n" },
        { "GET /x%20y/./z/../w?q=%zz&a|b HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", "GET /x y/w?q=%zz&a|b @[::1]:8000 []\n" },
        { GET "A:\r\nB: \t x y\t \r\nC:z\r\n\r\n", "GET /? @a A=; B=x y; C=z; []\n" },
        { GET "Accept: \xc3\xa4\r\n\r\n", "GET /? @a Accept=\xc3\xa4; []\n" },
        { GET "Connection: Keep-Alive, CLOSE\r\n\r\n", "GET /? @a Connection=Keep-Alive, CLOSE; [] close\n" },
        { "GET / HTTP/1.0\r\n\r\n", "GET /? @ [] close\n" },
        { "GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", "GET /? @ Expect=100-continue; [] close\n" },
        { "GET http://b:80/p?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /p?q @b:80 []\n" },
        { "GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /? @b []\n" },
        { "GET http://b?q HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?q @b []\n" },
        { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS *? @a []\n" },
        { "M-SEARCH / HTTP/1.1\r\nHost:\r\n\r\n", "M-SEARCH /? @ []\n" },
        { POST "Content-Length: 5\r\n\r\nhello", "head, POST /? @a Content-Length=5; [hello]\n" },
        { POST "Content-Length: 0\r\n\r\n", "POST /? @a Content-Length=0; []\n" },
        { POST "content-length: 0005\r\nExpect: 100-Continue\r\n\r\nhello",
          "head, POST /? @a content-length=0005; Expect=100-Continue; [hello] expects\n" },
        { CHUNKED "5\r\nhello\r\n0\r\n\r\n", "head, POST /? @a Transfer-Encoding=chunked; [hello]\n" },
        { CHUNKED "1;a=b;c=\"d e\"\r\nh\r\n00a \t;x\r\n0123456789\r\n0\r\nX: y\r\nZ: 1\r\n\r\n",
          "head, POST /? @a Transfer-Encoding=chunked; [h0123456789]\n" },
        { POST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "head, POST /? @a Transfer-Encoding=CHUNKED; []\n" },
    };
    check_all(facts, N_ELEMENTS(facts));
}

TEST(pipelined_requests_are_told_apart)
{
    static const struct fact facts[] = {
        { GET "\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /? @a []\nGET /2? @a []\n" },
        { POST "Content-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\nHost: b\r\n\r\n",
          "head, POST /? @a Content-Length=2; [hi]\nGET /2? @b []\n" },
        { CHUNKED "2\r\nhi\r\n0\r\n\r\n" CHUNKED "0\r\n\r\n",
          "head, POST /? @a Transfer-Encoding=chunked; [hi]\nhead, POST /? @a Transfer-Encoding=chunked; []\n" },
        { GET "\r\nGET /2 HTTP/1.1\n", "GET /? @a []\n400 a line that does not end in CRLF\n" },
    };
    check_all(facts, N_ELEMENTS(facts));
}

TEST(ambiguous_framing_is_refused)
{
    static const struct fact facts[] = {
        { POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Content-Length beside Transfer-Encoding\n" },
        { POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", "400 Content-Length beside Transfer-Encoding\n" },
        { POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\n", "400 more than one Content-Length field\n" },
        { POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n", "400 more than one Content-Length field\n" },
        { POST "Content-Length: 2, 2\r\n\r\n", "400 bad Content-Length\n" },
        { POST "Content-Length: +2\r\n\r\n", "400 bad Content-Length\n" },
        { POST "Content-Length: -2\r\n\r\n", "400 bad Content-Length\n" },
        { POST "Content-Length: 0x2\r\n\r\n", "400 bad Content-Length\n" },
        { POST "Content-Length: 2 2\r\n\r\n", "400 bad Content-Length\n" },
        { POST "Content-Length:\r\n\r\n", "400 bad Content-Length\n" },
        { POST "Transfer-Encoding: gzip\r\n\r\n", "400 a Transfer-Encoding other than chunked\n" },
        { POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "400 a Transfer-Encoding other than chunked\n" },
        { POST "Transfer-Encoding: chunked, chunked\r\n\r\n", "400 a Transfer-Encoding other than chunked\n" },
        { POST "Transfer-Encoding: chunked;q=1\r\n\r\n", "400 a Transfer-Encoding other than chunked\n" },
        { POST "Transfer-Encoding: identity\r\n\r\n", "400 a Transfer-Encoding other than chunked\n" },
        { POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n", "400 bad character in a field value\n" },
        { POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "400 more than one Transfer-Encoding field\n" },
        { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Transfer-Encoding in HTTP/1.0\n" },
        { POST "Content-Length : 2\r\n\r\n", "400 bad field name\n" },
        { POST "Transfer-Encoding\t: chunked\r\n\r\n", "400 bad field name\n" },
    };
    check_all(facts, N_ELEMENTS(facts));
}

TEST(malformed_lines_are_refused)
{
    static const struct fact facts[] = {
        { "GET / HTTP/1.1\nHost: a\n\n", "400 a line that does not end in CRLF\n" },
        { "GET / HTTP/1.1\r\nHost: a\n\r\n", "400 a line that does not end in CRLF\n" },
        { "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 a line that does not end in CRLF\n" },
        { GET "\n", "400 a line that does not end in CRLF\n" },
        { "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400 bad request line\n" },
        { GET "A: b\rc\r\n\r\n", "400 bad character in a field value\n" },
        { GET "A: b\r\r\n\r\n", "400 bad character in a field value\n" },
        { GET "A: \x7f\r\n\r\n", "400 bad character in a field value\n" },
        { GET " A: b\r\n\r\n", "400 folded field line\n" },
        { GET "A: b\r\n\tc\r\n\r\n", "400 folded field line\n" },
        { GET "A\r\n\r\n", "400 field line without a colon\n" },
        { GET ": b\r\n\r\n", "400 bad field name\n" },
        { GET "A b: c\r\n\r\n", "400 bad field name\n" },
        { GET "\xc3\xa4: c\r\n\r\n", "400 bad field name\n" },
        { "GET / HTTP/1.1\r\n\r\n", "400 no Host field\n" },
        { "GET http://b/ HTTP/1.1\r\n\r\n", "400 no Host field\n" },
        { GET "Host: a\r\n\r\n", "400 more than one Host field\n" },
        { "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", "400 more than one Host field\n" },
        { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400 bad Host field\n" },
        { "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400 bad Host field\n" },
        { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400 bad Host field\n" },
        { GET "Expect: 200-ok\r\n\r\n", "417 an expectation other than 100-continue\n" },
    };
    check_all(facts, N_ELEMENTS(facts));
    check(str_of(GET "A: b\0c\r\n\r\n", sizeof(GET "A: b\0c\r\n\r\n") - 1), "400 bad character in a field value\n");
    check(str_of(GET "A\0: b\r\n\r\n", sizeof(GET "A\0: b\r\n\r\n") - 1), "400 bad field name\n");
    check(str_of("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29), "400 character in the target that needs percent-encoding\n");
}

TEST(malformed_request_lines_are_refused)
{
    static const struct fact facts[] = {
        { "G(T / HTTP/1.1\r\n\r\n", "400 bad method\n" },
        { " GET / HTTP/1.1\r\n\r\n", "400 bad method\n" },
        { "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM / HTTP/1.1\r\n\r\n", "400 bad method\n" },
        { "GET\r\n\r\n", "400 bad request line\n" },
        { "GET /\r\n\r\n", "400 bad request line\n" },
        { "GET  / HTTP/1.1\r\n\r\n", "400 bad request line\n" },
        { "GET /  HTTP/1.1\r\n\r\n", "400 bad HTTP version\n" },
        { "GET / HTTP/1.1 \r\n\r\n", "400 bad HTTP version\n" },
        { "GET / HTTP/1.1 x\r\n\r\n", "400 bad HTTP version\n" },
        { "GET / http/1.1\r\n\r\n", "400 bad HTTP version\n" },
        { "GET / HTTP/11\r\n\r\n", "400 bad HTTP version\n" },
        { "GET / HTTP/a.b\r\n\r\n", "400 bad HTTP version\n" },
        { "GET / HTTP/2.0\r\n\r\n", "505 only HTTP/1.1 and HTTP/1.0 are spoken here\n" },
        { "GET\t/\tHTTP/1.1\r\n\r\n", "400 bad method\n" },
        { "GET x HTTP/1.1\r\n\r\n", "400 the target is neither a path nor an http URL\n" },
        { "GET * HTTP/1.1\r\n\r\n", "400 the target is neither a path nor an http URL\n" },
        { "CONNECT a:443 HTTP/1.1\r\n\r\n", "400 the target is neither a path nor an http URL\n" },
        { "GET ftp://a/ HTTP/1.1\r\n\r\n", "400 the target is neither a path nor an http URL\n" },
        { "GET http:/// HTTP/1.1\r\n\r\n", "400 bad host in the target\n" },
        { "GET http://u@h/ HTTP/1.1\r\n\r\n", "400 bad host in the target\n" },
        { "GET /a#b HTTP/1.1\r\n\r\n", "400 character in the target that needs percent-encoding\n" },
        { "GET /\xc3\xa4 HTTP/1.1\r\n\r\n", "400 character in the target that needs percent-encoding\n" },
        { "GET /?\" HTTP/1.1\r\n\r\n", "400 character in the target that needs percent-encoding\n" },
        { "GET /% HTTP/1.1\r\n\r\n", "400 bad percent-encoding in the path\n" },
        { "GET /%1 HTTP/1.1\r\n\r\n", "400 bad percent-encoding in the path\n" },
        { "GET /%g0 HTTP/1.1\r\n\r\n", "400 bad percent-encoding in the path\n" },
        { "GET /%00 HTTP/1.1\r\n\r\n", "400 control character in the path\n" },
        { "GET /a%0d%0ab HTTP/1.1\r\n\r\n", "400 control character in the path\n" },
        { "GET /.. HTTP/1.1\r\n\r\n", "400 the path climbs above the root\n" },
        { "GET /a/../../b HTTP/1.1\r\n\r\n", "400 the path climbs above the root\n" },
        { "GET /%2e%2E/etc/passwd HTTP/1.1\r\n\r\n", "400 the path climbs above the root\n" },
        { "GET /..%2fetc HTTP/1.1\r\n\r\n", "400 the path climbs above the root\n" },
    };
    check_all(facts, N_ELEMENTS(facts));
}

TEST(malformed_chunks_are_refused)
{
    static const struct fact facts[] = {
        { CHUNKED "0x2\r\nhi\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED "\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED ";a\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED "+2\r\nhi\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED "-2\r\nhi\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED " 2\r\nhi\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED "2 \r\nhi\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED "2\nhi\r\n", "head, 400 bad chunk size\n" },
        { CHUNKED "2\r2", "head, 400 a chunk size that does not end in CRLF\n" },
        { CHUNKED "2;a\nhi\r\n", "head, 400 bad chunk extension\n" },
        { CHUNKED "00000000000000002\r\nhi\r\n", "head, 400 chunk size with too many digits\n" },
        { CHUNKED "2\r\nhi0\r\n\r\n", "head, 400 a chunk longer than its size\n" },
        { CHUNKED "2\r\nhi\n0\r\n\r\n", "head, 400 a chunk longer than its size\n" },
        { CHUNKED "41\r\n", "head, 413 the body is too large\n" },
        { CHUNKED "ffffffffffffffff\r\n", "head, 413 the body is too large\n" },
        { CHUNKED "2\r\nhi\r\n3f\r\n", "head, 413 the body is too large\n" },
        { CHUNKED "0\r\nX\r\n\r\n", "head, 400 field line without a colon\n" },
        { CHUNKED "0\r\n X: y\r\n\r\n", "head, 400 folded field line\n" },
        { CHUNKED "0\r\nX: y\n", "head, 400 a line that does not end in CRLF\n" },
        { CHUNKED "0\r\n\n", "head, 400 a line that does not end in CRLF\n" },
        { POST "Content-Length: 65\r\n\r\n", "413 the body is too large\n" },
        { POST "Content-Length: 18446744073709551616\r\n\r\n", "413 the body is too large\n" },
    };
    check_all(facts, N_ELEMENTS(facts));
}

/* before + n times 'x' + after: refused or not, the same when cut at a few places around the limit. */
static void check_size(const char *before, size_t n, const char *after, const char *want)
{
    CLEANUP(buf_done) struct buf in = { 0 };

    buf_addf(&in, "%s", before);
    for (size_t i = 0; i < n; i++)
        buf_add_char(&in, 'x');
    buf_addf(&in, "%s", after);
    for (size_t cut = 0; cut <= in.len; cut += cut + 200 < in.len && cut > 200 ? 97 : 1) {
        CLEANUP(buf_done) struct buf got = { 0 };

        run(buf_str(&in), cut, cut + (in.len - cut) / 2, &got);
        CHECK_STR(str_take(buf_str(&got), strlen(want)), want);
    }
}

TEST(what_is_too_long_is_refused_and_what_just_fits_is_not)
{
    check_size("GET /", HTTP_LINE_MAX - 16, " HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x");
    check_size("GET /", HTTP_LINE_MAX - 15, " HTTP/1.1\r\nHost: a\r\n\r\n", "414 ");
    check_size("GET /", HTTP_LINE_MAX, "", "414 ");
    check_size(GET "A: ", HTTP_LINE_MAX - 5, "\r\n\r\n", "GET /");
    check_size(GET "A: ", HTTP_LINE_MAX - 4, "\r\n\r\n", "431 ");
    check_size(CHUNKED "2;", HTTP_EXTRA_MAX, "\r\nhi\r\n0\r\n\r\n", "head, POST /");
    check_size(CHUNKED "2;", HTTP_EXTRA_MAX + 1, "\r\nhi\r\n0\r\n\r\n", "head, 400 bad chunk extension");
    check_size(CHUNKED "0\r\nA: ", HTTP_EXTRA_MAX - 7, "\r\n\r\n", "head, POST /");
    check_size(CHUNKED "0\r\nA: ", HTTP_EXTRA_MAX - 6, "\r\n\r\n", "head, 431 ");
}

TEST(too_many_fields_and_too_large_heads_are_refused)
{
    CLEANUP(buf_done) struct buf many = { 0 }, large = { 0 }, got = { 0 };

    buf_addf(&many, GET);
    for (int i = 1; i < HTTP_FIELDS_MAX; i++)
        buf_addf(&many, "A: b\r\n");
    run(buf_str(&many), 0, 0, &got);
    CHECK_STR(buf_str(&got), "");
    buf_addf(&many, "A: b\r\n");
    run(buf_str(&many), 10, 200, &got);
    CHECK_STR(buf_str(&got), "431 too many fields\n");

    buf_clear(&got);
    buf_addf(&large, GET);
    while (large.len <= HTTP_HEAD_MAX)
        buf_addf(&large, "A: %0500d\r\n", 1);
    run(buf_str(&large), 1000, 20000, &got);
    CHECK_STR(buf_str(&got), "431 the header block is too large\n");
}

TEST(hosts_are_names_or_addresses)
{
    static const char *const good[] = { "", "a", "a.b-c:1", "a:", "127.0.0.1:8000", "[::1]", "[fe80::1]:65535", "a:65535" };
    static const char *const bad[] = { ":80", "a:b", "a:65536", "a:123456", "[]", "[::1", "[::1]a", "[x]", "a]", "a[b]", "a:1:2", "a b" };

    for (size_t i = 0; i < N_ELEMENTS(good); i++)
        CHECK(http_host_ok(str_from(good[i])));
    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        CHECK(!http_host_ok(str_from(bad[i])));
}

TEST(query_parameters_are_decoded)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str query = S("a=1&b=x+y%2Bz&a=2&c&d=&%65=100%&=n"), value = NO_STR;

    CHECK(http_query_find(a, query, S("a"), &value));
    CHECK_STR(value, "1");
    CHECK(http_query_find(a, query, S("b"), &value));
    CHECK_STR(value, "x y+z");
    CHECK(http_query_find(a, query, S("c"), &value));
    CHECK_STR(value, "");
    CHECK(http_query_find(a, query, S("e"), &value));
    CHECK_STR(value, "100%");
    CHECK(!http_query_find(a, query, S("f"), &value));
    CHECK(!http_query_find(a, NO_STR, S("f"), &value));
}

/* A request line that a proxy is given, and what becomes of it. */
static void check_proxied(const char *line, const char *want)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(http_parser_done) struct http_parser p = { .arena = a, .max_body = BODY_MAX, .proxy = true };
    CLEANUP(buf_done) struct buf got = { 0 };

    feed(&p, str_from(arena_printf(a, "%s HTTP/1.1\r\nHost: other\r\n\r\n", line)), &got);
    CHECK_STR(buf_str(&got), want);
}

TEST(http_proxy_is_told_the_host_by_the_target)
{
    static const struct { const char *line, *want; } cases[] = {
        { "CONNECT api.example.org:443",    "CONNECT ? @api.example.org:443 []\n" },
        { "CONNECT [::1]:443",              "CONNECT ? @[::1]:443 []\n" },
        { "GET http://h:81/a?b",            "GET /a?b @h:81 []\n" },
        { "CONNECT api.example.org",        "400 CONNECT wants a host and a port\n" },
        { "CONNECT api.example.org:",       "400 CONNECT wants a host and a port\n" },
        { "CONNECT :443",                   "400 CONNECT wants a host and a port\n" },
        { "CONNECT u@h:443",                "400 CONNECT wants a host and a port\n" },
        { "CONNECT h:443/",                 "400 CONNECT wants a host and a port\n" },
        { "CONNECT h:99999",                "400 CONNECT wants a host and a port\n" },
        { "CONNECT http://h:443",           "400 CONNECT wants a host and a port\n" },
        { "CONNECT [::1]",                  "400 CONNECT wants a host and a port\n" },
        { "GET http://u:p@h/",              "400 bad host in the target\n" },
        { "GET h:443",                      "400 the target is neither a path nor an http URL\n" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        check_proxied(cases[i].line, cases[i].want);
}

TEST(retry_after_is_seconds_or_a_date)
{
    static const struct { const char *in; uint64_t want; } cases[] = {
        { "0", 0 }, { "120", 120000 }, { "", UINT64_MAX }, { "-1", UINT64_MAX }, { "1.5", UINT64_MAX },
        { "Thu, 01 Jan 1970 00:01:40 GMT", 99000 }, { "Thu, 01 Jan 1970 00:00:00 GMT", 0 }, { "99999999999999999999", UINT64_MAX },
        { "Thu, 01 Jan 1970 00:01:40 GMT and more", UINT64_MAX },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK(http_retry_after_ms(str_from(cases[i].in), 1000) == cases[i].want);
}
