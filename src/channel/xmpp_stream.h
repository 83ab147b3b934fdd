// SPDX-License-Identifier: Apache-2.0
/* xmpp_stream.h: an XMPP connection from the first byte to a session: TLS (RFC 6120 section 5, or at once), SASL, and what
 * the server offers then.  Nothing but the stream's header is said before TLS.  One fiber reads; any may write. */
#pragma once
#include "channel/xmpp_xml.h"
#include "net/transport.h"

struct xmpp_login {
    str  user, domain, password;        /* of the address user@domain */
    const char *host;                   /* NULL or "": the domain's */
    unsigned port;                      /* 0: the usual one */
    bool direct_tls;                    /* at once, rather than by STARTTLS */
    const char *ca_file;                /* NULL or "": what the system trusts */
};

struct xmpp_stream {
    struct transport    io;
    struct xmpp_parser *parser;
    struct stanza      *features;       /* after authentication */
    bool                writing, broken;        /* private */
    struct waiters      may_write;      /* private */
    uint32_t            sent;           /* stanzas written, for stream management */
    uint64_t            heard_ms;       /* when the last byte came, clock_ms() */
};

/* Up to the features behind authentication.  ERR_AUTH: refused, with the server's words. */
enum err xmpp_stream_open(struct xmpp_stream *, const struct xmpp_login *) AWAITS MUST_USE;
void     xmpp_stream_close(struct xmpp_stream *) AWAITS;        /* {0} is fine; whoever writes is sent away first */
/* The next stanza, whatever it is; the caller frees it.  ERR_NET: the connection, or the stream, ended. */
enum err xmpp_stream_next(struct xmpp_stream *, struct stanza **out) AWAITS MUST_USE;
/* What is here already, without waiting: *out may be NULL. */
enum err xmpp_stream_next_or(struct xmpp_stream *, struct waiters *also, struct stanza **out) AWAITS MUST_USE;
/* All of it or the stream is broken.  n: how many stanzas it is; *ret_sent (may be NULL): how many were written with it, of
 * all; set before the first byte goes. */
enum err xmpp_stream_write(struct xmpp_stream *, str xml, unsigned n, uint32_t *ret_sent) AWAITS MUST_USE;
/* An iq by itself, before there is a reader: *out is its result, ERR_REMOTE an error. */
enum err xmpp_stream_ask(struct xmpp_stream *, str iq, str id, struct stanza **out) AWAITS MUST_USE;
/* A resource of ours; *ret_jid (in the arena) is the full address. */
enum err xmpp_stream_bind(struct xmpp_stream *, struct arena *, const char *resource, str *ret_jid) AWAITS MUST_USE;
/* The words of an error stanza or stream error, "item-not-found: no such user", in the arena. */
const char *xmpp_error_words(struct arena *, const struct xml_node *);
