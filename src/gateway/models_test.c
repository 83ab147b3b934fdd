// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/metrics.h"
#include "config/config.h"
#include "gateway/canary.h"
#include "gateway/models.h"
#include "gateway/test_scene.h"
#include "gateway/warm_up.h"
#include "runtime/clock.h"
#include "store/blobs.h"
#include "tool/provenance.h"

enum { SETS_MAX = 8 };

/* A gateway whose provider "d" is the scene's model, and these settings ("path=value"). */
static void open_with(struct scene *s, const char *const *more) AWAITS
{
    const char *sets[SETS_MAX] = { NULL };
    size_t n = 0;

    scene_start(s, 10);
    sets[n++] = arena_printf(s->home.arena, "models.providers={d: {endpoint: 'http://127.0.0.1:%u/v1', models: [blind, seeing]}}",
                             server_port(s->model));
    while (*more)
        sets[n++] = *more++;
    CHECK_OK(config_load_for_test(s->home.folder, sets));
    CHECK_OK(models_check());
    scene_restart(s, 10);
}

static void say(struct scene *s, struct message m) AWAITS
{
    struct received r;

    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    scene_settle(s);
}

static void check_asked(const struct scene *s, const char *words)
{
    CHECK(str_find(buf_str(&s->asked), str_from(words)) != STR_NONE);
}

TEST(a_conversation_is_in_the_canary_or_not_for_good)
{
    static const unsigned shares[] = { 0, 10, 50, 100 };
    size_t taken[N_ELEMENTS(shares)] = { 0 };
    bool before[1000] = { false };

    for (size_t k = 0; k < N_ELEMENTS(shares); k++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_OK(config_load_for_test("/nowhere", (const char *[]){ arena_printf(a, "models.canary.percent=%u", shares[k]), NULL }));
        for (size_t i = 0; i < N_ELEMENTS(before); i++) {
            str id = str_from(arena_printf(a, "session-%zu", i));

            CHECK(canary_takes(id) == canary_takes(id));
            CHECK(!before[i] || canary_takes(id));      /* a larger share lets none go */
            before[i] = canary_takes(id);
            taken[k] += before[i];
        }
    }
    CHECK(taken[0] == 0 && taken[1] > 60 && taken[1] < 140 && taken[2] > 430 && taken[2] < 570 && taken[3] == 1000);
    CHECK(canary_takes(S("")) == false);
}

TEST(a_canary_has_its_model_and_prompt_and_is_counted_apart)
{
    struct scene s;
    int64_t turns = metric_value_for(METRIC_FAMILY_variant_turns, "canary", "ok");

    open_with(&s, (const char *[]){ "models.main=d/old", "models.canary.main=d/new", "models.canary.percent=100",
                                    "models.canary.prompt=TRIAL.md", NULL });
    const char *path = arena_printf(s.home.arena, "%s/TRIAL.md", s.gateway.workspace);
    FILE *f = fopen(path, "w");

    CHECK(f != NULL);
    fputs("Speak in rhymes.", f);
    fclose(f);
    say(&s, scene_message(SESSION_A, "", "hello"));
    check_asked(&s, "\"model\":\"new\"");
    check_asked(&s, "Speak in rhymes.");
    CHECK_INT(metric_value_for(METRIC_FAMILY_variant_turns, "canary", "ok"), turns + 1);
    CHECK_OK(models_choose(&s.gateway, s.home.arena, str_from(SESSION_A), S("d/old")));     /* who has chosen is not tried upon */
    say(&s, scene_message(SESSION_A, "", "hello again"));
    check_asked(&s, "\"model\":\"old\"");
    CHECK(str_find(buf_str(&s.asked), S("rhymes")) == STR_NONE);
    CHECK_INT(metric_value_for(METRIC_FAMILY_variant_turns, "canary", "ok"), turns + 1);
    unlink(path);
    scene_end(&s);
}

