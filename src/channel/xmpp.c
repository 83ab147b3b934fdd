// SPDX-License-Identifier: Apache-2.0
/* The XMPP channel: one fiber reads, one stores what came, one keeps the connection awake.  What we have stored, and only that, is
 * acknowledged to the server. */
#include "channel/xmpp.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "channel/chats.h"
#include "channel/xmpp_session.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    BATCH_MAX = 32, QUEUE_MAX = 256, TICK_MS = 15 * 1000, PING_AFTER_MS = 45 * 1000, DEAD_AFTER_MS = 90 * 1000,
    REJOIN_TICKS = 20, CLOCK_SLACK_MS = 60 * 1000,
};

/* A message that came and is not stored yet, and which of all stanzas it was. */
struct waiting { struct stanza *stanza; uint32_t number; struct waiting *next; };
static struct {
    struct arena       *arena;      /* of the connection: */
    struct xmpp_rooms   rooms;
    struct xmpp_session session;
    const struct channel_host *host;
    bool                recalled;   /* the session was looked for in the store */
    int64_t             since_ms;   /* the newest message of a room that was stored */
    struct waiting     *first, *last;
    size_t              n_waiting;
    bool                ack_wanted;
    struct waiters      wake, room; /* the fiber that stores; the one that reads */
} x;

static bool configured(void)
{
    return config_now()->platforms_xmpp_jid[0] != '\0';
}

static bool streams(void)
{
    return config_now()->platforms_xmpp_stream;
}

static str own_bare(void)
{
    return xmpp_bare(str_from(config_now()->platforms_xmpp_jid));
}

static enum err read_login(struct xmpp_login *out)
{
    const struct config *c = config_now();
    str bare = own_bare();

    if (!xmpp_jid_valid(bare))
        return failed(ERR_AUTH, "platforms.xmpp.jid must be an address such as bot@example.org");
    *out = (struct xmpp_login){
        .user = xmpp_user(bare), .domain = xmpp_domain(bare), .password = str_from(c->platforms_xmpp_password),
        .host = c->platforms_xmpp_host, .port = (unsigned)c->platforms_xmpp_port, .ca_file = c->platforms_xmpp_ca_file,
        .direct_tls = str_eq(str_from(c->platforms_xmpp_tls), S("direct")),
    };
    log_mask(out->password);
    return OK;
}

/* ---- what goes out ---- */

enum err xmpp_ask(const char *type, str to, str inside, struct stanza **out)
{
    return xmpp_session_ask(&x.session, type, to, inside, out);
}

static enum err send_message(const struct channel_host *host UNUSED, struct arena *a, struct outgoing *m, void (*begun)(void *),
                             struct sent *out) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};
    char id[UUID_SIZE];
    str url = S("");

    if (!x.session.online)
        return failed(ERR_NET, "there is no XMPP session");
    if (m->blob.len)
        TRY(xmpp_upload(a, xmpp_domain(x.session.bare), m, &url));
    if (!x.session.online)
        return failed(ERR_NET, "there is no XMPP session");
    random_uuid(id);
    str own = arena_str(a, str_from(id));

    xmpp_add_message(&b, a, m, own, url, xmpp_room_find(&x.rooms, m->chat_id) != NULL);
    begun(m);
    TRY(xmpp_session_deliver(&x.session, own, &b, out));
    out->remote_id = m->remote_id.len ? m->remote_id : own;
    return OK;
}

static enum err show_typing(const struct channel_host *host UNUSED, str chat_id, str thread_id UNUSED) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};

    if (!x.session.online)
        return failed(ERR_NET, "there is no XMPP session");
    xmpp_add_typing(&b, chat_id, xmpp_room_find(&x.rooms, chat_id) != NULL);
    return xmpp_say(&x.session, buf_str(&b), 1);
}

/* ---- what comes in ---- */

static uint32_t handled(void)
{
    return x.first ? x.first->number - 1 : x.session.seen;
}

static void drop_first(void)
{
    struct waiting *w = x.first;

    x.first = w->next;
    if (!x.first)
        x.last = NULL;
    x.n_waiting--;
    stanza_free(w->stanza);
    free(w);
    wake_all(&x.room);
}

/* What is not stored will be sent again when the session is resumed. */
static void drop_waiting(void)
{
    x.session.seen = handled();
    while (x.first)
        drop_first();
}

static void add_waiting(struct stanza *s)
{
    struct waiting *w = NEW(struct waiting);

    *w = (struct waiting){ .stanza = s, .number = x.session.seen };
    if (x.last)
        x.last->next = w;
    else
        x.first = w;
    x.last = w;
    x.n_waiting++;
    wake_all(&x.wake);
}

