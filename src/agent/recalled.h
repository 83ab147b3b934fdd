// SPDX-License-Identifier: Apache-2.0
/* recalled.h: what a turn is shown of the memory without asking for it: what has to do with what the person says, within a number of
 * tokens.  It stands behind the conversation, as notes do, so that the prompt begins as it did.
 *
 * It is not journaled.  A turn that is run again recalls again, for there is nothing in it that was done; what it must not lose is
 * whose words the model had read, and that is kept with each of its replies (struct reply, taint). */
#pragma once
#include "memory/recall.h"

struct turn;

/* Who recalls for a turn, and what: this floor knows no scopes. */
struct recaller {
    enum err (*recall)(void *arg, struct arena *, const struct recall_query *, struct recall_result *out) /* AWAITS */;
    void      *arg;
    const struct scope *scopes;     /* what the person may see where they write */
    size_t     n_scopes;
    const str *collections;         /* knowledge that comes by itself, too (recall.h) */
    size_t     n_collections;
    size_t     items;               /* at most */
    uint64_t   tokens;              /* at most, guessed */
};

/* Fills the turn's `recalled` and `recalled_taint`, once, and again when further messages were taken in.  What fails is logged and leaves
 * them empty: no turn fails for it.  ERR_CANCELLED, ERR_TIMEOUT. */
enum err recalled_read(struct turn *) AWAITS MUST_USE;

/* One of them, for a model: a line that says what it is, then its words as a quote. */
void     recalled_add(struct buf *, const struct recalled *, str person);
/* Whose words are in it besides this person's; "": nobody's.  What is for all was written by the owner or for them. */
str      recalled_taint(struct arena *, const struct memory_item *, str person);
