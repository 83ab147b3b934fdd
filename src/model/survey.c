// SPDX-License-Identifier: Apache-2.0
#include "model/survey.h"

#include <string.h>

#include "domain/tool.h"
#include "model/accounts.h"
#include "model/complete.h"
#include "model/facts.h"
#include "model/presets.h"
#include "runtime/clock.h"

enum { PLACES_MAX = 64, TEST_TOKENS = 400, TEST_FIRST_TOKEN_MS = 120000, TEST_IDLE_MS = 30000 };

/* A server; the name of `model` is not looked at. */
struct place {
    struct survey *survey;
    const char    *name, *preset;   /* preset: NULL, none */
    struct model   model;
    const char   **names;
    const int64_t *contexts;        /* NULL: nobody has said */
    size_t         n_names;
    bool           is_guess;        /* looked for by itself: not worth a word where it is not */
    enum err       code;
    char           error[ERR_TEXT_MAX];
};

struct survey {
    struct arena           *arena;
    const struct model_set_settings *settings;
    const struct model_set *set;
    struct place           *places;
    size_t                  n;
};

/* ---- which servers ---- */

static bool is_same_server(const struct model *a, const struct model *b)
{
    const char *sa = a->target.unix_socket ? a->target.unix_socket : "", *sb = b->target.unix_socket ? b->target.unix_socket : "";

    return strcmp(a->target.endpoint, b->target.endpoint) == 0 && strcmp(sa, sb) == 0;
}

static struct place *add(struct survey *s, const char *name, const struct model *m)
{
    for (size_t i = 0; i < s->n; i++)
        if (is_same_server(&s->places[i].model, m))
            return &s->places[i];
    if (s->n == PLACES_MAX)
        return NULL;
    s->places[s->n] = (struct place){ .survey = s, .name = name, .model = *m };
    return &s->places[s->n++];
}

/* "deepseek" of "deepseek/deepseek-chat"; what has no such name is of model_provider. */
static const char *place_of(struct survey *s, const struct model *m)
{
    size_t before = strlen(m->label) - strlen(m->name);

    return before ? arena_c(s->arena, str_of(m->label, before - 1)) : "model_provider";
}

static void add_account(struct survey *s, const struct account *account)
{
    struct model m;
    struct place *p;

    account_model(s->arena, account, S(""), &m);
    p = add(s, account->name, &m);
    if (p && account->preset)
        p->preset = account->preset->name;
    if (p && account->n_models) {
        p->names = account->models;
        p->n_names = account->n_models;
    }
}

static void add_configured(struct survey *s)
{
    struct account account;
    const char *name;
    json_t *entry;

    json_object_foreach((json_t *)s->settings->providers, name, entry)
        if (account_of_entry(s->arena, name, entry, &account) == OK)
            add_account(s, &account);
    for (size_t i = 0; i < n_presets; i++)
        if (preset_key(&presets[i]) && account_of_preset(s->arena, str_from(presets[i].name), &account) == OK)
            add_account(s, &account);
}

static void add_roles(struct survey *s)
{
    for (size_t r = 0; s->set && r < N_MODEL_ROLES; r++)
        for (size_t i = 0; i < s->set->routes[r].n; i++)
            add(s, place_of(s, s->set->routes[r].models[i]), s->set->routes[r].models[i]);
}

static void add_local(struct survey *s)
{
    struct model locals[N_MODEL_LOCALS], own;

    if (s->settings->has_local) {
        local_server_model(&s->settings->local, s->settings->local_server, s->arena, &own);
        struct place *p = add(s, "local", s->set && s->set->local ? s->set->local : &own);

        if (p && local_server_check(&s->settings->local)) {
            p->code = ERR_NOT_FOUND;
            snprintf(p->error, sizeof p->error, "%s", failed_text());
        } else if (p) {         /* need not run to be asked */
            p->names = ARENA_NEW(s->arena, const char *);
            p->names[p->n_names++] = p->model.name;
        }
    }
    model_locals(s->arena, locals);
    for (size_t i = 0; i < N_MODEL_LOCALS; i++) {
        size_t before = s->n;
        struct place *p = add(s, place_of(s, &locals[i]), &locals[i]);

        if (p && s->n > before) {
            p->preset = p->name;
            p->is_guess = true;
        }
    }
}

