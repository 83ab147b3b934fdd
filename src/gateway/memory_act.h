// SPDX-License-Identifier: Apache-2.0
/* memory_act.h: what a person, or the assistant for them, does with the memory in a conversation: remember, look, forget.  For the
 * tools (tool_memory_*.c) and the chat commands (commands_memory.c); whose memories those are: memory_scopes.h. */
#pragma once
#include "gateway/memory_scopes.h"
#include "memory/recall.h"

struct memory_actor {
    struct gateway *gateway;
    struct arena   *arena;
    struct person   person;
    str             session_id;
    int64_t         inbox_id;       /* of the message that is answered; 0: none */
    str             taint;          /* whose words are in the context besides the person's; "": nobody's */
    enum item_origin origin;
    struct memory_scopes scopes;    /* set by _begin */
};

/* The rest is set before. */
enum err memory_actor_begin(struct memory_actor *) AWAITS MUST_USE;

struct memory_wish {
    str            text;
    enum item_kind kind;
    str            scope;           /* a kind's name; "": where it belongs by itself */
    int64_t        replaces;        /* id; 0: nothing */
    int64_t        expires_at;      /* ms; 0: never */
    bool           pinned;
};
/* While others' words are about, their mark stays with it, and it goes to where it belongs, pinned and replacing nothing: else a web page
 * could write over what a person said, or have itself shown everywhere.
 * ERR_INPUT, ERR_AUTH, ERR_NOT_FOUND, ERR_CONFLICT: why not, for whoever asked. */
enum err memory_act_save(const struct memory_actor *, const struct memory_wish *, struct memory_item *ret_saved) AWAITS MUST_USE;

struct memory_look {
    str        text;
    uint32_t   kinds;               /* 1 << ITEM_FACT | ...; 0: all */
    const str *collections;         /* recall.h */
    size_t     n_collections;
    int64_t    since;               /* ms; 0: always */
    size_t     k;
    uint64_t   max_tokens;          /* 0: no limit */
};
/* In all that is visible there. */
enum err memory_act_look(const struct memory_actor *, const struct memory_look *, struct recall_result *out) AWAITS MUST_USE;

/* All of them or none.  ERR_NOT_FOUND: one is not to be seen here; ERR_AUTH: one is not theirs.  *ret_items: what they were, in the
 * arena. */
enum err memory_act_forget(const struct memory_actor *, const int64_t *ids, size_t n, const struct memory_item **ret_items) AWAITS MUST_USE;

/* Is it why an act did not happen, rather than something that is broken? */
bool     memory_act_refused(enum err);
