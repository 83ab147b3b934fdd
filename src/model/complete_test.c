// SPDX-License-Identifier: Apache-2.0
#include "model/complete.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"
#include "model/api.h"
#include "model/detect.h"
#include "model/quirks.h"
#include "net/client.h"
#include "runtime/clock.h"
#include "runtime/fd.h"

extern const struct provider provider_openai;

/* --- a server that says its lines, one a request.  After a line that ends in '~' it says no more and holds on;
 * after any other that has no length it closes. --- */

static struct {
    struct fd         *listener;
    struct fibers      group;
    const char *const *lines;
    size_t             n_requests;
    unsigned           port;
    struct buf         last;
} server;

static enum err read_request(struct fd *fd)
{
    char piece[8192];
    size_t n, end;

    buf_clear(&server.last);
    do {
        TRY(fd_read(fd, piece, sizeof piece, &n));
        if (n == 0)
            return failed(ERR_NOT_FOUND, "closed");
        buf_add(&server.last, str_of(piece, n));
        end = str_find(buf_str(&server.last), S("\r\n\r\n"));
    } while (end == STR_NONE || (server.last.p[0] == 'P' && !str_ends(buf_str(&server.last), S("}"))));
    return OK;
}

static enum err serve(void *arg)
{
    CLEANUP(fd_closep) struct fd *fd = arg;
    struct waiters never = {0};

    for (;;) {
        TRY(read_request(fd));
        str line = str_from(server.lines[server.n_requests] ? server.lines[server.n_requests] : "HTTP/1.1 500 Too Many\r\n\r\n");

        server.n_requests++;
        bool hold = str_ends(line, S("~"));

        TRY(fd_write(fd, str_take(line, line.len - hold)));
        if (hold)
            return wait_on(&never, "the end of the test");
        if (str_find(line, S("Content-Length")) == STR_NONE && str_find(line, S("chunked")) == STR_NONE)
            return OK;
    }
}

static enum err accept_all(void *arg UNUSED)
{
    for (;;) {
        int events, raw;

        TRY(fd_wait(server.listener, FD_READ, &events));
        raw = accept(fd_raw(server.listener), NULL, NULL);
        if (raw >= 0)
            fibers_spawn(&server.group, "serve", serve, fd_open(raw));
    }
}

static void server_start(const char *const *lines)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int raw = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t size = sizeof a;

    memset(&server, 0, sizeof server);
    CHECK(bind(raw, (struct sockaddr *)&a, sizeof a) == 0 && listen(raw, 16) == 0);
    getsockname(raw, (struct sockaddr *)&a, &size);
    server.port = ntohs(a.sin_port);
    server.lines = lines;
    server.listener = fd_open(raw);
    server.group = (struct fibers){ .independent = true };
    fibers_spawn(&server.group, "accept", accept_all, NULL);
}

static void server_stop(void)
{
    fibers_done(&server.group);
    fd_close(server.listener);
    buf_done(&server.last);
    http_client_stop();
}

/* --- one call, with time passing by itself --- */

struct call {
    struct completion_options options;
    struct model  model;
    struct arena *arena;
    struct reply  reply;
    struct buf    shown;
    char          text[ERR_TEXT_MAX];
    bool          ended;
    uint64_t      took_ms;
    uint64_t      deadline_ms;
};

static void note(void *arg, str text)
{
    buf_addf(arg, "<%.*s>", STR(text));
}

static enum err call_fiber(void *arg)
{
    static const struct chat_message hello = { .role = ROLE_USER, .text = { "hello", 5 } };
    CLEANUP(deadline_clear) struct deadline d = {0};
    struct call *c = arg;
    struct prompt p = { .messages = &hello, .n_messages = 1, .temperature = -1, .max_tokens = 5 };
    uint64_t start = clock_ms();

    if (c->deadline_ms)
        deadline_set(&d, c->deadline_ms);
    c->options.on_delta = note;
    c->options.arg = &c->shown;
    enum err e = complete(&c->model, c->arena, &p, &c->options, &c->reply);

