// SPDX-License-Identifier: Apache-2.0
#include "gateway/approvals.h"

#include <string.h>

#include "agent/history.h"
#include "agent/permission.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/time.h"
#include "channel/deliver.h"
#include "channel/markup.h"
#include "channel/registry.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/dialog_rows.h"
#include "gateway/dispatch.h"
#include "gateway/recipient.h"
#include "gateway/policy_rules.h"
#include "runtime/clock.h"
#include "store/audit.h"
#include "tool/policy.h"
#include "tool/registry.h"

enum { CODE_TEXT = 5, CODE_TRIES = 20, TICK_MS = 1000, HOSTS_SHOWN = 8 };

/* ---- asking ---- */

static bool is_taken(const struct rows *codes, const char *code)
{
    for (size_t i = 0; i < codes->n; i++)
        if (str_eq(row_str(codes, i, 0), str_from(code)))
            return true;
    return false;
}

struct asking {
    struct gateway      *gateway;
    const struct answer *answer;
    struct batch        *batch;
    struct rows          taken;     /* codes of open questions */
    char               (*codes)[CODE_TEXT];     /* of these questions */
    const char         **events;
    size_t               n;
    int64_t              now, expires_at;
    struct recipient     owner;     /* who is asked too when those who talk here cannot decide; platform "": nobody */
};

static bool is_free(const struct asking *k, const char *code)
{
    for (size_t i = 0; i < k->n; i++)
        if (strcmp(k->codes[i], code) == 0)
            return false;
    return !is_taken(&k->taken, code);
}

/* Four digits that no open question has. */
static enum err new_code(const struct asking *k, char out[CODE_TEXT])
{
    for (int i = 0; i < CODE_TRIES; i++) {
        snprintf(out, CODE_TEXT, "%04u", (unsigned)random_below(10000));
        if (is_free(k, out))
            return OK;
    }
    return failed(ERR_LIMIT, "too many questions are open at once");
}

static json_t *event(const struct asking *k, const struct question *q, const char *code, str text)
{
    const struct message *m = k->answer->message;
    CLEANUP(buf_done) struct buf html = { 0 };
    char when[TIME_TEXT_SIZE];

    markup_to_web(&html, markup_parse(k->answer->arena, text));
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "type", "approval", "state", "pending", "code", code,
                     "session_id", json_from_str(m->session_id), "message_id", json_from_str(m->id),
                     "tool", json_from_str(q->call->name), "text", json_from_str(text), "html", json_from_str(buf_str(&html)),
                     "choices", approval_choices(code, q->permission->grant.len > 0, k->answer->chinese),
                     "expires_at", time_text(when, k->expires_at));
}

/* Of the network the sandbox has what the owner opened: whoever says yes sees where it may lead. */
static const char *reach_of(struct arena *a, enum risk risk, bool chinese)
{
    const struct string_list *hosts = &config_now()->sandbox_network_allow;
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_add(&b, str_from(approval_access(risk, chinese)));
    if (risk == RISK_EXECUTE && hosts->n)
        buf_add(&b, chinese ? S("，并可经代理访问 ") : S("; by the proxy it may reach "));
    for (size_t i = 0; risk == RISK_EXECUTE && i < hosts->n && i < HOSTS_SHOWN; i++)
        buf_addf(&b, "%s`%s`", i ? ", " : "", hosts->items[i]);
    if (risk == RISK_EXECUTE && hosts->n > HOSTS_SHOWN)
        buf_addf(&b, chinese ? " 等 %zu 个主机" : " and %zu more", chinese ? hosts->n : hosts->n - HOSTS_SHOWN);
    return arena_c(a, buf_str(&b));
}

static str question_text(const struct asking *k, const struct question *q, const char *code)
{
    const struct tool *t = tool_find(q->call->name);
    bool chinese = k->answer->chinese;
    struct approval_view v = {
        .code = str_from(code), .tool = q->call->name, .arguments = q->call->arguments, .person = k->answer->turn->person.id,
        .why = q->permission->why, .taint = q->permission->taint, .wider = q->permission->grant.len > 0, .chinese = chinese,
        .access = reach_of(k->answer->arena, t ? t->risk : RISK_OUTSIDE, chinese), .timeout_ms = config_now()->approval_timeout,
    };

    return approval_question(k->answer->arena, &v);
}

