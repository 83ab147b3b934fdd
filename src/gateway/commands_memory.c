// SPDX-License-Identifier: Apache-2.0
/* commands_memory.c: chat commands about what is remembered.  They need no model. */
#include <string.h>

#include "base/time.h"
#include "base/utf8.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/chat_command.h"
#include "gateway/memory_act.h"
#include "gateway/sessions.h"
#include "memory/harvest.h"
#include "tool/policy.h"

enum { LISTED = 10, SHOWN_MAX = 300, DAY = 10, IDS_MAX = 100 };

static enum err begin(struct command_call *c, struct memory_actor *out) AWAITS
{
    const struct message *m = c->answer->message;

    *out = (struct memory_actor){
        .gateway = c->gateway, .arena = c->answer->arena, .person = access_person(c->gateway->access, m->platform, m->user_id),
        .session_id = m->session_id, .inbox_id = c->answer->inbox_id, .origin = ORIGIN_PERSON,
    };
    return memory_actor_begin(out);
}

static str where(struct command_call *c, const struct memory_actor *m, struct scope s)
{
    static const struct { const char *english, *chinese; } names[] = {
        [SCOPE_USER] = { "for you", "仅供你" }, [SCOPE_CHAT] = { "for this chat", "供本群" }, [SCOPE_AGENT] = { "for this agent", "供本助手" },
        [SCOPE_PROJECT] = { "for project", "供项目" }, [SCOPE_GLOBAL] = { "for everybody", "供所有人" },
    };
    const char *name = c->chinese ? names[s.kind].chinese : names[s.kind].english;

    return s.kind == SCOPE_PROJECT ? str_from(arena_printf(m->arena, "%s %.*s", name, STR(s.key))) : str_from(name);
}

/* What cannot be done is an answer; what is broken is an error. */
static enum err say_refused(struct command_call *c, enum err e)
{
    if (!memory_act_refused(e))
        return e;
    if (e == ERR_NOT_FOUND)
        command_say(c, c->chinese ? S("这里没有这个编号的记忆。") : S("There is no memory of that number here."));
    else
        command_say(c, str_from(arena_printf(c->answer->arena, c->chinese ? "不行：%s。" : "That does not go: %s.", failed_text())));
    return OK;
}

/* ---- /remember ---- */

static enum item_kind kind_of(str text)
{
    struct harvest h;

    return text.len <= HARVEST_SENTENCE_MAX && harvest_sentence(text, &h) ? h.kind : ITEM_FACT;
}

enum err chat_command_remember(struct command_call *c) AWAITS
{
    struct memory_actor m;
    struct memory_item saved;
    struct memory_wish w = { .text = c->arguments, .kind = ITEM_FACT };

    TRY(begin(c, &m));
    if (c->arguments.len == 0) {
        command_say(c, c->chinese ? S("请把要记住的内容写在后面：`/remember 我住在杭州`")
                                  : S("Write what to remember behind it: `/remember I live in Oslo`"));
        return OK;
    }
    if (utf8_valid(w.text))
        w.kind = kind_of(w.text);
    enum err e = memory_act_save(&m, &w, &saved);

    if (e)
        return say_refused(c, e);
    command_say(c, str_from(arena_printf(m.arena, c->chinese ? "记住了（%.*s，编号 `%lld`）。" : "Remembered, %.*s (number `%lld`).",
                                         STR(where(c, &m, saved.scope)), (long long)saved.id)));
    return OK;
}

/* ---- lists ---- */

static void add_item(struct command_call *c, const struct memory_actor *m, const struct memory_item *item, struct buf *b)
{
    char when[TIME_TEXT_SIZE];
    CLEANUP(buf_done) struct buf words = { .max = SIZE_MAX / 2 };
    str text = utf8_take(item->text, SHOWN_MAX);

    if (item->title.len)
        buf_addf(&words, "[%.*s%s%.*s] ", STR(item->title), item->place.len ? ", " : "", STR(item->place));
    buf_addf(&words, "%.*s%s", STR(text), text.len < item->text.len ? "…" : "");
    for (size_t i = 0; i < words.len; i++)      /* one line: none can pass for another memory */
        if ((unsigned char)words.p[i] < ' ')
            words.p[i] = ' ';
    buf_addf(b, "- `%lld` %.*s, %.*s%s: ", (long long)item->id, DAY, time_text(when, item->created_at), STR(where(c, m, item->scope)),
             item->pinned ? c->chinese ? "，固定" : ", pinned" : "");
    buf_add(b, buf_str(&words));
    buf_add_char(b, '\n');
}

