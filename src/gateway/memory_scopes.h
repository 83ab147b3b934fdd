// SPDX-License-Identifier: Apache-2.0
/* memory_scopes.h: whose memories somebody is shown in a conversation, and where what they have remembered goes.
 *
 *   user:PERSON    that person's, and shown in their private chats alone: a group must not read what one of them told in private
 *   chat:...       what was said in that chat, shown there alone
 *   agent:NAME     all that this agent talks to; written by the owner and admins
 *   project:NAME   the conversations that somebody like an operator has bound to it (/project); written by the like of them
 *   global         everybody; written by the owner and admins
 *
 * A chat of which nobody told what it is counts as a group.  Guests see what is their chat's and leave nothing. */
#pragma once
#include "gateway/gateway.h"
#include "domain/person.h"
#include "memory/item.h"

struct memory_scopes {
    const struct scope *visible;
    size_t       n;
    struct scope own;           /* where what is saved goes when nothing else is said */
    bool         may_save;
    bool         is_private;    /* nobody but this person reads the conversation */
    bool         recall;        /* memories are shown to the model without being asked for */
    str          project;       /* "": none */

    /* private */
    struct person person;
    const char  *like;          /* the role (tool/policy.h) */
};

/* In the arena.  A session that there is not: nothing is visible. */
enum err memory_scopes_of(struct gateway *, struct arena *, str session_id, const struct person *,
                          struct memory_scopes *out) AWAITS MUST_USE;
bool     memory_scopes_see(const struct memory_scopes *, struct scope);
/* By its kind's name ("project"); "": own.  ERR_INPUT: there is no such scope here; ERR_AUTH: it is not theirs to write. */
enum err memory_scopes_choose(const struct memory_scopes *, str kind, struct scope *out) MUST_USE;
/* Is it theirs to change or to forget: what is in a scope that they write, in a group what they themselves had saved. */
bool     memory_scopes_may_change(const struct memory_scopes *, const struct memory_item *);
/* Letters, digits, - and _, at most 64 of them, in any script. */
bool     memory_project_valid(str name);
