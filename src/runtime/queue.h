// SPDX-License-Identifier: Apache-2.0
/* queue.h: a bounded queue of pointers between fibers of the loop thread. */
#pragma once
#include "runtime/fiber.h"

enum queue_policy {
    QUEUE_WAIT,         /* push waits for room */
    QUEUE_REFUSE,       /* push returns ERR_LIMIT */
    QUEUE_DROP_OLDEST,  /* push makes room; the oldest goes to on_drop */
};

struct queue {
    size_t         n, cap;
    size_t         dropped;         /* by QUEUE_DROP_OLDEST */
    void         (*on_drop)(void *item);    /* may be NULL */
    enum queue_policy policy;       /* private from here */
    bool           closed;
    size_t         head;
    void         **items;
    struct waiters poppers, pushers;
};

void     queue_init(struct queue *, size_t cap, enum queue_policy);
void     queue_done(struct queue *);            /* items left go to on_drop; nobody may be waiting */
enum err queue_push(struct queue *, void *item) AWAITS MUST_USE;    /* awaits only with QUEUE_WAIT */
enum err queue_pop(struct queue *, void **ret_item) AWAITS MUST_USE; /* ERR_NOT_FOUND: closed and empty */
bool     queue_try_pop(struct queue *, void **ret_item);
void     queue_close(struct queue *);           /* no more pushes (ERR_CONFLICT); what is in it can be popped */
