// SPDX-License-Identifier: Apache-2.0
/* Requests under /v1 as they come over the network, to a gateway in memory whose model waits when it is told to. */
#include "base/test.h"

#include "gateway/access.h"
#include "gateway/test_scene.h"
#include "net/client.h"
#include "runtime/clock.h"

struct client { struct scene scene; const char *url; char token[TOKEN_SIZE]; };

static void client_start(struct client *c) AWAITS
{
    *c = (struct client){ 0 };
    scene_start(&c->scene, 10);
    c->url = scene_serve(&c->scene);
    CHECK_OK(access_new_token(&c->scene.gateway, c->token));
}

/* The key as Anthropic's clients send it; NULL: ours. */
static struct http_request request(struct client *c, const char *path, const char *key, const char *body)
{
    struct arena *a = c->scene.home.arena;
    struct http_field *field = ARENA_NEW(a, struct http_field);

    *field = (struct http_field){ S("x-api-key"), str_from(key ? key : c->token) };
    return (struct http_request){ .url = arena_printf(a, "%s%s", c->url, path), .fields = field, .n_fields = 1, .body = str_from(body) };
}

#define STREAM(model) "{\"model\":\"" model "\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"

/* Reads on until the text was there. */
static void read_until(struct http_stream *s, struct buf *all, const char *text) AWAITS
{
    str bytes;

    while (str_find(buf_str(all), str_from(text)) == STR_NONE) {
        CHECK_OK(http_read(s, &bytes));
        if (bytes.len == 0)
            test_failed(__FILE__, __LINE__, "no %s in %s", text, buf_c(all));
        buf_add(all, bytes);
    }
}

TEST(a_stream_that_is_silent_is_kept_alive)
{
    static const char *const models[] = { "clawdbot", "main" };
    struct client c;

    for (size_t i = 0; i < N_ELEMENTS(models); i++) {
        CLEANUP(buf_done) struct buf all = { 0 };
        struct http_stream *s;

        client_start(&c);
        c.scene.model_held = true;
        struct http_request q = request(&c, "/v1/chat/completions", NULL,
                                        arena_printf(c.scene.home.arena, STREAM("%s"), models[i]));

        CHECK_OK(http_open(&q, &s));
        CHECK_INT(http_status(s), 200);
        read_until(s, &all, "echo: ");
        clock_fake(1000000);
        clock_advance(11000);
        read_until(s, &all, ": ping\n\n");
        clock_real();
        scene_release(&c.scene);
        read_until(s, &all, "\"content\":\"hi\"");
        read_until(s, &all, "data: [DONE]\n\n");
        http_close(s);
        scene_end(&c.scene);
    }
}

static size_t fibers_named(const char *name)
{
    struct fiber_info info[200];
    size_t n = fibers_list(info, N_ELEMENTS(info)), found = 0;

    for (size_t i = 0; i < n && i < N_ELEMENTS(info); i++)
        found += strcmp(info[i].name, name) == 0;
    return found;
}

static void ask_and_leave(struct client *c, const char *body) AWAITS
{
    CLEANUP(buf_done) struct buf all = { 0 };
    struct http_stream *s;
    struct http_request q = request(c, "/v1/chat/completions", NULL, body);

    CHECK_OK(http_open(&q, &s));
    read_until(s, &all, "echo: ");
    http_close(s);
}

TEST(who_goes_away_ends_a_models_call_and_not_the_assistants_turn)
{
    struct client c;

    client_start(&c);
    c.scene.model_held = true;
    ask_and_leave(&c, STREAM("main"));
    UNTIL(fibers_named("v1 call") == 0);
    ask_and_leave(&c, STREAM("clawdbot"));
    scene_release(&c.scene);
    scene_settle(&c.scene);
    CHECK_STR(scene_inbox(&c.scene), "done hi");
    CHECK_STR(scene_replies(&c.scene), "echo: hi");
    scene_end(&c.scene);
}

TEST(errors_under_v1_are_in_the_form_of_the_api_that_was_asked)
{
    static const struct { const char *path, *key, *body; int status; const char *want; } cases[] = {
        { "/v1/chat/completions", "wrong", "{}", 401, "\"code\":\"invalid_api_key\"}}" },
        { "/v1/messages", "wrong", "{}", 401, "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\"," },
        { "/v1/chat/completions", NULL, "[", 400, "{\"error\":{\"message\":\"the body is not JSON: " },
        { "/v1/chat/completions", NULL, "{}", 400, "\"type\":\"invalid_request_error\",\"param\":\"messages\",\"code\":null}}" },
        { "/v1/messages", NULL, "{}", 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"'max_tokens'" },
        { "/v1/nothing", NULL, "{}", 404, "{\"error\":{\"message\":\"there is nothing at /v1/nothing\"" },
        { "/v1/models", NULL, "{}", 405, "\"code\":\"method_not_allowed\"}}" },
        { "/v1/embeddings", NULL, "{\"input\":\"x\"}", 404, "name one in models.embedding" },
        { "/v1/responses", NULL, "{\"model\":\"main\",\"input\":\"x\",\"previous_response_id\":\"resp_1\"}", 400,
          "\"param\":\"previous_response_id\"" },
        { "/v1/responses", NULL, "{\"input\":\"x\",\"previous_response_id\":\"resp_1\"}", 404, "\"param\":\"previous_response_id\"" },
        { "/v1/chat/completions", NULL, "{\"messages\":[{\"role\":\"assistant\",\"content\":\"x\"}]}", 400, "\"param\":\"messages\"" },
    };
    struct client c;

    client_start(&c);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct http_request q = request(&c, cases[i].path, cases[i].key, cases[i].body);
        struct http_response answer;

        CHECK_OK(http_fetch(c.scene.home.arena, &q, &answer, NULL));
        if (answer.status != cases[i].status || str_find(answer.body, str_from(cases[i].want)) == STR_NONE)
            test_failed(__FILE__, __LINE__, "%s %s: %d %.*s", cases[i].path, cases[i].body, answer.status, STR(answer.body));
    }
    scene_end(&c.scene);
}
