// SPDX-License-Identifier: Apache-2.0
/* ask.h: one message to the gateway, and its answer printed while it is written. */
#pragma once
#include "base/buf.h"
#include "base/random.h"
#include "cli/remote.h"

struct ask {
    struct cli *cli;
    char        session[64];    /* "" until the gateway says; then every message goes there */
    char        question[16];   /* not "": a message waits with a question of this code; ask_go_on() hears of it later */
    bool        running;
    bool        on_terminal;    /* show which tools run */
    /* private */
    struct buf  shown;
    bool        line_open, answered;    /* answered: a reply was printed */
    char        state[32];      /* of the message at the end: done, failed, ... */
    char        problem[300];
    char        key[UUID_SIZE]; /* of the message: sent again with it, it is the same message */
    char        waiting_key[UUID_SIZE];
    struct buf  waiting_text;
};

/* ERR_REMOTE when the answer is an error; cli->told when its words were printed as the answer. */
enum err ask_run(struct ask *, str text) AWAITS MUST_USE;
/* Goes on with the message that waited with a question, when that is open no more. */
enum err ask_go_on(struct ask *) AWAITS MUST_USE;
enum err ask_stop(struct ask *) AWAITS MUST_USE;      /* the turn that runs now ends, with what it has */
void     ask_done(struct ask *);

/* send.c, send_to.c: the command's words, or standard input; and `send --to`. */
enum err cli_collect_text(struct cli *, struct buf *text) MUST_USE;
enum err cli_send_to(struct cli *) MUST_USE;
