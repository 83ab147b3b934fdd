// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_call.h"

#include "agent/ask.h"
#include "agent/persona.h"
#include "agent/turn.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/models.h"
#include "gateway/v1_output.h"
#include "gateway/v1_problem.h"
#include "model/set.h"

struct call {
    struct v1_output out;
    struct prompt    prompt;
    struct asker     asker;
    struct reply     reply;
    struct waiters   news;          /* pieces, or the end */
    bool             ended;
    enum err         outcome;
    str              why;
};

static void call_done(struct call *c)
{
    v1_output_done(&c->out);
}

/* ---- which model ---- */

static const enum model_role roles[] = { MODEL_MAIN, MODEL_FAST, MODEL_VISION };

static enum err choose(struct request *q, str name, const struct agent *as, struct model_choice *out) AWAITS
{
    if (as)
        return models_of_agent(q->gateway, q->arena, as, out);
    for (size_t i = 0; i < N_ELEMENTS(roles); i++)
        if (str_eq(name, str_from(model_role_name(roles[i]))))
            return models_choice(q->gateway, q->arena, NO_STR, roles[i], out);
    return models_by_name(q->gateway, q->arena, name, out);
}

static enum err find_route(struct request *q, str name, const struct agent *as, const struct model_route **out) AWAITS
{
    struct model_choice choice;

    TRY(choose(q, name, as, &choice));
    if (choice.route == NULL)
        return failed(ERR_NET, "no model can be asked: %.*s", STR(choice.why_not));
    *out = choice.route;
    return OK;
}

/* ---- the call ---- */

static void on_delta(void *arg, str text)
{
    struct call *c = arg;

    v1_output_piece(&c->out, V1_TEXT, text);
    wake_all(&c->news);
}

static void on_reasoning(void *arg, str text)
{
    struct call *c = arg;

    v1_output_piece(&c->out, V1_REASONING, text);
    wake_all(&c->news);
}

static enum err ask(void *arg) AWAITS
{
    struct call *c = arg;
    struct arena *a = c->out.request->arena;

    c->outcome = ask_model(&c->asker, a, &c->prompt, on_delta, c, &c->reply);
    if (c->outcome)
        c->why = arena_str(a, str_from(failed_text()));
    c->ended = true;
    wake_all(&c->news);
    return OK;
}

/* Leaving early, because the client did, cancels the call. */
static enum err run(struct call *c) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = { 0 };

    fibers_spawn(&g, "v1 call", ask, c);
    while (!c->ended || v1_output_pending(&c->out))
        TRY(v1_output_wait(&c->out, &c->news));
    return OK;
}

static void add_persona(struct request *q, struct v1_request *r, const struct agent *as)
{
    struct transcript all = { .arena = q->arena };
    struct turn t = { .arena = q->arena, .store = q->gateway->store, .workspace = as->workspace,
                      .agent = as->name, .persona = as->persona,
                      .message = { .platform = S("openai"), .user_id = S("owner") },
                      .person = access_person(q->gateway->access, S("openai"), S("owner")) };

    transcript_add(&all, (struct chat_message){ .role = ROLE_SYSTEM, .text = persona_prompt(&t, r->prompt.tools, r->prompt.n_tools) });
    for (size_t i = 0; i < r->messages.n; i++)
        transcript_add(&all, r->messages.messages[i]);
    r->messages = all;
}

static enum err prepare(struct call *c, struct request *q, struct v1_request *r, const struct agent *as) AWAITS
{
    if (r->previous.len) {
        r->param = "previous_response_id";
        return failed(ERR_INPUT, "'previous_response_id': only the assistant remembers; send the whole conversation");
    }
    TRY(find_route(q, r->model, as, &c->asker.route));
    if (as) {
        c->asker.spend.agent = as->name;
        add_persona(q, r, as);
    }
    c->prompt = r->prompt;
    c->prompt.messages = r->messages.messages;
    c->prompt.n_messages = r->messages.n;
    if (c->prompt.n_tools && !asker_can(&c->asker, CAP_TOOLS)) {
        r->param = "tools";
        return failed(ERR_INPUT, "the model %s takes no tools", c->asker.route->models[0]->label);
    }
    return OK;
}

enum err v1_call(struct request *q, const struct v1_dialect *d, struct v1_request *r, const struct agent *as)
{
    CLEANUP(call_done) struct call c = { .asker.budgets = q->gateway->budgets, .asker.spend = { .person = S("owner"), .purpose = "api" } };

    v1_output_init(&c.out, q, d, r);
    c.asker.on_reasoning = r->stream ? on_reasoning : NULL;     /* whole, it may be tried again until the first word */
    enum err e = prepare(&c, q, r, as);

    if (e == OK) {
        TRY(run(&c));
        if (c.outcome == OK)
            return v1_output_end(&c.out, &c.reply);
    } else {
        c.why = arena_str(q->arena, str_from(failed_text()));
    }
    struct v1_problem p = v1_problem_of(e ? e : c.outcome, c.why);

    p.param = r->param;
    return v1_output_fail(&c.out, &p);
}
