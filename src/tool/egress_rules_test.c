// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "tool/egress_mask.h"
#include "tool/egress_request.h"

static struct egress_policy policy_of(struct arena *a, const char *allow, const char *private_hosts, const char *secrets)
{
    struct egress_policy p = { .allow = arena_alloc(a, 8 * sizeof *p.allow), .private_hosts = arena_alloc(a, 8 * sizeof *p.allow) };
    json_t *list = NULL;
    str rest = str_from(allow), one;

    while (str_split(&rest, ' ', &one))
        CHECK_OK(egress_rule_parse(a, one, &p.allow[p.n_allow++]));
    for (rest = str_from(private_hosts); rest.len && str_split(&rest, ' ', &one); )
        CHECK_OK(egress_rule_parse(a, one, &p.private_hosts[p.n_private++]));
    if (secrets) {
        CHECK_OK(json_parse(str_from(secrets), &list));
        CHECK_OK(egress_secrets_parse(a, list, &p.secrets, &p.n_secrets));
        json_decref(list);
    }
    return p;
}

TEST(a_host_is_allowed_by_its_name_and_port)
{
    static const struct { const char *asked; bool want; } cases[] = {
        { "api.github.com:443", true },       { "api.github.com:80", true },      { "API.GitHub.Com.:443", true },
        { "api.github.com:22", false },       { "api.github.com:25", false },     { "github.com:443", false },
        { "xapi.github.com:443", false },     { "api.github.com.evil.org:443", false },
        { "files.pypi.org:443", true },       { "a.b.pypi.org:80", true },        { "pypi.org:443", false },
        { "notpypi.org:443", false },         { "x.pypi.org:8443", false },       { "example.org:8443", true },
        { "example.org:443", false },         { "[2001:db8::1]:443", true },      { "[2001:DB8::1]:443", true },
        { "[2001:db8::2]:443", false },       { "192.0.2.1:443", true },          { "3221225985:443", false },
        { "127.0.0.1:443", false },           { "localhost:80", false },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct egress_policy p = policy_of(a, "api.github.com *.pypi.org example.org:8443 [2001:db8::1] 192.0.2.1", "", NULL);

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        unsigned port = 0;
        str host;

        CHECK_OK(egress_authority(a, str_from(cases[i].asked), &host, &port));
        if ((egress_allows(&p, host, port) != NULL) != cases[i].want)
            test_failed(__FILE__, __LINE__, "%s: allowed is not %d", cases[i].asked, cases[i].want);
    }
    p = policy_of(a, "*", "", NULL);
    CHECK(egress_allows(&p, S("anything.example"), 443) && !egress_allows(&p, S("anything.example"), 25));
}

TEST(a_host_that_two_readers_could_read_differently_is_refused)
{
    static const char *const cases[] = {
        "", ":443", "a..b", "a..", ".", ".a", "-a", "a b", "a:0", "a:65536", "a:4x", "a:443:443", "u@a", "a/", "a%2eb", "[::1", "[]", "[a]", "[::1]x",
        "a\tb", "a\r\nb", "a\\b", "[::ffff:1.2.3.4%eth0]", "*.a", "a,b", "\xc3\xa4.de",
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        unsigned port = 0;
        str host;

        CHECK_ERR(egress_authority(a, str_from(cases[i]), &host, &port), ERR_INPUT);
    }
    struct egress_rule r;

    CHECK_ERR(egress_rule_parse(a, S("*.*"), &r), ERR_INPUT);
    CHECK_ERR(egress_rule_parse(a, S("http://a"), &r), ERR_INPUT);
    CHECK_ERR(egress_rule_parse(a, S("*a.org"), &r), ERR_INPUT);
}

TEST(a_private_host_is_named_by_name_or_address)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct egress_policy p = policy_of(a, "*", "nas.lan *.corp 10.0.0.7", NULL);

    CHECK(egress_allows_private(&p, S("nas.lan"), S("192.168.1.9")));
    CHECK(egress_allows_private(&p, S("git.corp"), S("10.1.1.1")));
    CHECK(egress_allows_private(&p, S("other"), S("10.0.0.7")));
    CHECK(!egress_allows_private(&p, S("other"), S("10.0.0.8")));
    CHECK(!egress_allows_private(&p, S("xnas.lan"), S("192.168.1.9")));
}

