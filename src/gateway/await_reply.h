// SPDX-License-Identifier: Apache-2.0
/* await_reply.h: waits for what becomes of a message that was just stored: its reply, or a question that it waits with. */
#pragma once
#include "bus/bus.h"
#include "gateway/submit.h"

struct awaited {
    struct gateway *gateway;
    struct arena   *arena;
    const struct received *received;
    bool            wants_question;     /* a question ends the wait */
    /* Waits for news, or fails: http_wait_or_gone().  on_event gets every event about the message; may be NULL. */
    enum err      (*wait)(void *arg, struct waiters *news) /* AWAITS */;
    enum err      (*on_event)(void *arg, const struct bus_event *) /* AWAITS */;
    void           *arg;
    /* What comes out. */
    json_t         *replies;            /* as submit_replies() has them */
    str             state;              /* the message's */
    str             question;           /* the event "approval"; "": none */
    int64_t         answered;           /* meanwhile a question of this message was answered; 0: none */
    /* private */
    struct mailbox *mailbox;
    int64_t         about;              /* the message whose turn answers it: itself, until another's takes it along */
    str             reply;              /* as it was published; NO_STR when events were lost */
};

/* Without an await since the message was stored: nothing about it can have been published before. */
void     awaited_begin(struct awaited *);
enum err await_reply(struct awaited *) AWAITS MUST_USE;     /* ERR_CANCELLED: the gateway stops */
/* After it: the same for the message in `answered`, whose turn goes on. */
enum err await_asked(struct awaited *) AWAITS MUST_USE;
void     awaited_done(struct awaited *);
