// SPDX-License-Identifier: Apache-2.0
#include "gateway/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "config/config.h"
#include "gateway/answer.h"
#include "gateway/live_edit.h"
#include "runtime/clock.h"

/* MEMORY_MAX: messages kept in memory behind the one that runs; more are read from the store when their turn comes. */
enum { MEMORY_MAX = 16, READ_AT_ONCE = 16, RESUMES_MAX = 3 };

struct session {
    struct gateway *gateway;
    str             id;
    struct list     waiting;        /* struct job, in order of inbox_id */
    size_t          n_waiting;
    bool            more_in_store;  /* the store holds messages behind those in memory */
    int64_t         last_taken;     /* inbox id */
    struct fiber   *turn;           /* the one that runs now */
    bool            stopped;        /* somebody asked for it: the turn ends and says so */
};

struct job {
    struct list    node;
    struct arena  *arena;           /* the turn's, begun with the message */
    int64_t        inbox_id;
    struct message message;
    bool           resumed;
    int64_t        attempts;
};

struct dispatch {
    struct map    sessions;         /* by id: struct session, only those with work */
    struct fibers fibers;           /* independent */
};

struct dispatch *dispatch_new(void)
{
    struct dispatch *d = NEW(struct dispatch);

    d->fibers.independent = true;
    return d;
}

static void job_free(struct job *j)
{
    if (j)
        arena_free(j->arena);       /* j is in it */
}

static void job_freep(struct job **j)
{
    job_free(*j);
    *j = NULL;
}

static struct job *job_new(int64_t inbox_id)
{
    struct arena *a = arena_new();
    struct job *j = ARENA_NEW(a, struct job);

    j->arena = a;
    j->inbox_id = inbox_id;
    list_init(&j->node);
    return j;
}

static void put(struct session *s, struct job *j)
{
    list_push_back(&s->waiting, &j->node);
    s->n_waiting++;
}

static struct job *take(struct session *s)
{
    struct list *node = list_pop_front(&s->waiting);

    if (node == NULL)
        return NULL;
    s->n_waiting--;
    return list_entry(node, struct job, node);
}

/* A stored row as a job.  A body that cannot be read (written by a newer version, damaged) must not stop the queue:
 * it becomes an empty message, which is answered with what is wrong. */
static struct job *job_from_row(const struct rows *r, size_t i, str session_id)
{
    struct job *j = job_new(row_int(r, i, 0));
    CLEANUP(json_decrefp) json_t *body = NULL;

    if (json_parse(row_str(r, i, 2), &body) || message_from_json(j->arena, body, &j->message))
        j->message = (struct message){ .platform = S("unreadable") };
    j->message.id = arena_str(j->arena, row_str(r, i, 1));
    j->message.session_id = arena_str(j->arena, session_id);
    j->resumed = true;
    j->attempts = row_int(r, i, 4);
    return j;
}

/* What arrives while the store is read sets more_in_store again; what was read already is passed over next time. */
static enum err read_more(struct session *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    s->more_in_store = false;
    TRY(store_read(s->gateway->store, a, &r, "inbox.pending", "sii", s->id, s->last_taken, (int64_t)READ_AT_ONCE));
    for (size_t i = 0; i < r.n; i++)
        put(s, job_from_row(&r, i, s->id));
    s->more_in_store = s->more_in_store || r.n == READ_AT_ONCE;
    return OK;
}

/* Tells the store that it runs.  For a resumed message durably, so that one that kills us at every start is
 * noticed; else along with the next commit. */
static enum err mark_running(struct gateway *g, struct job *j) AWAITS
{
    struct batch *b = batch_new(j->arena);

    batch_add(b, "inbox.running", "ii", j->inbox_id, clock_wall_ms());
    if (!j->resumed) {
        store_commit_later(g->store, b);
        return OK;
    }
    metric_add(METRIC_turns_resumed, 1);
    return store_commit(g->store, b);
}

static void retry_pause(uint64_t *wait, const char *event) AWAITS
{
    log_event(LOG_WARN, event, F("error", failed_text()), F("wait_ms", *wait));
    enum err ignored = fiber_sleep(*wait);      /* cancelled: the caller's next await says so */

    (void)ignored;
    *wait = *wait < 30000 ? *wait * 2 : *wait;
}

struct turn_job { struct session *session; struct job *job; struct answer answer; };

/* The turn has a fiber of its own, so that it can be stopped while the session goes on. */
static enum err turn_fiber(void *arg) AWAITS
{
    struct turn_job *t = arg;
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, config_now()->turn_timeout);
    TRY(mark_running(t->session->gateway, t->job));
    return answer_make(t->session->gateway, &t->answer);
}

static enum err make(struct session *s, struct turn_job *t) AWAITS
{
    struct log_context *c = fiber_log_context();

    snprintf(c->session, sizeof c->session, "%.*s", STR(s->id));
    snprintf(c->request_id, sizeof c->request_id, "%.*s", STR(t->job->message.id));
    s->stopped = false;
    t->answer.live = live_edit_start(&t->job->message, t->job->inbox_id);
    s->turn = fiber_spawn("turn", turn_fiber, t);
    metric_add(METRIC_turns_running, 1);
    enum err e = fiber_join(s->turn);
    char why[ERR_TEXT_MAX];             /* what follows may fail too, with less to say */

    snprintf(why, sizeof why, "%s", failed_text());
    bool begun = live_edit_end(t->answer.live);

