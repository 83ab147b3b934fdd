// SPDX-License-Identifier: Apache-2.0
#include "gateway/commands.h"

#include <string.h>

#include "base/time.h"
#include "channel/markup.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/approvals.h"
#include "gateway/chat_command.h"
#include "gateway/dispatch.h"
#include "gateway/engine_help.h"
#include "gateway/models.h"
#include "gateway/spending.h"
#include "runtime/clock.h"
#include "tool/policy.h"
#include "tool/provenance.h"
#include "tool/registry.h"
#include "tool/sandbox.h"

void command_say(struct command_call *c, str text)
{
    c->answer->text = arena_str(c->answer->arena, text);
}

static void add_commands(struct buf *b, bool chinese)
{
    static const struct { const char *name, *arguments, *english, *chinese; } rows[] = {
#define CHAT_COMMAND(name, arguments, english, chinese) { #name, arguments, english, chinese },
#include "domain/chat_commands.def"
#undef CHAT_COMMAND
    };

    for (size_t i = 0; i < N_ELEMENTS(rows); i++)
        buf_addf(b, "- `/%s%s%s` %s\n", rows[i].name, rows[i].arguments[0] ? " " : "", rows[i].arguments,
                 chinese ? rows[i].chinese : rows[i].english);
}

enum err chat_command_help(struct command_call *c) AWAITS
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (c->arguments.len) {
        if (!engine_help(&b, c->arguments, c->chinese))
            buf_addf(&b, c->chinese ? "没有这一组。`/help` 列出所有的组。" : "There is no such group: `/help` lists them.");
        command_say(c, buf_str(&b));
        return OK;
    }
    buf_addf(&b, "%s\n\n", c->chinese ? "直接写给我就好，比如：" : "Just write to me, for example:");
    (void)engine_help(&b, S(""), c->chinese);
    buf_addf(&b, "\n%s\n\n", c->chinese ? "或者使用命令：" : "Or use a command:");
    add_commands(&b, c->chinese);
    command_say(c, buf_str(&b));
    return OK;
}

enum err chat_command_start(struct command_call *c) AWAITS
{
    command_say(c, c->chinese ? S("你好，我是 Clawdbot。发送 /help 看看我能做什么。")
                      : S("Hello, I am Clawdbot. Send /help to see what I can do."));
    return OK;
}

enum err chat_command_status(struct command_call *c) AWAITS
{
    struct gateway *g = c->gateway;
    CLEANUP(buf_done) struct buf b = { 0 };
    struct store_stats store;
    char up[TIME_TEXT_SIZE];
    struct model_choice choice;
    struct rows dialog;

    TRY(models_choice(g, c->answer->arena, c->answer->message->session_id, MODEL_MAIN, &choice));
    store_stats(g->store, &store);
    duration_text(up, (clock_ms() - g->started_ms) / 1000 * 1000);
    buf_addf(&b, c->chinese ? "Clawdbot %s，已运行 %s\n" : "Clawdbot %s, up %s\n", g->version, up);
    if (choice.route)
        buf_addf(&b, c->chinese ? "- 模型：%s\n" : "- model: %s\n", choice.route->models[0]->name);
    else
        buf_addf(&b, c->chinese ? "- 模型：无（%.*s）\n" : "- model: none (%.*s)\n", STR(choice.why_not));
    if (store.failing)
        buf_addf(&b, c->chinese ? "- 存储：写入失败（%s）\n" : "- store: cannot be written (%s)\n", store.failure);
    else
        buf_addf(&b, c->chinese ? "- 存储：正常\n" : "- store: good\n");
    TRY(store_read(g->store, c->answer->arena, &dialog, "dialog.get", "s", c->answer->message->session_id));
    buf_addf(&b, c->chinese ? "- 本对话：%.*s，还有 %zu 条消息在等待\n" : "- this conversation: %.*s, %zu more waiting\n",
             STR(row_str(&dialog, 0, 0)), (size_t)row_int(&dialog, 0, 2) - 1);      /* this command does not count */
    buf_addf(&b, c->chinese ? "- 正在处理的对话：%zu\n" : "- conversations at work: %zu\n", dispatch_running(g->dispatch));
    if (sandbox_warning())
        buf_addf(&b, c->chinese ? "- 警告：命令不在沙箱中运行，拥有网关用户的全部权限（sandbox.backend 为 none）\n" : "- warning: %s\n",
                 sandbox_warning());
    command_say(c, buf_str(&b));
    return OK;
}

