// SPDX-License-Identifier: Apache-2.0
#include "model/set.h"

#include <string.h>

#include "config/options.h"
#include "model/accounts.h"
#include "model/facts.h"
#include "model/presets.h"

enum { MODELS_MAX = 1000 };     /* of names that somebody asked for: each is kept */

struct account_node { struct account account; struct account_node *next; };

static const char *const role_names[N_MODEL_ROLES] = {
    [MODEL_MAIN] = "main", [MODEL_FAST] = "fast", [MODEL_VISION] = "vision", [MODEL_EMBEDDING] = "embedding", [MODEL_SPEECH] = "speech",
};

const char *model_role_name(enum model_role r)
{
    return role_names[r];
}

void model_set_settings_now(struct model_set_settings *s)
{
    const struct config *c = config_now();

    *s = (struct model_set_settings){
        .single = { c->model_provider_endpoint, c->model_provider_api_key, c->model_provider_model,
                    .configured_only = !c->model_provider_detect },
        .providers = c->models_providers, .facts = c->models_facts,
        .roles = {
            [MODEL_MAIN] = c->models_main, [MODEL_FAST] = c->models_fast, [MODEL_VISION] = c->models_vision,
            [MODEL_EMBEDDING] = c->models_embedding, [MODEL_SPEECH] = c->models_speech,
        },
        .canary = c->models_canary_main,
    };
    s->has_local = local_server_settings_now(&s->local);
}

/* ---- accounts ---- */

static struct account *add_account(struct model_set *s, const struct account *account)
{
    struct account_node *n = ARENA_NEW(s->arena, struct account_node);

    *n = (struct account_node){ *account, s->accounts };
    s->accounts = n;
    return &n->account;
}

static enum err read_accounts(struct model_set *s)
{
    const char *name;
    json_t *entry;

    if (s->settings.providers && !json_is_object(s->settings.providers))
        return failed(ERR_INPUT, "models.providers wants a map from names to {preset, endpoint, api_key, ...}");
    json_object_foreach((json_t *)s->settings.providers, name, entry) {
        struct account account;

        TRY(account_of_entry(s->arena, name, entry, &account));
        add_account(s, &account);
    }
    return OK;
}

static const char *nearest_account(const struct model_set *s, str name)
{
    for (const struct account_node *n = s->accounts; n; n = n->next) {
        const char *one = n->account.name;

        if (name_nearest(name, &one, 1))
            return one;
    }
    return preset_nearest(name);
}

static enum err unknown_account(const struct model_set *s, str name)
{
    const char *near = nearest_account(s, name);

    return failed(ERR_NOT_FOUND, "there is no provider '%.*s' in models.providers, nor a preset of that name%s%s%s",
                  STR(str_take(name, 60)), near ? "; is '" : "", near ? near : "", near ? "' meant?" : "");
}

/* One of the configuration, or a preset, which is one from now on. */
static enum err find_account(struct model_set *s, str name, const struct account **out)
{
    struct account account;

    for (const struct account_node *n = s->accounts; n; n = n->next)
        if (str_eq(name, str_from(n->account.name))) {
            *out = &n->account;
            return OK;
        }
    if (preset_named(name) == NULL)
        return unknown_account(s, name);
    TRY(account_of_preset(s->arena, name, &account));
    *out = add_account(s, &account);
    return OK;
}

/* ---- models ---- */

/* Before anything is made of it: what somebody asks for again and again in vain must leave nothing. */
static enum err check_room(const struct model_set *s, str label)
{
    if (s->models.n >= MODELS_MAX)
        return failed(ERR_LIMIT, "%d models are in use already, and '%.*s' would be one more", MODELS_MAX, STR(str_take(label, 100)));
    return OK;
}

static enum err keep(struct model_set *s, const char *preset, const struct model *m, struct model **out)
{
    struct model *kept = ARENA_NEW(s->arena, struct model);

    *kept = *m;
    facts_apply(s->arena, preset, s->settings.facts, kept);
    if (kept->facts.context == 0)
        kept->facts.context = m->facts.context ? m->facts.context : m->provider->context;
    kept->target.context = kept->facts.context;
    map_put(&s->models, str_from(kept->label), kept);
    *out = kept;
    return OK;
}

static enum err make(struct model_set *s, const struct account *account, str name, struct model **out)
{
    struct model m;

    account_model(s->arena, account, name, &m);
    return keep(s, account->preset ? account->preset->name : NULL, &m, out);
}

static enum err add_local(struct model_set *s)
{
    struct model m;

    if (!s->settings.has_local)
        return OK;
    if (s->settings.local.path[0] == '\0')
        return failed(ERR_INPUT, "model.engine is set and model.path is not: which GGUF file is the model?");
    local_server_model(&s->settings.local, s->settings.local_server, s->arena, &m);
    return keep(s, NULL, &m, &s->local);
}

enum err model_set_get(struct model_set *s, str label, struct model **out)
{
    const struct account *account;
    str name = label, provider;

    *out = str_eq(label, S("local")) && s->local ? s->local : map_get(&s->models, label);
    if (*out)
        return OK;
    if (!str_split(&name, '/', &provider) || provider.len == 0 || name.len == 0)
        return failed(ERR_INPUT, "'%.*s' is no model: it is named 'provider/model'", STR(str_take(label, 100)));
    TRY(check_room(s, label));
    TRY(find_account(s, provider, &account));
    return make(s, account, name, out);
}