static void add_rows(const struct asking *k, const struct question *q, const char *code, str text, json_t *body)
{
    const struct message *m = k->answer->message;
    const struct channel *channel = channel_find(m->platform);
    str person = k->answer->turn->person.id;

    batch_add(k->batch, "approval.add", "cisssssssssssiis", code, k->answer->inbox_id, q->call->id, m->session_id, m->platform,
              m->chat_id, m->thread_id, person, q->call->name, q->call->arguments, text, q->permission->rule,
              q->permission->grant, k->now, k->expires_at, k->answer->turn->person.role);
    if (channel_sends(channel))
        batch_add(k->batch, "approval.ask", "ssssssi", m->session_id, m->platform, m->chat_id, m->thread_id, m->external_id,
                  json_print(k->answer->arena, body), k->now);
    if (!q->permission->is_own && k->owner.platform.len)
        batch_add(k->batch, "approval.ask", "ssssssi", m->session_id, k->owner.platform, k->owner.chat_id, k->owner.thread_id,
                  NO_STR, json_print(k->answer->arena, body), k->now);
    audit_add(k->batch, &(struct audit_row){ .person = person, .platform = m->platform, .session_id = m->session_id,
                                             .event = "approval.asked", .subject = q->call->name,
                                             .decision = q->permission->decision, .content = q->call->arguments });
}

static enum err add_question(struct asking *k, const struct question *q)
{
    char *code = k->codes[k->n];

    TRY(new_code(k, code));
    str text = question_text(k, q, code);
    CLEANUP(json_decrefp) json_t *j = event(k, q, code, text);
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:o, s:O}", "text", json_from_str(text), "choices", json_at(j, "choices"));

    add_rows(k, q, code, text, body);
    k->events[k->n++] = json_print(k->answer->arena, j).p;
    return OK;
}

/* Whoever may decide may not be here.  Where the owner has no chat, the page and the command line show what is open. */
static enum err find_owner(struct asking *k) AWAITS
{
    const struct message *m = k->answer->message;
    struct tool_context cx = { .arena = k->answer->arena, .session_id = m->session_id, .platform = m->platform,
                               .chat_id = m->chat_id, .user = m->user_id, .person = k->answer->turn->person };
    enum err e = recipient_find(k->gateway, &cx, S("owner"), &k->owner);

    if (e == OK && str_eq(k->owner.platform, m->platform) && str_eq(k->owner.chat_id, m->chat_id))
        k->owner = (struct recipient){ 0 };
    return e == ERR_NOT_FOUND || e == ERR_CONFLICT ? OK : e;
}

static bool all_own(const struct turn *t)
{
    for (size_t i = 0; i < t->n_questions; i++)
        if (!t->questions[i].permission->is_own)
            return false;
    return true;
}

static void published(const struct asking *k)
{
    const struct message *m = k->answer->message;
    struct gateway *g = k->gateway;

    for (size_t i = 0; i < k->n; i++)
        bus_publish(g->bus, m->session_id, "approval", k->answer->inbox_id, str_from(k->events[i]));
    if (g->question_ends == 0 || g->question_ends > k->expires_at)
        g->question_ends = k->expires_at;
    metric_add(METRIC_approvals_asked, (int64_t)k->n);
    deliver_wake(m->platform, m->chat_id);
    if (k->owner.platform.len)
        deliver_wake(k->owner.platform, k->owner.chat_id);
}

enum err approvals_ask(struct gateway *g, struct answer *a)
{
    const struct turn *t = a->turn;
    struct asking k = {
        .gateway = g, .answer = a, .batch = batch_new(a->arena), .codes = arena_alloc(a->arena, (t->n_questions + 1) * CODE_TEXT),
        .events = arena_alloc(a->arena, (t->n_questions + 1) * sizeof(char *)), .now = clock_wall_ms(),
    };

    k.expires_at = k.now + (int64_t)config_now()->approval_timeout;
    TRY(store_read(g->store, a->arena, &k.taken, "approval.pending_codes", ""));
    if (!all_own(t))
        TRY(find_owner(&k));
    for (size_t i = 0; i < t->n_questions; i++)
        TRY(add_question(&k, &t->questions[i]));
    batch_add(k.batch, "inbox.parked", "i", a->inbox_id);
    batch_expect(k.batch, 1);
    dialog_rest(k.batch, a->message->session_id);
    TRY(store_commit(g->store, k.batch));
    history_forget(g->histories, a->message->session_id);
    published(&k);
    return OK;
}

/* ---- answering ---- */

