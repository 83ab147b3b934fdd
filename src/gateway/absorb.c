// SPDX-License-Identifier: Apache-2.0
#include "gateway/absorb.h"

#include <inttypes.h>
#include <stdio.h>

#include "agent/extract.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "config/config.h"
#include "gateway/absorb_model.h"
#include "gateway/access.h"
#include "gateway/forget.h"
#include "gateway/memory_scopes.h"
#include "gateway/models.h"
#include "memory/harvest.h"
#include "memory/memory.h"
#include "runtime/clock.h"

enum {
    LOOK_EVERY_MS = 30 * 1000, SESSIONS_A_LOOK = 20, EXCHANGES = 40, SAID_MAX = 4000, ANSWER_MAX = 3000, MODEL_TEXT_MAX = 48 << 10,
    MODEL_TIMEOUT_MS = 120 * 1000, KNOWN_MAX = 40,
};

/* What is older is taken in without asking a model: a first start beside years of messages is not to cost a fortune. */
static const int64_t model_age_ms = INT64_C(7) * 24 * 60 * 60 * 1000;

struct exchange { int64_t inbox_id, at; str platform, user_id, text, answer, taint; struct person person; bool ended_well; };

/* Some messages of one conversation that follow each other. */
struct part {
    struct gateway  *gateway;
    struct arena    *arena;
    str              session_id;
    int64_t          from, up_to;
    struct exchange *list;
    size_t           n;
    struct finding  *findings;
    size_t           n_findings;
    uint64_t         forgets;       /* forget_count() before it was read */
};

/* ---- reading ---- */

static enum err read_place(struct part *p) AWAITS
{
    struct rows r;

    TRY(store_read(memory_store(p->gateway->memory), p->arena, &r, "absorbed.up_to", "s", p->session_id));
    p->from = r.n ? row_int(&r, 0, 0) : 0;
    return OK;
}

static enum err read_exchanges(struct part *p) AWAITS
{
    struct rows r;

    TRY(store_read(p->gateway->store, p->arena, &r, "absorb.exchanges", "sii", p->session_id, p->from, (int64_t)EXCHANGES));
    p->list = arena_alloc(p->arena, (r.n + 1) * sizeof *p->list);
    for (p->n = 0; p->n < r.n; p->n++) {
        size_t i = p->n;

        p->list[i] = (struct exchange){
            .inbox_id = row_int(&r, i, 0), .platform = row_str(&r, i, 1), .user_id = row_str(&r, i, 2), .text = row_str(&r, i, 3),
            .answer = row_str(&r, i, 4), .taint = row_str(&r, i, 5), .at = row_int(&r, i, 6),
            .person = access_person(p->gateway->access, row_str(&r, i, 1), row_str(&r, i, 2)),
            .ended_well = str_eq(row_str(&r, i, 7), S("done")),
        };
        p->up_to = p->list[i].inbox_id;
    }
    return OK;
}

/* ---- what is kept ---- */

/* Commands are no conversation, and what failed has no answer. */
static bool is_said(const struct exchange *x)
{
    return x->ended_well && str_trim(x->text).len && !str_eq(x->text, S(FORGOTTEN)) && !str_starts(str_trim(x->text), S("/"));
}

/* What was read may be what somebody has had forgotten since: then all of it is read again, later. */
static enum err check_still_there(const struct part *p)
{
    return forget_count() == p->forgets ? OK : failed(ERR_CONFLICT, "something was forgotten meanwhile: the conversation is read again");
}

static str clean(struct arena *a, str s, size_t max)
{
    CLEANUP(buf_done) struct buf b = { 0 }, whole = { 0 };

    utf8_add_repaired(&b, utf8_take(str_trim(s), max));
    for (size_t i = 0; i < b.len; i++)
        if (b.p[i])
            buf_add_char(&whole, b.p[i]);
    return arena_str(a, str_trim(buf_str(&whole)));
}

static str exchange_text(struct arena *a, const struct exchange *x)
{
    str said = clean(a, x->text, SAID_MAX), answer = clean(a, x->answer, ANSWER_MAX);

    return answer.len ? str_from(arena_printf(a, "%.*s\n\n> %.*s", STR(said), STR(answer))) : said;
}

static enum err scope_of(const struct part *p, const struct exchange *x, struct memory_scopes *out) AWAITS
{
    return memory_scopes_of(p->gateway, p->arena, p->session_id, &x->person, out);
}

static struct memory_item item_of(const struct part *p, const struct exchange *x, struct scope scope)
{
    return (struct memory_item){
        .scope = scope, .origin = ORIGIN_CONVERSATION, .person = x->person.id, .session_id = p->session_id, .inbox_id = x->inbox_id,
        .taint = x->taint, .confidence = 1, .importance = 0.5, .created_at = x->at,
    };
}

