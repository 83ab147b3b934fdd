// SPDX-License-Identifier: Apache-2.0
/* commands_session.c: chat commands about the conversation they are written in: how its messages queue, whether it goes on,
 * who answers. */
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/chat_command.h"
#include "gateway/dialog_rows.h"
#include "gateway/queue_mode.h"
#include "gateway/sessions.h"
#include "tool/policy.h"

static void describe_mode(const struct command_call *c, enum queue_mode mode, struct buf *b)
{
    static const struct { const char *english, *chinese; } what[] = {
        [QUEUE_WAIT] = { "further messages wait for their turn", "后来的消息排队等待" },
        [QUEUE_STEER] = { "further messages join what I am doing, at its next step", "后来的消息在下一步加入正在做的事" },
        [QUEUE_INTERRUPT] = { "a further message ends what I am doing, and is answered", "后来的消息会打断正在做的事并得到回答" },
        [QUEUE_COLLECT] = { "messages that come in a burst are answered together", "连续发来的消息一起回答" },
    };

    buf_addf(b, c->chinese ? "本对话的排队方式是 `%s`：%s。" : "This conversation is in mode `%s`: %s.", queue_mode_name(mode),
             c->chinese ? what[mode].chinese : what[mode].english);
}

bool command_may_change(const struct command_call *c)
{
    const struct message *m = c->answer->message;
    struct person p = access_person(c->gateway->access, m->platform, m->user_id);

    return policy_is_admin(policy_now(), &p) || str_eq(m->chat_id, m->user_id);
}

static enum err set_mode(struct command_call *c, enum queue_mode mode) AWAITS
{
    struct batch *b = batch_new(c->answer->arena);
    str session = c->answer->message->session_id;

    batch_add(b, "session.set_queue_mode", "sc", session, queue_mode_name(mode));
    TRY(store_commit(c->gateway->store, b));
    sessions_forget(c->gateway->sessions, session);
    return OK;
}

enum err chat_command_queue(struct command_call *c) AWAITS
{
    CLEANUP(buf_done) struct buf b = { 0 };
    enum queue_mode mode;

    if (c->arguments.len == 0) {
        TRY(queue_mode_of(c->gateway, c->answer->arena, c->answer->message->session_id, &mode));
        describe_mode(c, mode, &b);
    } else if (!queue_mode_parse(c->arguments, &mode)) {
        buf_addf(&b, c->chinese ? "排队方式有 queue、steer、interrupt 和 collect。" : "The modes are queue, steer, interrupt and collect.");
    } else if (!command_may_change(c)) {
        buf_addf(&b, c->chinese ? "在群里只有我的主人可以更改。" : "In a group only my owner may change this.");
    } else {
        TRY(set_mode(c, mode));
        describe_mode(c, mode, &b);
    }
    command_say(c, buf_str(&b));
    return OK;
}

/* What is stored now: a command itself does not count as a turn. */
static enum err read_state(const struct command_call *c, enum dialog_state *out) AWAITS
{
    struct rows r;

    TRY(store_read(c->gateway->store, c->answer->arena, &r, "dialog.get", "s", c->answer->message->session_id));
    if (r.n == 0 || !dialog_state_parse(row_str(&r, 0, 0), out))
        return failed(ERR_BUG, "the conversation's state cannot be read");
    return OK;
}

/* The end of the command's message stores the event: the two are one commit. */
static enum err change(struct command_call *c, enum dialog_event e, void (*dialog)(struct batch *, str), str done, str not_so) AWAITS
{
    enum dialog_state state;

    if (!command_may_change(c)) {
        command_say(c, c->chinese ? S("在群里只有我的主人可以这样做。") : S("In a group only my owner may do this."));
        return OK;
    }
    TRY(read_state(c, &state));
    bool may = dialog_next(state, e, &state) == OK;

    if (may)
        c->answer->dialog = dialog;
    command_say(c, may ? done : not_so);
    return OK;
}

enum err chat_command_pause(struct command_call *c) AWAITS
{
    return change(c, DIALOG_PAUSE, dialog_pause,
                  c->chinese ? S("好的，我先暂停：消息会保存下来，等你发送 /resume 后再回答。")
                             : S("Paused: what you write is kept, and answered after /resume."),
                  c->chinese ? S("本对话已经暂停。") : S("This conversation is paused already."));
}

enum err chat_command_resume(struct command_call *c) AWAITS
{
    return change(c, DIALOG_RESUME, dialog_resume, c->chinese ? S("好的，我们继续。") : S("We go on."),
                  c->chinese ? S("本对话没有暂停。") : S("This conversation is not paused."));
}

static void list_agents(const struct command_call *c, struct buf *b)
{
    struct agent_list all = agents_all(c->gateway);
    str now = c->answer->agent->name;

    if (all.n == 0) {
        buf_addf(b, c->chinese ? "只有我一个：配置里没有别的助手（agents）。" : "There is only me: the configuration has no other agents.");
        return;
    }
    buf_addf(b, c->chinese ? "这里由 `%.*s` 回答。可以选择：\n- `default`\n" : "`%.*s` answers here. There are:\n- `default`\n",
             STR(now.len ? now : S("default")));
    for (size_t i = 0; i < all.n; i++)
        buf_addf(b, "- `%.*s`\n", STR(all.agents[i].name));
}

static enum err choose_agent(struct command_call *c, struct buf *b) AWAITS
{
    struct answer *a = c->answer;
    str name = str_eq_nocase(c->arguments, S("default")) ? S("") : c->arguments;
    const struct agent *agent = agents_find(c->gateway, name);
    const char *near = agent ? NULL : agents_nearest(c->gateway, name);

    if (agent == NULL && near) {
        buf_addf(b, c->chinese ? "没有叫这个名字的助手，您是想找 `%s` 吗？" : "There is no agent of that name. Did you mean `%s`?", near);
    } else if (agent == NULL) {
        list_agents(c, b);
    } else if (!command_may_change(c)) {
        buf_addf(b, c->chinese ? "在群里只有我的主人可以更改。" : "In a group only my owner may change this.");
    } else {
        TRY(agents_choose(c->gateway, a->arena, a->message, agent));
        if (access_is_own(a->message->platform) && agent != a->agent)
            a->context_from = a->inbox_id;      /* what was said to the other is not said to this one */
        buf_addf(b, c->chinese ? "好的，现在由 `%.*s` 在这里回答。" : "All right: `%.*s` answers here now.",
                 STR(name.len ? name : S("default")));
    }
    return OK;
}

enum err chat_command_agent(struct command_call *c) AWAITS
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (c->arguments.len == 0)
        list_agents(c, &b);
    else
        TRY(choose_agent(c, &b));
    command_say(c, buf_str(&b));
    return OK;
}