enum err chat_command_new(struct command_call *c) AWAITS
{
    c->answer->context_from = c->answer->inbox_id;
    command_say(c, c->chinese ? S("好的，我们重新开始。") : S("Done: we start afresh."));
    return OK;
}

/* dispatch.c has stopped the turn already, when this message arrived. */
enum err chat_command_stop(struct command_call *c) AWAITS
{
    const struct message *m = c->answer->message;
    struct person p = access_person(c->gateway->access, m->platform, m->user_id);
    size_t n;

    TRY(approvals_cancel(c->gateway, c->answer->arena, m->session_id, person_is_owner(&p) ? NO_STR : p.id, &n));
    if (n)
        command_say(c, c->chinese ? S("好的，不再等待同意，已停止。") : S("I asked for your word and wait no longer: it is stopped."));
    else
        command_say(c, c->chinese ? S("现在没有正在做的事。") : S("Nothing of yours is running now."));
    return OK;
}

enum err chat_command_model(struct command_call *c) AWAITS
{
    struct gateway *g = c->gateway;
    struct answer *a = c->answer;
    struct person who = access_person(g->access, a->message->platform, a->message->user_id);
    CLEANUP(buf_done) struct buf b = { 0 };

    if (!policy_is_admin(policy_now(), &who)) {
        buf_addf(&b, c->chinese ? "只有我的主人可以查看和选择模型。" : "Only my owner may see and choose the model.");
    } else if (c->arguments.len == 0) {
        TRY(models_describe(g, a->arena, a->message->session_id, a->message->text, &b));
    } else {
        TRY(models_choose(g, a->arena, a->message->session_id, c->arguments));
        buf_addf(&b, c->chinese ? "本对话现在使用 `%.*s`。" : "This conversation now uses `%.*s`.", STR(c->arguments));
    }
    command_say(c, buf_str(&b));
    return OK;
}

enum err chat_command_usage(struct command_call *c) AWAITS
{
    const struct message *m = c->answer->message;
    struct person p = access_person(c->gateway->access, m->platform, m->user_id);
    struct spend who = { .person = p.id, .session_id = m->session_id, .agent = c->answer->agent->name };
    CLEANUP(buf_done) struct buf b = { 0 };

    TRY(spending_say(c->gateway, c->answer->arena, &who, person_is_owner(&p), c->chinese, &b));
    command_say(c, buf_str(&b));
    return OK;
}

enum err chat_command_run(struct command_call *c) AWAITS
{
    struct gateway *g = c->gateway;
    struct answer *a = c->answer;
    struct person who = access_person(g->access, a->message->platform, a->message->user_id);
    struct tool_result r;

    if (!policy_may_use(policy_now(), &(struct policy_facts){ .person = &who, .platform = a->message->platform,
                                          .chat_id = a->message->chat_id, .tool = tool_find(S("exec")) })) {
        command_say(c, c->chinese ? S("只有我的主人可以运行命令。") : S("Only my owner may run commands."));
        return OK;
    }
    if (c->arguments.len == 0) {
        command_say(c, c->chinese ? S("请把命令写在后面：`/run df -h`") : S("Write the command behind it: `/run df -h`"));
        return OK;
    }
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:o}", "command", json_from_str(c->arguments));
    struct turn *t = answer_turn(g, a);

    TRY(turn_run_tool(t, S("exec"), arguments, &r));
    if (t->waits) {
        a->turn = t;
        return OK;
    }
    CLEANUP(buf_done) struct buf b = { 0 };

    markup_add_block(&b, r.text);
    command_say(c, buf_str(&b));
    return OK;
}