TEST(what_cannot_be_tried_stops_the_start)
{
    static const char *const cases[][2] = {
        { "models.canary.percent=5", "models.canary.percent is set, and neither" },
        { "models.canary.prompt=/etc/passwd", "models.canary.prompt: '/etc/passwd' is not in the workspace" },
        { "models.canary.prompt=a/../../b", "models.canary.prompt: 'a/../../b' is not in the workspace" },
        { "models.canary.main=nobody/x", "models.canary.main: nobody/x: there is no provider 'nobody'" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_OK(config_load_for_test("/nowhere", (const char *[]){ cases[i][0], NULL }));
        CHECK(models_check() != OK);
        CHECK_STR(str_take(str_from(failed_text()), strlen(cases[i][1])), cases[i][1]);
    }
}

TEST(an_image_goes_to_a_model_that_sees)
{
    static const struct attachment image = { .type = { "image", 5 }, .name = { "a.png", 5 }, .size = -1 };
    struct message m = scene_message(SESSION_A, "", "what is this?");
    struct scene s;

    open_with(&s, (const char *[]){ "models.main=d/blind", "models.vision=d/seeing", "models.facts={d/blind: {vision: false}}", NULL });
    say(&s, m);
    check_asked(&s, "\"model\":\"blind\"");
    m.attachments = &image;
    m.n_attachments = 1;
    say(&s, m);
    check_asked(&s, "\"model\":\"seeing\"");
    scene_end(&s);
}

TEST(a_conversation_chooses_a_model_by_its_label_or_by_its_name)
{
    static const struct { const char *typed, *asked; } cases[] = { { "d/seeing", "seeing" }, { "blind", "blind" }, { "d/fast", "fast" } };
    struct scene s;

    open_with(&s, (const char *[]){ "models.main=d/blind", "models.fast=d/fast", NULL });
    say(&s, scene_message(SESSION_A, "", "first"));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_OK(models_choose(&s.gateway, s.home.arena, str_from(SESSION_A), str_from(cases[i].typed)));
        say(&s, scene_message(SESSION_A, "", "hello"));
        check_asked(&s, arena_printf(s.home.arena, "\"model\":\"%s\"", cases[i].asked));
    }
    CHECK_ERR(models_choose(&s.gateway, s.home.arena, str_from(SESSION_A), S("d/unheard-of")), ERR_NOT_FOUND);
    CHECK_ERR(models_choose(&s.gateway, s.home.arena, str_from(SESSION_A), S("unheard-of")), ERR_NOT_FOUND);
    scene_end(&s);
}

/* So many times five seconds, or until the model was asked.  The network is a real one: it gets real time in each of them. */
static void pass(const struct scene *s, int times) AWAITS
{
    for (int i = 0; i < times && s->n_asked == 0; i++) {
        clock_advance(5000);
        for (int k = 0; k < 200 && s->n_asked == 0; k++) {
            usleep(500);
            CHECK_OK(fiber_yield());
        }
    }
}

TEST(a_model_that_nobody_asks_is_kept_warm)
{
    struct scene s;

    open_with(&s, (const char *[]){ "models.main=d/blind", "models.warm_up=20s", NULL });
    clock_fake(1000000);
    fibers_spawn(&s.gateway.services, "warm-up", warm_up_run, &s.gateway);
    pass(&s, 3);
    CHECK_INT(s.n_asked, 0);
    pass(&s, 20);
    CHECK_INT(s.n_asked, 1);
    check_asked(&s, "\"content\":\"ping\"");
    clock_real();
    scene_end(&s);
}

/* ---- speech ---- */

static void say_transcript(void *asked, struct http_exchange *x)
{
    ++*(unsigned *)asked;
    CHECK(str_find(x->body, S("filename=\"voice.ogg\"")) != STR_NONE);
    CHECK_OK(http_answer(x, 200, S("application/json"), S("{\"text\":\"buy milk\"}")));
}

static enum err serve_ear(void *server) AWAITS
{
    return server_run(server);
}

static void open_with_ear(struct scene *s, struct server **ear, unsigned *asked) AWAITS
{
    struct server_options o = { .host = "127.0.0.1", .handle = say_transcript, .arg = asked };

    scene_start(s, 10);
    CHECK_OK(server_open(&o, ear));
    fibers_spawn(&s->fibers, "ear", serve_ear, *ear);
    const char *providers = arena_printf(s->home.arena, "models.providers={d: {endpoint: 'http://127.0.0.1:%u/v1'}, ear: {endpoint: "
                                         "'http://127.0.0.1:%u/v1'}}", server_port(s->model), server_port(*ear));

    CHECK_OK(config_load_for_test(s->home.folder, (const char *[]){ providers, "models.main=d/m", "models.speech=ear/whisper", NULL }));
    scene_restart(s, 10);
    CHECK_OK(provenance_open(s->home.store));
    CHECK_OK(blobs_open(s->home.store, home_path(&s->home, "blobs"), 1 << 20, &s->gateway.blobs));
}

TEST(what_is_said_in_audio_is_written_down_once)
{
    struct attachment voice = { .type = S("audio"), .name = S("voice.ogg"), .mime = S("audio/ogg"), .size = 3 };
    struct message m = scene_message(SESSION_A, "", "");
    char hash[BLOB_HASH_SIZE];
    struct server *ear;
    unsigned asked = 0;
    struct scene s;

    open_with_ear(&s, &ear, &asked);
    CHECK_OK(blobs_put(s.gateway.blobs, S("Ogg"), S("audio/ogg"), S("voice.ogg"), 0, hash));
    voice.blob = str_from(hash);
    m.attachments = &voice;
    m.n_attachments = 1;
    for (int i = 0; i < 2; i++) {
        say(&s, m);
        check_asked(&s, "> said in it: buy milk");
        CHECK_INT(asked, 1);
    }
    blobs_close(s.gateway.blobs);
    s.gateway.blobs = NULL;
    scene_end(&s);
    server_close(ear);
    provenance_close();
}
