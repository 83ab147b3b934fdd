// SPDX-License-Identifier: Apache-2.0
/* history.h: the earlier messages of conversations with all that came of them, as a model is shown them.
 *
 * A message that has ended does not change any more, and a session's messages end in their order; so what was read
 * from the store once is kept, and each turn reads only what is newer.  When the message before ended in this process,
 * nothing is newer.  The store remains the record: losing what is kept here costs a longer read.  Bounded; the
 * conversations longest unused go first. */
#pragma once
#include "agent/journal.h"
#include "model/tokens.h"

struct histories;

enum { HISTORIES_DEFAULT_MAX = 16 << 20 };

struct histories *histories_new(size_t max_bytes);
void              histories_free(struct histories *);
void              histories_forget(struct histories *);     /* all: messages were deleted from the store */
void              history_forget(struct histories *, str session_id);  /* one: it ended in a way that only the store knows */
size_t            histories_size(const struct histories *); /* bytes */

struct history_wish {
    str      session_id;
    str      user_id;           /* who wrote the message that is to be answered: what others wrote is marked as theirs */
    int64_t  before;            /* inbox id of the message that is to be answered */
    size_t   max_messages;      /* newest first */
    uint64_t max_tokens;
    bool     is_new;            /* nobody has begun to answer it: it has no journal */
};

/* Adds them to the transcript, oldest first.  They live as long as the transcript's arena.
 * *ret_journal: the rows of the message's own journal (journal.of), seen at the same moment. */
enum err history_add(struct histories *, struct store *, const struct history_wish *, struct transcript *,
                     struct rows *ret_journal) AWAITS MUST_USE;

/* The message that was asked for last has ended, and the store has it: what it said and all that came of it. */
void history_ended(struct histories *, const struct history_wish *, str text, const struct chat_message *, size_t n);