enum err model_set_get_beside(struct model_set *s, const struct model *m, str name, struct model **out)
{
    size_t before = strlen(m->label) - strlen(m->name);     /* "provider/", or nothing */
    CLEANUP(buf_done) struct buf label = { 0 };
    struct model copy = *m;

    if (m == s->local && !str_eq(name, str_from(m->name)))
        return failed(ERR_NOT_FOUND, "the local model is %s; there is no '%.*s'", m->name, STR(str_take(name, 60)));
    buf_addf(&label, "%.*s%.*s", (int)before, m->label, STR(name));
    *out = map_get(&s->models, buf_str(&label));
    if (*out || (before && model_set_get(s, buf_str(&label), out) == OK))
        return OK;
    TRY(check_room(s, buf_str(&label)));
    copy.label = arena_c(s->arena, buf_str(&label));
    copy.name = copy.label + before;
    const struct preset *p = preset_at(m->target.endpoint);

    copy.caps = m->provider->caps;
    return keep(s, p ? p->name : NULL, &copy, out);
}

enum err model_set_find(struct model_set *s, str name, struct model **out)
{
    enum err e = model_set_get(s, name, out);

    return e == ERR_INPUT || e == ERR_NOT_FOUND ? model_set_get_beside(s, s->routes[MODEL_MAIN].models[0], name, out) : e;
}

enum err model_set_list(struct model_set *s, struct arena *a, const struct model *m, const char ***ret_names, size_t *ret_n)
{
    str provider = str_take(str_from(m->label), strlen(m->label) - strlen(m->name));

    if (m == s->local) {        /* which need not run to be asked this */
        const char **only = ARENA_NEW(a, const char *);

        *only = m->name;
        *ret_names = only;
        *ret_n = 1;
        return OK;
    }
    for (const struct account_node *n = s->accounts; n && provider.len; n = n->next)
        if (n->account.n_models && str_eq(str_take(provider, provider.len - 1), str_from(n->account.name))) {
            *ret_names = n->account.models;
            *ret_n = n->account.n_models;
            return OK;
        }
    return model_list(a, m, ret_names, ret_n);
}

/* ---- roles ---- */

static enum err read_route(struct model_set *s, const char *path, const struct string_list *labels, struct model_route *out)
{
    struct model **models = arena_alloc(s->arena, (labels->n + 1) * sizeof *models);

    for (size_t i = 0; i < labels->n; i++) {
        enum err e = model_set_get(s, str_from(labels->items[i]), &models[i]);

        if (e)
            return failed_in(e == ERR_NOT_FOUND ? ERR_INPUT : e, "%s: %.100s: ", path, labels->items[i]);
    }
    *out = (struct model_route){ models, labels->n };
    return OK;
}

static void done_models(void *s)
{
    map_done(&((struct model_set *)s)->models);
}

/* All but what has to be looked for. */
static enum err read_settings(struct model_set *s)
{
    TRY(facts_check(s->settings.facts));
    TRY(read_accounts(s));
    TRY(add_local(s));
    for (size_t i = 0; i < N_MODEL_ROLES; i++)
        TRY(read_route(s, arena_printf(s->arena, "models.%s", role_names[i]), &s->settings.roles[i], &s->routes[i]));
    return read_route(s, "models.canary.main", &s->settings.canary, &s->canary);
}

static struct model_set *new_set(struct arena *a, const struct model_set_settings *settings)
{
    struct model_set *s = ARENA_NEW(a, struct model_set);

    *s = (struct model_set){ .arena = a, .settings = *settings };
    arena_on_free(a, done_models, s);
    return s;
}

enum err model_set_check(const struct model_set_settings *settings)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    return read_settings(new_set(a, settings));
}

static enum err find_single(struct model_set *s, struct model **out) AWAITS
{
    struct model found;

    TRY(model_find(s->arena, &s->settings.single, &found));
    const struct preset *p = preset_at(found.target.endpoint);

    *out = map_get(&s->models, str_from(found.label));
    return *out ? OK : keep(s, p ? p->name : NULL, &found, out);
}

static enum err find_main(struct model_set *s) AWAITS
{
    struct model **main = arena_alloc(s->arena, 2 * sizeof *main);
    const struct model_settings *single = &s->settings.single;
    size_t n = 0;

    if (s->local == NULL || (single->endpoint && *single->endpoint) || (single->api_key && *single->api_key))
        TRY(find_single(s, &main[n++]));
    if (s->local)
        main[n++] = s->local;
    s->routes[MODEL_MAIN] = (struct model_route){ main, n };
    return OK;
}

enum err model_set_open(struct arena *a, const struct model_set_settings *settings, struct model_set **out)
{
    struct model_set *s = new_set(a, settings);

    TRY(read_settings(s));
    if (s->routes[MODEL_MAIN].n == 0)
        TRY(find_main(s));
    if (s->routes[MODEL_FAST].n == 0)
        s->routes[MODEL_FAST] = s->routes[MODEL_MAIN];
    if (s->routes[MODEL_VISION].n == 0)
        s->routes[MODEL_VISION] = s->routes[MODEL_MAIN];
    *out = s;
    return OK;
}
