// SPDX-License-Identifier: Apache-2.0
#include "net/url.h"

#include "base/test.h"

TEST(url_is_taken_apart)
{
    static const struct { const char *in, *scheme, *userinfo, *host; unsigned port; const char *path, *query; } cases[] = {
        { "http://a",                          "http",  "",    "a",         80,   "",      ""      },
        { "https://api.example.com/v1/",       "https", "",    "api.example.com", 443, "/v1/", "" },
        { "HTTPS://A:8443?x=1#frag",           "HTTPS", "",    "A",         8443, "",      "x=1"   },
        { "http://[::1]:8080/p?q",             "http",  "",    "::1",       8080, "/p",    "q"     },
        { "http://[::ffff:1.2.3.4]",           "http",  "",    "::ffff:1.2.3.4", 80, "",   ""      },
        { "wss://u:p%40w@h/ws",                "wss",   "u:p%40w", "h",     443,  "/ws",   ""      },
        { "ws://127.0.0.1:1/?a=/b?c",          "ws",    "",    "127.0.0.1", 1,    "/",     "a=/b?c" },
        { "http://h:/x#a?b",                   "http",  "",    "h",         80,   "/x",    ""      },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct url u;

        CHECK_OK(url_parse(str_from(cases[i].in), &u));
        CHECK_STR(u.scheme, cases[i].scheme);
        CHECK_STR(u.userinfo, cases[i].userinfo);
        CHECK_STR(u.host, cases[i].host);
        CHECK_INT(u.port, cases[i].port);
        CHECK_STR(u.path, cases[i].path);
        CHECK_STR(u.query, cases[i].query);
    }
}

TEST(url_that_two_readers_could_read_differently_is_refused)
{
    static const char *const cases[] = {
        "", "a", "//a", "ftp://a", "http:/a", "http://", "http:///x", "http://:80", "http://a b", "http://a\tb", "http://a/\r\nX: y",
        "http://a:0", "http://a:65536", "http://a:+8", "http://a:8x", "http://a@b@c/", "http://a\\@b/", "http://[::1", "http://[]/",
        "http://[::1]x/", "http://[host]/", "http://a/%", "http://a/%4", "http://a/%zz", "http://a%2fb/", "http://a/\x7f",
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct url u;

        CHECK_ERR(url_parse(str_from(cases[i]), &u), ERR_INPUT);
    }
}

TEST(url_base_and_path_meet_in_one_slash)
{
    static const struct { const char *base, *path, *want; } cases[] = {
        { "http://h/v1",  "models",  "http://h/v1/models" }, { "http://h/v1/", "/models", "http://h/v1/models" },
        { "http://h",     "/a/b",    "http://h/a/b"       }, { "http://h//",   "a",       "http://h/a"         },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(str_from(url_join(a, str_from(cases[i].base), str_from(cases[i].path))), cases[i].want);
}

TEST(url_encoding_leaves_only_what_needs_none)
{
    static const struct { const char *plain, *encoded; } cases[] = {
        { "abc-._~", "abc-._~" }, { "a b/c?d&e=f", "a%20b%2Fc%3Fd%26e%3Df" }, { "\xE4\xBD\xA0+%", "%E4%BD%A0%2B%25" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};

        url_add_encoded(&b, str_from(cases[i].plain));
        CHECK_STR(buf_str(&b), cases[i].encoded);
    }
}

TEST(url_authority_names_a_port_only_when_it_is_not_the_usual_one)
{
    static const struct { const char *in, *want; } cases[] = {
        { "http://h/x", "h" }, { "https://h:443", "h" }, { "https://h:80", "h:80" }, { "ws://[::1]:9/", "[::1]:9" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};
        struct url u;

        CHECK_OK(url_parse(str_from(cases[i].in), &u));
        url_add_authority(&b, &u);
        CHECK_STR(buf_str(&b), cases[i].want);
    }
}

TEST(url_of_this_machine_is_told_by_its_text)
{
    static const struct { const char *in; bool want; } cases[] = {
        { "http://localhost:1", true }, { "http://LOCALHOST", true }, { "ws://127.0.0.1", true }, { "http://127.1.2.3", true },
        { "http://[::1]:80", true }, { "http://127.example.com", false }, { "http://localhost.example.com", false },
        { "http://10.0.0.1", false }, { "http://[::2]", false },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct url u;

        CHECK_OK(url_parse(str_from(cases[i].in), &u));
        CHECK_INT(url_is_loopback(&u), cases[i].want);
    }
}

TEST(url_reference_becomes_absolute_as_rfc_3986_section_5_4_has_it)
{
    static const struct { const char *in, *want; } cases[] = {
        { "g", "http://a/b/c/g" }, { "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" }, { "/g", "http://a/g" }, { "//g", "http://g" },
        { "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" }, { "#s", "http://a/b/c/d;p?q" }, { "g#s", "http://a/b/c/g" },
        { ";x", "http://a/b/c/;x" }, { "", "http://a/b/c/d;p?q" }, { ".", "http://a/b/c/" }, { "./", "http://a/b/c/" }, { "..", "http://a/b/" },
        { "../g", "http://a/b/g" }, { "../..", "http://a/" }, { "../../g", "http://a/g" }, { "../../../g", "http://a/g" },
        { "/./g", "http://a/g" }, { "/../g", "http://a/g" }, { "g.", "http://a/b/c/g." }, { "..g", "http://a/b/c/..g" },
        { "./../g", "http://a/b/g" }, { "g/./h", "http://a/b/c/g/h" }, { "g;x=1/../y", "http://a/b/c/y" }, { "g?y/../x", "http://a/b/c/g?y/../x" },
        { "https://h:8/x", "https://h:8/x" }, { "a b\n", "http://a/b/c/a%20b" }, { "javascript:alert(1)", NULL }, { "file:///etc/passwd", NULL },
        { "mailto:a@b", NULL }, { "http:g", NULL }, { "ws://h/", NULL }, { "//", NULL }, { "http://h:99999/", NULL },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf b = {0};
        enum err e = url_resolve(S("http://a/b/c/d;p?q"), str_from(cases[i].in), &b);

        CHECK_INT(e, cases[i].want ? OK : ERR_INPUT);
        CHECK_STR(buf_str(&b), cases[i].want ? cases[i].want : "");
    }
}
