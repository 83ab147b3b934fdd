// SPDX-License-Identifier: Apache-2.0
/* commands_engine.c: chat commands about how a conversation is read: by whom first, in which language it is answered, in which zone. */
#include "config/config.h"
#include "gateway/chat_command.h"
#include "gateway/engine.h"
#include "gateway/engine_context.h"
#include "gateway/sessions.h"
#include "runtime/zones.h"

static enum err set(struct command_call *c, const char *statement, str value) AWAITS
{
    struct batch *b = batch_new(c->answer->arena);
    str session = c->answer->message->session_id;

    batch_add(b, statement, "ss", session, value);
    TRY(store_commit(c->gateway->store, b));
    sessions_forget(c->gateway->sessions, session);
    return OK;
}

static bool refuse(struct command_call *c)
{
    if (command_may_change(c))
        return false;
    command_say(c, c->chinese ? S("在群里只有我的主人可以更改。") : S("In a group only my owner may change this."));
    return true;
}

static void say(struct command_call *c, const char *chinese, const char *english, str value)
{
    command_say(c, str_from(arena_printf(c->answer->arena, c->chinese ? chinese : english, STR(value))));
}

static void describe_mode(struct command_call *c, enum engine_mode m)
{
    static const struct { const char *english, *chinese; } what[] = {
        [ENGINE_AUTO] = { "rules come first, then what I understand by myself, then the model", "先看规则，再看我自己能听懂的，最后交给模型" },
        [ENGINE_RULES] = { "rules and what I understand by myself; no model is asked", "只用规则和我自己能听懂的；不问模型" },
        [ENGINE_MODEL] = { "the model reads everything", "全部交给模型" },
    };

    command_say(c, str_from(arena_printf(c->answer->arena, c->chinese ? "本对话的模式是 `%s`：%s。" : "This conversation is in mode `%s`: %s.",
                                         engine_mode_name(m), c->chinese ? what[m].chinese : what[m].english)));
}

enum err chat_command_mode(struct command_call *c) AWAITS
{
    enum engine_mode m;

    if (c->arguments.len == 0) {
        TRY(engine_mode_of(c->gateway, c->answer->arena, c->answer->message->session_id, &m));
        describe_mode(c, m);
    } else if (!engine_mode_parse(c->arguments, &m)) {
        command_say(c, c->chinese ? S("模式有 auto、rules 和 model。") : S("The modes are auto, rules and model."));
    } else if (!refuse(c)) {
        TRY(set(c, "session.set_mode", str_from(engine_mode_name(m))));
        describe_mode(c, m);
    }
    return OK;
}

static bool is_language(str code)
{
    bool fits = code.len == 2;

    for (size_t i = 0; fits && i < code.len; i++)
        fits = code.p[i] >= 'a' && code.p[i] <= 'z';
    return fits;
}

enum err chat_command_language(struct command_call *c) AWAITS
{
    struct session_place place;
    str code = c->arguments;

    TRY(sessions_find(c->gateway, c->answer->arena, c->answer->message->session_id, &place));
    if (code.len == 0) {
        say(c, "本对话的回答语言：%.*s。", "Answers here are in: %.*s.", place.language.len ? place.language : S("auto"));
    } else if (!is_language(code) && !str_eq(code, S("auto"))) {
        command_say(c, c->chinese ? S("请写两个字母的语言代码（ISO 639-1），如 zh、en、de，或 auto。")
                                  : S("Write the two letters of a language (ISO 639-1) such as en, zh or de, or auto."));
    } else if (!refuse(c)) {
        bool automatic = str_eq(code, S("auto"));

        TRY(set(c, "session.set_language", automatic ? S("") : code));
        c->chinese = automatic ? c->chinese : str_eq(code, S("zh"));
        say(c, "好的，我用这种语言回答：%.*s。", "All right, I answer in: %.*s.", code);
    }
    return OK;
}

enum err chat_command_timezone(struct command_call *c) AWAITS
{
    struct session_place place;
    str name = c->arguments;

    TRY(sessions_find(c->gateway, c->answer->arena, c->answer->message->session_id, &place));
    if (name.len == 0)
        say(c, "本对话的时区：%.*s。", "Times here are meant in: %.*s.", str_from(engine_zone_name(place.zone)));
    else if (zones_find(name) == NULL)
        say(c, "没有时区 %.*s；请写 Asia/Shanghai 这样的名字。", "There is no time zone %.*s: write a name such as Europe/Berlin.", name);
    else if (!refuse(c)) {
        TRY(set(c, "session.set_zone", name));
        say(c, "好的，时间按这个时区：%.*s。", "All right, times are meant in: %.*s.", name);
    }
    return OK;
}
