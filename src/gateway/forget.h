// SPDX-License-Identifier: Apache-2.0
/* forget.h: what was forgotten is nowhere any more: not in the memory, not in the conversations that it came from, not in what was
 * made of them, and not in a file.  What a forgetting is about is stored first (ids; of a person the name and accounts), and taken out
 * last: one that was begun is ended at the next start.  Each step may be repeated.
 *
 * What stays: the audit log, which holds ids and digests; messages' ids, times and states, with FORGOTTEN in the place of the words;
 * what was spent, as nobody's; logs, the workspace's files and backups, which are not ours. */
#pragma once
#include "gateway/gateway.h"

#define FORGOTTEN "[forgotten]"     /* as in sql/.../forget.sql */

enum forget_messages { FORGET_MESSAGES, KEEP_MESSAGES };
struct forgotten {
    size_t items, messages, sessions;
    size_t at_work;         /* messages that have not ended: they were left as they are */
};

/* Items, what was built on them, and unless they are kept the messages that they come from, with their replies.  Back when no file has
 * it any more. */
enum err forget_items(struct gateway *, const int64_t *ids, size_t n, enum forget_messages, struct forgotten *out) AWAITS MUST_USE;
/* All of a person: their private conversations whole, their messages in others, memories of theirs and what they said, accounts.  What
 * they have running is stopped.  The owner stays the owner, with their accounts; who stands in the configuration stays there. */
enum err forget_person(struct gateway *, str person, struct forgotten *out) AWAITS MUST_USE;
/* At the start: ends what a crash left begun. */
enum err forget_resume(struct gateway *) AWAITS MUST_USE;

/* For whoever takes messages into memory: another number since it looked means that what it read may have been forgotten. */
uint64_t forget_count(void);

/* forget_person.c, for forget.c */
struct arena;
str      forget_accounts(struct gateway *, struct arena *, str person);     /* [["telegram", "123"]], JSON */
enum err forget_stop(struct gateway *, str accounts) AWAITS MUST_USE;
enum err forget_all_of(struct gateway *, str person, str accounts, struct forgotten *) AWAITS MUST_USE;
enum err forget_words(struct gateway *, const int64_t *messages, size_t n, struct forgotten *) AWAITS MUST_USE;     /* in forget.c */