struct open_question {
    int64_t id, inbox_id;
    str     session_id, platform, chat_id, person, role, tool, arguments, grant, state;
    const struct agent *agent;      /* whose workspace it is about */
};

static enum err find(struct gateway *g, struct arena *a, str code, struct open_question *out) AWAITS
{
    struct rows r;

    TRY(store_read(g->store, a, &r, "approval.by_code", "s", code));
    if (r.n == 0)
        return failed(ERR_NOT_FOUND, "no question has the code %.*s", STR(code));
    *out = (struct open_question){
        .id = row_int(&r, 0, 0), .inbox_id = row_int(&r, 0, 1), .session_id = row_str(&r, 0, 2), .platform = row_str(&r, 0, 3),
        .chat_id = row_str(&r, 0, 4), .person = row_str(&r, 0, 5), .tool = row_str(&r, 0, 6), .arguments = row_str(&r, 0, 7),
        .grant = row_str(&r, 0, 8), .state = row_str(&r, 0, 9),
        .role = row_str(&r, 0, 10),
    };
    return OK;
}

static bool decides_anywhere(const struct person *p)
{
    return policy_is_admin(policy_now(), p);
}

/* The answer comes from where it was asked, or from somebody who decides everywhere; and they may allow such a call. */
static enum err check_right(const struct approver *by, const struct open_question *q,
                            const struct approval_answer *answer)
{
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    const struct person asker = { q->person, q->role };
    struct policy_facts facts = { .person = &asker, .platform = q->platform, .chat_id = q->chat_id, .tool = tool_find(q->tool),
                                  .workspace = q->agent->workspace };
    bool here = str_eq(by->platform, q->platform) && str_eq(by->chat_id, q->chat_id);

    if (!here && !decides_anywhere(&by->person))
        return failed(ERR_AUTH, "it was asked in another chat");
    if (!answer->yes && str_eq(by->person.id, q->person))
        return OK;              /* everybody may say no to what is for them */
    if (!facts.tool || json_parse(q->arguments, &arguments) != OK)
        return failed(ERR_AUTH, "there is no tool %.*s any more", STR(q->tool));
    facts.arguments = arguments;
    if (!policy_may_approve(policy_now(), &by->person, &facts))
        return failed(ERR_AUTH, "you may not decide this");
    if (answer->yes && answer->scope != APPROVAL_ONCE && q->grant.len == 0)
        return failed(ERR_AUTH, "this can be allowed for this once only");
    if (answer->yes && answer->scope == APPROVAL_ALWAYS && !decides_anywhere(&by->person))
        return failed(ERR_AUTH, "only an owner or admin may allow something for always");
    return OK;
}

static enum err store_answer(struct gateway *g, struct arena *a, const struct approver *by, const struct open_question *q,
                             const struct approval_answer *answer) AWAITS
{
    const char *scope = approval_scope_name(answer->scope), *state = answer->yes ? "granted" : "refused";
    struct batch *b = batch_new(a);
    int64_t now = clock_wall_ms();

    batch_add(b, "approval.decide", "iccsii", q->id, state, answer->yes ? scope : "", by->person.id, now, by->inbox_id);
    batch_expect(b, 1);
    if (answer->yes && answer->scope == APPROVAL_ALWAYS) {
        batch_add(b, "approval.always", "isi", q->id, by->person.id, now);
        batch_expect(b, 1);
    }
    dialog_answered(b, q->session_id);
    audit_add(b, &(struct audit_row){ .person = by->person.id, .platform = by->platform, .session_id = q->session_id,
                                      .event = "approval.given", .subject = q->tool, .content = q->arguments,
                                      .decision = str_from(arena_printf(a, "%s%s%s", state, answer->yes ? " " : "",
                                                                        answer->yes ? scope : "")) });
    enum err e = store_commit(g->store, b);

    return e == ERR_CONFLICT ? failed(e, "it was decided meanwhile") : e;
}

static void tell_decided(struct gateway *g, struct arena *a, str session_id, int64_t inbox_id, str code, str state)
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:o, s:o, s:o}", "type", "approval", "state", json_from_str(state),
                                                "code", json_from_str(code), "session_id", json_from_str(session_id));

    bus_publish(g->bus, session_id, "approval", inbox_id, json_print(a, j));
}