static enum err look(struct memory_actor *m, str words, struct recall_result *out) AWAITS
{
    static const str all[] = { { "*", 1 } };
    struct memory_look l = { .text = words, .k = LISTED, .collections = all, .n_collections = 1 };

    return memory_act_look(m, &l, out);
}

/* ---- /forget ---- */

/* "12, 13": numbers and nothing else; 0: they are words. */
static size_t take_ids(str text, int64_t ids[IDS_MAX])
{
    size_t n = 0;
    str rest = text;

    while (rest.len) {
        size_t len = 0;
        uint64_t id;

        while (len < rest.len && !strchr(" ,;#`\t\r\n", rest.p[len]))
            len++;
        if (len && (n == IDS_MAX || str_u64(str_take(rest, len), &id) || id == 0 || id > INT64_MAX))
            return 0;
        if (len)
            ids[n++] = (int64_t)id;
        rest = str_skip(rest, len + (len < rest.len));
    }
    return n;
}

static enum err forget_ids(struct command_call *c, struct memory_actor *m, const int64_t *ids, size_t n) AWAITS
{
    const struct memory_item *items;
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    enum err e = memory_act_forget(m, ids, n, &items);

    if (e)
        return say_refused(c, e);
    buf_addf(&b, c->chinese ? "忘掉了：\n" : "Forgotten:\n");
    for (size_t i = 0; i < n; i++)
        add_item(c, m, &items[i], &b);
    buf_addf(&b, c->chinese ? "\n说过这些话的消息本身还在；`clawdbot memory forget` 会连同消息一起删除。"
                            : "\nThe messages in which it was said are still there; `clawdbot memory forget` removes them too.");
    command_say(c, buf_str(&b));
    return OK;
}

static enum err list_candidates(struct command_call *c, struct memory_actor *m) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    struct recall_result r;
    size_t n = 0;

    TRY(look(m, c->arguments, &r));
    buf_addf(&b, c->chinese ? "还没有忘掉任何内容。相关的记忆（用 `/forget 编号` 忘掉）：\n"
                            : "Nothing is forgotten yet. This has to do with it; `/forget NUMBER` forgets one:\n");
    for (size_t i = 0; i < r.n; i++) {
        if (!memory_scopes_may_change(&m->scopes, &r.items[i].item))
            continue;
        add_item(c, m, &r.items[i].item, &b);
        n++;
    }
    if (n)
        command_say(c, buf_str(&b));
    else
        command_say(c, c->chinese ? S("没有你可以忘掉的相关记忆。") : S("I remember nothing about it that is yours to forget."));
    return OK;
}

enum err chat_command_forget(struct command_call *c) AWAITS
{
    int64_t ids[IDS_MAX];
    struct memory_actor m;
    size_t n = take_ids(c->arguments, ids);

    TRY(begin(c, &m));
    if (c->arguments.len == 0) {
        command_say(c, c->chinese ? S("请写出要忘掉的内容或编号：`/forget 旧地址`")
                                  : S("Write what to forget, or its number: `/forget my old address`"));
        return OK;
    }
    return n ? forget_ids(c, &m, ids, n) : list_candidates(c, &m);
}

/* ---- /memory ---- */

static enum err say_state(struct command_call *c, struct memory_actor *m) AWAITS
{
    CLEANUP(buf_done) struct buf b = { 0 };
    const struct memory_partition *p;
    size_t n;

    TRY(memory_partitions(m->gateway->memory, m->arena, m->scopes.visible, m->scopes.n, &p, &n));
    if (m->scopes.recall)
        buf_addf(&b, c->chinese ? "模型会自动看到相关的记忆（`/memory off` 关闭）。这里可用的记忆：\n"
                                : "The model is shown by itself what may matter (`/memory off` ends that). What there is for this chat:\n");
    else
        buf_addf(&b, c->chinese ? "模型不会自动看到记忆（`/memory on` 打开）。这里可用的记忆：\n"
                                : "The model is shown nothing by itself (`/memory on` changes that). What there is for this chat:\n");
    for (size_t i = 0; i < n; i++)
        if (p[i].items)
            buf_addf(&b, "- %.*s%s%.*s: %lld\n", STR(where(c, m, p[i].scope)), p[i].collection.len ? ", " : "", STR(p[i].collection),
                     (long long)p[i].items);
    if (n == 0)
        buf_addf(&b, c->chinese ? "- 没有\n" : "- nothing yet\n");
    command_say(c, buf_str(&b));
    return OK;
}

