// SPDX-License-Identifier: Apache-2.0
#include "gateway/answer.h"

#include <string.h>

#include "agent/history.h"
#include "agent/turn.h"
#include "base/fault.h"
#include "base/metrics.h"
#include "channel/deliver.h"
#include "channel/registry.h"
#include "channel/reply_rows.h"
#include "config/config.h"
#include "config/language.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/approvals.h"
#include "gateway/canary.h"
#include "gateway/commands.h"
#include "gateway/dialog_rows.h"
#include "gateway/engine.h"
#include "gateway/live_edit.h"
#include "gateway/memory_recaller.h"
#include "gateway/models.h"
#include "gateway/reply_event.h"
#include "gateway/sessions.h"
#include "gateway/spending.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"

struct turn *answer_turn(struct gateway *g, struct answer *a)
{
    const struct config *config = config_now();
    struct turn *t = ARENA_NEW(a->arena, struct turn);
    struct tool_host *host = ARENA_NEW(a->arena, struct tool_host);

    struct person person = access_person(g->access, a->message->platform, a->message->user_id);

    *host = (struct tool_host){ .gateway = g, .agent = a->agent };
    *t = (struct turn){
        .arena = a->arena, .store = g->store, .bus = g->bus, .histories = g->histories, .blobs = g->blobs,
        .inbox_id = a->inbox_id, .message = *a->message,
        .person = person, .workspace = a->agent->workspace, .host = host, .is_new = !a->resumed,
        .max_rounds = (unsigned)config->turn_rounds,
        .asker.budgets = g->budgets, .asker.denial = &a->denial,
        .asker.spend = { .person = person.id, .session_id = a->message->session_id, .agent = a->agent->name, .purpose = "turn",
                         .inbox_id = a->inbox_id },
        .agent = a->agent->name, .persona = a->agent->persona, .only_tools = a->agent->tools,
        .max_calls = (unsigned)config->turn_tool_calls, .max_repeats = (unsigned)config->turn_repeats,
        .max_tokens = config->turn_tokens, .max_ms = config->turn_timeout,
        .max_history = (unsigned)config->turn_history, .chinese = a->chinese, .language = a->language,
    };
    return t;
}

static void show_delta(struct turn *t, str text)
{
    struct answer *a = t->arg;

    live_edit_add(a->live, text);
    if (a->said == NULL)
        return;
    if (a->said_in != t->rounds)
        buf_clear(a->said);
    a->said_in = t->rounds;
    buf_add(a->said, text);
}

/* The model was told, and may not have passed it on. */
str answer_with_unknown(struct arena *a, const struct turn *t, str text)
{
    if (t->unknown_calls == 0)
        return text;
    const char *note = t->chinese
        ? "（处理时我被中断了：有操作的结果无人知晓，可能已经生效。重做之前请先检查。）"
        : "(I was stopped while I worked on this. Nobody knows whether what I was doing took effect: look before you "
          "have it done again.)";

    return str_from(arena_printf(a, "%.*s\n\n%s", STR(text), note));
}

/* Silence would look as if the message was lost. */
static str nothing_said(const struct turn *t)
{
    bool chinese = t->chinese;

    switch (t->last.stop) {
    case STOP_FILTER:
        return chinese ? S("（模型服务的过滤器拦下了回答。换一种说法也许可以。）")
                       : S("(The model's provider has held its answer back. Other words may do.)");
    case STOP_LENGTH:
        return chinese ? S("（模型还没开始回答就达到了长度上限。）")
                       : S("(The model reached its limit of length, model_provider.max_tokens or its own, before it said anything.)");
    default:
        return chinese ? S("（模型没有给出回答。）") : S("(The model gave no answer.)");
    }
}

static bool has_image(const struct message *m)
{
    for (size_t i = 0; i < m->n_attachments; i++)
        if (str_eq(m->attachments[i].type, S("image")))
            return true;
    return false;
}

static bool sees(const struct model_route *r)
{
    return r && r->models[0]->caps & CAP_VISION;
}

/* What its conversation has, unless that is blind and there is something to see. */
static enum err choose_model(struct gateway *g, const struct answer *a, struct model_choice *out) AWAITS
{
    struct model_choice vision;

    TRY(models_choice(g, a->arena, a->message->session_id, MODEL_MAIN, out));
    if (out->route == NULL || sees(out->route) || !has_image(a->message))
        return OK;
    TRY(models_choice(g, a->arena, a->message->session_id, MODEL_VISION, &vision));
    if (sees(vision.route))
        out->route = vision.route;
    return OK;
}

enum err answer_models(struct gateway *g, const struct answer *a, struct turn *t, struct model_choice *ret_main)
{
    struct model_choice fast, speech;