static void check_secrets(const char *json, const char *want)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct egress_secret *secrets;
    json_t *list;
    size_t n;

    CHECK_OK(json_parse(str_from(json), &list));
    CHECK_ERR(egress_secrets_parse(a, list, &secrets, &n), ERR_INPUT);
    json_decref(list);
    CHECK_STR(str_from(failed_text()), want);
}

TEST(a_secret_that_is_written_wrong_says_what)
{
    check_secrets("{}", "wants a list of maps");
    check_secrets("[1]", "item 1: wants a map with name, host, header and prefix");
    check_secrets("[{\"name\":\"n\",\"host\":\"h\"},{\"name\":\"n\",\"hots\":\"h\"}]",
                  "item 2: knows name, host, header and prefix, not \"hots\"");
    check_secrets("[{\"name\":1,\"host\":\"h\"}]", "item 1: \"name\" must be a text");
    check_secrets("[{\"name\":\"n\"}]", "item 1: '' is not a host");
    check_secrets("[{\"name\":\"n\",\"host\":\"*.h\"}]", "item 1: '*.h' is not a host");
    check_secrets("[{\"host\":\"h\"}]", "item 1: \"name\" is that of a secret (clawdbot secret list), \"prefix\" stands before its value");
    check_secrets("[{\"name\":\"n\",\"host\":\"h\",\"header\":\"Host\"}]", "item 1: \"Host\" is not a header that can be added");
    check_secrets("[{\"name\":\"n\",\"host\":\"h\",\"header\":\"a b\"}]", "item 1: \"a b\" is not a header that can be added");
}

/* --- requests --- */

static const char secrets_json[] = "[{\"name\":\"n\",\"host\":\"api.test\",\"prefix\":\"Bearer \"},"
                                   "{\"name\":\"n\",\"host\":\"other.test:8443\",\"header\":\"X-Key\"}]";

/* The head that goes on, or the error. */
static void pass(const char *request, struct buf *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(http_parser_done) struct http_parser p = { .arena = a, .max_body = 100, .proxy = true };
    struct egress_policy policy = policy_of(a, "*", "", secrets_json);
    struct egress_ask ask;
    size_t used;
    enum http_event e = http_feed(&p, str_from(request), &used);

    if (e == HTTP_REFUSED || egress_ask(a, &policy, &p, &ask)) {
        buf_addf(out, "refused: %s", e == HTTP_REFUSED ? p.reason : failed_text());
        return;
    }
    buf_addf(out, "%s %.*s:%u ", ask.kind == EGRESS_TUNNEL ? "tunnel" : ask.kind == EGRESS_SECURED ? "tls" : "plain", STR(ask.host), ask.port);
    if (ask.kind != EGRESS_TUNNEL)
        egress_add_head(out, &p, &ask, S("s3cret"));
}