    t->answer.begun = t->answer.begun || begun;
    t->answer.live = NULL;

    metric_add(METRIC_turns_running, -1);
    s->turn = NULL;
    return e ? failed(e, "%s", why) : OK;
}

/* From a stored message to its stored end.  While the disk refuses, it is tried again: the message is safe, and the
 * journal keeps what was done. */
static enum err run_job(struct session *s, struct job *j) AWAITS
{
    struct gateway *g = s->gateway;
    struct turn_job t = { s, j, { .arena = j->arena, .inbox_id = j->inbox_id, .message = &j->message,
                                  .given_up = j->attempts >= RESUMES_MAX, .resumed = j->resumed } };
    uint64_t start = clock_us(), wait = 250;
    enum err e;

    while ((e = make(s, &t)) == ERR_IO && !g->stopping) {
        retry_pause(&wait, "turn.retry");
        TRY(fiber_check());
        j->resumed = true;
    }
    if (g->stopping && e == ERR_CANCELLED)
        return e;       /* its journal continues at the next start */
    if (e)
        answer_failed(&t.answer, s->stopped ? ERR_CANCELLED : e);
    while ((e = answer_store(g, &t.answer)) == ERR_IO) {
        retry_pause(&wait, "turn.store_retry");
        TRY(fiber_check());
    }
    metric_observe_us(METRIC_turn_seconds, clock_us() - start);
    return e;
}

static enum err work(struct session *s) AWAITS
{
    uint64_t wait = 250;

    for (;;) {
        if (list_empty(&s->waiting) && s->more_in_store && read_more(s)) {
            s->more_in_store = true;
            retry_pause(&wait, "session.retry");
            TRY(fiber_check());
            continue;
        }
        CLEANUP(job_freep) struct job *j = take(s);

        if (j == NULL || s->gateway->stopping)
            return OK;
        s->last_taken = j->inbox_id;
        TRY(run_job(s, j));
    }
}

static void session_free(struct session *s)
{
    struct job *j;

    while ((j = take(s)))
        job_free(j);
    free((char *)s->id.p);
    free(s);
}

static enum err session_fiber(void *arg) AWAITS
{
    struct session *s = arg;
    enum err e = work(s);

    if (e && e != ERR_CANCELLED)
        log_event(LOG_ERROR, "session.stopped", F("session", s->id), F("error", failed_text()));
    map_remove(&s->gateway->dispatch->sessions, s->id);
    session_free(s);
    return e;
}

static struct session *session_get(struct gateway *g, str id)
{
    struct session *s = map_get(&g->dispatch->sessions, id);

    if (s)
        return s;
    s = NEW(struct session);
    s->gateway = g;
    s->id = str_of(str_dup_c(id), id.len);
    list_init(&s->waiting);
    map_put(&g->dispatch->sessions, s->id, s);
    fibers_spawn(&g->dispatch->fibers, "session", session_fiber, s);
    return s;
}

void dispatch_message(struct gateway *g, int64_t inbox_id, const struct message *m)
{
    if (g->stopping)
        return;
    struct session *s = session_get(g, m->session_id);

    if (str_eq(str_trim(m->text), S("/stop")))
        dispatch_stop_turn(g, m->session_id);
    if (s->n_waiting >= MEMORY_MAX || s->more_in_store) {
        s->more_in_store = true;
        return;
    }
    struct job *j = job_new(inbox_id);

    message_copy(j->arena, m, &j->message);
    put(s, j);
}

enum err dispatch_resume(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t max_age = config_now()->messages_max_age;
    struct batch *b = batch_new(a);
    struct rows r;

    if (max_age) {
        batch_add(b, "inbox.expire", "ii", clock_wall_ms(), clock_wall_ms() - (int64_t)max_age);
        TRY(store_commit(g->store, b));
        metric_add(METRIC_messages_expired, (int64_t)batch_changed(b, 0));
    }
    TRY(store_read(g->store, a, &r, "inbox.pending_sessions", ""));
    for (size_t i = 0; i < r.n; i++)
        session_get(g, row_str(&r, i, 0))->more_in_store = true;
    if (r.n)
        log_event(LOG_INFO, "dispatch.resumed", F("sessions", r.n));
    return OK;
}

bool dispatch_stop_turn(struct gateway *g, str session_id)
{
    struct session *s = map_get(&g->dispatch->sessions, session_id);

    if (s == NULL || s->turn == NULL)
        return false;
    s->stopped = true;
    fiber_cancel(s->turn);
    return true;
}

void dispatch_drain(struct gateway *g, uint64_t ms)
{
    struct fibers *f = &g->dispatch->fibers;
    uint64_t end = clock_ms() + ms;

    g->stopping = true;
    while (f->n && clock_ms() < end && fiber_sleep(10) == OK)
        continue;
    fibers_done(f);
}

void dispatch_free(struct dispatch *d)
{
    if (d == NULL)
        return;
    fibers_done(&d->fibers);
    map_done(&d->sessions);
    free(d);
}

struct session_state dispatch_state(const struct dispatch *d, str session_id)
{
    const struct session *s = map_get(&d->sessions, session_id);

    if (s == NULL)
        return (struct session_state){ "idle", 0 };
    return (struct session_state){ s->turn ? "running" : "idle", s->n_waiting };
}

size_t dispatch_running(const struct dispatch *d)
{
    return d->fibers.n;
}
