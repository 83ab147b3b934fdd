// SPDX-License-Identifier: Apache-2.0
/* http_fetch as a model calls it, against a server that means well and against one that does not. */
#include "base/test.h"

#include <arpa/inet.h>
#include <unistd.h>

#include "config/config.h"
#include "tool/desk.h"
#include "tool/policy.h"
#include "tool/web_double.h"

/* --- the server --- */

static enum err send_endlessly(struct fd *fd) AWAITS
{
    static char zeros[65536];

    TRY(fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")));
    for (;;)
        TRY(fd_write(fd, str_of(zeros, sizeof zeros)));
}

static enum err hang(void) AWAITS
{
    struct waiters never = {0};

    return wait_on(&never, "never");
}

/* A byte, and then nothing for ever. */
static enum err send_slowly(struct fd *fd) AWAITS
{
    TRY(fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")));
    return hang();
}

static enum err redirect(struct web_double *web, struct fd *fd, int status, const char *to) AWAITS
{
    CLEANUP(buf_done) struct buf head = {0};

    buf_addf(&head, "%d Away\r\nLocation: ", status);
    if (*to == ':')                 /* the same server by another name, and a path */
        buf_addf(&head, "http://localhost:%u%s", web->port, to + 1);
    else
        buf_add(&head, str_from(to));
    return web_double_send(fd, buf_c(&head), S("gone"));
}

static enum err send_echo(struct web_double *web, struct fd *fd) AWAITS
{
    CLEANUP(buf_done) struct buf copy = {0};

    buf_add(&copy, buf_str(&web->last));
    return web_double_send(fd, "200 OK\r\nContent-Type: text/plain", buf_str(&copy));
}

static enum err send_long(struct fd *fd) AWAITS
{
    CLEANUP(buf_done) struct buf body = {0};

    for (unsigned i = 0; i < 10000; i++)
        buf_addf(&body, "line %u\n", i);
    return web_double_send(fd, "200 OK\r\nContent-Type: text/plain", buf_str(&body));
}

static enum err answer(struct web_double *web, struct fd *fd, str target)
{
    static const struct { const char *target, *head; str body; } fixed[] = {
        { "/page", "200 OK\r\nContent-Type: text/html", { "<title>Tea</title><h1>Green</h1><p>see <a href=more>more</a></p>", 64 } },
        { "/json", "200 OK\r\nContent-Type: application/json", { "{\"a\":1}", 7 } },
        { "/gone", "404 Not Found\r\nContent-Type: text/plain", { "no such page", 12 } },
        { "/png", "200 OK\r\nContent-Type: image/png", { "\x89PNG\0\0", 6 } },
        { "/big5", "200 OK\r\nContent-Type: text/html; charset=big5", { "<p>\xb4\xfa", 5 } },
        { "/odd", "200 OK\r\nContent-Type: t\xff; <script>", { "x\xff", 2 } },
        { "/empty", "204 No Content", { "", 0 } },
    };
    static const struct { const char *target, *to; int status; } away[] = {
        { "/to-page", "page", 302 }, { "/loop", "/loop", 302 }, { "/to-other", ":/page", 301 }, { "/to-metadata", "http://169.254.169.254/latest/meta-data/", 302 },
        { "/to-private", "http://10.0.0.1/", 302 }, { "/to-file", "file:///etc/passwd", 302 }, { "/to-user", "http://a:b@127.0.0.1/", 302 },
        { "/to-ftp", "ftp://127.0.0.1/", 302 }, { "/to-v6", "http://[::ffff:127.0.0.2]/", 302 }, { "/to-echo-303", "/echo", 303 },
        { "/to-echo-307", "/echo", 307 }, { "/other-echo", ":/echo", 302 }, { "/other-echo-307", ":/echo", 307 }, { "/to-garbage", "http://%zz/", 302 },
    };

