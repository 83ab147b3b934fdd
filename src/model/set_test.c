// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdlib.h>

#include "model/set.h"

/* The settings of a configuration that has these ("path=value"). */
static void settings_of(struct model_set_settings *out, const char *const *sets)
{
    CHECK_OK(config_load_for_test("/nowhere", sets));
    model_set_settings_now(out);
}

static void check_route(const struct model_route *r, const char *want)
{
    CLEANUP(buf_done) struct buf got = { 0 };

    for (size_t i = 0; i < r->n; i++)
        buf_addf(&got, "%s%s", i ? " " : "", r->models[i]->label);
    CHECK_STR(buf_str(&got), want);
}

#define PROVIDERS "models.providers={vllm: {endpoint: 'http://gpu:8000', models: [qwen3, tiny]}, work: {preset: azure, " \
                  "endpoint: 'https://acme.openai.azure.com', api_key: k}, plain: {endpoint: 'https://m.example/api/v3/', api_key: s, " \
                  "key_field: X-Key, query: 'a=b', quirks: [no_stream_options]}}"

TEST(a_set_has_the_routes_of_its_settings)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model_set_settings settings;
    struct model_set *set;

    settings_of(&settings, (const char *[]){ PROVIDERS, "models.main=vllm/qwen3,work/gpt 4", "models.vision=plain/a/b",
                                             "models.embedding=vllm/embed", NULL });
    CHECK_OK(model_set_open(a, &settings, &set));
    check_route(&set->routes[MODEL_MAIN], "vllm/qwen3 work/gpt 4");
    check_route(&set->routes[MODEL_FAST], "vllm/qwen3 work/gpt 4");
    check_route(&set->routes[MODEL_VISION], "plain/a/b");
    check_route(&set->routes[MODEL_EMBEDDING], "vllm/embed");
    check_route(&set->routes[MODEL_SPEECH], "");
}

TEST(an_account_gives_its_models_address_key_and_manners)
{
    static const struct { const char *label, *endpoint, *key, *key_field, *query; } cases[] = {
        { "vllm/qwen3",  "http://gpu:8000/v1", NULL, NULL, NULL },
        { "work/gpt 4",  "https://acme.openai.azure.com/openai/deployments/gpt%204", "k", "api-key", "api-version=2024-10-21" },
        { "plain/a/b",   "https://m.example/api/v3", "s", "X-Key", "a=b" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model_set_settings settings;
    struct model_set *set;
    struct model *m, *again;

    settings_of(&settings, (const char *[]){ PROVIDERS, "models.main=vllm/qwen3", NULL });
    CHECK_OK(model_set_open(a, &settings, &set));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_OK(model_set_get(set, str_from(cases[i].label), &m));
        CHECK_STR(str_from(m->label), cases[i].label);
        CHECK_STR(str_from(m->target.endpoint), cases[i].endpoint);
        CHECK_STR(str_from(m->target.api_key), cases[i].key ? cases[i].key : "");
        CHECK_STR(str_from(m->target.key_field), cases[i].key_field ? cases[i].key_field : "");
        CHECK_STR(str_from(m->target.query), cases[i].query ? cases[i].query : "");
        CHECK_OK(model_set_get(set, str_from(cases[i].label), &again));
        CHECK(m == again);
    }
    CHECK(m->target.quirks != 0);
    CHECK_OK(model_set_get_beside(set, set->routes[MODEL_MAIN].models[0], S("tiny"), &m));
    CHECK_STR(str_from(m->label), "vllm/tiny");
}

TEST(a_preset_whose_key_is_in_the_environment_needs_no_entry)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model_set_settings settings;
    struct model_set *set;

    setenv("DEEPSEEK_API_KEY", "from-env", 1);
    settings_of(&settings, (const char *[]){ "models.main=deepseek/deepseek-chat", NULL });
    CHECK_OK(model_set_open(a, &settings, &set));
    unsetenv("DEEPSEEK_API_KEY");
    CHECK_STR(str_from(set->routes[MODEL_MAIN].models[0]->target.api_key), "from-env");
    CHECK_STR(str_from(set->routes[MODEL_MAIN].models[0]->target.endpoint), "https://api.deepseek.com/v1");
    CHECK_STR(str_from(set->routes[MODEL_MAIN].models[0]->source), "DEEPSEEK_API_KEY in the environment");
}

