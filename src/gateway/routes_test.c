// SPDX-License-Identifier: Apache-2.0
/* Requests as they come over the network, to a gateway in memory. */
#include "base/test.h"

#include "channel/file_link.h"
#include "channel/registry.h"
#include "channel/start.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/test_scene.h"
#include "net/client.h"
#include "net/websocket.h"
#include "runtime/clock.h"

struct web { struct scene scene; const char *url; char token[TOKEN_SIZE]; };

static void web_start(struct web *w) AWAITS
{
    *w = (struct web){ 0 };
    scene_start(&w->scene, 100);
    w->url = scene_serve(&w->scene);
    CHECK_OK(access_new_token(&w->scene.gateway, w->token));
}

static void set(struct web *w, const char *option) AWAITS
{
    CHECK_OK(config_load_for_test(w->scene.home.folder, (const char *[]){ option, NULL }));
}

/* "Name: value" of up to three fields; returns the status. */
static int ask_with(struct web *w, const char *method, const char *path, const char *const *fields, str body,
                    struct http_response *out) AWAITS
{
    struct arena *a = w->scene.home.arena;
    struct http_field f[4];
    size_t n = 0;

    for (; fields && fields[n]; n++) {
        size_t colon = str_find_char(str_from(fields[n]), ':');

        f[n] = (struct http_field){ str_take(str_from(fields[n]), colon), str_skip(str_from(fields[n]), colon + 2) };
    }
    struct http_request q = { .method = method, .url = arena_printf(a, "%s%s", w->url, path), .fields = f, .n_fields = n,
                              .body = body };
    struct http_response answer;

    CHECK_OK(http_fetch(a, &q, out ? out : &answer, NULL));
    return out ? out->status : answer.status;
}

static int ask(struct web *w, const char *method, const char *path, const char *field) AWAITS
{
    return ask_with(w, method, path, (const char *[]){ field, NULL }, NO_STR, NULL);
}

static const char *bearer(struct web *w)
{
    return arena_printf(w->scene.home.arena, "Authorization: Bearer %s", w->token);
}

TEST(a_path_is_found_by_its_segments_and_another_method_is_told_which)
{
    static const struct { const char *method, *path; int status; } cases[] = {
        { "GET",  "/health", 200 },           { "HEAD", "/health", 200 },       { "POST", "/health", 405 },
        { "GET",  "/health/", 404 },          { "GET",  "//health", 404 },      { "GET",  "/", 200 },
        { "GET",  "/web/app.js", 200 },       { "GET",  "/web/", 404 },         { "GET",  "/web/a/b", 404 },
        { "GET",  "/web/..%2fapp.js", 404 },  { "GET",  "/favicon.ico", 404 },  { "POST", "/nothing", 404 },
        { "GET",  "/api/v1/sessions//messages", 404 },                          { "DELETE", "/api/v1/sessions", 405 },
        { "GET",  "/api/v1/sessions/x/messages", 404 },                         { "GET",  "/api/v1/messages", 405 },
    };
    struct web w;

    web_start(&w);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        int status = ask(&w, cases[i].method, cases[i].path, bearer(&w));

        if (status != cases[i].status)
            test_failed(__FILE__, __LINE__, "%s %s: %d, want %d", cases[i].method, cases[i].path, status, cases[i].status);
    }
    scene_end(&w.scene);
}

/* A platform that calls: it answers with what it was called. */
static enum err echo(const struct channel_host *host, struct http_exchange *x) AWAITS
{
    return http_answer(x, 200, S("text/plain"), str_from(arena_printf(x->arena, "%s %.*s %.*s", host->channel->name, STR(x->method),
                                                                      STR(x->webhook_name))));
}

static bool yes(void)
{
    return true;
}

static enum err take_none(const struct channel_host *host UNUSED, const struct message *m UNUSED, size_t n UNUSED)
{
    return OK;
}

TEST(platforms_call_by_either_method_and_shadow_no_page)
{
    static const struct channel caller = { .name = "caller", .title = "Caller", .configured = yes, .webhook = echo };
    static const struct { const char *method, *path; int status; const char *body; } cases[] = {
        { "POST", "/webhook/caller", 200, "caller POST " },         { "GET", "/webhook/caller?hub.mode=x", 200, "caller GET " },
        { "POST", "/caller", 200, "caller POST " },                 { "GET", "/caller", 200, "caller GET " },
        { "POST", "/webhook/caller/ops", 200, "caller POST ops" },  { "GET", "/webhook/caller/ops", 200, "caller GET ops" },
        { "GET",  "/health", 200, NULL },                           { "GET", "/webhook/nobody", 404, NULL },
        { "POST", "/webhook/caller/a/b", 404, NULL },               { "PUT", "/webhook/caller", 405, NULL },
        { "POST", "/fake", 404, NULL },     /* it does not call */
    };
    struct web w;

    web_start(&w);
    channel_add_for_test(&caller);
    CHECK_OK(channels_start(w.scene.home.store, NULL, take_none, NULL, NULL));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct http_response answer;
        int status = ask_with(&w, cases[i].method, cases[i].path, NULL, NO_STR, &answer);

        if (status != cases[i].status)
            test_failed(__FILE__, __LINE__, "%s %s: %d, want %d", cases[i].method, cases[i].path, status, cases[i].status);
        if (cases[i].body)
            CHECK_STR(answer.body, cases[i].body);
    }
    channels_stop();
    scene_end(&w.scene);
}

