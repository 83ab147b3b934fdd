// SPDX-License-Identifier: Apache-2.0
#include "gateway/queue_mode.h"

#include "config/config.h"
#include "gateway/sessions.h"
#include "runtime/clock.h"

enum { TAKEN_AT_ONCE = 16 };

static const char *const names[] = {
    [QUEUE_WAIT] = "queue", [QUEUE_STEER] = "steer", [QUEUE_INTERRUPT] = "interrupt", [QUEUE_COLLECT] = "collect",
};

const char *queue_mode_name(enum queue_mode mode)
{
    return names[mode];
}

bool queue_mode_parse(str text, enum queue_mode *out)
{
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (str_eq_nocase(text, str_from(names[i]))) {
            *out = (enum queue_mode)i;
            return true;
        }
    return false;
}

enum err queue_mode_of(struct gateway *g, struct arena *a, str session_id, enum queue_mode *out)
{
    struct session_place place;

    TRY(sessions_find(g, a, session_id, &place));
    if (!queue_mode_parse(place.queue_mode, out) && !queue_mode_parse(str_from(config_now()->queue_mode), out))
        return failed(ERR_BUG, "there is no queue mode %s", config_now()->queue_mode);
    return OK;
}

bool queue_interrupts(enum queue_mode mode, const struct message *running, const struct message *arrived)
{
    return mode == QUEUE_INTERRUPT && str_eq(running->user_id, arrived->user_id) && !message_is_control(arrived->text);
}

/* ---- what a turn takes ---- */

static bool takes_now(enum queue_mode mode, bool beginning)
{
    return beginning ? mode == QUEUE_COLLECT || mode == QUEUE_INTERRUPT : mode == QUEUE_STEER;
}

static enum err wait_until_arrived(struct session_queue *q, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    return wait_on(&q->arrived, "further messages of a burst");
}

static enum err wait_for_quiet(struct session_queue *q) AWAITS
{
    const struct config *c = config_now();
    uint64_t now = clock_ms(), end = now + c->queue_collect_max;

    for (; now < end; now = clock_ms()) {
        uint64_t left = end - now;
        enum err e = wait_until_arrived(q, left < c->queue_collect_wait ? left : c->queue_collect_wait);

        if (e == ERR_TIMEOUT)
            return fiber_check();       /* quiet; unless it was the turn's own time that ended */
        TRY(e);
    }
    return OK;
}

/* In the turn's arena: while they are stored, one may be dropped from the queue. */
static size_t choose(const struct session_queue *q, const struct turn *t, struct waiting_message *out)
{
    size_t n = 0;

    list_each(node, &q->waiting) {
        const struct job *j = list_entry(node, struct job, node);

        if (n == TAKEN_AT_ONCE || message_is_control(j->message.text))
            break;
        if (j->unread || j->begun || !str_eq(j->message.user_id, t->message.user_id))
            continue;
        out[n].inbox_id = j->inbox_id;
        message_copy(t->arena, &j->message, &out[n++].message);
    }
    return n;
}

static enum err look(void *arg, const struct turn *t, const struct waiting_message **out, size_t *ret_n) AWAITS
{
    struct queue_taker *k = arg;
    bool beginning = t->rounds == 0;

    *ret_n = 0;
    if (!takes_now(k->mode, beginning))
        return OK;
    if (k->mode == QUEUE_COLLECT)
        TRY(wait_for_quiet(k->queue));
    if (k->queue->n_waiting == 0)
        return OK;
    struct waiting_message *found = arena_alloc(t->arena, TAKEN_AT_ONCE * sizeof *found);

    *ret_n = choose(k->queue, t, found);
    *out = found;
    return OK;
}

static void taken(void *arg, const struct waiting_message *w, size_t n)
{
    struct queue_taker *k = arg;

    for (size_t i = 0; i < n; i++)
        session_queue_drop(k->queue, w[i].inbox_id);
}

void queue_taker_init(struct queue_taker *k, struct session_queue *q, enum queue_mode mode)
{
    *k = (struct queue_taker){ .source = { .look = look, .taken = taken, .arg = k }, .queue = q, .mode = mode };
}
