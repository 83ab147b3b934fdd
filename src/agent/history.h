// SPDX-License-Identifier: Apache-2.0
/* history.h: the earlier messages of conversations with all that came of them, as a model is shown them.
 *
 * A message that has ended does not change any more, and a session's messages end in their order; so what was read
 * from the store once is kept, and each turn reads only what is newer.  When the message before ended in this process,
 * nothing is newer.  The store remains the record: losing what is kept here costs a longer read.  Bounded; the
 * conversations longest unused go first.
 *
 * The older part of a long conversation is shown as a summary (compaction.h), and what is behind that in short form as far as was
 * asked for.  Both change in big steps: a prompt whose beginning is what it was costs less. */
#pragma once
#include "agent/journal.h"

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
    uint64_t max_tokens;        /* guessed ones; what is older is left out */
    bool     is_new;            /* nobody has begun to answer it: it has no journal */
};

struct history_shown {
    struct rows journal;        /* of the message itself (journal.of), seen at the same moment */
    size_t      n_messages;     /* earlier messages */
    int64_t     from;           /* inbox id of the oldest of them; 0: there is none */
    uint64_t    tokens;         /* guessed, of all that was added; in it: */
    uint64_t    summary;        /* of the summary, which is the first message then; 0: there is none */
    uint64_t    results;        /* of tools' results */
};

/* Adds them to the transcript, oldest first.  They live as long as the transcript's arena. */
enum err history_add(struct histories *, struct store *, const struct history_wish *, struct transcript *,
                     struct history_shown *out) AWAITS MUST_USE;
/* The same once more for the same message, without the store and without its journal; false: it is not kept any more. */
bool     history_again(struct histories *, const struct history_wish *, struct transcript *, struct history_shown *out);

/* Does the conversation keep anything in view (notes.h)?  Remembered as long as it is kept here, so that those that have nothing, nearly
 * all, need not look at every turn.  Whoever changes it says NOTES_UNKNOWN. */
enum history_notes { NOTES_UNKNOWN, NOTES_NONE, NOTES_SOME };
enum history_notes history_notes(const struct histories *, str session_id);
void     history_set_notes(struct histories *, str session_id, enum history_notes);

/* The message that was asked for last has ended, and the store has it: what it said and all that came of it. */
void     history_ended(struct histories *, const struct history_wish *, str text, const struct chat_message *, size_t n);

/* From now on the older messages are shown in short form, as many as it takes to be left with so many tokens (guessed); never the newest
 * two.  True: something changed. */
bool     history_shorten(struct histories *, str session_id, uint64_t tokens);

/* What a summary would stand for: the summary so far and all messages but the newest, of which at most `keep` tokens stay. */
struct history_part {
    struct transcript transcript;
    int64_t  up_to;             /* inbox id of the last of them */
    size_t   n_messages;
    uint64_t tokens;
    str      last_words;        /* what was said last in it */
    str      user_id;           /* who wrote it */
    bool     several;           /* besides others */
};
/* False: nothing is older, or the conversation is not kept.  It lives as long as the arena. */
bool     history_older(struct histories *, str session_id, uint64_t keep, struct arena *, struct history_part *out);

/* A summary stands for all messages up to one; the store has it (table compactions). */
struct history_summary { int64_t up_to; str text, user_id, taint; };
void     history_compacted(struct histories *, str session_id, const struct history_summary *);