    for (size_t i = 0; i < N_ELEMENTS(fixed); i++)
        if (str_eq(target, str_from(fixed[i].target)))
            return web_double_send(fd, fixed[i].head, fixed[i].body);
    for (size_t i = 0; i < N_ELEMENTS(away); i++)
        if (str_eq(target, str_from(away[i].target)))
            return redirect(web, fd, away[i].status, away[i].to);
    if (str_eq(target, S("/echo")))
        return send_echo(web, fd);
    if (str_eq(target, S("/endless")))
        return send_endlessly(fd);
    if (str_eq(target, S("/slow")))
        return send_slowly(fd);
    if (str_eq(target, S("/silent")))
        return hang();
    if (str_eq(target, S("/long")))
        return send_long(fd);
    if (str_eq(target, S("/short")))
        return fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"));
    if (str_eq(target, S("/two-lengths")))
        return fd_write(fd, S("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"));
    if (str_eq(target, S("/not-gzip")))
        return web_double_send(fd, "200 OK\r\nContent-Encoding: gzip", S("this is not gzip"));
    return fd_write(fd, S("this is not HTTP\r\n\r\n"));
}

/* --- what every test has --- */

static void allow_hosts(struct desk *d, const char *hosts, const char *more)
{
    const char *sets[] = { arena_printf(d->f.arena, "tools.http_fetch.private_hosts=%s", hosts), more, NULL };

    CHECK_OK(config_load_for_test(d->f.root, sets));
}

#define WEB_DESK(d, web) \
    DESK(d); \
    CLEANUP(web_double_done) struct web_double web = { .answer = answer }; \
    web_double_open(&web); \
    allow_hosts(&d, "127.0.0.1", NULL)

#define CALL(path) arena_printf(d.f.arena, "{\"url\":\"http://127.0.0.1:%u%s\"}", web.port, (path))
#define CALL_WITH(path, more) arena_printf(d.f.arena, "{\"url\":\"http://127.0.0.1:%u%s\",%s}", web.port, (path), (more))

static void check_tells(struct desk *d, const char *arguments, const char *want, bool error)
{
    struct tool_result r = desk_call(d, "http_fetch", arguments);

    CHECK(str_starts(r.taint, S("web page ")));
    if (r.is_error != error || str_find(r.text, str_from(want)) == STR_NONE)
        test_failed(__FILE__, __LINE__, "%s: %.*s\nwant %s", arguments, STR(r.text), want);
}

TEST(fetch_shows_pages_as_markdown_and_text_as_it_is)
{
    WEB_DESK(d, web);

    check_tells(&d, CALL("/page"), "/page (200, text/html, 64 bytes)\ntitle: Tea\n\n# Green\n\nsee [more](http://127.0.0.1:", false);
    check_tells(&d, CALL_WITH("/page", "\"raw\":true"), "<h1>Green</h1>", false);
    check_tells(&d, CALL("/json"), "{\n  \"a\": 1\n}", false);
    check_tells(&d, CALL_WITH("/json", "\"raw\":true"), "{\"a\":1}", false);
    check_tells(&d, CALL("/big5"), "\xe6\xb8\xac", false);
    check_tells(&d, CALL("/gone"), "(404, text/plain, 12 bytes)\n\nno such page", true);
    check_tells(&d, CALL("/png"), "save_to", true);
    check_tells(&d, CALL("/empty"), "no text in it", false);
    check_tells(&d, CALL("/odd"), "save_to", true);
    CHECK(str_find(buf_str(&web.last), S("Accept: text/html")) != STR_NONE);
}

TEST(fetch_shows_a_long_text_part_by_part)
{
    WEB_DESK(d, web);
    CLEANUP(buf_done) struct buf all = {0};
    size_t offset = 0, parts = 0;

    for (;;) {
        struct tool_result r = desk_call(&d, "http_fetch", CALL_WITH("/long", arena_printf(d.f.arena, "\"offset\":%zu", offset)));
        str part = str_skip(r.text, str_find(r.text, S("\n\n")) + 2);
        size_t note = str_find(part, S("\n[bytes "));
        size_t next = str_find(part, S("offset="));

        buf_add(&all, str_take(part, note));
        parts++;
        if (next == STR_NONE)
            break;
        offset = (size_t)strtoull(part.p + next + 7, NULL, 10);
    }
    CHECK(parts > 2);
    CHECK(str_starts(buf_str(&all), S("line 0\nline 1\n")));
    CHECK(str_ends(buf_str(&all), S("line 9998\nline 9999\n")));
    CHECK_INT(all.len, 10 * 7 + 90 * 8 + 900 * 9 + 9000 * 10);
    check_tells(&d, CALL_WITH("/long", "\"offset\":99999999"), "there are only", false);
}

TEST(fetch_sends_what_it_is_told_and_nothing_else)
{
    WEB_DESK(d, web);

    check_tells(&d, CALL_WITH("/echo", "\"json\":{\"a\":[1]}"), "POST /echo HTTP/1.1", false);
    CHECK(str_ends(buf_str(&web.last), S("{\"a\":[1]}")));
    CHECK(str_find(buf_str(&web.last), S("Content-Type: application/json")) != STR_NONE);
    check_tells(&d, CALL_WITH("/echo", "\"method\":\"POST\",\"body\":\"x=1\",\"headers\":{\"X-A\":\"b\",\"Content-Type\":\"text/csv\"}"), "X-A: b", false);
    CHECK(str_find(buf_str(&web.last), S("Content-Type: text/csv")) != STR_NONE);
    unsigned before = web.n_requests;

    check_tells(&d, CALL_WITH("/echo", "\"headers\":{\"Host\":\"h\"}"), "'Host' cannot be set", true);
    check_tells(&d, CALL_WITH("/echo", "\"headers\":{\"A\":1}"), "cannot be set", true);
    check_tells(&d, CALL_WITH("/echo", "\"headers\":{\"A\":\"b\\r\\nC: d\"}"), "may not be sent", true);
    check_tells(&d, CALL_WITH("/echo", "\"method\":\"GET\",\"body\":\"x\""), "method POST", true);
    check_tells(&d, CALL_WITH("/echo", "\"json\":1,\"body\":\"x\""), "not both", true);
    check_tells(&d, CALL_WITH("/echo", "\"body\":\"x\",\"offset\":5"), "save_to", true);
    check_tells(&d, "{\"url\":\"file:///etc/passwd\"}", "does not start with http", true);
    check_tells(&d, "{\"url\":\"ws://127.0.0.1/\"}", "only http", true);
    check_tells(&d, arena_printf(d.f.arena, "{\"url\":\"http://a:b@127.0.0.1:%u/page\"}", web.port), "Authorization", true);
    CHECK_INT(web.n_requests, before);
}

TEST(fetch_saves_a_file_in_the_workspace)
{
    WEB_DESK(d, web);

    check_tells(&d, CALL_WITH("/png", "\"save_to\":\"got/a.png\""), "6 bytes saved to got/a.png", false);
    CHECK(memcmp(desk_content(&d, "got/a.png"), "\x89PNG\0\0", 6) == 0);
    check_tells(&d, CALL_WITH("/png", "\"save_to\":\"../a.png\""), "..", true);
    CHECK(access(arena_printf(d.f.arena, "%s/a.png", d.f.root), F_OK) != 0);
    check_tells(&d, CALL_WITH("/gone", "\"save_to\":\"gone\""), "no such page", true);
    CHECK(access(arena_printf(d.f.arena, "%s/gone", d.f.workspace), F_OK) != 0);
}

TEST(fetch_follows_a_redirect_when_the_place_may_be_reached)
{
    WEB_DESK(d, web);

    check_tells(&d, CALL("/to-page"), "/page (200", false);
    check_tells(&d, CALL("/loop"), "more than 10 redirects", true);
    CHECK_INT(web.n_requests, 13);
    check_tells(&d, CALL("/to-other"), "tools.http_fetch.private_hosts", true);
    check_tells(&d, CALL("/to-metadata"), "169.254.169.254 is an address that may not be connected to", true);
    check_tells(&d, CALL("/to-private"), "10.0.0.1", true);
    check_tells(&d, CALL("/to-v6"), "private_hosts", true);
    check_tells(&d, CALL("/to-file"), "does not start with http", true);
    check_tells(&d, CALL("/to-ftp"), "does not start with http", true);
    check_tells(&d, CALL("/to-user"), "password", true);
    check_tells(&d, CALL("/to-garbage"), "URL", true);
    CHECK_INT(web.n_requests, 21);
    allow_hosts(&d, "127.0.0.1,localhost", NULL);
    check_tells(&d, CALL("/to-other"), "http://localhost:", false);
}

TEST(fetch_redirect_takes_no_password_and_no_body_elsewhere)
{
    WEB_DESK(d, web);

    allow_hosts(&d, "127.0.0.1,localhost", NULL);
    check_tells(&d, CALL_WITH("/to-echo-303", "\"body\":\"secret\",\"headers\":{\"Authorization\":\"Bearer t\"}"), "GET /echo", false);
    CHECK(str_find(buf_str(&web.last), S("secret")) == STR_NONE);
    check_tells(&d, CALL_WITH("/to-echo-307", "\"body\":\"secret\""), "POST /echo", false);
    CHECK(str_ends(buf_str(&web.last), S("secret")));
    check_tells(&d, CALL_WITH("/other-echo", "\"headers\":{\"Authorization\":\"Bearer t\",\"Cookie\":\"c\"}"), "GET /echo", false);
    CHECK(str_find(buf_str(&web.last), S("Bearer")) == STR_NONE && str_find(buf_str(&web.last), S("Cookie")) == STR_NONE);
    check_tells(&d, CALL_WITH("/other-echo-307", "\"body\":\"secret\""), "not sent to another place", true);
}

TEST(fetch_asks_the_policy_about_the_place_a_redirect_leads_to)
{
    WEB_DESK(d, web);
    CLEANUP(json_decrefp) json_t *rows = NULL;
    struct policy *p;

    allow_hosts(&d, "127.0.0.1,localhost", NULL);
    CHECK_OK(json_parse(S("[{\"tool\":\"http_fetch\",\"host\":\"localhost\",\"decision\":\"deny\"}]"), &rows));
    CHECK_OK(policy_new(rows, NULL, &p));
    policy_use(p);
    check_tells(&d, CALL("/page"), "# Green", false);
    check_tells(&d, CALL("/to-page"), "# Green", false);
    unsigned before = web.n_requests;

    check_tells(&d, CALL("/to-other"), "which was not followed", true);
    CHECK_INT(web.n_requests, before + 1);
}

TEST(fetch_of_a_private_address_needs_the_owners_word)
{
    static const char *const urls[] = {
        "http://127.0.0.1:%u/page", "http://localhost:%u/page", "http://127.1:%u/page", "http://2130706433:%u/page", "http://0x7f000001:%u/page",
        "http://017700000001:%u/page", "http://[::1]:%u/page", "http://[::ffff:127.0.0.1]:%u/page", "http://0.0.0.0:%u/page", "http://LOCALHOST:%u/page",
    };
    WEB_DESK(d, web);

    allow_hosts(&d, "", NULL);
    for (size_t i = 0; i < N_ELEMENTS(urls); i++) {
        CLEANUP(buf_done) struct buf call = {0};
        char url[100];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(url, sizeof url, urls[i], web.port);
#pragma GCC diagnostic pop
        buf_addf(&call, "{\"url\":\"%s\"}", url);
        struct tool_result r = desk_call(&d, "http_fetch", buf_c(&call));

        CHECK(r.is_error);
    }
    CHECK_INT(web.n_connections, 0);
}

TEST(fetch_outlives_servers_that_mean_harm)
{
    WEB_DESK(d, web);

    allow_hosts(&d, "127.0.0.1", "tools.http_fetch.max_size=100K");
    check_tells(&d, CALL("/endless"), "longer than 102400 bytes", true);
    check_tells(&d, CALL("/short"), "127.0.0.1", true);
    check_tells(&d, CALL("/two-lengths"), "abcde", false);
    check_tells(&d, CALL("/not-gzip"), "127.0.0.1", true);
    check_tells(&d, CALL("/not-http"), "127.0.0.1", true);
    allow_hosts(&d, "127.0.0.1", "tools.http_fetch.timeout=1s");
    check_tells(&d, CALL("/slow"), "tools.http_fetch.timeout", true);
    check_tells(&d, CALL("/silent"), "tools.http_fetch.timeout", true);
    CHECK(desk_call(&d, "http_fetch", CALL("/silent")).transient);
    CHECK(!desk_call(&d, "http_fetch", CALL("/gone")).transient);
}

static enum err call_slow(void *arg)
{
    struct tool_result r;
    void **both = arg;

    return tool_call_run(&((struct desk *)both[0])->cx, S("http_fetch"), str_from(both[1]), &r);
}

TEST(fetch_that_is_cancelled_ends_at_once)
{
    WEB_DESK(d, web);
    void *both[] = { &d, CALL("/silent") };
    CLEANUP(fibers_done) struct fibers g = {0};

    fibers_spawn(&g, "fetch", call_slow, both);
    while (web.n_requests == 0)
        CHECK_OK(fiber_yield());
    fibers_cancel(&g);
    CHECK_ERR(fibers_wait(&g), ERR_CANCELLED);
}
