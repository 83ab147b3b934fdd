// SPDX-License-Identifier: Apache-2.0
/* xmpp_session.h: a session with the XMPP server, which may live longer than its connection: stream management (XEP-0198) counts both
 * ways, so what was on its way when the connection broke is known as soon as the session is resumed, also by the next run of the
 * program.  Whoever sends waits until the server has said that it has the message. */
#pragma once
#include "channel/xmpp_stream.h"
#include "domain/channel.h"

#define XMPP_NS_SM "urn:xmpp:sm:3"
#define XMPP_NS_PING "urn:xmpp:ping"

enum { XMPP_SM_ID_SIZE = 300 };

struct xmpp_session {
    struct xmpp_stream stream;
    str                bare;        /* our address */
    bool               online;      /* there is a session, and somebody reads; set by who does */
    bool               managed;     /* by stream management */
    char               sm_id[XMPP_SM_ID_SIZE];  /* of a session that can be resumed; "" for none */
    char               sm_of[XMPP_SM_ID_SIZE];  /* whose it is: our bare address */
    uint32_t           seen;        /* stanzas that came; counted by who reads */
    struct flight     *flights;     /* private */
    struct question   *questions;   /* private */
    struct waiters     landed, answered;        /* private */
};

/* Connects, logs in, and goes on with the session of before if the server still has it, else begins one (`resource`, and a presence).
 * What is kept between connections is in the arena or in the struct. */
enum err xmpp_session_begin(struct xmpp_session *, struct arena *, const struct xmpp_login *, const char *resource) AWAITS MUST_USE;
/* Nobody reads any more.  Questions are lost; messages wait for the next connection if it can tell what became of them. */
void     xmpp_session_end(struct xmpp_session *);

/* n: how many stanzas it is. */
enum err xmpp_say(struct xmpp_session *, str xml, unsigned n) AWAITS MUST_USE;
/* An iq of `type` with what is inside; *out is the result, the caller's.  ERR_REMOTE: an error, in its words. */
enum err xmpp_session_ask(struct xmpp_session *, const char *type, str to, str inside, struct stanza **out) AWAITS MUST_USE;
/* The message with this id, until the server has it or refuses it; out->unknown and out->gone as for a channel's `send`. */
enum err xmpp_session_deliver(struct xmpp_session *, str id, struct buf *message, struct sent *out) AWAITS MUST_USE;

/* What was read. */
void     xmpp_session_take_answer(struct xmpp_session *, struct stanza *iq);            /* takes it over */
void     xmpp_session_take_error(struct xmpp_session *, const struct stanza *message);
void     xmpp_session_arrived(struct xmpp_session *, uint32_t n);                       /* the server has the first n of ours */

/* The session as the next run of the program finds it: the number of stanzas that were handled, whose it is, its id; "" for none. */
str      xmpp_session_write(const struct xmpp_session *, struct arena *, uint32_t handled);
void     xmpp_session_read(struct xmpp_session *, str text);
