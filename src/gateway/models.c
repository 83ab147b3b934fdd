// SPDX-License-Identifier: Apache-2.0
#include "gateway/models.h"

#include <stdlib.h>

#include "base/mem.h"
#include "config/config.h"
#include "config/language.h"
#include "gateway/agents.h"
#include "gateway/canary.h"
#include "gateway/sessions.h"
#include "model/breaker.h"
#include "model/set.h"

enum { LOOK_AGAIN_MS = 10000, LISTED_MAX = 30 };

/* Every set since the start is kept: turns may still use an earlier one. */
struct opened { struct arena *arena; struct model_set *set; struct opened *before; };

struct models {
    struct gateway *gateway;
    struct opened  *opened;         /* the latest */
    struct model_set *current;      /* NULL: there is no model */
    char           *why_not;        /* text of the latest failure */
    bool            searched;       /* the first search has ended */
    bool            stale;          /* look now */
    struct waiters  changed, wanted;
    struct local_server *local;     /* NULL: model.engine is not set */
};

static const char *run_folder(const struct models *m, struct arena *a)
{
    return arena_printf(a, "%s/run", m->gateway->home);
}

static void log_found(const struct model_set *s)
{
    const struct model *m = s->routes[MODEL_MAIN].models[0];

    log_event(LOG_INFO, "model.found", F("model", m->label), F("endpoint", m->target.endpoint), F("source", m->source));
}

void models_settings(const struct models *m, struct arena *a, struct model_set_settings *out)
{
    model_set_settings_now(out);
    out->local.folder = run_folder(m, a);
    out->local_server = m->local;
}

struct model_set *models_set(const struct models *m)
{
    return m->current;
}

static void look(struct models *m) AWAITS
{
    struct arena *a = arena_new();      /* its own: a search that finds nothing, every ten seconds, leaves nothing */
    struct model_set_settings settings;
    struct model_set *set;

    m->stale = false;
    models_settings(m, a, &settings);
    enum err e = model_set_open(a, &settings, &set);

    free(m->why_not);
    m->why_not = e ? str_dup_c(str_from(failed_text())) : NULL;
    m->current = NULL;
    if (e == OK) {
        struct opened *o = ARENA_NEW(a, struct opened);

        *o = (struct opened){ a, set, m->opened };
        m->opened = o;
        m->current = set;
        log_found(set);
    } else if (!m->searched && e != ERR_CANCELLED) {
        log_event(LOG_WARN, "model.none", F("error", m->why_not));
    }
    if (e)
        arena_free(a);
    m->searched = true;
    wake_all(&m->changed);
}

static enum err search(void *arg) AWAITS
{
    struct models *m = arg;

    for (;;) {
        CLEANUP(deadline_clear) struct deadline d = { 0 };

        if (m->stale)
            look(m);
        TRY(fiber_check());
        if (m->stale)           /* again: the settings changed while they were used */
            continue;
        deadline_set(&d, m->current ? UINT64_MAX / 2 : LOOK_AGAIN_MS);
        enum err e = wait_on(&m->wanted, "a reason to look for a model");

        if (e == ERR_TIMEOUT)
            m->stale = true;
        else
            TRY(e);
    }
}

static enum err run_local(void *server) AWAITS
{
    enum err e = local_server_run(server);

    return e == ERR_CANCELLED ? OK : e;
}

/* Before the first search, which may take it. */
static void begin_local(struct models *m)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct local_server_settings settings;

    if (!local_server_settings_now(&settings))
        return;
    settings.folder = run_folder(m, a);
    if (local_server_check(&settings))
        log_event(LOG_WARN, "local_model.missing", F("error", failed_text()));
    m->local = local_server_new(&settings);
    fibers_spawn(&m->gateway->services, "local model", run_local, m->local);
}

struct models *models_new(struct gateway *g)
{
    struct models *m = NEW(struct models);

    m->gateway = g;
    m->stale = true;
    begin_local(m);
    fibers_spawn(&g->services, "models", search, m);
    return m;
}

void models_free(struct models *m)
{
    if (m == NULL)
        return;
    for (struct opened *o = m->opened, *before; o; o = before) {
        before = o->before;
        arena_free(o->arena);   /* o is in it */
    }
    local_server_free(m->local);
    free(m->why_not);
    free(m);
}

static void look_again(struct models *m)
{
    m->stale = true;
    wake_all(&m->wanted);
}

void models_forget(struct models *m)
{
    breakers_reset();
    look_again(m);
}

enum err models_check(void)
{
    struct model_set_settings settings;

    model_set_settings_now(&settings);
    TRY(canary_check());
    return model_set_check(&settings);
}

