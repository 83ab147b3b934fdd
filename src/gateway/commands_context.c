// SPDX-License-Identifier: Apache-2.0
/* commands_context.c: chat commands about what a model is shown of a conversation: summaries, pins, the plan. */
#include "agent/compaction.h"
#include "base/utf8.h"
#include "gateway/chat_command.h"
#include "gateway/context_report.h"
#include "runtime/clock.h"

enum { SAID_MAX = 50, SHOWN_MAX = 200, SUMMARY_SHOWN = 3000 };

static bool refused_in_group(struct command_call *c)
{
    if (command_may_change(c))
        return false;
    command_say(c, c->chinese ? S("在群里只有我的主人可以这样做。") : S("In a group only my owner may do this."));
    return true;
}

enum err chat_command_context(struct command_call *c) AWAITS
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct context_report r;

    TRY(context_report_make(c->gateway, c->answer, &r));
    context_report_text(&r, c->chinese, &b);
    command_say(c, buf_str(&b));
    return OK;
}

/* ---- /compact ---- */

static void say_compacted(struct command_call *c, const struct compaction *done)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (done->n_messages == 0) {
        command_say(c, c->chinese ? S("没有可以总结的内容。") : S("There is nothing to summarise."));
        return;
    }
    buf_addf(&b, c->chinese ? "已总结 %zu 条消息（约 %llu 个词元变为 %llu 个，%s）。消息本身都保留着，只是模型现在看到的是：\n\n%.*s"
                            : "Summarised %zu messages (about %llu tokens became %llu, %s). They are all kept; the model is shown this in "
                              "their place:\n\n%.*s",
             done->n_messages, (unsigned long long)done->tokens_before, (unsigned long long)done->tokens_after,
             done->model[0] ? done->model : c->chinese ? "未使用模型" : "without a model", STR(utf8_take(done->summary, SUMMARY_SHOWN)));
    command_say(c, buf_str(&b));
}

enum err chat_command_compact(struct command_call *c) AWAITS
{
    struct answer *a = c->answer;
    struct turn *t = answer_turn(c->gateway, a);
    struct model_choice choice;

    if (refused_in_group(c))
        return OK;
    TRY(answer_models(c->gateway, a, t, &choice));
    struct compaction done = {
        .arena = a->arena, .store = t->store, .histories = t->histories, .fast = t->fast, .focus = c->arguments,
        .wish = { .session_id = a->message->session_id, .user_id = a->message->user_id, .before = a->inbox_id,
                  .max_messages = t->max_history, .max_tokens = UINT64_MAX, .is_new = true },
    };

    TRY(compaction_run(&done));
    say_compacted(c, &done);
    return OK;
}

/* ---- pins ---- */

/* Of what was said last, 1: my last answer, 2: what it answered, 3: the answer before that, ... */
static enum err find_said(struct command_call *c, size_t number, struct pin *out) AWAITS
{
    const struct answer *a = c->answer;
    struct rows r;

    TRY(store_read(c->gateway->store, a->arena, &r, "notes.said", "sii", a->message->session_id, a->inbox_id, (int64_t)SAID_MAX));
    size_t row = (number - 1) / 2;
    bool is_answer = number % 2 == 1;

    *out = (struct pin){ 0 };
    if (row >= r.n)
        return OK;
    out->text = row_str(&r, row, is_answer ? 3 : 2);
    out->user_id = is_answer ? NO_STR : row_str(&r, row, 1);
    out->taint = is_answer ? row_str(&r, row, 4) : NO_STR;
    return OK;
}

static enum err find_pinned(struct command_call *c, struct pin *out) AWAITS
{
    uint64_t number = 1;

    if (c->arguments.len && str_u64(c->arguments, &number) != OK) {
        *out = (struct pin){ .text = c->arguments, .user_id = c->answer->message->user_id };
        return OK;
    }
    return number ? find_said(c, number, out) : OK;
}

static enum err add_pin(struct command_call *c, const struct pin *p) AWAITS
{
    const struct answer *a = c->answer;
    struct batch *b = batch_new(a->arena);

    batch_add(b, "notes.pin", "sisssi", a->message->session_id, a->inbox_id, utf8_take(str_trim(p->text), PIN_MAX_BYTES), p->user_id,
              p->taint, clock_wall_ms());
    return store_commit(c->gateway->store, b);
}

enum err chat_command_pin(struct command_call *c) AWAITS
{
    struct pin p = { 0 };
    struct notes now;

    if (refused_in_group(c))
        return OK;
    TRY(notes_read(c->gateway->store, c->answer->arena, c->answer->message->session_id, &now));
    TRY(find_pinned(c, &p));
    if (now.n_pins >= PINS_MAX) {
        command_say(c, c->chinese ? S("固定的内容太多了，请先用 /unpin 取消一些。")
                                  : S("That many pins are kept already; take one away with /unpin first."));
    } else if (str_trim(p.text).len == 0) {
        command_say(c, c->chinese ? S("没有找到要固定的内容。") : S("There is nothing to pin."));
    } else {
        TRY(add_pin(c, &p));
        command_say(c, str_from(arena_printf(c->answer->arena, c->chinese ? "已固定（第 %zu 条）：%.*s" : "Pinned as number %zu: %.*s",
                                             now.n_pins + 1, STR(utf8_take(str_trim(p.text), SHOWN_MAX)))));
    }
    return OK;
}

enum err chat_command_pins(struct command_call *c) AWAITS
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct notes n;

    TRY(notes_read(c->gateway->store, c->answer->arena, c->answer->message->session_id, &n));
    for (size_t i = 0; i < n.n_pins; i++)
        buf_addf(&b, "%zu. %.*s\n", i + 1, STR(n.pins[i].text));
    if (n.n_pins == 0)
        buf_addf(&b, c->chinese ? "没有固定的内容。\n" : "Nothing is pinned.\n");
    if (n.n_steps)
        buf_addf(&b, c->chinese ? "\n计划：\n" : "\nPlan:\n");
    steps_describe(&b, n.steps, n.n_steps);
    command_say(c, buf_str(&b));
    return OK;
}

enum err chat_command_unpin(struct command_call *c) AWAITS
{
    const struct answer *a = c->answer;
    struct batch *b = batch_new(a->arena);
    uint64_t number;
    struct notes n;

    if (refused_in_group(c))
        return OK;
    TRY(notes_read(c->gateway->store, a->arena, a->message->session_id, &n));
    if (str_u64(c->arguments, &number) != OK || number < 1 || number > n.n_pins) {
        command_say(c, c->chinese ? S("没有这一条；/pins 列出所有固定的内容。") : S("There is no pin of that number; /pins lists them."));
        return OK;
    }
    batch_add(b, "notes.unpin", "si", a->message->session_id, n.pins[number - 1].id);
    TRY(store_commit(c->gateway->store, b));
    command_say(c, c->chinese ? S("好的，已取消。") : S("Done: it is kept in view no longer."));
    return OK;
}
