// SPDX-License-Identifier: Apache-2.0
#include "model/embed.h"

#include "base/test.h"
#include "model/providers.h"
#include "model/quirks.h"
#include "net/client.h"
#include "net/server.h"
#include "runtime/fiber.h"

/* A server that gives each text "N" the vector [N, 1]; the first `busy` requests get 503, while it is
 * `strict` it refuses base64, and if it `takes_ten`, more texts than that. */
struct scene {
    struct arena  *arena;
    struct server *server;
    struct fibers  fibers;
    struct model   model;
    unsigned       asked, busy;
    bool           strict, short_of_one, takes_ten;
    const str     *texts;
    size_t         n;
    struct embeddings got;
    char           text[ERR_TEXT_MAX];
};

static void answer_vectors(struct scene *s, struct http_exchange *x, const json_t *input)
{
    CLEANUP(buf_done) struct buf b = {0};
    size_t n = json_array_size(input) - s->short_of_one;

    buf_add(&b, S("{\"usage\":{\"prompt_tokens\":5},\"data\":["));
    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s{\"index\":%zu,\"embedding\":[%s,1]}", i ? "," : "", i, json_string_value(json_array_get(input, i)));
    buf_add(&b, S("]}"));
    CHECK_OK(http_answer(x, 200, S("application/json"), buf_str(&b)));
}

static void answer(void *arg, struct http_exchange *x)
{
    struct scene *s = arg;
    CLEANUP(json_decrefp) json_t *j = NULL;

    CHECK_OK(json_parse(x->body, &j));
    if (s->asked++ < s->busy)
        CHECK_OK(http_answer(x, 503, S("text/plain"), S("busy")));
    else if (s->strict && json_at(j, "encoding_format"))
        CHECK_OK(http_answer(x, 400, S("application/json"), S("{\"error\":{\"message\":\"encoding_format is unknown\"}}")));
    else if (s->takes_ten && json_array_size(json_at(j, "input")) > 10)
        CHECK_OK(http_answer(x, 400, S("application/json"), S("{\"error\":{\"message\":\"batch size is invalid, it should not be "
                                                              "larger than 10\"}}")));
    else
        answer_vectors(s, x, json_at(j, "input"));
}

static enum err serve(void *server) AWAITS
{
    return server_run(server);
}

static enum err ask(void *arg) AWAITS
{
    struct scene *s = arg;
    enum err e = model_embed(&s->model, s->arena, s->texts, s->n, 0, &s->got);

    snprintf(s->text, sizeof s->text, "%s", failed_text());
    return e;
}

static enum err embed(struct scene *s, const str *texts, size_t n)
{
    struct server_options o = { .host = "127.0.0.1", .handle = answer, .arg = s };

    s->arena = arena_new();
    CHECK_OK(server_open(&o, &s->server));
    fibers_spawn(&s->fibers, "server", serve, s->server);
    s->model = (struct model){ .provider = &provider_openai, .name = "e",
                               .target.endpoint = arena_printf(s->arena, "http://127.0.0.1:%u/v1", server_port(s->server)) };
    s->texts = texts;
    s->n = n;
    return fiber_join(fiber_spawn("ask", ask, s));
}

static void scene_done(struct scene *s)
{
    fibers_done(&s->fibers);
    server_close(s->server);
    http_client_stop();
    arena_free(s->arena);
}

TEST(embed_gives_one_vector_a_text_in_batches)
{
    CLEANUP(scene_done) struct scene s = {0};
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str texts[150];

    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        texts[i] = str_from(arena_printf(a, "%zu", i));
    CHECK_OK(embed(&s, texts, N_ELEMENTS(texts)));
    CHECK_INT(s.asked, 3);
    CHECK_INT(s.got.n, 150);
    CHECK_INT(s.got.dimension, 2);
    CHECK_INT(s.got.tokens, 15);
    for (size_t i = 0; i < s.got.n; i++)
        CHECK(s.got.values[2 * i] == (float)i && s.got.values[2 * i + 1] == 1);
}

TEST(embed_sends_smaller_batches_to_who_takes_no_more)
{
    CLEANUP(scene_done) struct scene s = { .takes_ten = true };
    str texts[25];

    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        texts[i] = S("3");
    CHECK_OK(embed(&s, texts, N_ELEMENTS(texts)));
    CHECK_INT(s.asked, 4);
    CHECK_INT(s.got.n, 25);
}

TEST(embed_learns_what_a_server_does_not_take)
{
    CLEANUP(scene_done) struct scene s = { .strict = true };

    CHECK_OK(embed(&s, &S("7"), 1));
    CHECK_INT(s.asked, 2);
    CHECK_INT(s.model.target.quirks, QUIRK_NO_BASE64);
    CHECK(s.got.values[0] == 7);
}

TEST(embed_tries_a_busy_server_again)
{
    CLEANUP(scene_done) struct scene s = { .busy = 1 };

    CHECK_OK(embed(&s, &S("7"), 1));
    CHECK_INT(s.asked, 2);
}

TEST(embed_takes_no_vectors_of_other_texts)
{
    CLEANUP(scene_done) struct scene s = { .short_of_one = true };

    CHECK_INT(embed(&s, (const str[]){ S("7"), S("8") }, 2), ERR_REMOTE);
    CHECK(strstr(s.text, "embeddings of e at http://127.0.0.1") && strstr(s.text, "1 vectors came for 2 texts"));
}
