// SPDX-License-Identifier: Apache-2.0
/* The channel: what people say on IRC, and what is said to them.  A nick proves nothing, so a person is who the server says is logged
 * in, else the whole of nick, user and host. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "channel/irc_session.h"
#include "channel/markup.h"
#include "config/config.h"
#include "domain/channel.h"
#include "runtime/clock.h"

enum { TICK_MS = 60 * 1000, TEXT_BYTES = 1600 };

static const struct channel_key keys[] = {
    { "platforms.irc.host", "The IRC server, such as irc.libera.chat", "IRC 服务器,例如 irc.libera.chat", false },
    { "platforms.irc.nick", "The nick that the assistant shall have", "助手使用的昵称", false },
    { "platforms.irc.channels", "Channels to join, such as #help (a key after a space); empty for none",
      "要加入的频道,例如 #help(空格后为密钥);留空表示不加入", true },
    { "platforms.irc.sasl", "How to log in: none, plain (account and password) or external (a client certificate)",
      "登录方式:none、plain(账号与密码)或 external(客户端证书)", true },
    { "platforms.irc.password", "The password of its account, for plain", "账号密码(plain 时需要)", true },
};

/* The running connection.  There is one account a program. */
static struct irc *now;

static bool configured(void)
{
    return config_now()->platforms_irc_host[0] && config_now()->platforms_irc_nick[0];
}

/* ---- what comes in ---- */

static bool is_us(struct arena *a, const struct irc *s, str nick)
{
    return str_eq(irc_lower(a, nick, s->ascii), irc_lower(a, str_from(s->nick), s->ascii));
}

static str user_of(struct arena *a, const struct irc *s, const struct irc_line *l)
{
    str account = irc_tag(a, l, "account");

    if (account.len)
        return str_from(arena_printf(a, "account:%.*s", STR(irc_lower(a, account, s->ascii))));
    return irc_lower(a, l->mask, s->ascii);
}

/* A person's words, not a server's, a program's, our own come back, or a request of CTCP. */
static bool is_said(struct arena *a, const struct irc *s, const struct irc_line *l)
{
    return irc_is(l, "PRIVMSG") && l->nick.len && l->n_params >= 2 && !is_us(a, s, l->nick) && !irc_has_tag(l, "bot")
           && !str_starts(l->params[1], S("\1"));
}

static bool decode(struct arena *a, const struct irc *s, const struct irc_line *l, struct message *out)
{
    CLEANUP(buf_done) struct buf plain = {0};
    bool group = irc_is_channel(s, l->params[0]);
    str text;

    if (!is_said(a, s, l) || (!group && !is_us(a, s, l->params[0])))
        return false;
    irc_add_plain(&plain, l->params[1]);
    bool addressed = irc_addressed(buf_str(&plain), str_from(s->nick), &text);

    if (!text.len)
        return false;
    int64_t when = irc_time_ms(irc_tag(a, l, "time"));

    *out = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("irc"), .agent = S(""), .thread_id = S(""), .reply_to = S(""),
        .external_id = irc_tag(a, l, "msgid"), .chat_type = group ? S("group") : S("private"), .user_name = arena_str(a, l->nick),
        .chat_id = irc_lower(a, group ? l->params[0] : l->nick, s->ascii), .user_id = user_of(a, s, l),
        .text = arena_str(a, text), .created_at = when ? when : clock_wall_ms(), .overheard = group && !addressed,
    };
    return true;
}

/* ---- staying where we belong ---- */

static enum err join(struct irc *s) AWAITS
{
    struct string_list list = config_now()->platforms_irc_channels;

    for (size_t i = 0; i < list.n; i++) {
        str rest = str_from(list.items[i]), channel = S(""), key = S("");

        str_split(&rest, ' ', &channel);
        key = str_trim(rest);
        if (!irc_is_word(channel) || (key.len && !irc_is_word(key)))
            return failed(ERR_INPUT, "platforms.irc.channels: '%s' is no channel", list.items[i]);
        TRY(irc_say(s, key.len ? "JOIN %.*s %.*s" : "JOIN %.*s", STR(channel), STR(key)));
    }
    return OK;
}

/* Now and then: the nick may be free again, the ban be over. */
static enum err tick(struct irc *s, bool *away) AWAITS
{
    if (!str_eq_nocase(str_from(s->nick), str_from(config_now()->platforms_irc_nick)))
        TRY(irc_say(s, "NICK %s", config_now()->platforms_irc_nick));
    if (*away)
        TRY(join(s));
    *away = false;
    return OK;
}

static enum err take_line(const struct channel_host *host, struct arena *a, struct irc *s, const struct irc_line *l, bool *away) AWAITS
{
    static const char *const unjoined[] = { "471", "473", "474", "475", "476", "477" };
    struct message m;

