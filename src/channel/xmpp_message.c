// SPDX-License-Identifier: Apache-2.0
/* Stanzas to messages and back.  The ids by which a message is known again come in this order: that of the archive that vouches
 * for it (XEP-0359, only from our own server or the room itself), the sender's, and where there is none, one made up. */
#include "base/random.h"
#include "base/time.h"
#include "base/utf8.h"
#include "channel/markup.h"
#include "channel/xmpp.h"
#include "net/address.h"
#include "net/url.h"

#define NS_SID     "urn:xmpp:sid:0"
#define NS_DELAY   "urn:xmpp:delay"
#define NS_OOB     "jabber:x:oob"
#define NS_CORRECT "urn:xmpp:message-correct:0"
#define NS_STATES  "http://jabber.org/protocol/chatstates"
#define NS_HINTS   "urn:xmpp:hints"
#define NS_EME     "urn:xmpp:eme:0"

enum { NAME_BYTES_MAX = 255, ID_BYTES_MAX = 200 };

/* ---- what comes in ---- */

static str archive_id(const struct xml_node *n, str by)
{
    for (const struct xml_node *c = n->first; c; c = c->next)
        if (xml_is(c, "stanza-id", NS_SID) && str_eq_nocase(xml_attribute(c, "by"), by))
            return xml_attribute(c, "id");
    return S("");
}

static str external_id(struct arena *a, const struct xml_node *n, str by, str sender)
{
    str archived = archive_id(n, by), origin = xml_attribute(xml_child(n, "origin-id", NS_SID), "id"), plain = xml_attribute(n, "id");
    str own = origin.len ? origin : plain;
    char made_up[UUID_SIZE];

    if (archived.len)
        return str_from(arena_printf(a, "%.*s#%.*s", STR(by), STR(utf8_take(archived, ID_BYTES_MAX))));
    random_uuid(made_up);
    return str_from(arena_printf(a, "%.*s/%.*s", STR(utf8_take(sender, ID_BYTES_MAX)),
                                 STR(own.len ? utf8_take(own, ID_BYTES_MAX) : str_from(made_up))));
}

static int64_t said_at(const struct xml_node *n, int64_t now_ms)
{
    str stamp = xml_attribute(xml_child(n, "delay", NS_DELAY), "stamp");
    int64_t ms;

    return stamp.len && time_parse(stamp, &ms) == OK && ms < now_ms ? ms : now_ms;
}

