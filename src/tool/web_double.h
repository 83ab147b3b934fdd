// SPDX-License-Identifier: Apache-2.0
/* web_double.h: for tests: a web server on loopback that answers as the test says, right or wrong, byte by byte. */
#pragma once
#include "base/buf.h"
#include "runtime/fd.h"

struct web_double {
    unsigned      port;
    unsigned      n_connections, n_requests;
    struct buf    last;             /* the latest request, head and body */
    /* Writes what it likes; the connection is closed behind it.  target: "/path?query". */
    enum err    (*answer)(struct web_double *, struct fd *, str target) /* AWAITS */;
    void         *arg;
    struct fd    *listener;         /* private */
    struct fibers group;            /* private */
};

void web_double_open(struct web_double *);
void web_double_done(struct web_double *);
/* A whole answer: status and fields ("200 OK\r\nContent-Type: text/html"), and a body with its length. */
enum err web_double_send(struct fd *, const char *status_and_fields, str body) AWAITS;
