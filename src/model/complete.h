// SPDX-License-Identifier: Apache-2.0
/* complete.h: one call of a model: the prompt goes out, the reply comes in as a stream.  All that every provider
 * needs is here, once: time limits, trying again, and errors that say what failed, where, and what to do.
 *
 * It is tried again (with growing, jittered pauses, or after what Retry-After says) when the network or the server
 * failed, and only as long as no text was shown; once more when the answer was empty. */
#pragma once
#include "model/model.h"

struct completion_options {
    void   (*on_delta)(void *arg, str text);    /* text as it comes; NULL: only the reply matters */
    void   (*on_reasoning)(void *arg, str text);        /* thoughts, for whoever shows them; NULL: nobody */
    void    *arg;
    uint64_t first_token_ms;            /* from the start to the first thing the model says; 0: 2 min */
    uint64_t idle_ms;                   /* silence after that; 0: 1 min */
    size_t   max_text;                  /* 0: 4 MiB */
    unsigned tries;                     /* 0: 3 */
    struct usage *broken;               /* what tries that broke off took is added here, by estimate where nobody told; may be NULL */
    str      session;                   /* whose call it is, where calls wait for a model of ours (local_server.h); "" is one of its own */
};

/* prompt.model is model->name where it is empty.  The reply is in the arena.
 * ERR_NET, ERR_TIMEOUT, ERR_LIMIT: later may go well; ERR_AUTH, ERR_NOT_FOUND: settings are wrong;
 * ERR_INPUT: this prompt is refused; ERR_REMOTE: the other side does not speak what we do. */
enum err complete(struct model *, struct arena *, const struct prompt *, const struct completion_options *,
                  struct reply *out) AWAITS MUST_USE;