    TRY(choose_model(g, a, ret_main));
    TRY(models_choice(g, a->arena, a->message->session_id, MODEL_FAST, &fast));
    TRY(models_choice(g, a->arena, a->message->session_id, MODEL_SPEECH, &speech));
    t->asker.route = ret_main->route;
    t->instructions = ret_main->instructions;
    t->speech = speech.route;
    t->fast = t->asker;
    t->fast.route = fast.route ? fast.route : ret_main->route;
    t->fast.spend.purpose = "compaction";
    return OK;
}

static enum err run_turn(struct turn *t, const struct model_choice *choice) AWAITS
{
    uint64_t start = clock_us();
    enum err e = turn_run(t);

    if (!t->waits)
        canary_count(choice->variant, e, clock_us() - start, &t->usage);
    return e;
}

static enum err run_agent(struct gateway *g, struct answer *a) AWAITS
{
    struct turn *t = answer_turn(g, a);
    struct model_choice choice;

    TRY(answer_models(g, a, t, &choice));
    if (choice.route == NULL) {
        a->text = commands_without_model(a, choice.why_not);
        return OK;
    }
    TRY(memory_recaller_of(g, a->arena, a->message->session_id, &t->person, &t->recaller));
    t->waiting = a->waiting;
    t->on_delta = show_delta;
    t->arg = a;
    TRY(run_turn(t, &choice));
    a->turn = t;
    if (t->waits)
        return OK;
    a->text = str_trim(t->text).len ? t->text : nothing_said(t);
    a->text = answer_with_unknown(a->arena, t, a->text);
    return OK;
}

/* Commands work without one, or nobody could choose another. */
static enum err find_agent(struct gateway *g, struct answer *a) AWAITS
{
    enum err e = agents_of_session(g, a->arena, a->message->session_id, &a->agent);

    if (e != ERR_NOT_FOUND || !commands_knows(a->message->text))
        return e;
    a->agent = agents_find(g, S(""));
    return OK;
}

static enum err find_language(struct gateway *g, struct answer *a) AWAITS
{
    struct session_place place;

    a->chinese = language_is_chinese(a->message->text);
    TRY(sessions_find(g, a->arena, a->message->session_id, &place));
    a->language = place.language;
    if (place.language.len)
        a->chinese = str_eq(place.language, S("zh"));
    return OK;
}

enum err answer_make(struct gateway *g, struct answer *a)
{
    bool was_taken;

    a->state = "done";
    a->slots = a->last_file = NO_STR;
    TRY(find_language(g, a));
    if (a->given_up)
        return failed(ERR_BUG, "the assistant stopped several times while it worked on this; what it had begun may be "
                               "done in part");
    if (a->message->text.len == 0 && a->message->n_attachments == 0)
        return failed(ERR_INPUT, "the stored message cannot be read");
    TRY(find_agent(g, a));
    TRY(approvals_take(g, a, &was_taken));
    if (!was_taken)
        TRY(commands_run(g, a, &was_taken));
    if (!was_taken)
        TRY(engine_take(g, a, &was_taken));
    if (!was_taken)
        TRY(run_agent(g, a));
    if (a->preface.len && a->text.len)
        a->text = str_from(arena_printf(a->arena, "%.*s\n\n%.*s", STR(a->preface), STR(a->text)));
    return OK;
}

void answer_failed(const struct gateway *g, struct answer *a, enum err e)
{
    const char *why = failed_text();
    bool owner = access_of(g->access, a->message->platform, a->message->user_id) == ACCESS_OWNER;
    bool chinese = a->chinese;

    a->state = "failed";
    a->error = arena_str(a->arena, str_from(e == ERR_CANCELLED ? "stopped" : why));
    a->turn = NULL;
    metric_add(METRIC_turns_failed, 1);
    if (a->interrupted) {
        a->error = S("interrupted by a further message");
        a->text = chinese ? S("（被新消息打断。）") : S("(Interrupted: your next message came first.)");
        return;
    }
    if (e == ERR_CANCELLED) {
        a->text = chinese ? S("已停止。") : S("Stopped.");
        return;
    }
    log_event(LOG_WARN, "turn.failed", F("code", err_name(e)), F("error", why));
    if (e == ERR_BUDGET && a->denial.why)       /* theirs to know too */
        a->text = spending_refusal(a->arena, &a->denial, owner, chinese);
    else if (!owner)     /* addresses and paths of this machine are not theirs to know */
        a->text = chinese ? S("没有成功。我的主人可以看到原因。") : S("This did not work. My owner can see why.");
    else if (e == ERR_TIMEOUT)
        a->text = str_from(arena_printf(a->arena, chinese ? "用时太长，已停止：%s。" : "This took too long and was stopped: %s.", why));
    else
        a->text = str_from(arena_printf(a->arena, chinese ? "没有成功：%s。" : "This did not work: %s.", why));
}

/* The message in which a reply is shown already, from its outbox row; id 0: there is none.  When nobody knows whether
 * its first text arrived, the reply's first part is kept in that row, for an operator to decide. */
struct begun { int64_t id; bool unknown; };

static enum err find_begun(struct gateway *g, const struct answer *a, struct begun *out) AWAITS
{
    struct rows r;

