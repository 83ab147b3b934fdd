// SPDX-License-Identifier: Apache-2.0
/* token.h: an access token that a platform lends for a while.  Asked for once however many need it, kept until shortly
 * before its end, never on disk. */
#pragma once
#include "base/arena.h"
#include "runtime/fiber.h"

/* One a platform (or account), static and zero.  ask: gets a new token in the arena and how long it lives. */
struct token {
    enum err      (*ask)(struct arena *, str *ret_token, uint64_t *ret_lives_ms) /* AWAITS */;
    char           *text;           /* private from here */
    uint64_t        until_ms;
    bool            asking;
    enum err        failure;
    char            failure_text[200];
    struct waiters  asked;
};

/* In the arena.  Errors are those of `ask`. */
enum err token_get(struct token *, struct arena *, str *out) AWAITS MUST_USE;
void     token_forget(struct token *);      /* the platform refused it, or the settings changed */
