// SPDX-License-Identifier: Apache-2.0
/* egress_link.h: between egress.c, which accepts and counts, and egress_link.c, which serves one connection. */
#pragma once
#include "net/transport.h"
#include "tool/egress.h"
#include "tool/egress_mask.h"
#include "tool/egress_request.h"

struct egress {
    struct arena  *arena;       /* the job's */
    const struct egress_options *options;
    struct fd     *handover;    /* where the listening socket comes from */
    bool           is_called;   /* and that by who calls there first */
    struct fd     *listener;
    struct fibers  group;       /* who accepts, and the connections */
    struct waiters room;
    unsigned       open;        /* connections now */
    uint64_t       accepted, bytes;
    bool           told_full;
    struct buf     reached;
};

/* One connection: of the command to us, and of us to the other side. */
struct egress_link {
    struct egress   *egress;
    struct arena    *arena;
    struct transport client, server;
    struct http_parser parser;
    struct buf       rest;          /* read, but not of the head */
    struct egress_ask ask;
    char             address[46];
    uint64_t         moved_at;      /* when bytes last went either way */
    uint64_t         sent, received;
    struct egress_mask mask;        /* of what comes back */
    bool             opened;        /* was said to be allowed: its end is told too */
};

enum err egress_link_run(void *link) AWAITS;    /* its fiber; frees it */

/* Tells whoever is to know.  link: NULL when it was not even served. */
void egress_tell(struct egress *, const struct egress_link *, enum egress_event, str decision);
const struct egress_services *egress_services(void);

/* egress_dial.c: connects to one of the host's addresses that may be reached.  ERR_AUTH: there is none that may. */
enum err egress_dial(struct egress_link *, struct fd **out) AWAITS MUST_USE;
/* Our own TLS to the other side, its certificate verified against the host that was asked for. */
enum err egress_dial_tls(struct egress_link *) AWAITS MUST_USE;
void     egress_dial_forget(void);      /* whom it trusts: that is read again */