    *out = (struct begun){ 0 };
    if (!a->begun && !a->resumed)
        return OK;
    TRY(store_read(g->store, a->arena, &r, "turn.begun", "i", a->inbox_id));
    if (r.n)
        *out = (struct begun){ row_int(&r, 0, 0), str_eq(row_str(&r, 0, 1), S("unknown")) };
    return OK;
}

/* Replies to platforms that fetch (rest, web, cli) are delivered by being stored; the others' wait for delivery.
 * Returns how many rows are new; they come first in the batch. */
static size_t add_replies(const struct answer *a, bool pushed, const struct reply_rows *rows, const struct begun *begun, struct batch *b)
{
    const struct message *m = a->message;
    int64_t now = clock_wall_ms();

    for (size_t i = begun->id ? 1 : 0; i < rows->n; i++)
        batch_add(b, "turn.reply", "isssssiscii", a->inbox_id, m->session_id, m->platform, m->chat_id, m->thread_id,
                  i == 0 ? m->external_id : S(""), (int64_t)i, rows->body[i], pushed ? "ready" : "sent", now,
                  pushed ? (int64_t)0 : now);
    size_t n = batch_size(b);

    if (begun->id && rows->n)
        batch_add(b, begun->unknown ? "turn.end_unknown" : "outbox.stream_end", "is", begun->id, rows->body[0]);
    return n;
}

/* The conversation knows what was asked and how far the answer came, also when no step of it was journaled. */
static void add_interruption(const struct answer *a, struct batch *b)
{
    str said = str_trim(buf_str(a->said));
    struct reply r = {
        .text = str_from(arena_printf(a->arena, "%.*s%s(interrupted by the person's next message)", STR(said), said.len ? "\n\n" : "")),
        .stop = STOP_END,
    };
    CLEANUP(json_decrefp) json_t *body = reply_to_json(&r);

    batch_add(b, "journal.append_reply", "isi", a->inbox_id, json_print(a->arena, body), clock_wall_ms());
}

static void add_end(const struct answer *a, struct batch *b)
{
    const struct message *m = a->message;
    int64_t now = clock_wall_ms();

    batch_add(b, "inbox.finish", "icSi", a->inbox_id, a->state, a->error, now);
    batch_expect(b, 1);
    batch_add(b, "session.touch", "si", m->session_id, now);
    if (a->slots.p)
        dialog_slots(b, m->session_id, a->slots);
    if (a->last_file.p)
        batch_add(b, "session.set_last_file", "ss", m->session_id, a->last_file);
    (a->dialog ? a->dialog : dialog_rest)(b, m->session_id);
    if (a->context_from)
        batch_add(b, "session.forget_context", "si", m->session_id, a->context_from);
    if (a->turn)
        turn_add_ending(a->turn, b);
    if (a->interrupted && a->said && !commands_knows(m->text))
        add_interruption(a, b);
}

/* What was shown of it stays as it is: nobody will edit it any more. */
static enum err drop_begun(struct gateway *g, const struct answer *a, int64_t id) AWAITS
{
    struct batch *b = batch_new(a->arena);

    batch_add(b, "outbox.end", "icc", id, "dropped", "its message was dropped");
    return store_commit(g->store, b);
}

void answer_left(struct gateway *g, const struct answer *a)
{
    struct batch *b = batch_new(a->arena);

    dialog_rest(b, a->message->session_id);
    store_commit_later(g->store, b);
}

enum err answer_store(struct gateway *g, struct answer *a)
{
    const struct message *m = a->message;
    const struct channel *channel = channel_find(m->platform);
    struct batch *b = batch_new(a->arena);
    struct reply_rows rows = { 0 };
    struct begun begun;

    TRY(find_begun(g, a, &begun));
    if (a->text.len)
        TRY(reply_rows_make(a->arena, channel, a->text, a->chinese, &rows));
    size_t n = add_replies(a, channel_sends(channel), &rows, &begun, b);

    add_end(a, b);
    (void)FAULT(turn_before_finish);
    enum err e = store_commit(g->store, b);

    if (e == OK && a->turn && a->context_from == 0 && !a->resumed)
        turn_ended(a->turn);
    else
        history_forget(g->histories, m->session_id);
    if (e == ERR_CONFLICT) {        /* an operator dropped it meanwhile */
        log_event(LOG_INFO, "turn.dropped", F("inbox_id", a->inbox_id));
        answer_left(g, a);
        return begun.id && !begun.unknown ? drop_begun(g, a, begun.id) : OK;
    }
    TRY(e);
    if (a->last_file.p)
        sessions_forget(g->sessions, m->session_id);
    (void)FAULT(turn_finished);
    metric_add(METRIC_turns, 1);
    reply_event_publish(g, a, n ? row_int(batch_rows(b, n - 1), 0, 0) : begun.id);
    if (channel_sends(channel))
        deliver_wake(m->platform, m->chat_id);
    return OK;
}
