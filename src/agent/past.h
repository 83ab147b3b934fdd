// SPDX-License-Identifier: Apache-2.0
/* past.h: one earlier message of a conversation with all that came of it, as a model is shown it: as it was, or in short
 * form, with its long results cut.  Counted once.  For history.c. */
#pragma once
#include "agent/transcript.h"
#include "base/list.h"
#include "store/store.h"

/* Turns that show it hold it too, so it may outlive its conversation there. */
struct past {
    struct list       node;
    struct arena     *arena;        /* of everything in it, itself included */
    unsigned          refs;
    size_t            size;         /* history.c's: of the arena, as far as it is counted there */
    int64_t           inbox_id;
    str               user_id;      /* who wrote it; "": the assistant by itself */
    uint64_t          tokens, short_tokens;     /* guessed (model/tokens.h) */
    struct transcript transcript, short_form;   /* the latter with the former's messages, once it was asked for */
};

struct past *past_new(int64_t inbox_id, str user_id, str text);
void         past_unref(void *past);
/* The journal's rows of this message (turn.history_journal), beginning with the *j-th. */
enum err     past_read(struct past *, const struct rows *journal, size_t *j) MUST_USE;
void         past_add(struct past *, const struct chat_message *);  /* copied */
void         past_end(struct past *);       /* it has all it will have: repaired and counted */

uint64_t     past_shorten(struct past *);   /* makes the short form; its tokens */
/* Its messages are added, and live as long as the transcript's arena.  What others wrote is not the words of whoever asks
 * now (user_id), and marked. */
void         past_show(struct past *, bool in_short, str user_id, struct transcript *);
