// SPDX-License-Identifier: Apache-2.0
#include "runtime/queue.h"

#include <assert.h>

#include "base/mem.h"

void queue_init(struct queue *q, size_t cap, enum queue_policy policy)
{
    assert(cap > 0);
    *q = (struct queue){ .cap = cap, .policy = policy };
    q->items = mem_alloc(cap * sizeof *q->items);
}

static void *take(struct queue *q)
{
    void *item = q->items[q->head];

    q->head = (q->head + 1) % q->cap;
    q->n--;
    return item;
}

static void drop_oldest(struct queue *q)
{
    void *item = take(q);

    q->dropped++;
    if (q->on_drop)
        q->on_drop(item);
}

void queue_done(struct queue *q)
{
    while (q->n) {
        void *item = take(q);

        if (q->on_drop)
            q->on_drop(item);
    }
    mem_freep(&q->items);
}

static enum err make_room(struct queue *q) AWAITS
{
    while (q->n == q->cap && !q->closed)
        switch (q->policy) {
        case QUEUE_WAIT:
            TRY(wait_on(&q->pushers, "room in a queue"));
            break;
        case QUEUE_REFUSE:
            return failed(ERR_LIMIT, "the queue is full (%zu)", q->cap);
        case QUEUE_DROP_OLDEST:
            drop_oldest(q);
            break;
        }
    return OK;
}

enum err queue_push(struct queue *q, void *item) AWAITS
{
    TRY(make_room(q));
    if (q->closed)
        return failed(ERR_CONFLICT, "the queue is closed");
    q->items[(q->head + q->n++) % q->cap] = item;
    wake_one(&q->poppers);
    return OK;
}

bool queue_try_pop(struct queue *q, void **ret_item)
{
    if (q->n == 0)
        return false;
    *ret_item = take(q);
    wake_one(&q->pushers);
    return true;
}

enum err queue_pop(struct queue *q, void **ret_item) AWAITS
{
    TRY(fiber_check());
    while (!queue_try_pop(q, ret_item)) {
        if (q->closed)
            return failed(ERR_NOT_FOUND, "the queue is closed");
        TRY(wait_on(&q->poppers, "an item in a queue"));
    }
    return OK;
}

void queue_close(struct queue *q)
{
    q->closed = true;
    wake_all(&q->poppers);
    wake_all(&q->pushers);
}