    if (irc_is(l, "KICK") && is_us(a, s, l->params[1]))
        *away = true;
    for (size_t i = 0; i < N_ELEMENTS(unjoined); i++)
        if (irc_is(l, unjoined[i])) {
            *away = true;
            host->health(host, ERR_NOT_FOUND, arena_printf(a, "%.*s: %.*s", STR(l->params[1]), STR(l->params[l->n_params - 1])));
        }
    if (irc_is(l, "JOIN") && is_us(a, s, l->nick))
        host->health(host, OK, "connected");
    return decode(a, s, l, &m) ? host->receive(host, &m, 1) : OK;
}

static enum err follow(const struct channel_host *host, struct irc *s) AWAITS
{
    uint64_t ticked = clock_ms();
    bool away = false;

    for (;;) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct irc_line l;

        TRY(irc_read(s, a, &l));
        TRY(take_line(host, a, s, &l, &away));
        if (clock_ms() - ticked < TICK_MS)
            continue;
        ticked = clock_ms();
        TRY(tick(s, &away));
    }
}

static enum err settle_in(struct irc *s) AWAITS
{
    const struct config *c = config_now();

    if (c->platforms_irc_nickserv && c->platforms_irc_password[0])
        TRY(irc_say(s, "PRIVMSG NickServ :IDENTIFY %s%s%s", c->platforms_irc_account, c->platforms_irc_account[0] ? " " : "",
                    c->platforms_irc_password));
    return join(s);
}

static void leave(struct irc **s)
{
    if (*s)
        irc_break(*s);
    if (*s && now == *s)
        now = NULL;
    irc_unref(*s);
}

static enum err stay(const struct channel_host *host) AWAITS
{
    CLEANUP(leave) struct irc *s = NULL;

    TRY(irc_open(config_now()->platforms_irc_nick, &s));
    now = s;
    TRY(settle_in(s));
    host->health(host, OK, "connected");
    return follow(host, s);
}

static bool is_nick(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!irc_is_word(str_cut(s, i, i + 1)) || strchr(":!@*?#&", s.p[i]))
            return false;
    return s.len && s.len < IRC_NICK_MAX / 2;
}

static enum err check_settings(void)
{
    const struct config *c = config_now();
    bool external = str_eq(str_from(c->platforms_irc_sasl), S("external")), plain = str_eq(str_from(c->platforms_irc_sasl), S("plain"));

    if (!is_nick(str_from(c->platforms_irc_nick)))
        return failed(ERR_INPUT, "platforms.irc.nick is no nick");
    if (plain && !c->platforms_irc_password[0])
        return failed(ERR_INPUT, "platforms.irc.sasl: plain needs platforms.irc.password");
    if (external && (!c->platforms_irc_client_cert[0] || !c->platforms_irc_tls))
        return failed(ERR_INPUT, "platforms.irc.sasl: external needs platforms.irc.client_cert and TLS");
    return OK;
}

static enum err run(const struct channel_host *host) AWAITS
{
    enum err e = check_settings();

    if (e == OK)
        e = stay(host);
    if (e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}

/* Under another nick where we are there already. */
static enum err check(struct arena *a, str *ret_who) AWAITS
{
    const struct config *c = config_now();
    struct irc *s = NULL;

    TRY(check_settings());
    if (!now || !now->ready) {
        TRY(irc_open(arena_printf(a, "%.6s-chk", c->platforms_irc_nick), &s));
        irc_unref(s);
    }
    *ret_who = str_from(arena_printf(a, "%s at %s", now && now->ready ? now->nick : c->platforms_irc_nick, c->platforms_irc_host));
    return OK;
}

/* ---- what goes out ---- */

static enum err send(const struct channel_host *host UNUSED, struct arena *a, struct outgoing *m, void (*begun)(void *),
                     struct sent *out) AWAITS
{
    CLEANUP(buf_done) struct buf text = {0};
    bool begun_at_all = false;

    *out = (struct sent){ .remote_id = S("") };
    if (!irc_is_word(m->chat_id))
        return failed(ERR_INPUT, "'%.*s' is neither a channel nor a nick", STR(str_take(m->chat_id, 80)));
    if (!now || !now->ready)
        return failed(ERR_NET, "there is no connection to the IRC server");
    struct irc *s = irc_ref(now);

    markup_write(&text, markup_parse(a, m->text), m->plain ? MARKUP_PLAIN : MARKUP_IRC);
    enum err e = irc_send(s, arena_c(a, m->chat_id), buf_str(&text), begun, m, &begun_at_all);

    irc_unref(s);
    out->gone = e == ERR_NOT_FOUND;
    out->unknown = e && e != ERR_NOT_FOUND && begun_at_all;
    return e;
}

const struct channel channel_irc = {
    .name = "irc", .title = "IRC", .proven_by = "ngircd 26", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_IRC, .unit = UNIT_BYTE, .text_max = TEXT_BYTES,
    .configured = configured, .check = check, .run = run, .send = send,
};