/* What others wrote is asked about for as long as it is marked; only the owner's own word takes a mark away. */
enum err chat_command_trust(struct command_call *c) AWAITS
{
    const struct message *m = c->answer->message;
    struct person p = access_person(c->gateway->access, m->platform, m->user_id);
    CLEANUP(buf_done) struct buf b = { 0 };
    size_t n;

    if (!person_is_owner(&p)) {
        buf_addf(&b, c->chinese ? "只有我的主人可以这样说。" : "Only my owner may say so.");
    } else if (c->arguments.len == 0) {
        provenance_list(&b);
        if (b.len == 0)
            buf_addf(&b, c->chinese ? "没有含他人内容的文件。" : "No file holds words of others.");
    } else {
        TRY(provenance_trust(arena_c(c->answer->arena, c->arguments), &n));
        buf_addf(&b, c->chinese ? "好的，%zu 个标记已取消。" : "All right: %zu marks are gone.", n);
    }
    command_say(c, buf_str(&b));
    return OK;
}

static const struct { const char *name; enum err (*run)(struct command_call *) AWAITS; } commands[] = {
#define CHAT_COMMAND(name, arguments, english, chinese) { #name, chat_command_##name },
#include "domain/chat_commands.def"
#undef CHAT_COMMAND
};

/* "/run@bot df -h": the word "run", and what follows the address.  NO_STR: no command. */
static str command_word(str text, str *ret_rest)
{
    size_t n = 0;

    text = str_trim(text);
    if (!str_eat(&text, S("/")))
        return NO_STR;
    while (n < text.len && !strchr(" \t\r\n", text.p[n]))
        n++;
    *ret_rest = str_trim(str_skip(text, n));
    text = str_take(text, n);
    return str_take(text, str_find_char(text, '@'));
}

bool commands_is(str text, const char *name)
{
    str rest;

    return str_eq_nocase(command_word(text, &rest), str_from(name));
}

/* Its place in the table; past the end: a path, or a word of the person's own, of which the model may make sense. */
static size_t find_command(str text, str *ret_rest)
{
    str word = command_word(text, ret_rest);
    size_t i = 0;

    while (i < N_ELEMENTS(commands) && !str_eq_nocase(word, str_from(commands[i].name)))
        i++;
    return i;
}

bool commands_knows(str text)
{
    str rest = NO_STR;

    return find_command(text, &rest) < N_ELEMENTS(commands);
}

enum err commands_run(struct gateway *g, struct answer *a, bool *ret_was_command)
{
    str rest = NO_STR;
    size_t i = find_command(a->message->text, &rest);
    struct command_call c = { g, a, rest, a->chinese };

    *ret_was_command = i < N_ELEMENTS(commands);
    return *ret_was_command ? commands[i].run(&c) : OK;
}

enum err commands_call(struct gateway *g, struct answer *a, str name, str arguments)
{
    struct command_call c = { g, a, arguments.p ? arguments : S(""), a->chinese };

    for (size_t i = 0; i < N_ELEMENTS(commands); i++)
        if (str_eq(name, str_from(commands[i].name)))
            return commands[i].run(&c);
    return failed(ERR_BUG, "there is no command /%.*s", STR(name));
}

str commands_without_model(const struct answer *a, str why_not)
{
    bool chinese = a->chinese;
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_addf(&b, "%s\n\n", chinese
        ? "我还没有配置语言模型，所以目前只懂命令。请在我的机器上运行 `clawdbot setup`，或启动本地的 Ollama。现在可以用："
        : "No language model is configured yet, so for now I understand commands only. Run `clawdbot setup` on my "
          "machine, or start a local Ollama or llama.cpp server; I find it by myself. What works now:");
    add_commands(&b, chinese);
    buf_addf(&b, "\n(%.*s)", STR(why_not));
    return arena_str(a->arena, buf_str(&b));
}