TEST(the_local_model_answers_alone_behind_the_provider_or_where_it_is_named)
{
    static const struct { const char *sets[4], *main; } cases[] = {
        { { NULL }, "local/none" },
        { { "model_provider.endpoint=http://h", "model_provider.model=m", NULL }, "m local/none" },
        { { "models.main=vllm/a,local", NULL }, "vllm/a local/none" },
        { { "models.main=local/none", NULL }, "local/none" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        const char *sets[8] = { "model.engine=llama.cpp", "model.path=/nowhere/none.gguf", "model.context=5000" };
        struct model_set_settings settings;
        struct model_set *set;

        for (size_t k = 0; cases[i].sets[k]; k++)
            sets[3 + k] = cases[i].sets[k];
        settings_of(&settings, sets);
        CHECK_OK(model_set_open(a, &settings, &set));
        check_route(&set->routes[MODEL_MAIN], cases[i].main);
        CHECK_INT(set->local->facts.context, 5000);
    }
}

TEST(mistakes_are_told_with_their_place_and_what_may_be_meant)
{
    static const struct { const char *set, *words; } cases[] = {
        { "models.main=deepsek/x", "models.main: deepsek/x: there is no provider 'deepsek' in models.providers, nor a preset of that "
                                   "name; is 'deepseek' meant?" },
        { "models.main=deepseek/deepseek-chat", "models.main: deepseek/deepseek-chat: 'deepseek' has no key: set DEEPSEEK_API_KEY in the "
                                                "environment, or models.providers.deepseek.api_key" },
        { "model.engine=llama.cpp", "model.engine is set and model.path is not: which GGUF file is the model?" },
        { "models.main=local", "models.main: local: 'local' is no model" },
        { "models.fast=gpt", "models.fast: gpt: 'gpt' is no model: it is named 'provider/model'" },
        { "models.fast=/gpt", "models.fast: /gpt: '/gpt' is no model" },
        { "models.providers={x: {preset: vlm}}", "models.providers.x: there is no preset 'vlm'; is 'vllm' meant?" },
        { "models.providers={x: {pressets: vllm}}", "models.providers.x: there is no key 'pressets'; is 'preset' meant?" },
        { "models.providers={x: {api: opena, endpoint: 'http://h'}}", "models.providers.x: there is no api 'opena'; is 'openai' meant?" },
        { "models.providers={x: {}}", "models.providers.x: wants an endpoint, such as http" },
        { "models.providers={x: 7}", "models.providers.x: wants a map such as" },
        { "models.providers=[x]", "models.providers wants a map" },
        { "models.providers={a/b: {endpoint: 'http://h'}}", "models.providers: 'a/b' is no name" },
        { "models.providers={azure: {api_key: k}}", "models.providers.azure: wants an endpoint, with your own name" },
        { "models.providers={deepseek: {}}", "models.providers.deepseek: has no key: set api_key there, or DEEPSEEK_API_KEY" },
        { "models.providers={deepseek: {api_key: ''}}", "models.providers.deepseek: has an empty api_key" },
        { "models.providers={x: {endpoint: 'ftp://h'}}", "models.providers.x: the model's endpoint: " },
        { "models.providers={x: {endpoint: 'http://h/v1?a'}}", "models.providers.x: the model's endpoint http://h/v1?a: a base URL has no" },
        { "models.providers={x: {endpoint: 'http://h', quirks: [no_streams]}}", "models.providers.x: there is no quirk 'no_streams'" },
        { "models.providers={gemini: {api_key: k, quirks: [no_tools]}}",
          "models.providers.gemini: quirks are for OpenAI's APIs: what gemini refuses is learned from its words" },
        { "models.providers={x: {endpoint: 'http://h', models: a}}", "models.providers.x: models wants a list of names" },
        { "models.facts={x/y: {contxt: 5}}", "models.facts.x/y.contxt there is no such key; is 'context' meant?" },
        { "models.facts={x/y: {input: -1}}", "models.facts.x/y.input wants the price of a million tokens" },
        { "models.facts={x/y: {input: 1}}", "models.facts.x/y has prices and no currency" },
        { "models.facts={y: {context: 1}}", "models.facts.y: a model is named 'provider/model' here" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct model_set_settings settings;

        settings_of(&settings, (const char *[]){ cases[i].set, NULL });
        CHECK(model_set_check(&settings) != OK);
        CHECK_STR(str_take(str_from(failed_text()), strlen(cases[i].words)), cases[i].words);
    }
}

TEST(a_server_that_would_forget_is_told_how_much_to_hold)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model_set_settings settings;
    struct model_set *set;
    struct model *m;

    settings_of(&settings, (const char *[]){ "models.main=ollama/a,vllm/b", "models.facts={ollama/c: {context: 40000}}", NULL });
    CHECK_OK(model_set_open(a, &settings, &set));
    CHECK_INT(set->routes[MODEL_MAIN].models[0]->target.context, 16384);
    CHECK_INT(set->routes[MODEL_MAIN].models[1]->target.context, 0);
    CHECK_OK(model_set_get(set, S("ollama/c"), &m));
    CHECK_INT(m->target.context, 40000);
}

TEST(what_the_owner_says_of_a_model_wins_the_nearer_word_most)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct model_set_settings settings;
    struct model_set *set;
    struct model *m;

    settings_of(&settings, (const char *[]){ PROVIDERS, "models.main=vllm/qwen3",
        "models.facts={vllm/*: {context: 1000, input: 1, output: 2.5, currency: CNY, vision: false}, vllm/qwen3: {context: 2000}}", NULL });
    CHECK_OK(model_set_open(a, &settings, &set));
    m = set->routes[MODEL_MAIN].models[0];
    CHECK_INT(m->facts.context, 2000);
    CHECK(m->facts.output == 2.5 && m->facts.input == 1 && m->facts.cached < 0);
    CHECK_STR(str_from(m->facts.currency), "CNY");
    CHECK_INT(m->caps & (CAP_TOOLS | CAP_VISION), CAP_TOOLS);
    CHECK_OK(model_set_get(set, S("vllm/tiny"), &m));
    CHECK_INT(m->facts.context, 1000);
}

TEST(names_that_are_asked_for_without_end_leave_nothing)
{
    CLEANUP(arena_freep) struct arena *a = arena_new(), *names = arena_new();
    struct model_set_settings settings;
    struct model_set *set;
    struct model *m, *again;

    settings_of(&settings, (const char *[]){ PROVIDERS, "models.main=vllm/qwen3", NULL });
    CHECK_OK(model_set_open(a, &settings, &set));
    CHECK_OK(model_set_find(set, S("tiny"), &m));
    CHECK_STR(str_from(m->label), "vllm/tiny");
    CHECK_STR(str_from(m->name), "tiny");
    for (int i = 0; i < 1000 && model_set_find(set, str_from(arena_printf(names, "made-up-%d", i)), &m) == OK; i++)
        continue;
    size_t full = arena_size(a);

    for (int i = 0; i < 2000; i++) {
        CHECK_OK(model_set_find(set, S("tiny"), &again));
        CHECK_ERR(model_set_find(set, str_from(arena_printf(names, "unheard-of-%d", i)), &m), ERR_LIMIT);
    }
    CHECK_INT(arena_size(a), full);
}