/* Encrypted for devices that do not include us.  Whoever we talk to is told. */
static enum err refuse_encrypted(struct arena *a, const struct xmpp_message *m) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};
    char id[UUID_SIZE];

    random_uuid(id);
    log_event(LOG_INFO, "xmpp.encrypted", F("from", m->message.user_id));
    xmpp_add_message(&b, a, &(struct outgoing){ .chat_id = m->message.chat_id, .plain = true,
                     .text = S("I cannot read encrypted messages (OMEMO, OpenPGP). Please turn encryption off for this chat.") },
                     str_from(id), S(""), str_eq(m->message.chat_type, S("group")));
    return xmpp_say(&x.session, buf_str(&b), 1);
}

static enum err take_one(struct arena *a, const struct stanza *s, struct message *out, bool *ret_wanted) AWAITS
{
    struct xmpp_message *m = ARENA_NEW(a, struct xmpp_message);

    xmpp_decode(a, s->node, x.session.bare, &x.rooms, config_now()->platforms_xmpp_upload_url, clock_wall_ms(), m, ret_wanted);
    if (!*ret_wanted)
        return OK;
    *ret_wanted = chats_wants(&m->message);
    if (!*ret_wanted)
        return OK;
    if (m->encrypted) {
        *ret_wanted = false;
        return m->message.overheard || (x.host->knows && !x.host->knows(x.host, m->message.user_id)) ? OK : refuse_encrypted(a, m);
    }
    TRY(incoming_files(x.host, a, &m->message, m->files, m->n_files, NULL));
    *out = m->message;
    return OK;
}

static enum err remember_since(int64_t ms) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    x.since_ms = ms;
    return x.host->remember(x.host, S("rooms since"), str_from(arena_printf(a, "%lld", (long long)ms)));
}

/* Rooms have no memory of whom they told what: when we come back, they are asked for what was said since. */
static enum err remember_newest(const struct message *messages, size_t n) AWAITS
{
    int64_t newest = x.since_ms;

    for (size_t i = 0; i < n; i++)
        if (str_eq(messages[i].chat_type, S("group")) && messages[i].created_at > newest)
            newest = messages[i].created_at;
    return newest == x.since_ms ? OK : remember_since(newest);
}

static enum err store_waiting(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct message messages[BATCH_MAX];
    size_t n = 0, taken = 0;

    for (const struct waiting *w = x.first; w && taken < BATCH_MAX; w = w->next, taken++) {
        bool wanted;

        TRY(take_one(a, w->stanza, &messages[n], &wanted));
        n += wanted;
    }
    if (n) {
        TRY(x.host->receive(x.host, messages, n));
        TRY(remember_newest(messages, n));
    }
    while (taken--)
        drop_first();
    return OK;
}

/* Remembered before it is said: a server ends a session that takes an acknowledgement back. */
static enum err acknowledge(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint32_t h = handled();

    x.ack_wanted = false;
    if (x.session.sm_id[0])
        TRY(x.host->remember(x.host, S("session"), xmpp_session_write(&x.session, a, h)));
    return xmpp_say(&x.session, str_from(arena_printf(a, "<a xmlns='" XMPP_NS_SM "' h='%u'/>", h)), 0);
}

static enum err intake_fiber(void *arg UNUSED) AWAITS
{
    for (;;) {
        while (!x.first && !x.ack_wanted)
            TRY(wait_on(&x.wake, "a message"));
        if (x.first)
            TRY(store_waiting());
        if (x.ack_wanted)
            TRY(acknowledge());
    }
}

/* ---- presence and questions ---- */

/* XEP-0045 section 10.1.2: whoever comes first makes the room, and lets others in by taking it as it is. */
static enum err open_new_room(const struct xmpp_room *r) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};

    xml_addf(&b, "<iq type='set' id='room' to='%s'><query xmlns='http://jabber.org/protocol/muc#owner'>"
                 "<x xmlns='jabber:x:data' type='submit'/></query></iq>", r->jid);
    return xmpp_say(&x.session, buf_str(&b), 1);
}

static enum err take_room_presence(struct xmpp_room *r, const struct stanza *s) AWAITS
{
    str type = xml_attribute(s->node, "type");

    if (str_eq(type, S("error")) && !r->refused) {
        r->refused = true;
        log_event(LOG_WARN, "xmpp.room_refused", F("room", r->jid), F("error", xmpp_error_words(s->arena, s->node)));
    }
    if (xmpp_room_take_presence(r, s->node)) {
        r->refused = false;
        log_event(LOG_INFO, "xmpp.room_joined", F("room", r->jid), F("nick", r->nick));
    }
    return xmpp_room_is_new(s->node) ? open_new_room(r) : OK;
}

