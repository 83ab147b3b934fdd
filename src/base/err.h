// SPDX-License-Identifier: Apache-2.0
/* err.h: how things fail.  A code says what the caller can do; the text says what happened.
 * The text lives with whoever runs now (a fiber, once runtime/ is up), so it survives awaits and is
 * never shared.  Only a fiber's entry reads it, and logs it, once. */
#pragma once
#include <stddef.h>

enum err {
    OK,
    ERR_CANCELLED,  /* somebody asked this to stop; pass it on */
    ERR_TIMEOUT,    /* a deadline passed; may be tried again */
    ERR_NET,        /* no connection, or it broke; may be tried again */
    ERR_REMOTE,     /* the other side answered, and answered badly */
    ERR_AUTH,       /* not allowed: ask a person */
    ERR_LIMIT,      /* a cap or quota of ours or theirs was reached */
    ERR_INPUT,      /* what came in is malformed; trying again will not help */
    ERR_NOT_FOUND,
    ERR_CONFLICT,   /* it exists already, or changed under us */
    ERR_IO,         /* disk full, file unreadable: the machine's owner must act */
    ERR_TOO_LONG,   /* what was handed over does not fit there: make it shorter */
    ERR_BUDGET,     /* money or tokens that somebody may spend are spent: wait for the next period, or ask for more */
    ERR_BUG,        /* cannot happen, and did */
};

#define MUST_USE     __attribute__((warn_unused_result))
#define AWAITS       /* may suspend: anything not on this stack may change across the call */
#define CLEANUP(fn)  __attribute__((cleanup(fn), unused))
#define UNUSED       __attribute__((unused))
#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* Return early with the error of `expr`.  Only in functions whose resources all carry CLEANUP. */
#define TRY(expr) do { enum err try_e_ = (expr); if (try_e_) return try_e_; } while (0)

/* Records the text and returns the code: `return failed(ERR_INPUT, "line %d: ...", n);` */
enum err failed(enum err, const char *fmt, ...) MUST_USE __attribute__((format(printf, 2, 3)));

/* Puts words before the latest text: "config.yaml: " + "no such file".  Returns `e` as it came. */
enum err failed_in(enum err e, const char *fmt, ...) MUST_USE __attribute__((format(printf, 2, 3)));

const char *failed_text(void);      /* text of the latest failure here; "" if there was none */
const char *err_name(enum err);     /* "timeout", stable: it stands in logs, metrics and JSON */

/* What "whoever runs now" carries.  runtime/ points the hook at the current fiber's. */
enum { ERR_TEXT_MAX = 512 };
struct err_context { char text[ERR_TEXT_MAX]; };
extern struct err_context *(*err_context_hook)(void);   /* never NULL; default: one per thread */
