// SPDX-License-Identifier: Apache-2.0
#include "model/accounts.h"

#include <string.h>

#include "config/options.h"
#include "model/detect.h"
#include "model/presets.h"
#include "model/providers.h"
#include "model/quirks.h"
#include "net/url.h"

/* ---- the address ---- */

static str replaced(struct arena *a, str text, str what, str with)
{
    size_t at = str_find(text, what);

    if (at == STR_NONE)
        return text;
    return str_from(arena_printf(a, "%.*s%.*s%.*s", STR(str_take(text, at)), STR(with), STR(str_skip(text, at + what.len))));
}

enum err account_endpoint(struct arena *a, const char *written, str path, const char **out)
{
    str s = str_from(written);
    struct url u;
    enum err e = url_parse(replaced(a, s, S("{model}"), S("model")), &u);

    if (e)
        return failed_in(e, "the model's endpoint: ");
    if (u.query.len || str_find_char(s, '#') != STR_NONE)
        return failed(ERR_INPUT, "the model's endpoint %s: a base URL has no '?' and no '#'", written);
    while (str_ends(s, S("/")))
        s.len--;
    bool bare = str_trim(u.path).len == 0 || str_eq(u.path, S("/"));

    *out = arena_printf(a, "%.*s%.*s", STR(s), STR(bare ? path : NO_STR));
    return OK;
}

/* "/v1" of "http://127.0.0.1:8000/v1". */
static str path_of(const char *endpoint)
{
    const char *host = strstr(endpoint, "://"), *path = host ? strchr(host + 3, '/') : NULL;

    return str_from(path ? path : "");
}

static enum err take_endpoint(struct arena *a, const char *written, struct account *t)
{
    if (*written)
        return account_endpoint(a, written, t->preset ? path_of(t->preset->endpoint) : S("/v1"), &t->target.endpoint);
    if (t->preset == NULL)
        return failed(ERR_INPUT, "wants an endpoint, such as http://127.0.0.1:8000/v1, or a preset");
    if (strstr(t->preset->endpoint, "{resource}"))
        return failed(ERR_INPUT, "wants an endpoint, with your own name in the place of {resource}: %s", t->preset->endpoint);
    t->target.endpoint = t->preset->endpoint;
    return OK;
}

/* ---- an entry of models.providers ---- */

enum kind { TEXT, TEXTS };

static const struct { const char *key; enum kind kind; } keys[] = {
    { "preset", TEXT }, { "endpoint", TEXT }, { "api_key", TEXT }, { "api", TEXT }, { "key_field", TEXT }, { "query", TEXT },
    { "quirks", TEXTS }, { "models", TEXTS },
};

static enum err meant(const char *what, str name, const char *near)
{
    if (near)
        return failed(ERR_INPUT, "there is no %s '%.*s'; is '%s' meant?", what, STR(str_take(name, 60)), near);
    return failed(ERR_INPUT, "there is no %s '%.*s'", what, STR(str_take(name, 60)));
}

static enum err unknown_key(const char *key)
{
    const char *names[N_ELEMENTS(keys)];

    for (size_t i = 0; i < N_ELEMENTS(keys); i++)
        names[i] = keys[i].key;
    return meant("key", str_from(key), name_nearest(str_from(key), names, N_ELEMENTS(names)));
}

static bool is_texts(const json_t *list)
{
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
        if (!json_is_string(one) || json_string_length(one) == 0)
            return false;
    return json_is_array(list);
}

static enum err check_key(const char *key, const json_t *v)
{
    for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
        if (strcmp(keys[i].key, key) != 0)
            continue;
        if (keys[i].kind == TEXT)
            return json_is_string(v) || json_is_null(v) ? OK : failed(ERR_INPUT, "%s wants a text", key);
        return is_texts(v) ? OK : failed(ERR_INPUT, "%s wants a list of names", key);
    }
    return unknown_key(key);
}

static enum err check_keys(const json_t *entry)
{
    const char *key;
    json_t *v;

    if (!json_is_object(entry))
        return failed(ERR_INPUT, "wants a map such as {preset: vllm, endpoint: http://127.0.0.1:8000/v1}");
    json_object_foreach((json_t *)entry, key, v)
        TRY(check_key(key, v));
    return OK;
}

static enum err take_preset(const char *name, str written, struct account *t)
{
    t->preset = preset_named(written.len ? written : str_from(name));
    return written.len && t->preset == NULL ? meant("preset", written, preset_nearest(written)) : OK;
}

static enum err take_provider(str written, struct account *t)
{
    str api = written.len ? written : str_from(t->preset ? t->preset->api : "openai");

    t->provider = provider_named(api);
    return t->provider ? OK : meant("api", api, provider_nearest(api));
}

static const char quirk_names[] =
#define QUIRK(id, name, ...) " " name
#include "model/quirks.def"
#undef QUIRK
;

static enum err take_quirks(const json_t *list, struct account *t)
{
    const json_t *one;
    size_t i;