enum err approvals_answer(struct gateway *g, struct arena *a, const struct approver *by, const struct approval_answer *answer,
                          str *ret_tool)
{
    struct open_question q = { 0 };

    TRY(find(g, a, answer->code, &q));
    *ret_tool = q.tool;
    if (!str_eq(q.state, S("pending")))
        return failed(ERR_CONFLICT, "that question is %.*s already", STR(q.state));
    TRY(agents_of_session(g, a, q.session_id, &q.agent));
    TRY(check_right(by, &q, answer));
    TRY(store_answer(g, a, by, &q, answer));
    if (answer->yes && answer->scope == APPROVAL_ALWAYS)
        TRY(policy_rules_load(g));
    tell_decided(g, a, q.session_id, q.inbox_id, answer->code, answer->yes ? S("granted") : S("refused"));
    dispatch_unpark(g, q.session_id, q.inbox_id);
    return OK;
}

static str words_for(const struct answer *a, const struct approval_answer *answer, enum err e, str tool)
{
    bool chinese = a->chinese;

    if (e)
        return str_from(arena_printf(a->arena, chinese ? "不行：%s。" : "That does not work: %s.", failed_text()));
    if (!answer->yes)
        return chinese ? S("好的，不做了。") : S("All right, I leave it.");
    return str_from(arena_printf(a->arena, chinese ? "好的，我执行 `%.*s`。" : "All right, I do it: `%.*s`.", STR(tool)));
}

enum err approvals_take(struct gateway *g, struct answer *a, bool *ret_was_answer)
{
    const struct message *m = a->message;
    struct approver by = { access_person(g->access, m->platform, m->user_id), m->platform, m->chat_id, a->inbox_id };
    struct approval_answer answer;
    str tool = NO_STR;

    *ret_was_answer = false;
    if (!approval_parse(m->text, &answer))
        return OK;
    enum err e = approvals_answer(g, a->arena, &by, &answer, &tool);

    if (e == ERR_NOT_FOUND)     /* a person may say "no 1999" about anything */
        return OK;
    if (e != OK && e != ERR_CONFLICT && e != ERR_AUTH)
        return e;
    *ret_was_answer = true;
    a->text = words_for(a, &answer, e, tool);
    return OK;
}

/* ---- ending without an answer ---- */

static void end_all(struct gateway *g, struct arena *a, const struct rows *r, str person, str state)
{
    for (size_t i = 0; i < r->n; i++) {
        audit_later(g->store, &(struct audit_row){ .person = person, .session_id = row_str(r, i, 2), .event = "approval.ended",
                                                   .subject = row_str(r, i, 4), .decision = state });
        tell_decided(g, a, row_str(r, i, 2), row_int(r, i, 1), row_str(r, i, 3), state);
        dispatch_unpark(g, row_str(r, i, 2), row_int(r, i, 1));
    }
}

enum err approvals_cancel(struct gateway *g, struct arena *a, str session_id, str person, size_t *ret_n)
{
    struct batch *b = batch_new(a);

    *ret_n = 0;
    batch_add(b, "approval.cancel", "sssi", session_id, person, person, clock_wall_ms());
    dialog_answered(b, session_id);
    TRY(store_commit(g->store, b));
    end_all(g, a, batch_rows(b, 0), person, S("cancelled"));
    *ret_n = batch_rows(b, 0)->n;
    return OK;
}

enum err approvals_stop(struct gateway *g, struct arena *a, str session_id, bool *ret_stopped)
{
    size_t n;

    *ret_stopped = dispatch_stop_turn(g, session_id);
    TRY(approvals_cancel(g, a, session_id, NO_STR, &n));
    *ret_stopped |= n > 0;
    return OK;
}

static enum err expire(struct gateway *g) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct rows next;

    batch_add(b, "approval.expire", "i", clock_wall_ms());
    dialog_answered(b, NO_STR);
    TRY(store_commit(g->store, b));
    metric_add(METRIC_approvals_expired, (int64_t)batch_rows(b, 0)->n);
    end_all(g, a, batch_rows(b, 0), NO_STR, S("expired"));
    TRY(store_read(g->store, a, &next, "approval.next_expiry", ""));
    g->question_ends = next.n ? row_int(&next, 0, 0) : 0;
    return OK;
}

enum err approvals_run(void *gateway)
{
    struct gateway *g = gateway;

    g->question_ends = 1;       /* what came to its end while nobody was there */
    for (;;) {
        if (g->question_ends && clock_wall_ms() >= g->question_ends && expire(g))
            log_event(LOG_WARN, "approvals.expire_failed", F("error", failed_text()));
        TRY(fiber_sleep(TICK_MS));
    }
}