TEST(nothing_but_what_is_open_is_had_without_a_token)
{
    static const struct { const char *method, *path, *scope; } routes[] = {
#define ROUTE(method, path, scope, handler, help) { #method, path, #scope },
#include "gateway/routes.def"
#undef ROUTE
    };
    struct web w;

    web_start(&w);
    set(&w, "server.rate_limit.per_address=0");
    for (size_t i = 0; i < N_ELEMENTS(routes); i++) {
        char *path = arena_c(w.scene.home.arena, str_from(routes[i].path));
        bool wanted = strcmp(routes[i].scope, "SCOPE_TOKEN") == 0;

        for (char *c = path; *c; c++)
            *c = *c == '{' || *c == '}' ? 'x' : *c;
        CHECK_INT(ask(&w, routes[i].method, path, "Authorization: Bearer claw_wrong") == 401, wanted);
        CHECK_INT(ask(&w, routes[i].method, path, "Cookie: clawdbot=wrong") == 401, wanted);
    }
    scene_end(&w.scene);
}

TEST(without_a_demanded_token_programs_of_this_machine_may_ask_and_pages_may_not)
{
    static const struct { const char *path, *field; int status; } cases[] = {
        { "/api/v1/status", "X-Nothing: 1",                  200 },
        { "/api/v1/status", "Host: localhost:8000",          200 },
        { "/api/v1/status", "Host: [::1]:8000",              200 },
        { "/api/v1/status", "Host: evil.example:8000",       401 },     /* DNS rebinding */
        { "/api/v1/status", "Host: 127.evil.example",        401 },
        { "/api/v1/status", "Origin: http://evil.example",   401 },
        { "/metrics",       "Host: evil.example:8000",       401 },
        { "/metrics",       "Host: 127.0.0.1",               200 },
        { "/health",        "Host: evil.example:8000",       200 },
    };
    struct web w;

    web_start(&w);
    set(&w, "security.require_token=false");
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        int status = ask(&w, "GET", cases[i].path, cases[i].field);

        if (status != cases[i].status)
            test_failed(__FILE__, __LINE__, "%s with %s: %d", cases[i].path, cases[i].field, status);
    }
    set(&w, "security.require_token=true");
    CHECK_INT(ask(&w, "GET", "/api/v1/status", "Host: localhost"), 401);
    scene_end(&w.scene);
}

TEST(a_cookie_counts_from_our_own_pages_only)
{
    char code[TOKEN_SIZE], secret[TOKEN_SIZE];
    struct web w;

    web_start(&w);
    access_login_code(w.scene.gateway.access, code);
    const char *login = arena_printf(w.scene.home.arena, "/login?code=%s", code);

    CHECK_INT(ask(&w, "HEAD", login, NULL), 200);       /* only looked at: it is still good */
    CHECK_INT(ask(&w, "GET", login, NULL), 200);
    CHECK_INT(ask(&w, "GET", login, NULL), 403);
    access_login_code(w.scene.gateway.access, code);
    CHECK_OK(access_login(&w.scene.gateway, str_from(code), secret));
    const char *cookie = arena_printf(w.scene.home.arena, "Cookie: other=1; clawdbot=%s", secret);
    const char *ours = arena_printf(w.scene.home.arena, "Origin: %s", w.url);

    CHECK_INT(ask_with(&w, "GET", "/api/v1/status", (const char *[]){ cookie, NULL }, NO_STR, NULL), 200);
    CHECK_INT(ask_with(&w, "GET", "/api/v1/status", (const char *[]){ cookie, ours, NULL }, NO_STR, NULL), 200);
    CHECK_INT(ask_with(&w, "GET", "/api/v1/status", (const char *[]){ cookie, "Origin: http://127.0.0.1:1", NULL }, NO_STR, NULL), 401);
    CHECK_INT(ask_with(&w, "POST", "/api/v1/messages", (const char *[]){ cookie, "Origin: null", NULL }, S("{}"), NULL), 401);
    scene_end(&w.scene);
}

