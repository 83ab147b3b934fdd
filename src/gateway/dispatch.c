// SPDX-License-Identifier: Apache-2.0
#include "gateway/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/answer.h"
#include "gateway/approvals.h"
#include "gateway/commands.h"
#include "gateway/dialog_rows.h"
#include "gateway/live_edit.h"
#include "gateway/queue_mode.h"
#include "gateway/session_queue.h"
#include "runtime/clock.h"

enum { RESUMES_MAX = 3, SUSPECT_AFTER = 2, RETRY_MIN_MS = 250, RETRY_MAX_MS = 30000 };

struct session {
    struct gateway *gateway;
    str             id;
    struct list     queued;         /* among the sessions that wait for a fiber */
    struct session_queue queue;
    struct job     *job;            /* the one at work */
    struct fiber   *turn;           /* that makes its answer; NULL before and after */
    enum queue_mode mode;           /* of that turn */
    bool            stopped;        /* somebody asked for it: the turn ends and says so */
    bool            interrupted;    /* a further message did */
};

struct dispatch {
    struct map    sessions;         /* by id: struct session, only those with work */
    struct list   queued;           /* of them those without a fiber, longest waiting first */
    size_t        n_running, max_running;
    struct fibers fibers;           /* independent */
    struct map    paused;           /* by session id; the values say nothing */
    bool           suspect_runs;
    struct waiters suspect_done;
};

struct dispatch *dispatch_new(size_t max_running)
{
    struct dispatch *d = NEW(struct dispatch);

    d->fibers.independent = true;
    d->max_running = max_running;
    list_init(&d->queued);
    return d;
}

/* Tells the store that it runs.  For a resumed message durably, so that one that kills us at every start is noticed,
 * and so is one that an operator dropped (ERR_CONFLICT); else along with the next commit. */
static enum err mark_running(struct gateway *g, struct job *j) AWAITS
{
    struct batch *b = batch_new(j->arena);

    batch_add(b, "inbox.running", "ii", j->inbox_id, clock_wall_ms());
    if (j->resumed)
        batch_expect(b, 1);
    if (!message_is_control(j->message.text))
        dialog_begin(b, j->message.session_id);
    if (!j->resumed) {
        store_commit_later(g->store, b);
        return OK;
    }
    TRY(store_commit(g->store, b));
    metric_add(METRIC_turns_resumed, j->attempts > 0);
    return OK;
}

static enum err retry_pause(uint64_t *wait, const char *event) AWAITS
{
    log_event(LOG_WARN, event, F("error", failed_text()), F("wait_ms", *wait));
    TRY(fiber_sleep(*wait));
    *wait = *wait < RETRY_MAX_MS ? *wait * 2 : *wait;
    return OK;
}

struct turn_job { struct session *session; struct job *job; struct answer answer; struct queue_taker taker; struct buf *said; };

/* The turn has a fiber of its own, so that it can be stopped while the session goes on. */
static enum err turn_fiber(void *arg) AWAITS
{
    struct turn_job *t = arg;
    struct session *s = t->session;
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, config_now()->turn_timeout);
    TRY(queue_mode_of(s->gateway, t->job->arena, s->id, &s->mode));
    queue_taker_init(&t->taker, &s->queue, s->mode);
    t->answer.waiting = &t->taker.source;
    t->answer.said = s->mode == QUEUE_INTERRUPT ? t->said : NULL;
    return answer_make(s->gateway, &t->answer);
}

static enum err make(struct session *s, struct turn_job *t) AWAITS
{
    struct log_context *c = fiber_log_context();
    char why[ERR_TEXT_MAX];             /* what follows may fail too, with less to say */

    snprintf(c->session, sizeof c->session, "%.*s", STR(s->id));
    snprintf(c->request_id, sizeof c->request_id, "%.*s", STR(t->job->message.id));
    s->stopped = s->interrupted = false;
    s->mode = QUEUE_WAIT;               /* until it is known */
    t->answer.live = live_edit_start(&t->job->message, t->job->inbox_id);
    metric_add(METRIC_turns_running, 1);
    s->turn = fiber_spawn("turn", turn_fiber, t);
    enum err e = fiber_join(s->turn);

