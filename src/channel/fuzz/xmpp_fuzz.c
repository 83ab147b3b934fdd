// SPDX-License-Identifier: Apache-2.0
/* Whatever comes as a stream, however it is cut, gives the same stanzas, and messages that are well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/xmpp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_node(struct buf *b, const struct xml_node *n)
{
    buf_addf(b, "(%.*s|%.*s|%.*s", STR(n->ns), STR(n->name), STR(n->text));
    for (size_t i = 0; i < n->n_attributes; i++)
        buf_addf(b, " %.*s=%.*s", STR(n->attributes[i].name), STR(n->attributes[i].value));
    for (const struct xml_node *c = n->first; c; c = c->next)
        add_node(b, c);
    buf_add_char(b, ')');
}

static void check_message(const struct xml_node *n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct xmpp_rooms rooms = { .n = 1, .rooms = { { .jid = S("coven@chat.example.org"), .nick = S("thirdwitch"), .joined = true } } };
    struct xmpp_message m;
    bool wanted;

    xmpp_room_take_presence(&rooms.rooms[0], n);
    xmpp_decode(a, n, S("bot@example.org"), &rooms, "", 1700000000000, &m, &wanted);
    if (wanted) {
        assert(m.message.external_id.len && m.message.chat_id.len && m.message.user_id.len && m.message.created_at <= 1700000000000);
        assert(utf8_valid(m.message.text) && utf8_valid(m.message.external_id));
    }
    xmpp_rooms_done(&rooms);
}

static void read_stream(str bytes, size_t step, struct buf *out)
{
    struct xmpp_parser *p = xmpp_parser_new();
    enum err e = xmpp_parser_feed(p, S("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"));

    for (size_t at = 0; at < bytes.len && e == OK; at += step)
        e = xmpp_parser_feed(p, str_cut(bytes, at, at + step));
    for (struct stanza *s; (s = xmpp_parser_take(p)); stanza_free(s)) {
        add_node(out, s->node);
        check_message(s->node);
    }
    xmpp_parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf whole = {0}, cut = {0};

    read_stream(str_of(data, size), size + 1, &whole);
    read_stream(str_of(data, size), 1, &cut);
    assert(str_eq(buf_str(&whole), buf_str(&cut)));
    return 0;
}
