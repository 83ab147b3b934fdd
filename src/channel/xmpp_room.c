// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/time.h"
#include "channel/xmpp.h"

str xmpp_bare(str jid)
{
    return str_take(jid, str_find_char(jid, '/'));
}

str xmpp_resource(str jid)
{
    size_t at = str_find_char(jid, '/');

    return at == STR_NONE ? S("") : str_skip(jid, at + 1);
}

str xmpp_user(str jid)
{
    str bare = xmpp_bare(jid);
    size_t at = str_find_char(bare, '@');

    return at == STR_NONE ? S("") : str_take(bare, at);
}

str xmpp_domain(str jid)
{
    str bare = xmpp_bare(jid);
    size_t at = str_find_char(bare, '@');

    return at == STR_NONE ? bare : str_skip(bare, at + 1);
}

bool xmpp_jid_valid(str bare)
{
    return xmpp_user(bare).len && xmpp_domain(bare).len && bare.len <= 2047 && str_find_char(xmpp_domain(bare), '@') == STR_NONE
           && str_find_char(bare, '/') == STR_NONE && str_find_char(bare, ' ') == STR_NONE;
}

enum err xmpp_resolve(struct arena *a UNUSED, str name, str *ret_chat_id)
{
    *ret_chat_id = xmpp_bare(name);
    return xmpp_jid_valid(*ret_chat_id) ? OK : failed(ERR_NOT_FOUND, "\"%.*s\" is no address of XMPP", STR(str_take(name, 100)));
}

enum err xmpp_rooms_read(struct arena *a, struct xmpp_rooms *out, const char *const *items, size_t n, str nick)
{
    *out = (struct xmpp_rooms){0};
    if (n > XMPP_ROOMS_MAX)
        return failed(ERR_INPUT, "platforms.xmpp.rooms: at most %d rooms", XMPP_ROOMS_MAX);
    for (size_t i = 0; i < n; i++) {
        str item = str_from(items[i]), own = xmpp_resource(item);

        if (!xmpp_jid_valid(xmpp_bare(item)))
            return failed(ERR_INPUT, "platforms.xmpp.rooms: '%s' is no room@service or room@service/nick", items[i]);
        out->rooms[out->n++] = (struct xmpp_room){ .jid = arena_str(a, xmpp_bare(item)), .nick = arena_str(a, own.len ? own : nick) };
    }
    return OK;
}

static void forget_occupants(struct xmpp_room *r)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&r->occupants, &i, &e);)
        free(e->value);
    map_done(&r->occupants);
    r->occupants = (struct map){0};
}

void xmpp_rooms_done(struct xmpp_rooms *rooms)
{
    for (size_t i = 0; i < rooms->n; i++)
        forget_occupants(&rooms->rooms[i]);
    *rooms = (struct xmpp_rooms){0};
}

struct xmpp_room *xmpp_room_find(struct xmpp_rooms *rooms, str bare)
{
    for (size_t i = 0; i < rooms->n; i++)
        if (str_eq_nocase(rooms->rooms[i].jid, bare))
            return &rooms->rooms[i];
    return NULL;
}

void xmpp_room_add_join(struct buf *b, const struct xmpp_room *r, int64_t since_ms)
{
    char when[TIME_TEXT_SIZE];

    xml_addf(b, "<presence to='%s/%s'><x xmlns='" XMPP_NS_MUC "'>", r->jid, r->nick);
    if (since_ms)
        xml_addf(b, "<history since='%s'/>", str_from(time_text(when, since_ms)));
    else
        xml_addf(b, "<history maxstanzas='0'/>");
    xml_addf(b, "</x></presence>");
}

static bool has_status(const struct xml_node *x, str code)
{
    for (const struct xml_node *c = x ? x->first : NULL; c; c = c->next)
        if (xml_is(c, "status", NULL) && str_eq(xml_attribute(c, "code"), code))
            return true;
    return false;
}

/* XEP-0045 section 7.2.2: status 110 says that it is about ourselves. */
static bool is_about_us(const struct xmpp_room *r, const struct xml_node *x, str nick)
{
    return has_status(x, S("110")) || str_eq(nick, r->nick);
}

bool xmpp_room_is_new(const struct xml_node *p)
{
    return has_status(xml_child(p, "x", XMPP_NS_MUCUSER), S("201"));
}

static void note_occupant(struct xmpp_room *r, str nick, str jid)
{
    if (jid.len && (r->occupants.n < XMPP_OCCUPANTS_MAX || map_get(&r->occupants, nick)))
        free(map_put(&r->occupants, nick, str_dup_c(jid)));
}

bool xmpp_room_take_presence(struct xmpp_room *r, const struct xml_node *p)
{
    str nick = xmpp_resource(xml_attribute(p, "from")), type = xml_attribute(p, "type");
    const struct xml_node *x = xml_child(p, "x", XMPP_NS_MUCUSER);
    bool gone = str_eq(type, S("unavailable")), us = is_about_us(r, x, nick), was = r->joined;

    if (type.len && !gone)
        return false;
    if (gone) {
        free(map_remove(&r->occupants, nick));
        if (us) {
            r->joined = false;
            forget_occupants(r);
        }
        return false;
    }
    note_occupant(r, nick, xmpp_bare(xml_attribute(xml_child(x, "item", NULL), "jid")));
    r->joined |= us;
    return us && !was;
}
