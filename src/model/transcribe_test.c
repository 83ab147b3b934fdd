// SPDX-License-Identifier: Apache-2.0
#include "model/transcribe.h"

#include "base/test.h"
#include "config/config.h"
#include "model/breaker.h"
#include "model/providers.h"
#include "net/client.h"
#include "net/server.h"
#include "runtime/fiber.h"

/* A server that hears: the status and body of its answers, one a request. */
static struct {
    struct { int status; const char *body; } answers[3];
    unsigned   asked;
    struct buf body, type;
} ear;

static void answer(void *arg UNUSED, struct http_exchange *x)
{
    unsigned i = ear.asked++;

    buf_clear(&ear.body);
    buf_add(&ear.body, x->body);
    buf_clear(&ear.type);
    buf_add(&ear.type, http_exchange_field(x, S("Content-Type")));
    CHECK_OK(http_answer(x, ear.answers[i].status, S("application/json"), str_from(ear.answers[i].body)));
}

static enum err serve(void *server) AWAITS
{
    return server_run(server);
}

/* Asks a route of n models, all of that server; the error's text is left in failed_text(). */
static enum err hear(struct arena *a, size_t n, const struct recording *r, str *out) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };
    struct server_options o = { .host = "127.0.0.1", .handle = answer, .max_body = 1 << 20 };
    static struct model models[2];
    struct model *const list[] = { &models[0], &models[1] };
    struct server *server;

    CHECK_OK(config_load_for_test("/nowhere", NULL));
    breakers_reset();
    ear.asked = 0;
    CHECK_OK(server_open(&o, &server));
    fibers_spawn(&g, "ear", serve, server);
    for (size_t i = 0; i < N_ELEMENTS(models); i++)
        models[i] = (struct model){
            .provider = &provider_openai, .name = i ? "ear-2" : "ear-1", .label = i ? "e/ear-2" : "e/ear-1",
            .target = { .endpoint = arena_printf(a, "http://127.0.0.1:%u/v1", server_port(server)), .api_key = "k" },
        };
    enum err e = transcribe(&(struct model_route){ list, n }, a, r, out);

    fibers_done(&g);
    server_close(server);
    http_client_stop();
    return e;
}

static const struct recording voice = { .name = { "a \"voice\".ogg", 13 }, .mime = { "audio/ogg", 9 }, .bytes = { "Ogg\0S\r\n", 7 } };

static void answers_are(int first, const char *body, int second, const char *second_body)
{
    ear.answers[0].status = first;
    ear.answers[0].body = body;
    ear.answers[1].status = second;
    ear.answers[1].body = second_body;
}

TEST(a_recording_goes_out_as_a_form_and_its_words_come_back)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf want = { 0 };
    str words, boundary;

    answers_are(200, "{\"text\": \" Good morning.\\n\"}", 0, "");
    CHECK_OK(hear(a, 1, &voice, &words));
    CHECK_STR(words, "Good morning.");
    boundary = buf_str(&ear.type);
    CHECK(str_eat(&boundary, S("multipart/form-data; boundary=")));
    buf_addf(&want, "--%.*s\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\near-1\r\n", STR(boundary));
    buf_addf(&want, "--%.*s\r\nContent-Disposition: form-data; name=\"response_format\"\r\n\r\njson\r\n", STR(boundary));
    buf_addf(&want, "--%.*s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a _voice_.ogg\"\r\n"
                    "Content-Type: audio/ogg\r\n\r\n", STR(boundary));
    buf_add(&want, voice.bytes);
    buf_addf(&want, "\r\n--%.*s--\r\n", STR(boundary));
    CHECK(str_eq(buf_str(&ear.body), buf_str(&want)));
}

TEST(the_next_model_hears_what_the_first_one_cannot)
{
    static const struct { int first, second; const char *body; enum err want; unsigned asked; } cases[] = {
        { 503, 200, "{\"text\":\"yes\"}", OK, 2 },         { 401, 401, "{}", ERR_AUTH, 2 },
        { 400, 200, "{\"text\":\"yes\"}", ERR_INPUT, 1 },  { 200, 200, "{\"words\":1}", ERR_REMOTE, 2 },
        { 200, 200, "<html>", ERR_REMOTE, 2 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        str words = NO_STR;

        answers_are(cases[i].first, cases[i].body, cases[i].second, cases[i].body);
        CHECK_ERR(hear(a, 2, &voice, &words), cases[i].want);
        CHECK_INT(ear.asked, cases[i].asked);
        CHECK_STR(words, cases[i].want ? "" : "yes");
    }
    buf_done(&ear.body);
    buf_done(&ear.type);
}
