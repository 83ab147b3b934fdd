// SPDX-License-Identifier: Apache-2.0
/* ask.h: one message to the gateway, and its answer printed while it is written. */
#pragma once
#include "base/buf.h"
#include "cli/remote.h"

struct ask {
    struct cli *cli;
    char        session[64];    /* "" until the gateway says; then every message goes there */
    bool        running;
    bool        on_terminal;    /* show which tools run */
    /* private */
    struct buf  shown;
    bool        line_open, answered;    /* answered: a reply was printed */
    char        state[32];      /* of the message at the end: done, failed, ... */
    char        problem[300];
};

/* ERR_REMOTE when the answer is an error; cli->told when its words were printed as the answer. */
enum err ask_run(struct ask *, str text) AWAITS MUST_USE;
enum err ask_stop(struct ask *) AWAITS MUST_USE;      /* the turn that runs now ends, with what it has */
void     ask_done(struct ask *);
