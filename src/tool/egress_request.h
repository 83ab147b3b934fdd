// SPDX-License-Identifier: Apache-2.0
/* egress_request.h: what a command asks of the proxy, and how that is passed on.  Pure. */
#pragma once
#include "net/http.h"
#include "tool/egress_rules.h"

enum egress_kind {
    EGRESS_TUNNEL,      /* CONNECT: bytes both ways, unseen */
    EGRESS_PLAIN,       /* http://, passed on as http */
    EGRESS_SECURED,     /* http:// to a host that has a secret: passed on over TLS with the header */
};

struct egress_ask {
    enum egress_kind kind;
    str      host;      /* as egress_authority() gives it */
    unsigned port;      /* that is connected to */
    str      path;      /* and query, as sent, for the request line */
    const struct egress_secret *secret;     /* EGRESS_SECURED only */
};

/* Of a request whose head is in.  ERR_INPUT: it is none for a proxy; the text says why. */
enum err egress_ask(struct arena *, const struct egress_policy *, const struct http_parser *, struct egress_ask *out) MUST_USE;

/* The head as it goes on: the Host field is the target's, what is for one hop only is left out, `Connection: close` is ours.
 * `value` is the secret's, checked by http_is_value(); a field of that name that was sent is replaced by it. */
void egress_add_head(struct buf *, const struct http_parser *, const struct egress_ask *, str value);
bool egress_is_chunked(const struct http_parser *);     /* its body: it goes on in chunks too */
