// SPDX-License-Identifier: Apache-2.0
#include "gateway/memory_embedder.h"

#include "base/test.h"
#include "config/config.h"
#include "gateway/memory_service.h"
#include "gateway/models.h"
#include "gateway/test_scene.h"
#include "memory/vectors.h"

static int64_t remember(struct scene *s, const char *text) AWAITS
{
    struct memory_item m = { .scope = { SCOPE_USER, S("alice") }, .text = str_from(text), .confidence = 1 };
    int64_t id;

    CHECK_OK(memory_save(s->gateway.memory, &m, 1, NULL, &id));
    return id;
}

static void wait_for_vectors(struct scene *s, uint64_t n) AWAITS
{
    struct memory_stats m = { 0 };

    while (m.vectors < n || m.pending) {
        CHECK_OK(fiber_yield());
        CHECK_OK(memory_stats(s->gateway.memory, &m));
    }
}

/* The configuration is loaded anew, with a model for embeddings. */
static void name_model(struct scene *s, const char *dimension) AWAITS
{
    const char *providers = arena_printf(s->home.arena, "models.providers={gpu: {endpoint: 'http://127.0.0.1:%u/v1', models: [m]}}",
                                         server_port(s->model));

    CHECK_OK(config_load_for_test(s->home.folder, (const char *[]){ providers, "models.main=gpu/m", "models.embedding=gpu/embed",
                                                                    "model_provider.retries=0", dimension, NULL }));
    models_forget(s->gateway.models);
    memory_service_reload(&s->gateway);
}

TEST(what_is_built_in_makes_vectors_where_no_model_is_named)
{
    struct scene s;

    scene_start(&s, 10);
    memory_service_start(&s.gateway);
    remember(&s, "alice likes green tea");
    wait_for_vectors(&s, 1);
    CHECK_STR(str_from(memory_embedder(s.gateway.memory)->label), "builtin-1");
    CHECK_INT(memory_embedder(s.gateway.memory)->dimension, 768);
    scene_end(&s);
}

TEST(a_model_that_is_named_later_makes_all_vectors_anew)
{
    struct scene s;
    float v[8];

    scene_start(&s, 10);
    memory_service_start(&s.gateway);
    int64_t id = remember(&s, "five!");

    wait_for_vectors(&s, 1);
    name_model(&s, "semantic_search.dimension=8");
    CHECK_STR(str_from(memory_embedder(s.gateway.memory)->label), "gpu/embed");
    wait_for_vectors(&s, 1);
    CHECK_OK(vectors_get(memory_vectors(s.gateway.memory), id, v));
    CHECK(v[5] > 0.99F);
    scene_end(&s);
}

TEST(a_model_whose_vectors_have_another_length_says_which_to_set)
{
    struct scene s;
    const str text = S("a");
    const float *out;

    scene_start(&s, 10);
    s.embeds = 12;
    name_model(&s, "semantic_search.dimension=8");
    const struct embedder *e = memory_embedder(s.gateway.memory);

    CHECK_ERR(e->embed(e->arg, s.home.arena, &text, 1, &out), ERR_CONFLICT);
    CHECK(strstr(failed_text(), "set that to 12"));
    scene_end(&s);
}

TEST(search_by_meaning_can_be_off)
{
    struct scene s;

    scene_start_with(&s, 10, "semantic_search.enable=false", NULL);
    memory_service_start(&s.gateway);
    remember(&s, "alice likes green tea");
    CHECK(memory_vectors(s.gateway.memory) == NULL);
    struct memory_stats m;

    CHECK_OK(memory_stats(s.gateway.memory, &m));
    CHECK_STR(str_from(m.embedder), "none");
    CHECK_STR(str_from(m.index), "none");
    scene_end(&s);
}
