// SPDX-License-Identifier: Apache-2.0
#include "gateway/engine.h"

#include "base/log.h"
#include "base/metrics.h"
#include "channel/chats.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/commands.h"
#include "gateway/engine_context.h"
#include "gateway/engine_dialog.h"
#include "gateway/engine_help.h"
#include "gateway/engine_plan.h"
#include "gateway/models.h"
#include "gateway/rule_host.h"
#include "gateway/sessions.h"
#include "tool/policy.h"
#include "tool/policy_act.h"
#include "tool/registry.h"

enum { TRIES_MAX = 2 };
static const float worth_asking = 0.35f;        /* below it a guess is only a nuisance */
static const float likely = 0.7f;               /* where nobody else can be asked, enough to look something up */

struct engine {
    struct gateway *gateway;
    struct answer  *answer;
    enum engine_mode mode;
    struct engine_context context;
    struct understanding  heard;
    bool            has_model;
    str             why_not;            /* there is none */
};

/* ---- modes ---- */

static const char *const modes[] = { "auto", "rules", "model" };

const char *engine_mode_name(enum engine_mode m) { return modes[m]; }

bool engine_mode_parse(str text, enum engine_mode *out)
{
    for (size_t i = 0; i < N_ELEMENTS(modes); i++)
        if (str_eq_nocase(text, str_from(modes[i]))) {
            *out = (enum engine_mode)i;
            return true;
        }
    return false;
}

enum err engine_mode_of(struct gateway *g, struct arena *a, str session_id, enum engine_mode *out)
{
    struct session_place place;

    TRY(sessions_find(g, a, session_id, &place));
    if (!engine_mode_parse(place.mode, out) && !engine_mode_parse(chats_mode(place.platform, place.chat_id), out)
        && !engine_mode_parse(str_from(config_now()->engine_mode), out))
        *out = ENGINE_AUTO;
    return OK;
}

static enum err find_model(struct engine *e) AWAITS
{
    struct model_choice choice;

    TRY(models_choice(e->gateway, e->answer->arena, e->answer->message->session_id, MODEL_MAIN, &choice));
    e->has_model = choice.route != NULL;
    e->why_not = choice.why_not;
    return OK;
}

/* ---- what is understood is done, or asked about ---- */

static void ask(struct engine *e, const struct engine_asked *asked, str question)
{
    struct answer *a = e->answer;

    a->slots = engine_asked_text(a->arena, asked, e->context.nlu.now);
    a->text = question;
}

static const struct slot *missing_of(const struct intent *in, const json_t *values)
{
    for (size_t i = 0; i < in->n_slots; i++)
        if (in->slots[i].required && json_object_getn(values, in->slots[i].name.p, in->slots[i].name.len) == NULL)
            return &in->slots[i];
    return NULL;
}

static void note_file(struct engine *e, const struct intent *in, const json_t *values)
{
    str path = json_text_str(values, "path");
    const struct slot *s = intent_slot(in, S("path"));

    if (s && path.len && str_find_char(json_text_str(values, "path_name"), '.') != STR_NONE)
        e->answer->last_file = arena_str(e->answer->arena, path);
}

static enum err prepare(struct engine *e, const struct intent *in, json_t *values, struct plan *out) AWAITS
{
    TRY(engine_values(e->answer, &e->context, in, values));
    TRY(plan_make(e->answer->arena, in, values, out));
    note_file(e, in, values);
    return OK;
}

static enum err run(struct engine *e, const struct plan *p) AWAITS
{
    metric_add(METRIC_engine_handled, 1);
    log_event(LOG_INFO, "engine.plan", F("intent", p->intent), F("confidence", (int64_t)(e->heard.confidence * 100)));
    return engine_run_plan(e->gateway, e->answer, p);
}

static enum err act(struct engine *e, const struct intent *in, json_t *values) AWAITS
{
    struct answer *a = e->answer;
    const struct slot *missing = missing_of(in, values);
    struct plan plan;

    a->slots = S("");
    if (missing) {
        ask(e, &(struct engine_asked){ in, values, missing, 0 }, engine_question(a->arena, in, missing, a->chinese));
        return OK;
    }
    TRY(prepare(e, in, values, &plan));
    return run(e, &plan);
}

static enum err act_on_heard(struct engine *e) AWAITS
{
    CLEANUP(json_decrefp) json_t *values = understanding_values(&e->heard);

    return act(e, e->heard.intent, values);
}

/* ---- what was asked for before ---- */

static enum err take_confirmation(struct engine *e, const struct engine_asked *asked, bool *ret_taken) AWAITS
{
    enum engine_word word = engine_word_of(e->answer->message->text);

    *ret_taken = word != WORD_OTHER;
    e->answer->slots = S("");
    if (word == WORD_YES)
        return act(e, asked->intent, asked->values);
    if (*ret_taken)
        e->answer->text = e->answer->chinese ? S("好的，那就不做了。换一种说法告诉我也可以。")
                                             : S("All right, I leave it. You can tell me in other words.");
    return OK;
}

/* A request of its own is one, whatever was asked; but a bare name is understood as many things. */
static bool is_new_request(const struct engine *e, const struct engine_asked *asked)
{
    return e->heard.sure && e->heard.intent != asked->intent && e->heard.missing == NULL;
}

static enum err take_value(struct engine *e, struct engine_asked *asked, bool *ret_taken) AWAITS
{
    struct answer *a = e->answer;
    str text;
    json_t *value;

