// SPDX-License-Identifier: Apache-2.0
/* server_internal.h: what connections see of their server. */
#pragma once
#include "base/list.h"
#include "base/map.h"
#include "net/server.h"
#include "runtime/fd.h"

enum { DATE_SIZE = 40 };

struct listener {
    struct server *server;
    struct fd     *fd;
    unsigned       port;
    bool           redirects;
};

struct server {
    struct server_options options;      /* with the defaults filled in */
    struct listener    listeners[2];    /* the second: the redirecting one */
    size_t             n_listeners;
    struct ssl_ctx_st *tls;             /* NULL: plain */
    struct list        connections;
    size_t             n_connections;
    struct map         peers;           /* address -> number of its connections */
    struct fibers      fibers;
    bool               draining, out_of_files;
    struct waiters     stop;            /* woken when draining begins: acceptors and idle connections */
    struct waiters     empty;           /* woken when the last connection ends */
    int64_t            date_at;         /* the second that `date` says */
    char               date[DATE_SIZE]; /* "Date: ...\r\n" */
};

bool server_admits(struct server *, const char *peer);      /* counts it; false: too many */
void server_forget(struct server *, struct connection *);   /* uncounts it */
str  server_date(struct server *);                          /* the Date field, with its CRLF */
