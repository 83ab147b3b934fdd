// SPDX-License-Identifier: Apache-2.0
/* answer.h: what becomes of one message: a command, or a turn of the agent, and in any case an end that is stored.
 *
 * Making an answer runs in the turn's fiber and may be cancelled at any await.  Storing it runs in the session's
 * fiber: the reply's rows and the end of the message are one transaction. */
#pragma once
#include "agent/turn.h"
#include "gateway/gateway.h"
#include "gateway/models.h"
#include "model/budget.h"

struct answer {
    struct arena         *arena;
    int64_t               inbox_id;
    const struct message *message;
    bool                  given_up;     /* it was begun too often and never ended: do not try again, say so */
    bool                  resumed;      /* an earlier process may have begun it */
    const struct steer_source *waiting; /* what its turn takes further messages from (agent/steer.h), or NULL */
    struct buf           *said;         /* gets what the model says, since it was asked last; or NULL */
    struct live_edit     *live;         /* where the reply is shown while it grows, or NULL */

    const struct agent   *agent;        /* who answers (agents.h): answer_make() finds out */
    bool                  chinese;      /* the language of what is said in the assistant's own name; else English */
    str                   language;     /* that was chosen for the conversation, ISO 639-1; "": none */

    /* what comes out */
    str                   text;         /* "": nothing is to be said */
    const char           *state;        /* "done", "failed" */
    str                   error;        /* with failed */
    struct turn          *turn;         /* that made it, or NULL */
    bool                  interrupted;  /* failed, because a further message came first */
    unsigned              said_in;      /* the round of what is in `said` */
    bool                  begun;        /* a platform may show the beginning of the reply already */
    struct budget_denial  denial;       /* with ERR_BUDGET: why */
    void                (*dialog)(struct batch *, str session_id);  /* what its end makes of the conversation; NULL: dialog_rest */
    str                   slots;        /* what is known while values are asked for (engine.h); "": nothing any more; NO_STR: as before */
    str                   preface;      /* stands before the answer: what rules said that let the message go on */
    str                   last_file;    /* the file that this was about; NO_STR: none */
    int64_t               context_from; /* not 0: the conversation so far is forgotten up to this message (/new) */
};

/* A turn for this message, to be given a model or a tool. */
struct turn *answer_turn(struct gateway *, struct answer *);
/* Its text; behind it that nobody knows whether some call of it took effect, where a crash made that so. */
str answer_with_unknown(struct arena *, const struct turn *, str text);
/* Gives it its models; *ret_main is the choice of those that answer, and says why where there are none. */
enum err answer_models(struct gateway *, const struct answer *, struct turn *, struct model_choice *ret_main) AWAITS MUST_USE;
enum err answer_make(struct gateway *, struct answer *) AWAITS MUST_USE;
/* Turns an error (whose text is failed_text()) into what the person is told: the owner why, others only that. */
void     answer_failed(const struct gateway *, struct answer *, enum err);
/* It has no end of ours, because an operator gave it one. */
void     answer_left(struct gateway *, const struct answer *);
enum err answer_store(struct gateway *, struct answer *) AWAITS MUST_USE;
