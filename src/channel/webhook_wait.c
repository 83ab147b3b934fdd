// SPDX-License-Identifier: Apache-2.0
/* Calls that are answered with the reply.  The delivery hands it over and learns whether it was written, so that a caller who
 * went away leaves the reply undelivered rather than lost. */
#include "channel/webhook.h"

#include <stdlib.h>

#include "runtime/clock.h"

enum outcome { PENDING, WRITTEN, LOST };
struct handover { str body; enum outcome outcome; };

/* What was answered last: who did not get it asks again.  The oldest gives way. */
enum { REMEMBERED = 64, REMEMBERED_BYTES_MAX = 16 << 10 };
static struct { char *chat, *id, *body; } answered[REMEMBERED];
static size_t next_answered;

static struct webhook_waiter *all;      /* newest first */
static struct waiters news;             /* a call came, or was answered */

void webhook_wait_begin(struct webhook_waiter *w, str chat, str id)
{
    *w = (struct webhook_waiter){ .next = all, .chat = chat, .id = id };
    all = w;
    wake_all(&news);
}

void webhook_wait_done(struct webhook_waiter *w)
{
    for (struct webhook_waiter **at = &all; *at; at = &(*at)->next)
        if (*at == w) {
            *at = w->next;
            break;
        }
    if (w->taken)
        w->taken->outcome = LOST;
    w->taken = NULL;
    wake_all(&news);
}

/* By the message it answers; else the oldest of the chat. */
static struct webhook_waiter *find(const struct outgoing *m)
{
    struct webhook_waiter *best = NULL;

    for (struct webhook_waiter *w = all; w; w = w->next) {
        if (w->taken || !str_eq(w->chat, m->chat_id))
            continue;
        if (m->reply_to.len && str_eq(w->id, m->reply_to))
            return w;
        best = w;
    }
    return best;
}

/* The delivery was cut off while the answer is being written. */
static void forget(struct handover *h)
{
    for (struct webhook_waiter *w = all; w; w = w->next)
        if (w->taken == h)
            w->taken = NULL;
}

static enum err await_outcome(struct handover *h) AWAITS
{
    while (h->outcome == PENDING) {
        enum err e = wait_on(&news, "the answer to a webhook's call");

        if (e) {
            forget(h);
            return e;
        }
    }
    return OK;
}

static enum err give(struct webhook_waiter *w, const struct outgoing *m, str body, void (*begun)(void *), bool *ret_given) AWAITS
{
    struct handover h = { .body = body };

    begun((void *)m);
    w->taken = &h;
    wake_all(&w->woken);
    TRY(await_outcome(&h));
    *ret_given = h.outcome == WRITTEN;
    return OK;
}

/* OK too when the time is over. */
static enum err await_call(uint64_t until) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    enum err e;

    deadline_set(&limit, until - clock_ms());
    e = wait_on(&news, "a call that takes the reply");
    return e == ERR_TIMEOUT && clock_ms() >= until ? OK : e;
}

enum err webhook_hand_over(const struct outgoing *m, str body, uint64_t ms, void (*begun)(void *), bool *ret_given)
{
    uint64_t until = clock_ms() + ms;
    bool given = false;

    *ret_given = false;
    for (;;) {
        struct webhook_waiter *w = find(m);

        if (w)
            TRY(give(w, m, body, begun, &given));
        else if (clock_ms() >= until)
            return OK;
        else
            TRY(await_call(until));
        if (given)
            break;
    }
    *ret_given = true;
    return OK;
}

static void remember(const struct webhook_waiter *w, str body)
{
    size_t at = next_answered++ % REMEMBERED;

    free(answered[at].chat);
    free(answered[at].id);
    free(answered[at].body);
    answered[at].chat = str_dup_c(w->chat);
    answered[at].id = str_dup_c(w->id);
    answered[at].body = str_dup_c(body);
}

str webhook_answered(struct arena *a, str chat, str id)
{
    for (size_t i = 0; i < REMEMBERED; i++)
        if (answered[i].id && str_eq(chat, str_from(answered[i].chat)) && str_eq(id, str_from(answered[i].id)))
            return arena_str(a, str_from(answered[i].body));
    return NO_STR;
}

static enum err answer_with(struct webhook_waiter *w, struct http_exchange *x) AWAITS
{
    str body = arena_str(x->arena, w->taken->body);     /* theirs may end while ours is written */
    enum err e = http_answer(x, 200, S("application/json; charset=utf-8"), body);

    if (!e && body.len <= REMEMBERED_BYTES_MAX)
        remember(w, body);
    if (w->taken)
        w->taken->outcome = e ? LOST : WRITTEN;
    w->taken = NULL;
    wake_all(&news);
    return e;
}

enum err webhook_wait_answer(struct webhook_waiter *w, struct http_exchange *x, uint64_t timeout_ms)
{
    enum err e = OK;

    {
        CLEANUP(deadline_clear) struct deadline limit;

        deadline_set(&limit, timeout_ms);
        while (!w->taken && !e)
            e = http_wait_or_gone(x, &w->woken);
    }
    if (w->taken)
        return answer_with(w, x);
    if (e != ERR_TIMEOUT)
        return e;
    return http_answer(x, 202, S("application/json"), S("{\"status\":\"pending\"}\n"));
}