TEST(unknown_paths_and_wrong_tokens_count_against_the_limit_too)
{
    static const char *const paths[] = { "/nothing/here", "/api/v1/status", "/health" };
    struct web w;

    web_start(&w);
    for (size_t p = 0; p < N_ELEMENTS(paths); p++) {
        int status = 0;

        scene_restart(&w.scene, 10);
        CHECK_OK(config_load_for_test(w.scene.home.folder, (const char *[]){ "server.rate_limit.burst=5",
                                                                             "server.rate_limit.per_address=1", NULL }));
        for (int i = 0; i < 6; i++)
            status = ask(&w, "GET", paths[p], "Authorization: Bearer claw_wrong");
        CHECK_INT(status, 429);
    }
    scene_end(&w.scene);
}

TEST(an_idempotency_key_that_could_not_be_read_back_is_refused)
{
    struct web w;
    char key[600] = "Idempotency-Key: ";

    web_start(&w);
    memset(key + strlen(key), 'k', 540);
    CHECK_INT(ask_with(&w, "POST", "/api/v1/messages", (const char *[]){ bearer(&w), key, NULL },
                       S("{\"content\":{\"text\":\"x\"}}"), NULL), 400);
    CHECK_INT(ask_with(&w, "POST", "/api/v1/messages", (const char *[]){ bearer(&w), "Idempotency-Key: \xff", NULL },
                       S("{\"content\":{\"text\":\"x\"}}"), NULL), 400);
    CHECK_STR(scene_inbox(&w.scene), "");
    scene_end(&w.scene);
}

struct waiting { struct web *web; const char *mode; struct http_response answer; };

static enum err wait_for_reply(void *arg) AWAITS
{
    struct waiting *x = arg;

    ask_with(x->web, "POST", arena_printf(x->web->scene.home.arena, "/api/v1/messages?mode=%s", x->mode),
             (const char *[]){ bearer(x->web), NULL }, S("{\"content\":{\"text\":\"long\"}}"), &x->answer);
    return OK;
}