    if (json_array_size(list) && t->provider->own_quirks)
        return failed(ERR_INPUT, "quirks are for OpenAI's APIs: what %s refuses is learned from its words", t->provider->name);
    json_array_foreach(list, i, one) {
        unsigned bit = quirk_named(json_strval(one));

        if (bit == 0)
            return failed(ERR_INPUT, "there is no quirk '%.60s'; there are%s", json_string_value(one), quirk_names);
        t->target.quirks |= bit;
    }
    return OK;
}

static void take_models(struct arena *a, const json_t *list, struct account *t)
{
    const char **names = arena_alloc(a, (json_array_size(list) + 1) * sizeof *names);
    const json_t *one;
    size_t i;

    json_array_foreach(list, i, one)
        names[i] = json_string_value(one);
    t->models = names;
    t->n_models = json_array_size(list);
}

static const char *or_null(const char *c)
{
    return c && *c ? c : NULL;
}

/* What has an address of its own may be a server behind the same API that wants no key. */
static enum err check_preset_key(const struct account *t, const json_t *entry)
{
    const struct preset *p = t->preset;

    if (t->target.api_key || p == NULL || p->key_variable == NULL || *json_text(entry, "endpoint"))
        return OK;
    return failed(ERR_AUTH, "has no key: set api_key there, or %s in the environment", p->key_variable);
}

static enum err take_key(const json_t *entry, struct account *t)
{
    const json_t *written = json_object_get(entry, "api_key");

    if (written && *json_text(entry, "api_key") == '\0')
        return failed(ERR_AUTH, "has an empty api_key; is what it names set?");
    t->target.api_key = written ? json_text(entry, "api_key") : t->preset ? preset_key(t->preset) : NULL;
    return check_preset_key(t, entry);
}

static void take_manners(const json_t *entry, struct account *t)
{
    const struct preset *p = t->preset;
    const char *field = json_text(entry, "key_field"), *query = json_text(entry, "query");

    t->target.key_field = or_null(*field ? field : p ? p->key_field : NULL);
    t->target.query = or_null(*query ? query : p ? p->query : NULL);
    t->target.quirks = p && !t->provider->own_quirks ? p->quirks : 0;
}

static enum err read_entry(struct arena *a, const json_t *entry, struct account *t)
{
    TRY(check_keys(entry));
    TRY(take_preset(t->name, json_text_str(entry, "preset"), t));
    TRY(take_provider(json_text_str(entry, "api"), t));
    TRY(take_endpoint(a, json_text(entry, "endpoint"), t));
    take_manners(entry, t);
    TRY(take_quirks(json_object_get(entry, "quirks"), t));
    take_models(a, json_object_get(entry, "models"), t);
    return take_key(entry, t);
}

enum err account_of_entry(struct arena *a, const char *name, const json_t *entry, struct account *out)
{
    struct account t = { .name = name, .source = arena_printf(a, "models.providers.%s in the configuration", name) };

    if (*name == '\0' || strchr(name, '/'))
        return failed(ERR_INPUT, "models.providers: '%.60s' is no name for a provider: it may not be empty nor have a '/'", name);
    enum err e = read_entry(a, entry, &t);

    if (e)
        return failed_in(e, "models.providers.%.60s: ", name);
    *out = t;
    return OK;
}

enum err account_of_preset(struct arena *a, str name, struct account *out)
{
    const struct preset *p = preset_named(name);
    struct account t = { .preset = p };

    if (p == NULL)
        return failed(ERR_NOT_FOUND, "there is no preset '%.*s'", STR(str_take(name, 60)));
    t.name = p->name;
    t.source = p->key_variable ? arena_printf(a, "%s in the environment", p->key_variable) : arena_printf(a, "the preset %s", p->name);
    TRY(take_provider(NO_STR, &t));
    TRY(take_endpoint(a, "", &t));
    if (t.provider == &provider_ollama)
        t.target.endpoint = arena_printf(a, "http://%s", ollama_address(a));
    take_manners(NULL, &t);
    t.target.api_key = preset_key(p);
    if (p->key_variable && t.target.api_key == NULL)
        return failed(ERR_AUTH, "'%s' has no key: set %s in the environment, or models.providers.%s.api_key", p->name,
                      p->key_variable, p->name);
    *out = t;
    return OK;
}

void account_model(struct arena *a, const struct account *t, str name, struct model *out)
{
    CLEANUP(buf_done) struct buf encoded = { 0 };

    url_add_encoded(&encoded, name);
    *out = (struct model){
        .provider = t->provider, .target = t->target, .name = arena_c(a, name), .source = t->source, .caps = t->provider->caps,
        .label = arena_printf(a, "%s/%.*s", t->name, STR(name)), .facts = MODEL_FACTS_UNKNOWN,
    };
    out->target.endpoint = replaced(a, str_from(t->target.endpoint), S("{model}"), buf_str(&encoded)).p;
}