TEST(a_request_goes_on_to_where_its_url_says)
{
    static const struct { const char *in, *want; } cases[] = {
        { "GET http://a.test/x?y HTTP/1.1\r\nHost: evil.test\r\nUser-Agent: c\r\n\r\n",
          "plain a.test:80 GET /x?y HTTP/1.1\r\nHost: a.test\r\nUser-Agent: c\r\nConnection: close\r\n\r\n" },
        { "GET HTTP://A.Test.:8080?y HTTP/1.1\r\nHost: a\r\n\r\n",
          "plain a.test:8080 GET /?y HTTP/1.1\r\nHost: a.test:8080\r\nConnection: close\r\n\r\n" },
        { "GET http://[2001:db8::1]/ HTTP/1.1\r\nHost: a\r\n\r\n",
          "plain 2001:db8::1:80 GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\nConnection: close\r\n\r\n" },
        { "POST http://a.test/%2e%2e/x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop, Content-Length\r\nX-Hop: 1\r\nX-End: 2\r\n"
          "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\n",
          "refused: the path climbs above the root" },
        { "POST http://a.test/x HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop, Content-Length\r\nX-Hop: 1\r\nX-End: 2\r\n"
          "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\nTE: trailers\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\n",
          "plain a.test:80 POST /x HTTP/1.1\r\nHost: a.test\r\nX-End: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n" },
        { "CONNECT a.test:443 HTTP/1.1\r\nHost: b\r\n\r\n", "tunnel a.test:443 " },
        { "GET http://api.test/v1 HTTP/1.1\r\nHost: a\r\nauthorization: Bearer mine\r\nAuthorization: x\r\nAccept-Encoding: gzip\r\nRange: bytes=0-1\r\n\r\n",
          "tls api.test:443 GET /v1 HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer s3cret\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n" },
        { "GET http://other.test:8443/ HTTP/1.1\r\nHost: a\r\nX-Key: mine\r\nAuthorization: mine\r\n\r\n",
          "tls other.test:8443 GET / HTTP/1.1\r\nHost: other.test:8443\r\nAuthorization: mine\r\nX-Key: s3cret\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n" },
        { "GET http://other.test:9/ HTTP/1.1\r\nHost: a\r\n\r\n", "plain other.test:9 GET / HTTP/1.1\r\nHost: other.test:9\r\nConnection: close\r\n\r\n" },
        { "CONNECT api.test:443 HTTP/1.1\r\nHost: b\r\n\r\n", "tunnel api.test:443 " },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };

        pass(cases[i].in, &got);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(a_request_that_is_none_for_a_proxy_is_refused)
{
    static const char *const cases[] = {
        "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "GET https://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "GET http://u:p@a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "GET http://a.test/\rX: y HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "GET http://a.test/ HTTP/1.1\nHost: a.test\n\n",
        "GET http://a.test%0d%0a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a.test/ HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n",
        "GET http://a.test/ HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "CONNECT a.test HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT u@a.test:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        "CONNECT a.test:443 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "TRACE http://api.test/ HTTP/1.1\r\nHost: a\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        "hello there\r\n\r\n",
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };

        pass(cases[i], &got);
        if (!str_starts(buf_str(&got), S("refused: ")))
            test_failed(__FILE__, __LINE__, "%s: %s", cases[i], buf_c(&got));
    }
}

/* --- the mask --- */

static void check_mask(const char *secret, str in, const char *want)
{
    for (size_t cut = 0; cut <= in.len; cut++) {
        CLEANUP(egress_mask_done) struct egress_mask m;
        CLEANUP(buf_done) struct buf got = { 0 };

        egress_mask_init(&m, str_from(secret));
        egress_mask_feed(&m, str_take(in, cut), &got);
        egress_mask_feed(&m, str_skip(in, cut), &got);
        egress_mask_end(&m, &got);
        CHECK_STR(buf_str(&got), want);
    }
}

TEST(a_secret_is_hidden_wherever_the_stream_is_cut)
{
    check_mask("s3cret/key", S("nothing of the kind"), "nothing of the kind");
    check_mask("s3cret/key", S("Bearer s3cret/key!"), "Bearer **********!");
    check_mask("s3cret/key", S("s3s3cret/keys3cret/key|s3cret/k"), "s3********************|s3cret/k");
    check_mask("s3cret/key", S("u=s3cret%2Fkey&v"), "u=************&v");
    check_mask("s3cret/key", S("7333637265742f6b6579 7333637265742F6B6579"), "******************** ********************");
    check_mask("aaaaaaab", S("aaaaaaaaaaab"), "aaaa********");
    check_mask("short", S("short"), "short");
}

TEST(a_secret_is_hidden_within_base64_at_any_place)
{
    static const char *const before[] = { "", "x", "xy", "user:", "a longer text " };
    static const char secret[] = "s3cret/key\xff\xfe>";

    for (size_t i = 0; i < N_ELEMENTS(before) * 2; i++) {
        CLEANUP(egress_mask_done) struct egress_mask m;
        CLEANUP(buf_done) struct buf plain = { 0 }, coded = { 0 }, got = { 0 };

        buf_addf(&plain, "%s%s and more", before[i / 2], secret);
        if (i % 2)
            buf_add_base64url(&coded, buf_str(&plain));
        else
            buf_add_base64(&coded, buf_str(&plain));
        egress_mask_init(&m, str_from(secret));
        egress_mask_feed(&m, buf_str(&coded), &got);
        egress_mask_end(&m, &got);
        CHECK_INT(got.len, coded.len);
        CHECK(str_find(buf_str(&got), S("**************")) != STR_NONE);
    }
}
