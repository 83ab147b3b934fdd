// SPDX-License-Identifier: Apache-2.0
#include "model/route.h"

#include "base/log.h"
#include "runtime/fiber.h"

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

static enum err ask(struct routing *r, struct model *m, const struct prompt *prompt, struct reply *out) AWAITS
{
    struct prompt p = *prompt;
    struct completion_options o = r->options->completion;

    p.model = str_from(m->name);
    o.on_delta = on_delta;
    o.arg = r;
    return complete(m, r->arena, &p, &o, out);
}

static bool may_another_answer(const struct routing *r, enum err e)
{
    return !r->shown && e != ERR_TOO_LONG && e != ERR_BUG && fiber_check() == OK;
}

static void pass_over(struct routing *r, const struct model *m)
{
    buf_addf(&r->passed_over, "%s: %s; ", m->label, failed_text());
    log_event(LOG_WARN, "model.passed_over", F("model", m->label), F("error", failed_text()));
}

enum err route_complete(const struct model_route *route, struct arena *a, const struct prompt *p, const struct route_options *o,
                        struct reply *out, struct route_result *ret)
{
    CLEANUP(routing_done) struct routing r = { .options = o, .arena = a };
    enum err e = failed(ERR_NOT_FOUND, "there is no model to ask");

    *ret = (struct route_result){ .passed_over = S("") };
    for (size_t i = 0; i < route->n; i++) {
        ret->model = route->models[i];
        e = ask(&r, ret->model, p, out);
        if (e == OK || i + 1 == route->n || !may_another_answer(&r, e))
            break;
        pass_over(&r, ret->model);
    }
    ret->passed_over = arena_str(a, buf_str(&r.passed_over));
    return e;
}
