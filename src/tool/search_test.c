// SPDX-License-Identifier: Apache-2.0
/* web_search: the exchanges of tests/cassettes/search, and which provider is asked when. */
#include "base/test.h"

#include <glob.h>

#include "config/config.h"
#include "tool/desk.h"
#include "tool/search.h"
#include "tool/web_double.h"

/* --- cassettes: "? provider count question", "> METHOD address", "> Field: value", "> {body}", "< status answer",
 *     "= result" or "! error" --- */

struct cassette {
    const char *name;
    const struct search_provider *provider;
    unsigned    count;
    str         question, body;
    int         status;
    str         answer;
    struct buf  sent, want, error;
};

static void cassette_done(struct cassette *c)
{
    buf_done(&c->sent);
    buf_done(&c->want);
    buf_done(&c->error);
}

static uint64_t number(str s)
{
    uint64_t n = 0;

    CHECK_OK(str_u64(s, &n));
    return n;
}

static void take_line(struct cassette *c, str line)
{
    str word, rest = str_skip(line, 2);

    switch (line.len ? *line.p : '#') {
    case '?':
        str_split(&rest, ' ', &word);
        c->provider = search_find(word);
        str_split(&rest, ' ', &word);
        c->count = (unsigned)number(word);
        c->question = rest;
        break;
    case '<':
        str_split(&rest, ' ', &word);
        c->status = (int)number(word);
        c->answer = rest;
        break;
    case '>': case '=': case '!':
        buf_addf(*line.p == '>' ? &c->sent : *line.p == '=' ? &c->want : &c->error, "%.*s\n", STR(rest));
        break;
    default:
        CHECK(line.len == 0 || *line.p == '#');
    }
}

static bool was_sent(const struct http_request *rq, str line)
{
    size_t space = str_find_char(line, ' '), colon = str_find_char(line, ':');

    if (str_starts(line, S("{")))
        return str_eq(line, rq->body);
    if (str_eq(str_take(line, space), str_from(rq->method)))
        return str_eq(str_skip(line, space + 1), str_from(rq->url));
    for (size_t i = 0; i < rq->n_fields; i++)
        if (str_eq(rq->fields[i].name, str_take(line, colon)) && str_eq(rq->fields[i].value, str_skip(line, colon + 2)))
            return true;
    return false;
}

static void play(struct cassette *c)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf got = {0};
    struct search_target target = { "https://search.example/", "KEY" };
    str lines = buf_str(&c->sent), line;
    struct http_request rq;

    CHECK(c->provider && c->status);
    CHECK_OK(search_request(c->provider, a, &target, c->question, c->count, &rq));
    while (str_split(&lines, '\n', &line))
        if (line.len && !was_sent(&rq, line))
            test_failed(__FILE__, __LINE__, "%s: not sent: %.*s; but %s %s", c->name, STR(line), rq.method, rq.url);
    enum err e = search_decode(c->provider, c->status, c->answer, c->count, &got);

    if (c->error.len) {
        CHECK_ERR(e, ERR_REMOTE);
        CHECK_STR(str_trim(buf_str(&c->error)), failed_text());
    } else {
        CHECK_OK(e);
        CHECK_STR(buf_str(&got), buf_c(&c->want));
    }
}

TEST(search_cassettes_are_played_as_documented)
{
    glob_t files = {0};

    CHECK(glob("tests/cassettes/search/*.txt", 0, NULL, &files) == 0);
    CHECK(files.gl_pathc >= 8);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        CLEANUP(cassette_done) struct cassette c = { .name = files.gl_pathv[i] };
        char text[16384];
        FILE *f = fopen(c.name, "r");

        CHECK(f);
        str rest = str_of(text, fread(text, 1, sizeof text, f)), line;

        fclose(f);
        while (str_split(&rest, '\n', &line))
            take_line(&c, line);
        play(&c);
    }
    globfree(&files);
}

/* --- the tool --- */

static enum err answer_search(struct web_double *web, struct fd *fd, str target)
{
    (void)web;
    if (str_starts(target, S("/dead/")))
        return web_double_send(fd, "500 Oops", S("{}"));
    if (str_starts(target, S("/none/")))
        return web_double_send(fd, "200 OK", S("{\"results\":[]}"));
    return web_double_send(fd, "200 OK", S("{\"results\":[{\"title\":\"T\",\"url\":\"https://a.example/\",\"content\":\"c\"}]}"));
}

static void configure(struct desk *d, unsigned port, const char *order, const char *searxng, const char *tavily)
{
    const char *sets[] = {
        arena_printf(d->f.arena, "tools.web_search.provider=%s", order),
        arena_printf(d->f.arena, "tools.web_search.searxng.endpoint=http://127.0.0.1:%u/%s/", port, searxng),
        arena_printf(d->f.arena, "tools.web_search.tavily.endpoint=http://127.0.0.1:%u/%s/", port, tavily),
        "tools.web_search.tavily.api_key=tvly-secret", NULL,
    };

    CHECK_OK(config_load_for_test(d->f.root, sets));
}

TEST(search_asks_the_next_provider_when_one_fails)
{
    DESK(d);
    CLEANUP(web_double_done) struct web_double web = { .answer = answer_search };

    web_double_open(&web);
    configure(&d, web.port, "brave,searxng,tavily", "dead", "live");
    struct tool_result r = desk_call(&d, "web_search", "{\"query\":\"tea\"}");

    CHECK(!r.is_error);
    CHECK_STR(r.taint, "search results of tavily");
    CHECK(str_starts(r.text, S("1. T\n")));
    CHECK_INT(web.n_requests, 2);
    CHECK(str_find(buf_str(&web.last), S("Authorization: Bearer tvly-secret")) != STR_NONE);
    configure(&d, web.port, "tavily,searxng", "none", "dead");
    r = desk_call(&d, "web_search", "{\"query\":\"tea\"}");
    CHECK_STR(r.text, "nothing was found");
    CHECK_STR(r.taint, "search results of searxng");
    configure(&d, web.port, "tavily,searxng", "dead", "dead");
    r = desk_call(&d, "web_search", "{\"query\":\"tea\"}");
    CHECK(r.is_error);
    CHECK_STR(r.text, "tavily: status 500; searxng: status 500");
}

TEST(search_without_a_provider_says_what_to_configure)
{
    DESK(d);
    struct tool_result r = desk_call(&d, "web_search", "{\"query\":\"tea\"}");

    CHECK(r.is_error);
    CHECK(r.taint.len == 0);
    CHECK(str_find(r.text, S("tools.web_search.searxng.endpoint, tools.web_search.brave.api_key")) != STR_NONE);
    CHECK_REFUSES(&d, "web_search", "{\"query\":\" \"}", "empty");
}