    s->turn = NULL;                     /* it is gone: nobody may stop it any more */
    metric_add(METRIC_turns_running, -1);
    snprintf(why, sizeof why, "%s", failed_text());
    bool begun = live_edit_end(t->answer.live);

    t->answer.begun = t->answer.begun || begun;
    t->answer.live = NULL;
    return e ? failed(e, "%s", why) : OK;
}

/* Is the turn cut short because the gateway stops?  Its journal continues at the next start. */
static bool is_left_for_later(const struct session *s, enum err e)
{
    return s->gateway->stopping && !s->stopped && (e == ERR_CANCELLED || e == ERR_IO);
}

static bool has_questions(const struct turn_job *t)
{
    return t->answer.turn && t->answer.turn->waits;
}

/* The turn ends here without an end: what it asks is stored, and it is run again when that is answered. */
static enum err park(struct session *s, struct turn_job *t) AWAITS
{
    uint64_t wait = RETRY_MIN_MS;
    enum err e;

    while ((e = approvals_ask(s->gateway, &t->answer)) == ERR_IO)
        TRY(retry_pause(&wait, "turn.ask_retry"));
    if (e == ERR_CONFLICT) {
        log_event(LOG_INFO, "turn.dropped", F("inbox_id", t->job->inbox_id));
        answer_left(s->gateway, &t->answer);
    }
    return e == ERR_CONFLICT ? OK : e;
}

/* ---- paused sessions ---- */

/* What /pause and /resume have stored. */
static void follow_dialog(struct session *s, const struct answer *a)
{
    struct dispatch *d = s->gateway->dispatch;

    if (a->dialog == dialog_pause) {
        map_put(&d->paused, s->id, d);
        session_queue_pause(&s->queue);
    } else if (a->dialog == dialog_resume) {
        map_remove(&d->paused, s->id);
        session_queue_resume(&s->queue);
    }
}

bool dispatch_is_paused(const struct dispatch *d, str session_id)
{
    return map_get(&d->paused, session_id) != NULL;
}

static enum err find_paused(struct gateway *g, struct arena *a) AWAITS
{
    struct rows r;

    TRY(store_read(g->store, a, &r, "dialog.paused", "c", dialog_state_name(DIALOG_PAUSED)));
    for (size_t i = 0; i < r.n; i++)
        map_put(&g->dispatch->paused, row_str(&r, i, 0), g->dispatch);
    return OK;
}

/* From a stored message to its stored end.  While the disk refuses, it is tried again: the message is safe, and the
 * journal keeps what was done. */
static enum err run_now(struct session *s, struct job *j) AWAITS
{
    struct gateway *g = s->gateway;
    CLEANUP(buf_done) struct buf said = { 0 };
    struct turn_job t = { .session = s, .job = j, .said = &said,
                          .answer = { .arena = j->arena, .inbox_id = j->inbox_id, .message = &j->message,
                                      .given_up = j->attempts >= RESUMES_MAX, .resumed = j->resumed } };
    uint64_t start = clock_us(), wait = RETRY_MIN_MS;
    enum err e;

    while ((e = mark_running(g, j)) == ERR_IO)
        TRY(retry_pause(&wait, "turn.mark_retry"));
    if (e == ERR_CONFLICT)
        log_event(LOG_INFO, "turn.dropped", F("inbox_id", j->inbox_id));
    if (e)
        return e == ERR_CONFLICT ? OK : e;
    while ((e = make(s, &t)) == ERR_IO && !g->stopping) {
        TRY(retry_pause(&wait, "turn.retry"));
        t.answer.resumed = true;
    }
    if (is_left_for_later(s, e))
        return e;
    if (e == OK && has_questions(&t) && (e = park(s, &t)) != ERR_LIMIT)
        return e;
    t.answer.interrupted = e && s->interrupted;
    if (e)
        answer_failed(g, &t.answer, s->stopped ? ERR_CANCELLED : e);
    while ((e = answer_store(g, &t.answer)) == ERR_IO)
        TRY(retry_pause(&wait, "turn.store_retry"));
    if (e == OK && t.answer.dialog)
        follow_dialog(s, &t.answer);
    metric_observe_us(METRIC_turn_seconds, clock_us() - start);
    return e;
}