/* By the rules, from what the person said, not from what was answered. */
static enum err save_harvest(const struct part *p, const struct exchange *x, struct scope scope) AWAITS
{
    struct sentences s;
    int64_t id;

    extract_sentences(p->arena, clean(p->arena, x->text, SAID_MAX), &s);
    for (size_t i = 0; i < s.n; i++) {
        struct memory_item item = item_of(p, x, scope);
        struct harvest h;

        if (!harvest_sentence(s.text[i], &h))
            continue;
        item.kind = h.kind;
        item.text = h.text;
        item.taint = NO_STR;
        item.confidence = h.confidence;
        TRY(check_still_there(p));
        TRY(memory_save(p->gateway->memory, &item, 1, NULL, &id));
        metric_add(METRIC_memory_harvested, 1);
    }
    return OK;
}

static enum err save_by_rules(const struct part *p) AWAITS
{
    for (size_t i = 0; i < p->n; i++) {
        struct memory_scopes s;

        if (!is_said(&p->list[i]))
            continue;
        TRY(scope_of(p, &p->list[i], &s));
        if (s.may_save)
            TRY(save_harvest(p, &p->list[i], s.own));
    }
    return OK;
}

/* ---- by the model ---- */

static str conversation_text(const struct part *p)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    for (size_t i = 0; i < p->n; i++)
        if (is_said(&p->list[i]))
            buf_addf(&b, "%.*s: %.*s\nassistant: %.*s\n\n", STR(p->list[i].person.id), STR(clean(p->arena, p->list[i].text, SAID_MAX)),
                     STR(clean(p->arena, p->list[i].answer, ANSWER_MAX)));
    return utf8_take(arena_str(p->arena, buf_str(&b)), MODEL_TEXT_MAX);
}

static str taint_of(const struct part *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->list[i].taint.len)
            return p->list[i].taint;
    return NO_STR;
}

static enum err save_finding(const struct part *p, const struct exchange *last, struct scope scope, struct finding *f) AWAITS
{
    struct memory_item item = item_of(p, last, scope);
    int64_t id;

    item.kind = f->item.kind;
    item.text = f->item.text;
    item.importance = f->item.importance;
    item.confidence = f->item.confidence;
    item.expires_at = f->item.expires_at;
    item.taint = taint_of(p);
    TRY(check_still_there(p));
    metric_add(METRIC_memory_harvested, 1);
    if (f->replaces) {
        enum err e = memory_replace(p->gateway->memory, f->replaces, &item, &id);

        if (e != ERR_NOT_FOUND && e != ERR_CONFLICT)
            return e;
    }
    return memory_save(p->gateway->memory, &item, 1, NULL, &id);
}

static const struct exchange *last_said(const struct part *p)
{
    for (size_t i = p->n; i-- > 0; )
        if (is_said(&p->list[i]))
            return &p->list[i];
    return NULL;
}

static enum err known_of(const struct part *p, struct scope scope, const struct memory_item **out, size_t *ret_n) AWAITS
{
    struct memory_filter f = {
        .scopes = &scope, .n_scopes = 1, .limit = KNOWN_MAX,
        .kinds = 1 << ITEM_FACT | 1 << ITEM_PREFERENCE | 1 << ITEM_DECISION | 1 << ITEM_PERSON | 1 << ITEM_PROJECT | 1 << ITEM_TASK,
    };

    return memory_list(p->gateway->memory, p->arena, &f, out, ret_n);
}

/* In a group several people speak: what is found is the chat's, said by whoever spoke last. */
static enum err ask_and_save(struct part *p, const struct asker *asker, const struct exchange *last, struct scope scope) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    const struct memory_item *known;
    size_t n;

    TRY(known_of(p, scope, &known, &n));
    deadline_set(&d, MODEL_TIMEOUT_MS);
    TRY(absorb_by_model(p->arena, asker, conversation_text(p), known, n, clock_wall_ms(), &p->findings, &p->n_findings));
    for (size_t i = 0; i < p->n_findings; i++)
        TRY(save_finding(p, last, scope, &p->findings[i]));
    return OK;
}

/* False: by the rules, then. */
static bool save_by_model(struct part *p) AWAITS
{
    const struct exchange *last = last_said(p);
    struct gateway *g = p->gateway;
    struct model_choice choice;
    struct memory_scopes s;

    if (!config_now()->memory_absorb_model || last == NULL || last->at < clock_wall_ms() - model_age_ms)
        return false;
    if (scope_of(p, last, &s) || !s.may_save || models_choice(g, p->arena, p->session_id, MODEL_FAST, &choice) || choice.route == NULL)
        return false;
    struct asker asker = { .route = choice.route, .budgets = g->budgets,
                           .spend = { last->person.id, p->session_id, NO_STR, "memory", last->inbox_id } };
    enum err e = ask_and_save(p, &asker, last, s.own);

    if (e && e != ERR_CANCELLED)
        log_event(LOG_WARN, "memory.absorbed_without_model", F("session", p->session_id), F("error", failed_text()));
    return e == OK;
}