/* The first ones, and should they fail, the others. */
static const struct model_route *route_joined(struct arena *a, const struct model_route *first, const struct model_route *others)
{
    struct model **models = arena_alloc(a, (first->n + others->n) * sizeof *models);
    struct model_route *route = ARENA_NEW(a, struct model_route);
    size_t n = 0;

    for (size_t i = 0; i < first->n; i++)
        models[n++] = first->models[i];
    for (size_t i = 0, k; i < others->n; i++) {
        for (k = 0; k < n && models[k] != others->models[i]; k++)
            ;
        if (k == n)
            models[n++] = others->models[i];
    }
    *route = (struct model_route){ models, n };
    return route;
}

static void choose_own(struct model_set *s, struct arena *a, str name, struct model_choice *out)
{
    struct model **first = ARENA_NEW(a, struct model *);

    if (model_set_find(s, name, first))
        out->why_not = str_from(arena_printf(a, "the model of this conversation is gone: %s", failed_text()));
    else
        out->route = route_joined(a, &(struct model_route){ first, 1 }, &s->routes[MODEL_MAIN]);
}

static void choose_role(const struct model_set *s, struct arena *a, enum model_role role, struct model_choice *out)
{
    if (s->routes[role].n)
        out->route = &s->routes[role];
    else
        out->why_not = str_from(arena_printf(a, "models.%s names none", model_role_name(role)));
}

/* Who has chosen a model, or an agent with its own, is not tried upon. */
static void choose_main(const struct model_set *s, struct arena *a, str session_id, struct model_choice *out)
{
    const char *prompt = config_now()->models_canary_prompt;

    out->route = &s->routes[MODEL_MAIN];
    out->variant = canary_variant(session_id);
    if (out->variant == NULL || !canary_takes(session_id))
        return;
    out->instructions = *prompt ? prompt : NULL;
    if (s->canary.n)
        out->route = route_joined(a, &s->canary, &s->routes[MODEL_MAIN]);
}

/* Those that cannot be had are passed over, as a route passes over those that fail. */
static void choose_of_agent(struct model_set *s, struct arena *a, const struct agent *agent, struct model_choice *out)
{
    struct model **models = arena_alloc(a, agent->models.n * sizeof *models);
    struct model_route *route = ARENA_NEW(a, struct model_route);

    for (size_t i = 0; i < agent->models.n; i++) {
        if (model_set_find(s, str_from(agent->models.items[i]), &models[route->n]) == OK)
            route->n++;
        else
            out->why_not = str_from(arena_printf(a, "the models of the agent %.*s: %s", STR(agent->name), failed_text()));
    }
    route->models = models;
    out->route = route->n ? route : NULL;
}

/* What there is, when the first search is over; current NULL: *out says why there is none. */
static enum err await_search(struct models *m, struct arena *a, struct model_choice *out) AWAITS
{
    while (!m->searched)
        TRY(wait_on(&m->changed, "the first search for a model"));
    if (m->current == NULL) {
        *out = (struct model_choice){ .why_not = arena_str(a, str_from(m->why_not)) };
        look_again(m);          /* somebody wants one: not only every ten seconds */
    }
    return OK;
}

enum err models_by_name(struct gateway *g, struct arena *a, str name, struct model_choice *out)
{
    const struct model_route none = { 0 };
    struct models *m = g->models;
    struct model **first = ARENA_NEW(a, struct model *);

    TRY(await_search(m, a, out));
    if (m->current == NULL)
        return OK;
    TRY(model_set_find(m->current, name, first));
    *out = (struct model_choice){ .route = route_joined(a, &(struct model_route){ first, 1 }, &none) };
    return OK;
}

enum err models_choice(struct gateway *g, struct arena *a, str session_id, enum model_role role, struct model_choice *out)
{
    struct models *m = g->models;
    struct session_place place;

    TRY(await_search(m, a, out));
    if (m->current == NULL)
        return OK;
    TRY(sessions_find(g, a, session_id, &place));
    const struct agent *agent = agents_find(g, place.agent);

    *out = (struct model_choice){ 0 };
    if (m->current == NULL)     /* looked up after the await */
        out->why_not = S("the configuration has just changed");
    else if (role != MODEL_MAIN)
        choose_role(m->current, a, role, out);
    else if (place.model.len)
        choose_own(m->current, a, place.model, out);
    else if (agent && agent->models.n)
        choose_of_agent(m->current, a, agent, out);
    else
        choose_main(m->current, a, session_id, out);
    return OK;
}

enum err models_of_agent(struct gateway *g, struct arena *a, const struct agent *agent, struct model_choice *out)
{
    TRY(await_search(g->models, a, out));
    if (g->models->current == NULL)
        return OK;
    *out = (struct model_choice){ 0 };
    if (agent->models.n)
        choose_of_agent(g->models->current, a, agent, out);
    else
        choose_role(g->models->current, a, MODEL_MAIN, out);
    return OK;
}

