// SPDX-License-Identifier: Apache-2.0
#include "gateway/models.h"

#include <stdlib.h>

#include "base/mem.h"
#include "config/config.h"
#include "gateway/language.h"
#include "gateway/sessions.h"
#include "model/breaker.h"
#include "model/detect.h"

enum { LOOK_AGAIN_MS = 10000, LISTED_MAX = 30 };

/* Every model found since the start is kept: turns may still use an earlier one. */
struct found { struct arena *arena; struct model model; struct found *before; };

struct models {
    struct gateway *gateway;
    struct found   *found;          /* the latest */
    struct model   *current;        /* NULL: none */
    char           *why_not;        /* text of the latest failure */
    bool            searched;       /* the first search has ended */
    bool            stale;          /* look now */
    struct waiters  changed, wanted;
};

static enum err find(struct arena *a, struct model *out) AWAITS
{
    const struct config *c = config_now();
    const struct model_settings settings = { c->model_provider_endpoint, c->model_provider_api_key, c->model_provider_model };

    if (c->model_provider_detect || settings.endpoint[0])
        return model_find(a, &settings, out);
    return failed(ERR_NOT_FOUND, "no model is configured (model_provider.endpoint), and model_provider.detect is off");
}

static void look(struct models *m) AWAITS
{
    struct arena *a = arena_new();      /* its own: a search that finds nothing, every ten seconds, leaves nothing */
    struct found *f = ARENA_NEW(a, struct found);

    m->stale = false;
    enum err e = find(a, &f->model);

    free(m->why_not);
    m->why_not = e ? str_dup_c(str_from(failed_text())) : NULL;
    m->current = NULL;
    if (e == OK) {
        f->arena = a;
        f->before = m->found;
        m->found = f;
        m->current = &f->model;
        log_event(LOG_INFO, "model.found", F("model", f->model.name), F("endpoint", f->model.target.endpoint),
                  F("source", f->model.source));
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

struct models *models_new(struct gateway *g)
{
    struct models *m = NEW(struct models);

    m->gateway = g;
    m->stale = true;
    fibers_spawn(&g->services, "models", search, m);
    return m;
}

void models_free(struct models *m)
{
    if (m == NULL)
        return;
    for (struct found *f = m->found, *before; f; f = before) {
        before = f->before;
        arena_free(f->arena);   /* f is in it */
    }
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

/* The model of the server that is in use by another name. */
static struct model *renamed(struct arena *a, const struct model *m, str name)
{
    struct model *copy = ARENA_NEW(a, struct model);

    *copy = *m;
    copy->name = copy->label = arena_c(a, name);
    return copy;
}

static const struct model_route *route_of(struct arena *a, struct model *m)
{
    struct model_route *route = ARENA_NEW(a, struct model_route);
    struct model **only = ARENA_NEW(a, struct model *);

    *only = m;
    *route = (struct model_route){ only, 1 };
    return route;
}

enum err models_choice(struct gateway *g, struct arena *a, str session_id, enum model_role role, struct model_choice *out)
{
    struct models *m = g->models;
    struct session_place place;

    while (!m->searched)
        TRY(wait_on(&m->changed, "the first search for a model"));
    if (m->current == NULL) {
        *out = (struct model_choice){ .why_not = arena_str(a, str_from(m->why_not)) };
        look_again(m);          /* somebody wants one: not only every ten seconds */
        return OK;
    }
    TRY(sessions_find(g, a, session_id, &place));
    struct model *model = m->current;       /* looked up after the await */

    *out = (struct model_choice){ .why_not = S("the configuration has just changed") };
    if (model)
        out->route = route_of(a, role == MODEL_MAIN && place.model.len ? renamed(a, model, place.model) : model);
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

enum err models_choose(struct gateway *g, struct arena *a, str session_id, str name)
{
    const char **names;
    size_t n;

    if (g->models->current == NULL)
        return failed(ERR_NOT_FOUND, "there is no model to choose from: %s", g->models->why_not);
    TRY(model_list(a, g->models->current, &names, &n));
    for (size_t i = 0; i < n; i++)
        if (str_eq(name, str_from(names[i])))
            return set_name(g, a, session_id, name);
    return failed(ERR_NOT_FOUND, "the server has no model named %.*s; /model lists what it has", STR(str_take(name, 60)));
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
    buf_addf(b, chinese ? "本对话使用 `%s`（%s）。\n" : "This conversation uses `%s` at %s.\n", choice.route->models[0]->name,
             choice.route->models[0]->target.endpoint);
    if (model_list(a, choice.route->models[0], &names, &n)) {
        buf_addf(b, chinese ? "\n无法查询其他模型：%s" : "\nWhat else there is could not be asked: %s", failed_text());
        return OK;
    }
    buf_addf(b, chinese ? "\n用 `/model NAME` 选择：\n" : "\nChoose with `/model NAME`:\n");
    for (size_t i = 0; i < n && i < LISTED_MAX; i++)
        buf_addf(b, "- `%s`\n", names[i]);
    if (n > LISTED_MAX)
        buf_addf(b, chinese ? "- 另有 %zu 个\n" : "- and %zu more\n", n - LISTED_MAX);
    return OK;
}

json_t *models_status(const struct models *m)
{
    if (m->current)
        return json_pack("{s:s, s:s, s:s}", "name", m->current->name, "endpoint", m->current->target.endpoint, "source",
                         m->current->source);
    return json_pack("{s:s}", "error", m->searched ? m->why_not : "still looking");
}