/* ---- the exchanges themselves ---- */

static enum err add_exchange(const struct part *p, struct batch *b, const struct exchange *x) AWAITS
{
    struct memory_scopes s;
    uint32_t partition;

    if (!is_said(x))
        return OK;
    TRY(scope_of(p, x, &s));
    if (!s.may_save)
        return OK;
    struct memory_item item = item_of(p, x, s.own);

    item.kind = ITEM_EXCHANGE;
    item.text = exchange_text(p->arena, x);
    item.importance = 0.3;
    if (item_check(&item))
        return OK;
    TRY(memory_partition_make(p->gateway->memory, s.own, NO_STR, &partition));
    memory_add(b, partition, &item);
    return OK;
}

static enum err store_exchanges(const struct part *p) AWAITS
{
    struct batch *b = batch_new(p->arena);

    batch_add(b, "absorbed.step", "siii", p->session_id, p->from, p->up_to, clock_wall_ms());
    batch_expect(b, 1);
    for (size_t i = 0; i < p->n; i++)
        TRY(add_exchange(p, b, &p->list[i]));
    TRY(check_still_there(p));
    TRY(store_commit(memory_store(p->gateway->memory), b));
    memory_changed(p->gateway->memory);
    return OK;
}

static enum err absorb_part(struct gateway *g, str session_id, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct part p = { .gateway = g, .arena = a, .session_id = session_id, .forgets = forget_count() };

    TRY(read_place(&p));
    TRY(read_exchanges(&p));
    *ret_n = p.n;
    if (p.n == 0)
        return OK;
    bool done = save_by_model(&p);

    TRY(fiber_check());
    if (!done)
        TRY(save_by_rules(&p));
    return store_exchanges(&p);
}

enum err absorb_session(struct gateway *g, str session_id, size_t *ret_n)
{
    size_t n;

    *ret_n = 0;
    do {
        TRY(absorb_part(g, session_id, &n));
        *ret_n += n;
    } while (n == EXCHANGES);
    metric_add(METRIC_memory_absorbed, (int64_t)*ret_n);
    return OK;
}

/* ---- looking ---- */

/* All that rests was taken in up to this time and session.  It saves looking at them all at each start; what counts is absorbed.up_to. */
struct look { struct gateway *gateway; int64_t at; char id[64]; };

static enum err read_look(struct look *l) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;
    int64_t at;
    str time;

    TRY(store_read(l->gateway->memory_store, a, &r, "memory_meta.get", "c", "absorb.seen"));
    str id = r.n ? row_str(&r, 0, 0) : NO_STR;

    if (str_split(&id, ' ', &time) && str_i64(time, &at) == OK) {
        l->at = at;
        snprintf(l->id, sizeof l->id, "%.*s", STR(id));
    }
    return OK;
}

static void note_look(const struct look *l)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "memory_meta.set", "cc", "absorb.seen", arena_printf(a, "%" PRId64 " %s", l->at, l->id));
    store_commit_later(l->gateway->memory_store, b);
}

static enum err absorb_some(struct look *l, uint64_t rest_ms, size_t *ret_n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t until = clock_wall_ms() - (int64_t)rest_ms;
    struct rows r;
    size_t n;

    l->at = l->at > until ? 0 : l->at;      /* the clock was set back */
    TRY(store_read(l->gateway->store, a, &r, "absorb.sessions", "iici", l->at, until, l->id, (int64_t)SESSIONS_A_LOOK));
    *ret_n = r.n;
    for (size_t i = 0; i < r.n; i++) {
        TRY(absorb_session(l->gateway, row_str(&r, i, 0), &n));
        l->at = row_int(&r, i, 1);
        snprintf(l->id, sizeof l->id, "%.*s", STR(row_str(&r, i, 0)));
    }
    if (r.n)
        note_look(l);
    return OK;
}

enum err absorb_run(void *gateway)
{
    struct look l = { .gateway = gateway };
    size_t n;

    if (read_look(&l))          /* then from the beginning */
        TRY(fiber_check());
    for (;;) {
        uint64_t rest = config_now()->memory_absorb_after;
        enum err e = rest ? absorb_some(&l, rest, &n) : OK;

        TRY(fiber_check());
        if (e)
            log_event(LOG_WARN, "memory.absorb_failed", F("error", failed_text()));
        if (e || rest == 0 || n < SESSIONS_A_LOOK)
            TRY(fiber_sleep(LOOK_EVERY_MS));
    }
}