    snprintf(c->text, sizeof c->text, "%s", failed_text());
    c->took_ms = clock_ms() - start;
    c->ended = true;
    return e;
}

static enum err call(struct call *c, const char *const *lines)
{
    server_start(lines);
    clock_fake(1792000000000);
    c->arena = arena_new();
    c->model = (struct model){
        .provider = &provider_openai, .name = "m", .target.endpoint = arena_printf(c->arena, "http://127.0.0.1:%u/v1", server.port),
    };
    struct fiber *f = fiber_spawn("call", call_fiber, c);

    while (!c->ended) {
        for (int i = 0; i < 300 && !c->ended; i++)
            CHECK_OK(fiber_yield());
        if (!c->ended)
            clock_advance(20);
    }
    enum err e = fiber_join(f);

    server_stop();
    clock_real();
    return e;
}

static void call_done(struct call *c)
{
    arena_free(c->arena);
    buf_done(&c->shown);
}

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define SAY(text) "data: {\"choices\":[{\"delta\":{\"content\":\"" text "\"}}]}\n\n"
#define DONE "data: [DONE]\n\n"
#define GOOD STREAM SAY("Hi") SAY(" there") DONE
#define BUSY "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"

TEST(complete_brings_the_reply_and_shows_it_as_it_comes)
{
    CLEANUP(call_done) struct call c = {0};

    CHECK_OK(call(&c, (const char *const[]){ GOOD, NULL }));
    CHECK_STR(c.reply.text, "Hi there");
    CHECK_STR(buf_str(&c.shown), "<Hi>< there>");
    CHECK_INT(server.n_requests, 1);
}

