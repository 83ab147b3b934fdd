// SPDX-License-Identifier: Apache-2.0
/* xmpp.h: the parts of the XMPP channel.  xmpp.c: what comes and goes; xmpp_message.c: stanzas to messages and back; xmpp_room.c: rooms
 * (XEP-0045); xmpp_upload.c: files (XEP-0363).  Underneath: xmpp_session.h, xmpp_stream.h, xmpp_xml.h, xmpp_sasl.h. */
#pragma once
#include "base/map.h"
#include "channel/incoming.h"
#include "channel/xmpp_xml.h"
#include "domain/channel.h"

#define XMPP_NS_MUC     "http://jabber.org/protocol/muc"
#define XMPP_NS_MUCUSER "http://jabber.org/protocol/muc#user"
#define XMPP_NS_UPLOAD  "urn:xmpp:http:upload:0"
#define XMPP_NS_DISCO   "http://jabber.org/protocol/disco"

enum { XMPP_FILES_MAX = 4, XMPP_ROOMS_MAX = 64, XMPP_OCCUPANTS_MAX = 10000 };

/* ---- addresses ---- */

str  xmpp_bare(str jid);                /* user@domain of user@domain/resource */
str  xmpp_resource(str jid);            /* "" if there is none */
str  xmpp_user(str jid);
str  xmpp_domain(str jid);
bool xmpp_jid_valid(str bare);          /* user@domain, as a setting must be */
enum err xmpp_resolve(struct arena *, str name, str *ret_chat_id) MUST_USE;

/* ---- rooms ---- */

struct xmpp_room {
    str        jid, nick;               /* ours in there */
    bool       joined, refused;         /* refused: and somebody was told */
    struct map occupants;               /* nick: their address (char *), where the room tells it */
};
struct xmpp_rooms { size_t n; struct xmpp_room rooms[XMPP_ROOMS_MAX]; };

/* From the setting's items, "room@service" or "room@service/nick". */
enum err xmpp_rooms_read(struct arena *, struct xmpp_rooms *, const char *const *items, size_t n, str nick) MUST_USE;
void     xmpp_rooms_done(struct xmpp_rooms *);
struct xmpp_room *xmpp_room_find(struct xmpp_rooms *, str bare);        /* NULL: it is none of ours */
void     xmpp_room_add_join(struct buf *, const struct xmpp_room *, int64_t since_ms);  /* since_ms 0: no history */
/* A presence from the room.  True: we are in now, and were not before. */
bool     xmpp_room_take_presence(struct xmpp_room *, const struct xml_node *);
bool     xmpp_room_is_new(const struct xml_node *presence);     /* it was made by our coming, and is locked */

/* ---- messages ---- */

struct xmpp_message {
    struct message       message;
    struct incoming_file files[XMPP_FILES_MAX];
    size_t               n_files;
    bool                 encrypted;     /* by means that we do not have: there is nothing to read in it */
};

/* *ret_wanted false: nothing for us (talk in a room, a chat state, an error, an edit).  A room's message is ours only once
 * we are in, for then we know who is who; what was said before comes again as history.  Files from our own upload service
 * (upload_url, "" for none) may be in a private network, others only on the public internet. */
void xmpp_decode(struct arena *, const struct xml_node *, str own_bare, struct xmpp_rooms *, const char *upload_url, int64_t now_ms,
                 struct xmpp_message *out, bool *ret_wanted);
/* id: of this stanza; url: of the file, "" for a text; group: to a room. */
void xmpp_add_message(struct buf *, struct arena *, const struct outgoing *, str id, str url, bool group);
void xmpp_add_typing(struct buf *, str to, bool group);

/* ---- asking the server, by xmpp.c ---- */

/* An iq of `type` with what is inside; *out is the result, the caller's.  ERR_REMOTE: an error, in its words. */
enum err xmpp_ask(const char *type, str to, str inside, struct stanza **out) AWAITS MUST_USE;

/* ---- files out ---- */

/* Puts the bytes where people can fetch them; *ret_url in the arena.  ERR_NOT_FOUND: the server has no such service;
 * ERR_TOO_LONG: it takes no file so large. */
enum err xmpp_upload(struct arena *, str domain, const struct outgoing *, str *ret_url) AWAITS MUST_USE;
void     xmpp_upload_forget(void);      /* what was found out about the service */