/* Whoever may talk to us may also see whether we are there, and we whether they are. */
static enum err take_presence(const struct stanza *s) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};
    str from = xmpp_bare(xml_attribute(s->node, "from"));
    struct xmpp_room *r = xmpp_room_find(&x.rooms, from);

    if (r)
        return take_room_presence(r, s);
    if (!str_eq(xml_attribute(s->node, "type"), S("subscribe")) || (x.host->knows && !x.host->knows(x.host, from)))
        return OK;
    log_event(LOG_INFO, "xmpp.subscribed", F("who", from));
    xml_addf(&b, "<presence to='%s' type='subscribed'/><presence to='%s' type='subscribe'/>", from, from);
    return xmpp_say(&x.session, buf_str(&b), 2);
}

static const char features[] =
    "<identity category='client' type='bot' name='Clawdbot'/><feature var='" XMPP_NS_DISCO "#info'/><feature var='" XMPP_NS_PING "'/>"
    "<feature var='" XMPP_NS_MUC "'/><feature var='jabber:x:oob'/><feature var='http://jabber.org/protocol/chatstates'/>";

static enum err answer_question(const struct stanza *s) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};
    str from = xml_attribute(s->node, "from"), bare = xmpp_bare(from);
    const struct xml_node *what = s->node->first;
    bool known = !from.len || str_eq(from, xmpp_domain(x.session.bare)) || str_eq_nocase(bare, x.session.bare)
                 || xmpp_room_find(&x.rooms, bare) || !x.host->knows || x.host->knows(x.host, bare);
    bool get = known && str_eq(xml_attribute(s->node, "type"), S("get"));

    xml_addf(&b, "<iq id='%s'", xml_attribute(s->node, "id"));
    if (from.len)
        xml_addf(&b, " to='%s'", from);
    if (get && xml_is(what, "ping", XMPP_NS_PING))
        xml_addf(&b, " type='result'/>");
    else if (get && xml_is(what, "query", XMPP_NS_DISCO "#info"))
        buf_addf(&b, " type='result'><query xmlns='" XMPP_NS_DISCO "#info'>%s</query></iq>", features);
    else
        xml_addf(&b, " type='error'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
    return xmpp_say(&x.session, buf_str(&b), 1);
}

/* ---- reading ---- */

static enum err take_management(const struct stanza *s) AWAITS
{
    uint64_t h;

    if (xml_is(s->node, "r", XMPP_NS_SM)) {
        x.ack_wanted = true;
        wake_all(&x.wake);
    } else if (xml_is(s->node, "a", XMPP_NS_SM)) {
        if (str_u64(xml_attribute(s->node, "h"), &h) || (int32_t)((uint32_t)h - x.session.stream.sent) > 0)
            return failed(ERR_REMOTE, "the XMPP server acknowledges what was never sent");
        xmpp_session_arrived(&x.session, (uint32_t)h);
    }
    return OK;
}

static enum err take_stanza(struct stanza *found) AWAITS
{
    CLEANUP(stanza_freep) struct stanza *s = found;
    str type = xml_attribute(s->node, "type");

    if (!str_eq(s->node->ns, S("jabber:client")))
        return take_management(s);
    x.session.seen++;
    if (xml_is(s->node, "presence", NULL))
        return take_presence(s);
    if (xml_is(s->node, "iq", NULL) && (str_eq(type, S("get")) || str_eq(type, S("set"))))
        return answer_question(s);
    if (xml_is(s->node, "message", NULL) && str_eq(type, S("error")))
        xmpp_session_take_error(&x.session, s);
    else if (xml_is(s->node, "message", NULL))
        add_waiting(s), s = NULL;
    else
        xmpp_session_take_answer(&x.session, s), s = NULL;
    return OK;
}

static enum err read_fiber(void *arg UNUSED) AWAITS
{
    for (;;) {
        struct stanza *s;

        while (x.n_waiting >= QUEUE_MAX)
            TRY(wait_on(&x.room, "messages to be stored"));
        TRY(xmpp_stream_next(&x.session.stream, &s));
        TRY(take_stanza(s));
    }
}

/* ---- staying ---- */

static enum err join_rooms(void) AWAITS
{
    for (size_t i = 0; i < x.rooms.n; i++) {
        CLEANUP(buf_done) struct buf b = {0};

        if (x.rooms.rooms[i].joined)
            continue;
        xmpp_room_add_join(&b, &x.rooms.rooms[i], x.since_ms - CLOCK_SLACK_MS);
        TRY(xmpp_say(&x.session, buf_str(&b), 1));
    }
    return OK;
}

static enum err ping(void) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};

    xml_addf(&b, "<iq type='get' to='%s' id='ping'><ping xmlns='" XMPP_NS_PING "'/></iq>", xmpp_domain(x.session.bare));
    return xmpp_say(&x.session, buf_str(&b), 1);
}

