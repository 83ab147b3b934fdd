// SPDX-License-Identifier: Apache-2.0
/* irc_session.h: a connection to an IRC server: registered, logged in (SASL), kept alive.  One fiber reads; others may say. */
#pragma once
#include "channel/irc_line.h"
#include "net/lines.h"

enum { IRC_NICK_MAX = 64, IRC_WHY_MAX = 200 };

struct irc {
    unsigned       refs;                    /* the connection ends with the last */
    struct lines   lines;
    struct waiters writers, answered;       /* private */
    bool           writing, sending;        /* private */
    bool           ready;                   /* registered */
    bool           ascii;                   /* names are compared so */
    bool           has_echo;
    unsigned       tries;                   /* nicks that were taken */
    char           nick[IRC_NICK_MAX];      /* ours, as it is now */
    char           types[16];               /* what channels begin with: "#&" */
    size_t         mask_length;             /* of "nick!user@host" as others see us; a guess until we saw it */
    uint64_t       flood_ms;                /* private: the server's patience, as RFC 1459 section 8.10 counts it */
    /* What is being sent: it is done when the server answers the question behind it. */
    struct { bool waits, refused; char token[24], target[IRC_LINE_BYTES + 1], why[IRC_WHY_MAX]; } out;
};

/* Connected and registered, as `nick` or one like it.  ERR_AUTH: the server or SASL refuses. */
enum err irc_open(const char *nick, struct irc **out) AWAITS MUST_USE;
/* The next line that is not about the connection itself; asks whether the server is there when it is silent. */
enum err irc_read(struct irc *, struct arena *, struct irc_line *out) AWAITS MUST_USE;
/* One line, without its CRLF. */
enum err irc_say(struct irc *, const char *fmt, ...) AWAITS MUST_USE __attribute__((format(printf, 2, 3)));
/* A text to a channel or person, in as many lines as it takes, and waits until the server has seen them all.
 * ERR_NOT_FOUND: it refuses them.  *ret_begun: a line may have gone out. */
enum err irc_send(struct irc *, const char *target, str text, void (*begun)(void *), void *arg, bool *ret_begun) AWAITS MUST_USE;
bool     irc_is_channel(const struct irc *, str target);
struct irc *irc_ref(struct irc *);
void     irc_unref(struct irc *);           /* accepts NULL */
void     irc_break(struct irc *);           /* whoever is sending gets an error */
