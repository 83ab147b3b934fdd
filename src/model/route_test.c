// SPDX-License-Identifier: Apache-2.0
#include "model/route.h"

#include <stdlib.h>

#include "base/metrics.h"
#include "base/test.h"
#include "config/config.h"
#include "model/breaker.h"
#include "net/client.h"
#include "net/server.h"
#include "runtime/fiber.h"

extern const struct provider provider_openai;

#define SAYS(words) "data: {\"choices\":[{\"delta\":{\"content\":\"" words "\"},\"finish_reason\":\"stop\"}],"\
                    "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n"
/* Says a word, and breaks off. */
#define BREAKS "data: {\"choices\":[{\"delta\":{\"content\":\"Half\"}}]}\n\n"

/* A server that answers by the model that is asked for: "bad-503" with that status, "breaks", or else its name. */
struct scene {
    struct arena  *arena;
    struct server *server;
    struct fibers  fibers;
    struct model   model[3], *models[3];
    struct model_route route;
    struct buf     shown, asked;
    struct reply   reply;
    struct route_result result;
};

static void answer(void *arg, struct http_exchange *x)
{
    struct scene *s = arg;
    CLEANUP(json_decrefp) json_t *j = NULL;

    CHECK_OK(json_parse(x->body, &j));
    str name = json_text_str(j, "model");

    buf_addf(&s->asked, "%.*s ", STR(name));
    if (str_starts(name, S("bad-")))
        CHECK_OK(http_answer(x, atoi(name.p + 4), S("application/json"), S("{\"error\":{\"message\":\"no\"}}")));
    else
        CHECK_OK(http_answer(x, 200, S("text/event-stream"), str_eq(name, S("breaks")) ? S(BREAKS) : S(SAYS("Hi"))));
}

static enum err serve(void *server) AWAITS
{
    return server_run(server);
}

static void scene_start(struct scene *s, const char *const *names, size_t n)
{
    struct server_options o = { .host = "127.0.0.1", .handle = answer, .arg = s };

    *s = (struct scene){ .arena = arena_new() };
    CHECK_OK(config_load_for_test("/tmp", (const char *[]){ "models.breaker.failures=2", NULL }));
    breakers_reset();
    CHECK_OK(server_open(&o, &s->server));
    fibers_spawn(&s->fibers, "model", serve, s->server);
    for (size_t i = 0; i < n; i++) {
        s->model[i] = (struct model){
            .provider = &provider_openai, .name = names[i], .label = names[i],
            .target.endpoint = arena_printf(s->arena, "http://127.0.0.1:%u/v1", server_port(s->server)),
        };
        s->models[i] = &s->model[i];
    }
    s->route = (struct model_route){ s->models, n };
}

static void scene_end(struct scene *s)
{
    fibers_done(&s->fibers);
    server_close(s->server);
    http_client_stop();
    buf_done(&s->shown);
    buf_done(&s->asked);
    arena_free(s->arena);
}

static void note(void *arg, str text)
{
    buf_add(arg, text);
}

static enum err ask(struct scene *s) AWAITS
{
    static const struct chat_message hello = { .role = ROLE_USER, .text = { "hello", 5 } };
    const struct prompt p = { .messages = &hello, .n_messages = 1, .temperature = -1 };
    const struct route_options o = { .completion = { .on_delta = note, .arg = &s->shown, .tries = 1 } };

    return route_complete(&s->route, s->arena, &p, &o, &s->reply, &s->result);
}

TEST(the_next_is_asked_when_one_fails_and_the_reason_is_kept)
{
    struct scene s;

    scene_start(&s, (const char *[]){ "bad-503", "bad-401", "good" }, 3);
    int64_t tokens = metric_value_for(METRIC_FAMILY_model_tokens, "good", "input");

    CHECK_OK(ask(&s));
    CHECK_STR(s.reply.text, "Hi");
    CHECK_STR(buf_str(&s.asked), "bad-503 bad-401 good ");
    CHECK(s.result.model == &s.model[2]);
    CHECK(str_find(s.result.passed_over, S("bad-503: model bad-503 at http://127.0.0.1:")) == 0);
    CHECK(str_find(s.result.passed_over, S("; bad-401: ")) != STR_NONE);
    CHECK_INT(metric_value_for(METRIC_FAMILY_model_tokens, "good", "input") - tokens, 3);
    scene_end(&s);
}

TEST(the_last_error_is_told_when_all_fail)
{
    struct scene s;

    scene_start(&s, (const char *[]){ "bad-503", "bad-404" }, 2);
    CHECK_ERR(ask(&s), ERR_NOT_FOUND);
    CHECK(s.result.model == &s.model[1]);
    scene_end(&s);
}

TEST(what_was_shown_is_not_shown_again_by_another)
{
    struct scene s;

    scene_start(&s, (const char *[]){ "breaks", "good" }, 2);
    CHECK_ERR(ask(&s), ERR_NET);
    CHECK_STR(buf_str(&s.shown), "Half");
    CHECK_STR(buf_str(&s.asked), "breaks ");
    scene_end(&s);
}

TEST(an_open_circuit_is_passed_over_without_asking)
{
    struct scene s;

    scene_start(&s, (const char *[]){ "bad-500", "good" }, 2);
    CHECK_OK(ask(&s));
    CHECK_OK(ask(&s));
    buf_clear(&s.asked);
    CHECK_OK(ask(&s));
    CHECK_STR(buf_str(&s.asked), "good ");
    CHECK(str_find(s.result.passed_over, S("bad-500: failed 2 times in a row")) == 0);
    s.route.n = 1;
    CHECK_ERR(ask(&s), ERR_NET);
    CHECK(str_find(str_from(failed_text()), S("asked again in")) != STR_NONE);
    scene_end(&s);
}

TEST(a_prompt_that_is_too_long_is_the_callers_to_shorten)
{
    struct scene s;

    scene_start(&s, (const char *[]){ "bad-413", "good" }, 2);
    CHECK_OK(ask(&s));      /* 413 without a word of the context: another may take it */
    scene_end(&s);
}

TEST(no_model_is_an_error)
{
    struct scene s;

    scene_start(&s, NULL, 0);
    CHECK_ERR(ask(&s), ERR_NOT_FOUND);
    scene_end(&s);
}