/* What was begun twice and never ended may be what stopped us.  Such messages run one at a time, so that the one that
 * does it again takes no other along when it is given up. */
static enum err run_read(struct session *s, struct job *j) AWAITS
{
    struct dispatch *d = s->gateway->dispatch;

    if (j->attempts < SUSPECT_AFTER || j->attempts >= RESUMES_MAX)
        return run_now(s, j);
    while (d->suspect_runs)
        TRY(wait_on(&d->suspect_done, "another message that was begun twice"));
    d->suspect_runs = true;
    enum err e = run_now(s, j);

    d->suspect_runs = false;
    wake_one(&d->suspect_done);
    return e;
}

/* One that waited for somebody's word: it may have ended meanwhile, or wait again. */
static enum err run_job(struct session *s, struct job *j) AWAITS
{
    uint64_t wait = RETRY_MIN_MS;
    bool open = true;

    while (j->unread && session_queue_read_job(&s->queue, j, &open))
        TRY(retry_pause(&wait, "session.retry"));
    return open ? run_read(s, j) : OK;
}

static enum err work(struct session *s) AWAITS
{
    uint64_t wait = RETRY_MIN_MS;

    for (;;) {
        if (s->queue.n_waiting == 0 && s->queue.more_in_store && !s->gateway->stopping) {
            if (session_queue_read(&s->queue))
                TRY(retry_pause(&wait, "session.retry"));
            else
                wait = RETRY_MIN_MS;
            continue;
        }
        CLEANUP(job_freep) struct job *j = session_queue_take(&s->queue);

        if (j == NULL || s->gateway->stopping)
            return OK;
        s->job = j;
        enum err e = run_job(s, j);

        s->job = NULL;
        TRY(e);
    }
}

/* ---- sessions ---- */

static void session_free(struct session *s)
{
    session_queue_done(&s->queue);
    list_remove(&s->queued);
    free((char *)s->id.p);
    free(s);
}

static enum err session_fiber(void *arg) AWAITS;

static void session_start(struct session *s)
{
    struct dispatch *d = s->gateway->dispatch;

    d->n_running++;
    fibers_spawn(&d->fibers, "session", session_fiber, s);
}

/* No await from the last look at what waits to here: a message that comes next finds no session and makes one. */
static void session_end(struct session *s)
{
    struct dispatch *d = s->gateway->dispatch;
    bool stopping = s->gateway->stopping;

    map_remove(&d->sessions, s->id);
    session_free(s);
    d->n_running--;
    struct list *next = stopping ? NULL : list_pop_front(&d->queued);

    if (next)
        session_start(list_entry(next, struct session, queued));
}

static enum err session_fiber(void *arg) AWAITS
{
    struct session *s = arg;
    enum err e = work(s);

    if (e && e != ERR_CANCELLED)
        log_event(LOG_ERROR, "session.stopped", F("session", s->id), F("error", failed_text()));
    session_end(s);
    return e;
}

static struct session *session_get(struct gateway *g, str id)
{
    struct dispatch *d = g->dispatch;
    struct session *s = map_get(&d->sessions, id);

    if (s)
        return s;
    s = NEW(struct session);
    s->gateway = g;
    s->id = str_of(str_dup_c(id), id.len);
    list_init(&s->queued);
    session_queue_init(&s->queue, g->store, s->id);
    s->queue.paused = dispatch_is_paused(d, id);
    map_put(&d->sessions, s->id, s);
    if (d->n_running < d->max_running)
        session_start(s);
    else
        list_push_back(&d->queued, &s->queued);
    return s;
}

static bool stop_turn(struct session *s)
{
    if (s == NULL || s->turn == NULL)
        return false;
    s->stopped = true;
    fiber_cancel(s->turn);
    return true;
}