/* ---- asking them ---- */

static enum err ask(void *arg) AWAITS
{
    struct place *p = arg;
    struct model_listing l = { 0 };

    if (p->n_names || p->code)
        return OK;
    p->code = model_list_told(p->survey->arena, &p->model, &l);
    if (p->code)
        snprintf(p->error, sizeof p->error, "%s", failed_text());
    p->names = l.names;
    p->contexts = l.contexts;
    p->n_names = p->code ? 0 : l.n;
    return OK;
}

static enum err ask_all(struct survey *s) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { .independent = true };

    for (size_t i = 0; i < s->n; i++)
        fibers_spawn(&g, "survey", ask, &s->places[i]);
    return fibers_wait(&g);
}

/* ---- telling ---- */

/* The roles of that model; *ret_model: as the set has it. */
static json_t *roles_of(const struct survey *s, const struct place *p, const char *name, const struct model **ret_model)
{
    json_t *roles = json_array();

    for (size_t r = 0; s->set && r < N_MODEL_ROLES; r++)
        for (size_t i = 0; i < s->set->routes[r].n; i++) {
            const struct model *m = s->set->routes[r].models[i];

            if (!is_same_server(m, &p->model) || strcmp(m->name, name) != 0)
                continue;
            json_array_append_new(roles, json_string(model_role_name((enum model_role)r)));
            *ret_model = m;
            break;
        }
    return roles;
}

static json_t *describe_model(const struct survey *s, const struct place *p, const char *name, int64_t told)
{
    const struct model *used = NULL;
    struct model m = p->model;
    json_t *roles = roles_of(s, p, name, &used);

    m.name = name;
    m.label = strcmp(p->name, "model_provider") == 0 ? name : arena_printf(s->arena, "%s/%s", p->name, name);
    if (used == NULL)
        facts_apply(s->arena, p->preset, s->settings->facts, &m);
    else
        m = *used;
    return json_pack("{s:s, s:s, s:I, s:o}", "label", m.label, "name", name, "context",
                     (json_int_t)(m.facts.context ? m.facts.context : told), "roles", roles);
}

static bool is_listed(const struct place *p, const char *name)
{
    for (size_t i = 0; i < p->n_names; i++)
        if (strcmp(p->names[i], name) == 0)
            return true;
    return false;
}

/* Used by a role and not in the server's list: mistyped, or the list is not whole. */
static void add_unlisted(const struct survey *s, const struct place *p, json_t *list)
{
    CLEANUP(json_decrefp) json_t *seen = json_object();

    for (size_t r = 0; s->set && r < N_MODEL_ROLES; r++)
        for (size_t i = 0; i < s->set->routes[r].n; i++) {
            const struct model *m = s->set->routes[r].models[i];

            if (!is_same_server(m, &p->model) || is_listed(p, m->name) || json_object_get(seen, m->name))
                continue;
            json_object_set_new(seen, m->name, json_true());
            json_t *o = describe_model(s, p, m->name, 0);

            if (p->code == OK)
                json_object_set_new(o, "unlisted", json_true());
            json_array_append_new(list, o);
        }
}

static json_t *describe(const struct survey *s, const struct place *p)
{
    const char *socket = p->model.target.unix_socket;
    const char *at = socket ? arena_printf(s->arena, "unix:%s", socket) : p->model.target.endpoint;
    json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "name", p->name, "endpoint", at, "api", p->model.provider->name, "source",
                          p->model.source), *list = json_array();

    for (size_t i = 0; i < p->n_names; i++)
        json_array_append_new(list, describe_model(s, p, p->names[i], p->contexts ? p->contexts[i] : 0));
    if (p->code)
        json_object_set_new(o, "error", json_from_str(str_from(p->error)));
    add_unlisted(s, p, list);
    json_object_set_new(o, "models", list);
    return o;
}