static bool is_word_end(str s, size_t at)
{
    uint32_t ch;

    if (at >= s.len)
        return true;
    return !(utf8_next(str_skip(s, at), &ch) && (ch > 127 || ch == '_' || ch == '-' || (ch >= '0' && ch <= '9')
                                                 || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z')));
}

/* "nick: ...", "nick, ...", "nick ..." in front, or "@nick" anywhere.  *ret_rest is the text without it. */
static bool takes_address(struct arena *a, str text, str nick, str *ret_rest)
{
    str t = str_trim(text);
    bool at_sign = str_starts(t, S("@"));
    str head = at_sign ? str_skip(t, 1) : t;

    if (str_eq_nocase(str_take(head, nick.len), nick) && is_word_end(head, nick.len)) {
        str rest = str_skip(head, nick.len);

        if (rest.len && (rest.p[0] == ':' || rest.p[0] == ','))
            rest = str_skip(rest, 1);
        *ret_rest = str_trim(rest);
        return true;
    }
    for (size_t i = 0; i + 1 + nick.len <= t.len; i++)
        if (t.p[i] == '@' && str_eq_nocase(str_cut(t, i + 1, i + 1 + nick.len), nick) && is_word_end(t, i + 1 + nick.len)) {
            str before = str_take(t, i), after = str_skip(t, i + 1 + nick.len);

            if (str_starts(t, S("/")) && str_find_char(before, ' ') == STR_NONE)    /* "/status@nick" */
                *ret_rest = str_from(arena_printf(a, "%.*s%.*s", STR(before), STR(after)));
            else
                *ret_rest = str_from(arena_printf(a, "%.*s%.*s", STR(before), STR(before.len ? str_trim(after) : after)));
            *ret_rest = str_trim(*ret_rest);
            return true;
        }
    return false;
}

static const char *kind_of(str name)
{
    static const struct { const char *end, *type; } kinds[] = {
        { ".jpg", "image" }, { ".jpeg", "image" }, { ".png", "image" }, { ".gif", "image" }, { ".webp", "image" }, { ".ogg", "audio" },
        { ".oga", "audio" }, { ".opus", "audio" }, { ".mp3", "audio" }, { ".m4a", "audio" }, { ".wav", "audio" }, { ".mp4", "video" },
        { ".webm", "video" }, { ".mov", "video" },
    };

    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        str end = str_from(kinds[i].end);

        if (name.len > end.len && str_eq_nocase(str_skip(name, name.len - end.len), end))
            return kinds[i].type;
    }
    return "file";
}

static bool public_only(void *arg, const struct sockaddr *address)
{
    (void)arg;
    return address_is_public(address);
}

/* A link is anybody's word: only where it leads to our own upload service may it lead into our own network. */
static void add_file(struct arena *a, struct xmpp_message *m, str url, const char *upload_url)
{
    struct url parts;
    str path = url, name;

    if (m->n_files == XMPP_FILES_MAX || url_parse(url, &parts) || str_starts(parts.scheme, S("ws")))
        return;
    path = parts.path;
    for (size_t at; (at = str_find_char(path, '/')) != STR_NONE;)
        path = str_skip(path, at + 1);
    name = arena_str(a, utf8_take(path, NAME_BYTES_MAX));
    struct incoming_file *f = &m->files[m->n_files++];

    *f = (struct incoming_file){ .type = kind_of(name), .name = name, .mime = S(""), .size = -1, .id = S(""),
                                 .request = { .url = arena_c(a, url) } };
    if (!upload_url[0] || !str_starts(url, str_from(upload_url)))
        f->request.allow_address = public_only;
}

static str read_files(struct arena *a, const struct xml_node *n, struct xmpp_message *m, const char *upload_url, str text)
{
    for (const struct xml_node *c = n->first; c; c = c->next) {
        str url = xml_is(c, "x", NS_OOB) ? str_trim(xml_child_text(c, "url", NS_OOB)) : S("");

        if (!url.len)
            continue;
        add_file(a, m, url, upload_url);
        if (m->n_files && str_eq(str_trim(text), url))      /* the body is only for clients that know no files */
            text = S("");
    }
    return text;
}

static void fill_private(struct arena *a, const struct xml_node *n, str own_bare, struct xmpp_message *m)
{
    str from = xmpp_bare(xml_attribute(n, "from"));

    m->message.chat_id = m->message.user_id = from;
    m->message.user_name = xmpp_user(from);
    m->message.chat_type = S("private");
    m->message.external_id = external_id(a, n, own_bare, from);
}

/* Who somebody is in a room is their address where the room tells it, else only what they call themselves there. */
static bool fill_group(struct arena *a, const struct xml_node *n, struct xmpp_rooms *rooms, struct xmpp_message *m, str *text)
{
    str from = xml_attribute(n, "from"), nick = xmpp_resource(from);
    struct xmpp_room *r = xmpp_room_find(rooms, xmpp_bare(from));

    if (!r || !r->joined || !nick.len || str_eq(nick, r->nick))
        return false;
    m->message.overheard = !takes_address(a, *text, r->nick, text);
    const char *jid = map_get(&r->occupants, nick);

    m->message.chat_id = r->jid;
    m->message.user_id = jid ? arena_str(a, str_from(jid)) : from;
    m->message.user_name = nick;
    m->message.chat_type = S("group");
    m->message.external_id = external_id(a, n, r->jid, from);
    return true;
}

static bool is_for_people(str type)
{
    return !type.len || str_eq(type, S("chat")) || str_eq(type, S("normal"));
}

void xmpp_decode(struct arena *a, const struct xml_node *n, str own_bare, struct xmpp_rooms *rooms, const char *upload_url, int64_t now_ms,
                 struct xmpp_message *out, bool *ret_wanted)
{
    str type = xml_attribute(n, "type"), from = xml_attribute(n, "from"), text = xml_child_text(n, "body", "jabber:client");
    bool group = str_eq(type, S("groupchat"));

    *out = (struct xmpp_message){0};
    *ret_wanted = false;
    if (!xml_is(n, "message", "jabber:client") || !from.len || xml_child(n, "replace", NS_CORRECT) || (!group && !is_for_people(type)))
        return;
    if (str_eq_nocase(xmpp_bare(from), own_bare) || (!group && xmpp_room_find(rooms, xmpp_bare(from))))
        return;
    out->encrypted = xml_child(n, "encrypted", NULL) || xml_child(n, "encryption", NS_EME);
    text = read_files(a, n, out, upload_url, text);
    if (!text.len && !out->n_files && !out->encrypted)
        return;
    out->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("xmpp"), .agent = S(""), .thread_id = S(""), .created_at = said_at(n, now_ms),
        .reply_to = xml_attribute(xml_child(n, "reply", "urn:xmpp:reply:0"), "id"),
    };
    if (!group)
        fill_private(a, n, own_bare, out);
    else if (!fill_group(a, n, rooms, out, &text))
        return;
    out->message.text = arena_str(a, text);
    *ret_wanted = true;
}

/* ---- what goes out ---- */

void xmpp_add_message(struct buf *b, struct arena *a, const struct outgoing *m, str id, str url, bool group)
{
    CLEANUP(buf_done) struct buf text = {0};

    if (url.len)
        buf_add(&text, url);
    else
        markup_write(&text, markup_parse(a, m->text), m->plain ? MARKUP_PLAIN : MARKUP_XMPP);
    xml_addf(b, "<message to='%s' type='%s' id='%s'><body>%s</body><origin-id xmlns='" NS_SID "' id='%s'/>", m->chat_id,
             group ? S("groupchat") : S("chat"), id, text.len ? buf_str(&text) : m->text, id);
    if (url.len)
        xml_addf(b, "<x xmlns='" NS_OOB "'><url>%s</url></x>", url);
    if (m->remote_id.len)
        xml_addf(b, "<replace xmlns='" NS_CORRECT "' id='%s'/>", m->remote_id);
    if (m->plain)
        xml_addf(b, "<unstyled xmlns='urn:xmpp:styling:0'/>");
    if (!group)
        xml_addf(b, "<active xmlns='" NS_STATES "'/>");
    xml_addf(b, "</message>");
}

void xmpp_add_typing(struct buf *b, str to, bool group)
{
    xml_addf(b, "<message to='%s' type='%s'><composing xmlns='" NS_STATES "'/><no-store xmlns='" NS_HINTS "'/></message>", to,
             group ? S("groupchat") : S("chat"));
}