/* In a group: the owner stops anything, everybody else what they asked for themselves. */
static bool may_stop(const struct session *s, const struct message *m)
{
    return s->job && (str_eq(s->job->message.user_id, m->user_id)
                      || access_of(s->gateway->access, m->platform, m->user_id) == ACCESS_OWNER);
}

void dispatch_message(struct gateway *g, int64_t inbox_id, const struct message *m)
{
    if (g->stopping || (dispatch_is_paused(g->dispatch, m->session_id) && !message_is_control(m->text)))
        return;
    struct session *s = session_get(g, m->session_id);

    if (commands_is(m->text, "stop") && may_stop(s, m))
        stop_turn(s);
    else if (s->job && queue_interrupts(s->mode, &s->job->message, m))
        s->interrupted = stop_turn(s);
    session_queue_put(&s->queue, inbox_id, m);
}

void dispatch_unpark(struct gateway *g, str session_id, int64_t inbox_id)
{
    if (!g->stopping && !dispatch_is_paused(g->dispatch, session_id))   /* else the next start finds it, or /resume */
        session_queue_put_unread(&session_get(g, session_id)->queue, inbox_id);
}

enum err dispatch_resume(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t max_age = config_now()->messages_max_age;
    struct batch *b = batch_new(a);
    struct rows r;

    dialog_reconcile(b);
    if (max_age)
        batch_add(b, "inbox.expire", "ii", clock_wall_ms(), clock_wall_ms() - (int64_t)max_age);
    TRY(store_commit(g->store, b));
    metric_add(METRIC_messages_expired, max_age ? (int64_t)batch_changed(b, 1) : 0);
    TRY(find_paused(g, a));
    TRY(store_read(g->store, a, &r, "inbox.pending_sessions", ""));
    for (size_t i = 0; i < r.n; i++)
        session_get(g, row_str(&r, i, 0))->queue.more_in_store = true;
    if (r.n)
        log_event(LOG_INFO, "dispatch.resumed", F("sessions", r.n));
    return OK;
}

bool dispatch_stop_turn(struct gateway *g, str session_id)
{
    return stop_turn(map_get(&g->dispatch->sessions, session_id));
}

void dispatch_drop(struct gateway *g, str session_id, int64_t inbox_id)
{
    struct session *s = map_get(&g->dispatch->sessions, session_id);

    if (s == NULL)
        return;
    if (s->job && s->job->inbox_id == inbox_id)
        stop_turn(s);
    session_queue_drop(&s->queue, inbox_id);
}

/* What an orderly stop interrupts has not failed: only deaths count towards giving up. */
static void forgive_interrupted(struct gateway *g) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "inbox.interrupted", "");
    if (store_commit(g->store, b))
        log_event(LOG_WARN, "dispatch.interrupted", F("error", failed_text()));
}

void dispatch_drain(struct gateway *g, uint64_t ms)
{
    struct dispatch *d = g->dispatch;
    uint64_t end = clock_ms() + ms;

    g->stopping = true;
    if (d == NULL)
        return;
    while (d->fibers.n && clock_ms() < end && fiber_sleep(10) == OK)
        continue;
    fibers_done(&d->fibers);
    forgive_interrupted(g);
}

/* Sessions that were left: those that never had a fiber, or one that was cancelled before it began. */
void dispatch_free(struct dispatch *d)
{
    const struct map_entry *e;

    if (d == NULL)
        return;
    fibers_done(&d->fibers);
    for (size_t i = 0; map_next(&d->sessions, &i, &e);)
        session_free(e->value);
    map_done(&d->sessions);
    map_done(&d->paused);
    free(d);
}

struct session_state dispatch_state(const struct dispatch *d, str session_id)
{
    const struct session *s = map_get(&d->sessions, session_id);

    if (s == NULL)
        return (struct session_state){ "idle", 0 };
    return (struct session_state){ s->turn ? "running" : "idle", s->queue.n_waiting };
}

size_t dispatch_running(const struct dispatch *d)
{
    return d->n_running;
}