enum err survey_servers(const struct model_set_settings *settings, const struct model_set *set, struct arena *a, json_t **out)
{
    struct survey s = { .arena = a, .settings = settings, .set = set, .places = arena_alloc(a, PLACES_MAX * sizeof *s.places) };

    add_configured(&s);
    add_roles(&s);
    add_local(&s);
    TRY(ask_all(&s));
    json_t *servers = json_array();

    for (size_t i = 0; i < s.n; i++)
        if (s.places[i].code == OK || !s.places[i].is_guess)
            json_array_append_new(servers, describe(&s, &s.places[i]));
    *out = json_pack("{s:o}", "servers", servers);
    return OK;
}

/* ---- trying one ---- */

static const struct tool clock_tool = {
    .name = "get_time", .description = "Tells what time it is.", .schema = "{\"type\":\"object\",\"properties\":{}}",
};

struct trial { struct model *model; struct arena *arena; uint64_t started_at, first_at; };

static void note_first(void *arg, str text)
{
    struct trial *t = arg;

    if (t->first_at == 0 && text.len)
        t->first_at = clock_ms();
}

static enum err try_prompt(struct trial *t, const char *text, const struct tool *tool, struct reply *out) AWAITS
{
    const struct chat_message m = { .role = ROLE_USER, .text = str_from(text) };
    const struct prompt p = { .messages = &m, .n_messages = 1, .tools = &tool, .n_tools = tool != NULL, .temperature = -1,
                              .max_tokens = TEST_TOKENS };
    const struct completion_options o = { .on_delta = note_first, .arg = t, .tries = 1, .first_token_ms = TEST_FIRST_TOKEN_MS,
                                          .idle_ms = TEST_IDLE_MS, .session = S("models test") };

    t->first_at = 0;
    t->started_at = clock_ms();
    return complete(t->model, t->arena, &p, &o, out);
}

static void tell_speed(struct trial *t, const struct reply *r, json_t *o)
{
    uint64_t now = clock_ms(), first = t->first_at ? t->first_at : now;
    double seconds = (double)(now - first) / 1000;

    json_object_set_new(o, "first_token_ms", json_integer((json_int_t)(first - t->started_at)));
    json_object_set_new(o, "total_ms", json_integer((json_int_t)(now - t->started_at)));
    json_object_set_new(o, "output_tokens", json_integer((json_int_t)r->usage.output));
    if (r->usage.output > 1 && seconds > 0)
        json_object_set_new(o, "tokens_per_second", json_real((double)(r->usage.output - 1) / seconds));
    else
        json_object_set_new(o, "tokens_per_second", json_null());
}

static void try_tool(struct trial *t, json_t *o) AWAITS
{
    struct reply r;
    enum err e = try_prompt(t, "What time is it now? Use the tool get_time.", &clock_tool, &r);

    json_object_set_new(o, "tools", json_boolean(e == OK && r.n_calls));
    if (e)
        json_object_set_new(o, "tools_error", json_from_str(str_from(failed_text())));
}

/* One that we run may have to be loaded first, which is not its speed. */
static enum err load(const struct model *m, json_t *o) AWAITS
{
    CLEANUP(local_lease_done) struct local_lease lease = { 0 };
    uint64_t since = clock_ms();

    if (m->local == NULL)
        return OK;
    TRY(local_server_enter(m->local, S("models test"), &lease));
    json_object_set_new(o, "load_ms", json_integer((json_int_t)(clock_ms() - since)));
    return OK;
}

json_t *survey_test(struct model *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct trial t = { .model = m, .arena = a };
    json_t *o = json_pack("{s:s}", "label", m->label);
    struct reply r;
    enum err e = load(m, o);

    if (e == OK)
        e = try_prompt(&t, "Say hello and count from one to ten in words.", NULL, &r);
    json_object_set_new(o, "ok", json_boolean(e == OK));
    if (e) {
        json_object_set_new(o, "error", json_from_str(str_from(failed_text())));
        return o;
    }
    tell_speed(&t, &r, o);
    try_tool(&t, o);
    return o;
}