static enum err watch_fiber(void *arg UNUSED) AWAITS
{
    for (unsigned tick = 1;; tick++) {
        TRY(fiber_sleep(TICK_MS));
        uint64_t silent = clock_ms() - x.session.stream.heard_ms;

        if (silent > DEAD_AFTER_MS)
            return failed(ERR_TIMEOUT, "the XMPP server has not answered for %d s", DEAD_AFTER_MS / 1000);
        if (silent > PING_AFTER_MS)
            TRY(ping());
        if (tick % REJOIN_TICKS == 0)
            TRY(join_rooms());
    }
}

/* ---- beginning ---- */

static enum err recall(void) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str text;

    if (x.recalled)
        return OK;
    TRY(x.host->recall(x.host, a, S("session"), &text));
    xmpp_session_read(&x.session, text);
    TRY(x.host->recall(x.host, a, S("rooms since"), &text));
    if (str_i64(text, &x.since_ms))
        x.since_ms = 0;
    x.recalled = true;
    return OK;
}

static enum err begin(void) AWAITS
{
    struct xmpp_login login;

    TRY(read_login(&login));
    TRY(recall());
    TRY(xmpp_session_begin(&x.session, x.arena, &login, config_now()->platforms_xmpp_resource));
    const struct string_list *rooms = &config_now()->platforms_xmpp_rooms;
    const char *nick = config_now()->platforms_xmpp_nick;

    TRY(xmpp_rooms_read(x.arena, &x.rooms, rooms->items, rooms->n, nick[0] ? str_from(nick) : xmpp_user(x.session.bare)));
    if (x.rooms.n && !x.since_ms)
        TRY(remember_since(clock_wall_ms()));
    return join_rooms();
}

static enum err serve(void) AWAITS
{
    CLEANUP(fibers_done) struct fibers g = {0};

    TRY(begin());
    x.session.online = true;
    x.ack_wanted = x.session.managed && x.session.sm_id[0];     /* so that a session is remembered from its beginning */
    x.host->health(x.host, OK, arena_printf(x.arena, "connected as %.*s", STR(x.session.bare)));
    fibers_spawn(&g, "xmpp.read", read_fiber, NULL);
    fibers_spawn(&g, "xmpp.intake", intake_fiber, NULL);
    fibers_spawn(&g, "xmpp.watch", watch_fiber, NULL);
    return fibers_wait(&g);
}

static void end(void) AWAITS
{
    xmpp_session_end(&x.session);
    drop_waiting();
    xmpp_stream_close(&x.session.stream);
    xmpp_rooms_done(&x.rooms);
    xmpp_upload_forget();
    arena_free(x.arena);
    x.arena = NULL;
    x.session.bare = S("");
}

static enum err run(const struct channel_host *host) AWAITS
{
    char text[ERR_TEXT_MAX];

    x.host = host;
    x.arena = arena_new();
    enum err e = serve();

    snprintf(text, sizeof text, "%s", failed_text());
    end();
    if (e != ERR_CANCELLED)
        host->health(host, e, text);
    return e ? failed(e, "%s", text) : OK;
}

/* A session of its own beside the one that runs. */
static enum err check_with(struct arena *a, struct xmpp_stream *s, str *ret_who) AWAITS
{
    struct xmpp_login login;
    char resource[UUID_SIZE];

    random_uuid(resource);
    TRY(read_login(&login));
    TRY(xmpp_stream_open(s, &login));
    TRY(xmpp_stream_bind(s, a, resource, ret_who));
    *ret_who = xmpp_bare(*ret_who);
    return xmpp_stream_write(s, S("</stream:stream>"), 0, NULL);
}

static enum err check(struct arena *a, str *ret_who) AWAITS
{
    struct xmpp_stream s = {0};
    enum err e = check_with(a, &s, ret_who);

    xmpp_stream_close(&s);
    return e;
}

static const struct channel_key keys[] = {
    { "platforms.xmpp.jid", "The assistant's own address (bot@example.org; make the account at any XMPP server)",
      "助手自己的地址（如 bot@example.org，可在任意 XMPP 服务器注册）", false },
    { "platforms.xmpp.password", "Its password", "该账号的密码", false },
    { "platforms.xmpp.rooms", "Rooms to join, separated by commas (room@conference.example.org); empty for none",
      "要加入的聊天室，用逗号分隔（room@conference.example.org）；留空则不加入", true },
};

const struct channel channel_xmpp = {
    .name = "xmpp", .title = "XMPP", .proven_by = "prosody 0.12", .keys = keys, .n_keys = N_ELEMENTS(keys),
    .markup = MARKUP_XMPP, .unit = UNIT_BYTE, .text_max = 8000,
    .edits = 1, .typing = 1, .files = 1, .configured = configured, .streams = streams, .check = check, .run = run,
    .send = send_message, .show_typing = show_typing, .resolve = xmpp_resolve,
    .addresses = "user@server, or room@service of a room that it is in",
};
