// SPDX-License-Identifier: Apache-2.0
/* xmpp_sasl.h: proving who we are: SCRAM (RFC 5802, RFC 7677) as a dialogue of strings, and PLAIN (RFC 4616).  Without channel
 * binding: the "-PLUS" forms are not spoken.  A SCRAM server proves that it knows the password too, or scram_finish() refuses. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum sasl_mechanism { SASL_NONE, SASL_PLAIN, SASL_SCRAM_SHA_1, SASL_SCRAM_SHA_256 };    /* the later the better */
enum { SCRAM_ROUNDS_MAX = 2000000 };

struct scram {
    enum sasl_mechanism mechanism;
    str  user, password, nonce;             /* nonce: ours; no comma in it */
    str  first_bare, server_signature;      /* private, in the arena */
};

enum sasl_mechanism sasl_named(str name);
const char *sasl_name(enum sasl_mechanism);
/* SASLprep (RFC 4013) as far as a password needs it: compatibility forms and odd spaces are one. */
str      sasl_prepared(struct arena *, str);
str      plain_message(struct arena *, str user, str password);
str      scram_first(struct arena *, struct scram *);
/* What the server said first; *ret_answer is our last word.  Hashes thousands of times, in another thread.
 * ERR_INPUT, ERR_AUTH: that is no SCRAM, or not with us. */
enum err scram_answer(struct arena *, struct scram *, str challenge, str *ret_answer) AWAITS MUST_USE;
enum err scram_finish(const struct scram *, str server_final) MUST_USE;
