// SPDX-License-Identifier: Apache-2.0
#include "model/route.h"

#include "base/log.h"
#include "base/metrics.h"
#include "model/breaker.h"
#include "model/budget.h"
#include "runtime/fiber.h"

enum { TRIES_BEFORE_ANOTHER = 2, PASSED_OVER_MAX = 8 << 10 };

struct routing {
    const struct route_options *options;
    struct arena *arena;
    struct buf    passed_over;
    bool          shown;
};

static void routing_done(struct routing *r)
{
    buf_done(&r->passed_over);
}

static void on_delta(void *arg, str text)
{
    struct routing *r = arg;

    r->shown = true;
    if (r->options->completion.on_delta)
        r->options->completion.on_delta(r->options->completion.arg, text);
}

static void on_reasoning(void *arg, str text)
{
    struct routing *r = arg;

    r->shown = true;
    r->options->completion.on_reasoning(r->options->completion.arg, text);
}

static void count(const struct model *m, enum err e, const struct usage *u)
{
    const struct { const char *kind; int64_t n; } tokens[] = {
        { "input", u->input }, { "cached", u->cached }, { "written", u->written }, { "output", u->output },
        { "reasoning", u->reasoning },
    };

    metric_add_for(METRIC_FAMILY_model_requests, m->label, e ? "failed" : "ok", 1);
    for (size_t i = 0; e == OK && i < N_ELEMENTS(tokens); i++)
        if (tokens[i].n)
            metric_add_for(METRIC_FAMILY_model_tokens, m->label, tokens[i].kind, tokens[i].n);
}

/* is_last: nobody is left to ask instead. */
static enum err ask(struct routing *r, struct model *m, const struct prompt *prompt, bool is_last, struct reply *out) AWAITS
{
    struct prompt p = *prompt;
    struct completion_options o = r->options->completion;
    struct budget_hold hold;
    struct usage broken = { 0 };

    p.model = str_from(m->name);
    if (r->options->fit)
        r->options->fit(r->arena, m, &p);
    o.on_delta = on_delta;
    o.on_reasoning = o.on_reasoning ? on_reasoning : NULL;
    o.arg = r;
    o.session = r->options->spend.session_id;
    if (!is_last && (o.tries == 0 || o.tries > TRIES_BEFORE_ANOTHER))
        o.tries = TRIES_BEFORE_ANOTHER;
    o.broken = &broken;
    enum err e = budget_reserve(r->options->budgets, m, &r->options->spend, &p, r->options->denial, &hold);

    if (e) {
        breaker_ended(breaker_of(m->label), ERR_CANCELLED);     /* it was not asked */
        return e;
    }
    e = complete(m, r->arena, &p, &o, out);
    budget_settle(&hold, e ? NULL : out, &broken);

    /* the caller's own end is not the model's failure */
    breaker_ended(breaker_of(m->label), e && fiber_check() ? ERR_CANCELLED : e);
    if (e != ERR_CANCELLED)
        count(m, e, &out->usage);
    return e;
}

static bool may_another_answer(const struct routing *r, enum err e)
{
    return !r->shown && e != ERR_TOO_LONG && e != ERR_BUG && fiber_check() == OK;
}

static void pass_over(struct routing *r, const struct model *m, const char *why)
{
    buf_addf(&r->passed_over, "%s%s: %s", r->passed_over.len ? "; " : "", m->label, why);
    log_event(LOG_WARN, "model.passed_over", F("model", m->label), F("error", why));
}

static enum err skip(struct routing *r, const struct model *m)
{
    const char *why = breaker_why(breaker_of(m->label));

    metric_add_for(METRIC_FAMILY_model_requests, m->label, "skipped", 1);
    pass_over(r, m, why);
    return failed(ERR_NET, "model %s: it %s", m->label, why);
}

/* The first from i on that may be asked now; route->n: none. */
static size_t next_to_ask(struct routing *r, const struct model_route *route, size_t i, enum err *e)
{
    for (; i < route->n && !breaker_allows(breaker_of(route->models[i]->label)); i++)
        *e = skip(r, route->models[i]);
    return i;
}

static enum err ask_in_order(struct routing *r, const struct model_route *route, const struct prompt *p, struct reply *out,
                             struct model **ret_model) AWAITS
{
    enum err e = failed(ERR_NOT_FOUND, "there is no model to ask");

    for (size_t i = 0; (i = next_to_ask(r, route, i, &e)) < route->n; i++) {
        *ret_model = route->models[i];
        e = ask(r, *ret_model, p, i + 1 == route->n, out);
        if (e == OK || !may_another_answer(r, e))
            return e;
        if (i + 1 < route->n)
            pass_over(r, *ret_model, failed_text());
    }
    return e;
}

enum err route_complete(const struct model_route *route, struct arena *a, const struct prompt *p, const struct route_options *o,
                        struct reply *out, struct route_result *ret)
{
    CLEANUP(routing_done) struct routing r = { .options = o, .arena = a, .passed_over.max = PASSED_OVER_MAX };

    *ret = (struct route_result){ 0 };
    *out = (struct reply){ 0 };
    enum err e = ask_in_order(&r, route, p, out, &ret->model);

    ret->passed_over = arena_str(a, buf_str(&r.passed_over));
    return e;
}