TEST(complete_tries_again_while_nothing_was_shown)
{
    static const struct { const char *lines[5]; enum err want; size_t requests; const char *text; } cases[] = {
        { { BUSY, GOOD },                         OK,          2, "" },
        { { BUSY, BUSY, GOOD },                   OK,          3, "" },
        { { BUSY, BUSY, BUSY, GOOD },             ERR_NET,     3, "HTTP 503: busy" },
        { { "", GOOD },                           OK,          2, "" },     /* closed without a word */
        { { STREAM ": hi\n\n", GOOD },            OK,          2, "" },     /* closed without saying anything */
        { { STREAM "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n", GOOD }, OK, 2, "" },
        { { STREAM SAY("Hi"), GOOD },             ERR_NET,     1, "cut off after 2 bytes" },
        { { "HTTP/1.1 400 No\r\n\r\nbad", GOOD }, ERR_INPUT,   1, "HTTP 400: bad" },
        { { "HTTP/1.1 401 No\r\n\r\nbad", GOOD }, ERR_AUTH,    1, "HTTP 401: bad (check model_provider.api_key" },
        { { "HTTP/1.1 404 No\r\n\r\nbad", GOOD }, ERR_NOT_FOUND, 1, "check model_provider.endpoint" },
        { { "HTTP/1.1 302 Go\r\nLocation: /x\r\n\r\n", GOOD }, ERR_REMOTE, 1, "HTTP 302" },
        { { STREAM "<html><title>Login</title>", GOOD }, ERR_REMOTE, 1, "a web page came instead of an answer (Login)" },
        { { STREAM "{\"error\":{\"message\":\"slow down\",\"code\":429}}", GOOD }, OK, 2, "" },
        { { STREAM "{\"choices\":[{\"message\":{\"content\":\"whole\"}}]}" }, OK, 1, "" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(call_done) struct call c = {0};

        CHECK_ERR(call(&c, cases[i].lines), cases[i].want);
        CHECK_INT(server.n_requests, cases[i].requests);
        if (cases[i].want && !strstr(c.text, cases[i].text))
            CHECK_STR(str_from(c.text), cases[i].text);
        if (cases[i].want)
            CHECK(strstr(c.text, "model m at http://127.0.0.1:"));
    }
}

TEST(complete_counts_what_tries_that_broke_off_took)
{
    static const struct { const char *lines[3]; enum err want; int64_t input, output; } cases[] = {
        { { GOOD }, OK, 0, 0 },
        { { BUSY, GOOD }, OK, 0, 0 },
        { { STREAM ": hi\n\n", GOOD }, OK, 0, 0 },           /* nothing came of it */
        { { STREAM SAY("Hello there, you") }, ERR_NET, 6, 5 },  /* by estimate: 4 and 2 for the prompt, 16 bytes came */
        { { STREAM "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Let me see\"}}]}\n\n", GOOD }, OK, 6, 3 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct usage broken = { 0 };
        CLEANUP(call_done) struct call c = { .options.broken = &broken };

        CHECK_ERR(call(&c, cases[i].lines), cases[i].want);
        CHECK_INT(broken.input, cases[i].input);
        CHECK_INT(broken.output, cases[i].output);
    }
}

TEST(complete_waits_as_long_as_the_server_asks)
{
    static const struct { const char *lines[3]; enum err want; uint64_t at_least, at_most; } cases[] = {
        { { "HTTP/1.1 429 x\r\nRetry-After: 7\r\n\r\n", GOOD },          OK,        7000, 7300 },
        { { "HTTP/1.1 429 x\r\nretry-after-ms: 2500\r\nRetry-After: 90\r\n\r\n", GOOD }, OK, 2500, 2800 },
        { { "HTTP/1.1 503 x\r\nRetry-After: Wed, 14 Oct 2026 17:46:50 GMT\r\n\r\n", GOOD }, OK, 10000, 10300 },
        { { "HTTP/1.1 429 x\r\nRetry-After: soon\r\n\r\n", GOOD },       OK,        500,  1100 },
        { { "HTTP/1.1 429 x\r\nRetry-After: 3600\r\n\r\n", GOOD },       ERR_LIMIT, 0,    100 },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(call_done) struct call c = {0};

        CHECK_ERR(call(&c, cases[i].lines), cases[i].want);
        CHECK(c.took_ms >= cases[i].at_least);
        CHECK(c.took_ms <= cases[i].at_most);
    }
}

TEST(complete_does_not_wait_past_its_deadline)
{
    CLEANUP(call_done) struct call c = { .deadline_ms = 5000 };

    CHECK_ERR(call(&c, (const char *const[]){ "HTTP/1.1 429 x\r\nRetry-After: 7\r\n\r\n", GOOD, NULL }), ERR_LIMIT);
    CHECK(c.took_ms < 100);
}

TEST(complete_gives_up_on_a_silent_model)
{
    static const struct { const char *lines[2]; uint64_t ms; const char *text; } cases[] = {
        { { "~" },                          3000, "no answer within 3 s" },
        { { STREAM "~" },                   3000, "the model said nothing within 3 s" },
        { { STREAM ": comment\n\n~" },      3000, "the model said nothing within 3 s" },
        { { STREAM SAY("Hi") "~" },         2000, "silent in the middle of its answer for 2 s" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(call_done) struct call c = { .options = { .first_token_ms = 3000, .idle_ms = 2000, .tries = 1 } };

        CHECK_ERR(call(&c, cases[i].lines), ERR_TIMEOUT);
        CHECK(c.took_ms >= cases[i].ms && c.took_ms < cases[i].ms + 300);
        if (!strstr(c.text, cases[i].text))
            CHECK_STR(str_from(c.text), cases[i].text);
    }
}

TEST(complete_needs_no_end_of_the_transfer_once_the_model_is_done)
{
    CLEANUP(call_done) struct call c = {0};

    CHECK_OK(call(&c, (const char *const[]){ GOOD "~", NULL }));
    CHECK_STR(c.reply.text, "Hi there");
    CHECK(c.took_ms < 2000);
}

TEST(complete_learns_what_a_server_does_not_take)
{
    CLEANUP(call_done) struct call c = {0};

    CHECK_OK(call(&c, (const char *const[]){
        "HTTP/1.1 400 x\r\n\r\n{\"error\":{\"message\":\"Unrecognized request argument: stream_options\"}}",
        "HTTP/1.1 400 x\r\n\r\n{\"error\":{\"message\":\"Use 'max_completion_tokens' instead.\"}}",
        "HTTP/1.1 400 x\r\n\r\n{\"error\":{\"message\":\"Unsupported parameter\",\"param\":\"temperature\"}}",
        "HTTP/1.1 422 x\r\n\r\n{\"detail\":[{\"loc\":[\"body\",\"prompt_cache_key\"],\"msg\":\"Extra inputs are not permitted\"}]}",
        GOOD, NULL }));
    CHECK_INT(server.n_requests, 5);
    CHECK(c.took_ms < 200);
    CHECK_INT(c.model.target.quirks, QUIRK_NO_STREAM_OPTIONS | QUIRK_MAX_COMPLETION_TOKENS | QUIRK_NO_TEMPERATURE | QUIRK_NO_CACHE_KEY);
}

TEST(complete_does_not_learn_the_same_twice)
{
    CLEANUP(call_done) struct call c = {0};
    const char *refusal = "HTTP/1.1 400 x\r\n\r\n{\"error\":{\"message\":\"stream_options: no\"}}";

    CHECK_INT(call(&c, (const char *const[]){ refusal, refusal, GOOD, NULL }), ERR_INPUT);
    CHECK_INT(server.n_requests, 2);
}

TEST(complete_says_where_nobody_listens)
{
    CLEANUP(call_done) struct call c = { .arena = arena_new(), .options.tries = 1 };

    c.model = (struct model){ .provider = &provider_openai, .name = "m", .target.endpoint = "http://127.0.0.1:1/v1" };
    CHECK_ERR(call_fiber(&c), ERR_NET);
    CHECK(strstr(c.text, "model m at http://127.0.0.1:1/v1: 127.0.0.1:1: ") && strstr(c.text, "is the server running"));
    http_client_stop();
}

TEST(complete_has_a_cap_on_what_a_model_says)
{
    CLEANUP(call_done) struct call c = { .options.max_text = 7 };

    CHECK_ERR(call(&c, (const char *const[]){ GOOD, NULL }), ERR_LIMIT);
    CHECK(strstr(c.text, "longer than 7 bytes"));
}

/* --- which model --- */

#define LIST(body) "HTTP/1.1 200 OK\r\n\r\n{\"object\":\"list\",\"data\":[" body "]}"

static enum err find(struct arena *a, const char *path, struct model_settings s, const char *const *lines, struct model *out)
{
    server_start(lines);
    if (s.endpoint)
        s.endpoint = arena_printf(a, "http://127.0.0.1:%u%s", server.port, path);
    else
        setenv("OPENAI_BASE_URL", arena_printf(a, "http://127.0.0.1:%u%s", server.port, path), 1);
    enum err e = model_find(a, &s, out);

    unsetenv("OPENAI_BASE_URL");
    server_stop();
    return e;
}

TEST(model_is_found_from_settings_or_environment)
{
    static const struct { const char *path; struct model_settings s; const char *line, *name, *asked; enum err want; } cases[] = {
        { "",      { "x", "k", "m", 0 }, NULL,                                       "m",     NULL,             OK },
        { "/",     { "x", "k", "", 0 },  LIST("{\"id\":\"first\"},{\"id\":\"second\"}"), "first", "GET /v1/models", OK },
        { "/v9/",  { "x", "", NULL, 0 }, LIST("{\"id\":\"nomic-embed-text\"},{\"id\":\"qwen3\"}"), "qwen3", "GET /v9/models", OK },
        { "",      { NULL, NULL, NULL, 0 }, LIST("{\"id\":\"env\"}"),                "env",   "GET /v1/models", OK },
        { "",      { "x", NULL, NULL, 0 }, LIST(""),                                 NULL,    "GET /v1/models", ERR_NOT_FOUND },
        { "",      { "x", NULL, NULL, 0 }, "HTTP/1.1 401 x\r\n\r\nno key",           NULL,    "GET /v1/models", ERR_AUTH },
        { "",      { "x", NULL, NULL, 0 }, "HTTP/1.1 200 x\r\n\r\n<html>",           NULL,    "GET /v1/models", ERR_REMOTE },
        { "/v1?a", { "x", NULL, "m", 0 }, NULL,                                      NULL,    NULL,             ERR_INPUT },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct model m = {0};

        CHECK_ERR(find(a, cases[i].path, cases[i].s, (const char *const[]){ cases[i].line, NULL }, &m), cases[i].want);
        if (cases[i].name)
            CHECK_STR(str_from(m.name), cases[i].name);
        if (cases[i].want == OK)
            CHECK(!str_ends(str_from(m.target.endpoint), S("/")));
        CHECK_INT(server.n_requests, cases[i].asked != NULL);
    }
}

TEST(a_list_of_models_tells_how_much_they_hold)
{
    static const struct { const char *list, *name; int64_t want; } cases[] = {
        { "{\"data\":[{\"id\":\"a\",\"max_model_len\":8192},{\"id\":\"b\"}]}", "a", 8192 },
        { "{\"data\":[{\"id\":\"a\",\"max_model_len\":8192},{\"id\":\"b\"}]}", "b", 0 },
        { "{\"data\":[{\"id\":\"x/y\",\"context_length\":131072}]}", "x/y", 131072 },
        { "{\"data\":[{\"id\":\"a\",\"meta\":{\"n_ctx_train\":40960}}]}", "a", 40960 },
        { "{\"models\":[{\"name\":\"models/gemini\",\"inputTokenLimit\":1048576}]}", "gemini", 1048576 },
        { "{\"data\":[{\"id\":\"a\",\"context_length\":\"many\"}]}", "a", 0 }, { "{\"data\":7}", "a", 0 }, { "[]", "a", 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(json_decrefp) json_t *list = NULL;

        CHECK_OK(json_parse(str_from(cases[i].list), &list));
        CHECK_INT(api_listed_context(list, cases[i].name), cases[i].want);
    }
}

TEST(model_of_openai_itself_needs_no_question)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model m;

    unsetenv("OPENAI_MODEL");
    CHECK_OK(model_find(a, &(struct model_settings){ .api_key = "sk-x" }, &m));
    CHECK_STR(str_from(m.target.endpoint), "https://api.openai.com/v1");
    CHECK(*m.name);
    CHECK_ERR(model_find(a, &(struct model_settings){ .configured_only = true }, &m), ERR_NOT_FOUND);
    http_client_stop();
}

TEST(model_on_this_machine_is_found_when_it_has_started)
{
    static const char *const forms[] = { "127.0.0.1:%u", ":%u", "http://localhost:%u/", "0.0.0.0:%u" };

    for (size_t i = 0; i < N_ELEMENTS(forms); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct model m = { .source = "" };
        char host[64];

        server_start((const char *const[]){ "HTTP/1.1 503 Loading\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n{\"models\":[{\"name\":\"local\"}]}", NULL });
        snprintf(host, sizeof host, forms[i], server.port);
        setenv("OLLAMA_HOST", host, 1);
        enum err e = model_find(a, &(struct model_settings){ 0 }, &m);

        CHECK(e == ERR_NOT_FOUND || !str_starts(str_from(m.source), S("Ollama")));      /* maybe another one runs here */
        if (e)
            CHECK(strstr(failed_text(), "none of Ollama on "));
        CHECK_OK(model_find(a, &(struct model_settings){ 0 }, &m));
        unsetenv("OLLAMA_HOST");
        CHECK_STR(str_from(m.name), "local");
        CHECK(str_starts(str_from(m.source), S("Ollama on ")));
        CHECK_STR(str_from(m.provider->name), "ollama");
        CHECK(!str_ends(str_from(m.target.endpoint), S("/v1")));
        server_stop();
    }
}