TEST(at_the_end_whoever_waits_for_a_reply_is_told_to_come_back)
{
    static const struct { const char *mode; int status; const char *words; } cases[] = {
        { "wait",   503, "answered after the next start" },
        { "stream", 200, "event: error\ndata: {\"type\":\"error\"" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct web w;

        web_start(&w);
        w.scene.model_held = true;
        struct waiting x = { .web = &w, .mode = cases[i].mode };
        struct fiber *f = fiber_spawn("client", wait_for_reply, &x);

        UNTIL(w.scene.n_asked == 1);
        dispatch_drain(&w.scene.gateway, 0);
        w.scene.gateway.closing = true;
        bus_wake_all(w.scene.gateway.bus);
        CHECK_OK(fiber_join(f));
        CHECK_INT(x.answer.status, cases[i].status);
        CHECK(str_find(x.answer.body, str_from(cases[i].words)) != STR_NONE);
        scene_end(&w.scene);
    }
}

TEST(a_message_that_an_operator_drops_ends_the_wait_for_its_reply)
{
    struct web w;

    web_start(&w);
    w.scene.model_held = true;
    struct waiting x = { .web = &w, .mode = "wait" };
    struct fiber *f = fiber_spawn("client", wait_for_reply, &x);

    UNTIL(w.scene.n_asked == 1);
    CHECK_INT(ask(&w, "POST", "/api/v1/admin/inbox/1/drop", bearer(&w)), 200);
    CHECK_OK(fiber_join(f));
    CHECK_INT(x.answer.status, 200);
    CHECK(str_find(x.answer.body, S("\"state\":\"failed\"")) != STR_NONE);
    CHECK_INT(ask(&w, "POST", "/api/v1/admin/inbox/1/drop", bearer(&w)), 409);
    scene_release(&w.scene);
    scene_settle(&w.scene);
    CHECK_STR(scene_inbox(&w.scene), "failed long");
    CHECK_STR(scene_replies(&w.scene), "");
    scene_end(&w.scene);
}

static struct websocket *open_socket(struct web *w, const char *path) AWAITS
{
    struct http_field f = { S("Authorization"), str_skip(str_from(bearer(w)), strlen("Authorization: ")) };
    struct websocket *s;

    CHECK_OK(websocket_connect(arena_printf(w->scene.home.arena, "ws%s%s", w->url + 4, path), &f, 1, NULL, &s));
    return s;
}

static str next_frame(struct websocket *s) AWAITS
{
    enum websocket_type type;
    str text;

    CHECK_OK(websocket_receive(s, &type, &text));
    return text;
}

TEST(a_websocket_that_the_old_token_let_in_ends_with_it)
{
    enum websocket_type type;
    struct web w;
    str text;

    web_start(&w);
    struct websocket *s = open_socket(&w, "/ws?session_id=" SESSION_A);

    CHECK_OK(websocket_send(s, WEBSOCKET_TEXT, S(" ")));
    CHECK(str_find(next_frame(s), S("\"error\"")) != STR_NONE);     /* empty */
    CHECK_OK(access_new_token(&w.scene.gateway, w.token));
    CHECK_ERR(websocket_receive(s, &type, &text), ERR_NOT_FOUND);
    CHECK_INT(websocket_close_code(s), 1008);
    websocket_free(s);
    scene_end(&w.scene);
}

TEST(frames_of_a_websocket_count_like_requests)
{
    struct web w;

    web_start(&w);
    CHECK_OK(config_load_for_test(w.scene.home.folder, (const char *[]){ "server.rate_limit.burst=4", "server.rate_limit.per_token=1",
                                                                         "model_provider.detect=false", NULL }));
    struct websocket *s = open_socket(&w, "/ws");
    str frame = NO_STR;

    for (int i = 0; i < 4; i++) {
        CHECK_OK(websocket_send(s, WEBSOCKET_TEXT, S("{\"type\":\"stop\"}")));
    }
    frame = next_frame(s);
    CHECK(str_find(frame, S("too many messages")) != STR_NONE);
    websocket_free(s);
    scene_end(&w.scene);
}

TEST(a_reconnected_websocket_is_told_how_each_message_ended)
{
    struct web w;

    web_start(&w);
    scene_say(&w.scene, SESSION_A, "good");
    scene_settle(&w.scene);
    w.scene.model_held = true;
    scene_say(&w.scene, SESSION_A, "bad");
    UNTIL(w.scene.n_asked == 2);
    dispatch_stop_turn(&w.scene.gateway, S(SESSION_A));
    scene_release(&w.scene);
    scene_settle(&w.scene);
    struct websocket *s = open_socket(&w, "/ws?after=0&session_id=" SESSION_A);

    CHECK(str_find(next_frame(s), S("\"state\":\"done\"")) != STR_NONE);
    CHECK(str_find(next_frame(s), S("\"state\":\"failed\"")) != STR_NONE);
    websocket_free(s);
    CHECK_INT(ask(&w, "GET", "/ws?session_id=x", bearer(&w)), 400);
    CHECK_INT(ask(&w, "GET", "/ws?session_id=" SESSION_A "&after=x", bearer(&w)), 400);
    scene_end(&w.scene);
}

TEST(a_file_is_saved_by_whoever_has_its_link_and_by_nobody_else)
{
    struct web w;
    struct http_response got;
    char hash[BLOB_HASH_SIZE];
    struct blob blob;

    web_start(&w);
    struct arena *a = w.scene.home.arena;

    set(&w, "server.public_url=https://bot.example.org");
    CHECK_OK(file_links_open(w.scene.home.store));
    CHECK_OK(blobs_open(w.scene.home.store, home_path(&w.scene.home, "blobs"), 1 << 20, &w.scene.gateway.blobs));
    CHECK_OK(blobs_put(w.scene.gateway.blobs, S("<script>alert(1)</script>"), S("text/html"), S("q\"ä;.html"), 0, hash));
    CHECK_OK(blobs_find(w.scene.gateway.blobs, a, str_from(hash), &blob));
    const char *path = arena_c(a, str_skip(file_link(a, &blob), strlen("https://bot.example.org")));

    CHECK_INT(ask_with(&w, "GET", path, NULL, NO_STR, &got), 200);
    CHECK_STR(got.body, "<script>alert(1)</script>");
    CHECK_STR(http_response_field(&got, S("Content-Type")), "application/octet-stream");
    CHECK_STR(http_response_field(&got, S("X-Content-Type-Options")), "nosniff");
    CHECK_STR(http_response_field(&got, S("Content-Disposition")), "attachment; filename=\"q____.html\"; filename*=UTF-8''q%22%C3%A4%3B.html");
    CHECK_INT(ask(&w, "HEAD", path, NULL), 200);
    CHECK_INT(ask(&w, "GET", "/files/AAAA", bearer(&w)), 404);
    CHECK_INT(ask(&w, "GET", arena_printf(a, "%s/x", path), bearer(&w)), 404);
    CHECK_INT(ask(&w, "GET", arena_printf(a, "/files/%s", hash), bearer(&w)), 404);
    blobs_close(w.scene.gateway.blobs);
    w.scene.gateway.blobs = NULL;
    scene_end(&w.scene);
}