    *ret_taken = true;
    if (engine_word_of(a->message->text) == WORD_CANCEL) {
        a->slots = S("");
        a->text = a->chinese ? S("好的，不做了。") : S("All right, I leave it.");
        return OK;
    }
    if (is_new_request(e, asked)) {
        a->slots = S("");
        return act_on_heard(e);
    }
    value = a->message->text.len <= UNDERSTAND_MAX ? bind_answer(a->arena, &e->context.nlu, asked->slot, a->message->text, &text) : NULL;
    if (value) {
        json_object_setn(asked->values, asked->slot->name.p, asked->slot->name.len, value);
        return act(e, asked->intent, asked->values);
    }
    if (++asked->tries < TRIES_MAX) {
        ask(e, asked, engine_question(a->arena, asked->intent, asked->slot, a->chinese));
        return OK;
    }
    a->slots = S("");
    *ret_taken = false;
    return OK;
}

static enum err go_on(struct engine *e, bool *ret_taken) AWAITS
{
    struct answer *a = e->answer;
    struct engine_asked asked;
    struct rows r;

    TRY(store_read(e->gateway->store, a->arena, &r, "dialog.get", "s", a->message->session_id));
    if (r.n == 0 || row_str(&r, 0, 1).len == 0)
        return OK;
    engine_asked_read(a->arena, row_str(&r, 0, 1), e->context.nlu.now, &asked);
    if (asked.intent == NULL) {
        a->slots = S("");
        return OK;
    }
    return asked.slot ? take_value(e, &asked, ret_taken) : take_confirmation(e, &asked, ret_taken);
}

/* ---- nobody else is there to ask ---- */

/* Words alone: a model has better ones. */
static bool is_small_talk(const struct intent *in)
{
    return json_at(in->plan, "say") != NULL;
}

static const struct tool *tool_of(const struct intent *in)
{
    const json_t *plan = json_is_array(in->plan) ? json_array_get(in->plan, json_array_size(in->plan) - 1) : in->plan;
    str name = json_text_str(plan, "tool");

    return tool_find(name.len ? name : json_text_str(plan, "steps.0.tool"));
}

/* To whom the policy gives no such tool, a model may still have something to say. */
static bool may_use(const struct engine *e, const struct intent *in)
{
    const struct message *m = e->answer->message;
    struct person who = access_person(e->gateway->access, m->platform, m->user_id);
    const struct tool *tool = tool_of(in);

    return tool == NULL || policy_may_use(policy_now(), &(struct policy_facts){ .person = &who, .platform = m->platform,
                                                            .chat_id = m->chat_id, .tool = tool });
}

/* What only looks need not be asked about when it is likely enough. */
static bool only_looks(const struct engine *e, const struct plan *p)
{
    const struct answer *a = e->answer;
    struct person who = access_person(e->gateway->access, a->message->platform, a->message->user_id);
    struct policy_acts acts;
    struct plan_step step;

    if (p->n_steps != 1 || plan_step_at(a->arena, p, 0, &step) != OK)
        return false;
    if (step.kind != PLAN_TOOL)
        return step.arguments == NULL;
    struct policy_facts facts = {
        .person = &who, .platform = a->message->platform, .chat_id = a->message->chat_id, .tool = tool_find(step.name),
        .arguments = step.arguments, .workspace = a->agent->workspace,
    };

    if (facts.tool == NULL)
        return false;
    acts = policy_acts_of(a->arena, &facts);
    for (size_t i = 0; i < acts.n; i++)
        if (acts.items[i].effects & ~(unsigned)EFFECT_READ || acts.items[i].complex)
            return false;
    return true;
}

static enum err offer(struct engine *e) AWAITS
{
    const struct understanding *u = &e->heard;
    struct answer *a = e->answer;

    if (u->intent == NULL || u->guard != GUARD_NONE || u->confidence < worth_asking) {
        a->text = engine_help_not_understood(a->arena, u, e->has_model ? NO_STR : e->why_not, a->chinese);
        return OK;
    }
    CLEANUP(json_decrefp) json_t *values = understanding_values(u);
    struct plan plan;

    if (u->confidence >= likely && u->missing == NULL) {
        TRY(prepare(e, u->intent, values, &plan));
        if (only_looks(e, &plan))
            return run(e, &plan);
    }
    ask(e, &(struct engine_asked){ u->intent, values, NULL, 0 }, engine_help_confirm(a->arena, u, a->chinese));
    return OK;
}

static enum err take(struct engine *e, bool *ret_taken) AWAITS
{
    struct answer *a = e->answer;

    if (a->message->n_attachments)
        return OK;
    TRY(engine_context(e->gateway, a, &e->context));
    understand(a->arena, &e->context.nlu, a->message->text, &e->heard);
    TRY(go_on(e, ret_taken));
    if (*ret_taken)
        return OK;
    *ret_taken = true;
    if (e->heard.sure && e->heard.missing == NULL && !is_small_talk(e->heard.intent) && may_use(e, e->heard.intent))
        return act_on_heard(e);
    /* What is not said, a model may know of the conversation. */
    TRY(find_model(e));
    *ret_taken = !e->has_model || e->mode == ENGINE_RULES;
    if (*ret_taken)
        return e->heard.sure ? act_on_heard(e) : offer(e);
    return OK;
}

enum err engine_take(struct gateway *g, struct answer *a, bool *ret_taken)
{
    struct engine e = { .gateway = g, .answer = a };
    struct plan begun;
    enum rule_outcome outcome;
    bool has_journal;

    *ret_taken = false;
    TRY(engine_plan_begun(g, a, &begun, &has_journal));
    if (begun.n_steps) {
        *ret_taken = true;
        return engine_run_plan(g, a, &begun);
    }
    TRY(engine_mode_of(g, a->arena, a->message->session_id, &e.mode));
    if (has_journal || e.mode == ENGINE_MODEL)
        return OK;
    TRY(rule_host_take(g, a, &outcome));
    *ret_taken = outcome == RULES_TAKEN;
    return outcome == RULES_PASS ? take(&e, ret_taken) : OK;
}