static enum err set_recall(struct command_call *c, bool on) AWAITS
{
    str session = c->answer->message->session_id;
    struct batch *b = batch_new(c->answer->arena);

    if (!command_may_change(c)) {
        command_say(c, c->chinese ? S("在群里只有我的主人可以更改。") : S("In a group only my owner may change this."));
        return OK;
    }
    batch_add(b, "session.set_recall", "sc", session, on ? "" : "off");
    TRY(store_commit(c->gateway->store, b));
    sessions_forget(c->gateway->sessions, session);
    if (on && config_now()->memory_recall_tokens == 0)
        command_say(c, c->chinese ? S("配置里关闭了自动提供记忆（memory.recall.tokens 为 0）。")
                                  : S("The configuration has it off for all (memory.recall.tokens is 0)."));
    else if (on)
        command_say(c, c->chinese ? S("好的，模型会自动看到相关的记忆。") : S("All right: the model is shown by itself what may matter."));
    else
        command_say(c, c->chinese ? S("好的，在这里不再自动提供记忆；它仍可以自己搜索。")
                                  : S("All right: nothing is shown here by itself any more; the model may still look."));
    return OK;
}

static enum err search(struct command_call *c, struct memory_actor *m, str words) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = SIZE_MAX / 2 };
    struct recall_result r;

    TRY(look(m, words, &r));
    for (size_t i = 0; i < r.n; i++)
        add_item(c, m, &r.items[i].item, &b);
    if (r.n == 0)
        buf_addf(&b, c->chinese ? "没有相关的记忆。" : "I remember nothing about it.");
    if (r.note.len)
        buf_addf(&b, "(%.*s)\n", STR(r.note));
    command_say(c, buf_str(&b));
    return OK;
}

enum err chat_command_memory(struct command_call *c) AWAITS
{
    str words = c->arguments;
    struct memory_actor m;

    TRY(begin(c, &m));
    if (words.len == 0)
        return say_state(c, &m);
    if (str_eq_nocase(words, S("on")) || str_eq_nocase(words, S("off")))
        return set_recall(c, str_eq_nocase(words, S("on")));
    if (str_starts(words, S("search")) && str_trim(str_skip(words, 6)).len)
        return search(c, &m, str_trim(str_skip(words, 6)));
    command_say(c, c->chinese ? S("可以写 `/memory`、`/memory on`、`/memory off` 或 `/memory search 内容`。")
                              : S("There are `/memory`, `/memory on`, `/memory off` and `/memory search WORDS`."));
    return OK;
}

/* ---- /project ---- */

static bool may_bind(const struct memory_actor *m)
{
    const char *like = policy_like(policy_now(), &m->person);

    return strcmp(like, "owner") == 0 || strcmp(like, "admin") == 0 || strcmp(like, "operator") == 0;
}

static enum err bind(struct command_call *c, str name) AWAITS
{
    str session = c->answer->message->session_id;
    struct batch *b = batch_new(c->answer->arena);

    batch_add(b, "session.set_project", "ss", session, name);
    TRY(store_commit(c->gateway->store, b));
    sessions_forget(c->gateway->sessions, session);
    if (name.len)
        command_say(c, str_from(arena_printf(c->answer->arena, c->chinese ? "好的，本对话属于项目 `%.*s`，可以看到它的记忆。"
                                             : "All right: this chat belongs to the project `%.*s` and sees its memories.", STR(name))));
    else
        command_say(c, c->chinese ? S("好的，本对话不再属于任何项目。") : S("All right: this chat belongs to no project any more."));
    return OK;
}

enum err chat_command_project(struct command_call *c) AWAITS
{
    str name = c->arguments;
    struct memory_actor m;

    TRY(begin(c, &m));
    if (name.len == 0 && m.scopes.project.len)
        command_say(c, str_from(arena_printf(m.arena, c->chinese ? "本对话属于项目 `%.*s`。" : "This chat belongs to the project `%.*s`.",
                                             STR(m.scopes.project))));
    else if (name.len == 0)
        command_say(c, c->chinese ? S("本对话不属于任何项目。") : S("This chat belongs to no project."));
    else if (!may_bind(&m))
        command_say(c, c->chinese ? S("只有操作员及以上可以更改。") : S("Only operators and above may change this."));
    else if (str_eq_nocase(name, S("none")))
        return bind(c, S(""));
    else if (!memory_project_valid(name))
        command_say(c, c->chinese ? S("项目名是一个词：字母、数字、- 和 _，最多 64 个。")
                                  : S("A project's name is one word of letters, digits, - and _, 64 at most."));
    else
        return bind(c, name);
    return OK;
}