static enum err set_name(struct gateway *g, struct arena *a, str session_id, str name) AWAITS
{
    struct batch *b = batch_new(a);

    batch_add(b, "session.set_model", "ss", session_id, name);
    enum err e = store_commit(g->store, b);

    sessions_forget(g->sessions, session_id);
    return e;
}

static bool is_among(str name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_from(names[i])))
            return true;
    return false;
}

/* A name that was typed is asked for: else a typing error would be found out by the next message only. */
static enum err check_listed(struct model_set *s, struct arena *a, const struct model *m) AWAITS
{
    const char **names;
    size_t n;

    TRY(model_set_list(s, a, m, &names, &n));
    if (is_among(str_from(m->name), names, n))
        return OK;
    return failed(ERR_NOT_FOUND, "the server at %s has no model named %.60s; /model lists what it has", m->target.endpoint, m->name);
}

static bool is_configured(const struct model_set *s, const struct model *m)
{
    for (size_t r = 0; r < N_MODEL_ROLES; r++)
        for (size_t i = 0; i < s->routes[r].n; i++)
            if (s->routes[r].models[i] == m)
                return true;
    return false;
}

enum err models_choose(struct gateway *g, struct arena *a, str session_id, str name)
{
    struct model_set *s = g->models->current;
    struct model *m;

    if (s == NULL)
        return failed(ERR_NOT_FOUND, "there is no model to choose from: %s", g->models->why_not);
    TRY(model_set_find(s, name, &m));
    if (!is_configured(s, m))
        TRY(check_listed(s, a, m));
    return set_name(g, a, session_id, str_from(m->label));
}

static void list_configured(const struct model_set *s, struct buf *b)
{
    for (size_t r = 0; r < N_MODEL_ROLES; r++) {
        if (s->routes[r].n == 0 || (r != MODEL_MAIN && s->routes[r].models == s->routes[MODEL_MAIN].models))
            continue;
        buf_addf(b, "- %s:", model_role_name((enum model_role)r));
        for (size_t i = 0; i < s->routes[r].n; i++)
            buf_addf(b, "%s `%s`", i ? "," : "", s->routes[r].models[i]->label);
        buf_add_char(b, '\n');
    }
}

static void list_server(const char *const *names, size_t n, bool chinese, struct buf *b)
{
    buf_addf(b, chinese ? "\n用 `/model NAME` 选择：\n" : "\nChoose with `/model NAME`:\n");
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        buf_addf(b, "- `%s`\n", names[i]);
    if (n > LISTED_MAX)
        buf_addf(b, chinese ? "- 另有 %zu 个\n" : "- and %zu more\n", n - LISTED_MAX);
}

enum err models_describe(struct gateway *g, struct arena *a, str session_id, str said, struct buf *b)
{
    bool chinese = language_is_chinese(said);
    struct model_choice choice;
    const char **names;
    size_t n;

    TRY(models_choice(g, a, session_id, MODEL_MAIN, &choice));
    if (choice.route == NULL) {
        buf_addf(b, chinese ? "没有可用的模型：%.*s" : "There is no model: %.*s", STR(choice.why_not));
        return OK;
    }
    const struct model *m = choice.route->models[0];
    struct model_set *s = g->models->current;

    buf_addf(b, chinese ? "本对话使用 `%s`（%s）。\n" : "This conversation uses `%s` at %s.\n", m->label, m->target.endpoint);
    if (s == NULL)      /* the configuration has just changed */
        return OK;
    list_configured(s, b);
    if (model_set_list(s, a, m, &names, &n))
        buf_addf(b, chinese ? "\n无法查询其他模型：%s" : "\nWhat else there is could not be asked: %s", failed_text());
    else
        list_server(names, n, chinese, b);
    return OK;
}

static json_t *route_labels(const struct model_route *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(list, json_string(r->models[i]->label));
    return list;
}

json_t *models_status(const struct models *m)
{
    const struct model_set *s = m->current;

    if (s == NULL)
        return json_pack("{s:s}", "error", m->searched ? m->why_not : "still looking");
    const struct model *main = s->routes[MODEL_MAIN].models[0];
    json_t *roles = json_object();

    for (size_t r = 0; r < N_MODEL_ROLES; r++)
        if (s->routes[r].n)
            json_object_set_new(roles, model_role_name((enum model_role)r), route_labels(&s->routes[r]));
    json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", main->name, "label", main->label, "endpoint", main->target.endpoint,
                          "source", main->source, "roles", roles);

    if (m->local)
        json_object_set_new(j, "local", local_server_status(m->local));
    if (canary_is_on())
        json_object_set_new(j, "canary", json_pack("{s:I, s:o}", "percent", (json_int_t)config_now()->models_canary_percent, "main",
                                                   route_labels(&s->canary)));
    return j;
}
