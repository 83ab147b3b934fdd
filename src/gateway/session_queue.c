// SPDX-License-Identifier: Apache-2.0
#include "gateway/session_queue.h"

#include "base/log.h"
#include "gateway/approval_text.h"
#include "gateway/commands.h"

/* MEMORY_MAX: messages kept in memory behind the one that runs; more are read from the store when their turn comes. */
enum { MEMORY_MAX = 16, READ_AT_ONCE = 16 };

static struct job *job_new(int64_t inbox_id)
{
    struct arena *a = arena_new();
    struct job *j = ARENA_NEW(a, struct job);

    j->arena = a;
    j->inbox_id = inbox_id;
    list_init(&j->node);
    return j;
}

void job_free(struct job *j)
{
    if (j)
        arena_free(j->arena);       /* j is in it */
}

void job_freep(struct job **j)
{
    job_free(*j);
    *j = NULL;
}

void session_queue_init(struct session_queue *q, struct store *store, str session_id)
{
    *q = (struct session_queue){ .store = store, .session_id = session_id };
    list_init(&q->waiting);
}

void session_queue_done(struct session_queue *q)
{
    struct job *j;

    while ((j = session_queue_take(q)))
        job_free(j);
}

bool message_is_control(str text)
{
    struct approval_answer answer;

    return commands_knows(text) || approval_parse(text, &answer);
}

static void put(struct session_queue *q, struct job *j)
{
    list_push_back(&q->waiting, &j->node);
    q->n_waiting++;
    wake_all(&q->arrived);
}

static void take_out(struct session_queue *q, struct job *j)
{
    list_remove(&j->node);
    q->n_waiting--;
    if (!j->unread && j->inbox_id > q->last_taken)
        q->last_taken = j->inbox_id;
}

struct job *session_queue_take(struct session_queue *q)
{
    if (list_empty(&q->waiting))
        return NULL;
    struct job *j = list_entry(q->waiting.next, struct job, node);

    take_out(q, j);
    return j;
}

bool session_queue_drop(struct session_queue *q, int64_t inbox_id)
{
    list_each(node, &q->waiting) {
        struct job *j = list_entry(node, struct job, node);

        if (j->inbox_id != inbox_id)
            continue;
        take_out(q, j);
        job_free(j);
        return true;
    }
    return false;
}

void session_queue_put(struct session_queue *q, int64_t inbox_id, const struct message *m)
{
    if (q->paused && !message_is_control(m->text))
        return;
    if (q->n_waiting >= MEMORY_MAX || q->more_in_store || q->reading) {
        q->more_in_store = true;
        wake_all(&q->arrived);
        return;
    }
    struct job *j = job_new(inbox_id);

    message_copy(j->arena, m, &j->message);
    put(q, j);
}

void session_queue_put_unread(struct session_queue *q, int64_t inbox_id)
{
    if (q->paused)
        return;
    struct job *j = job_new(inbox_id);

    j->unread = true;
    put(q, j);
}

/* A body that cannot be read (written by a newer version, damaged) must not stop the queue: what the columns hold is
 * enough to answer with. */
static enum err message_of_columns(const struct session_queue *q, struct job *j) AWAITS
{
    struct rows r;

    log_event(LOG_WARN, "message.unreadable", F("inbox_id", j->inbox_id), F("error", failed_text()));
    TRY(store_read(q->store, j->arena, &r, "inbox.columns", "i", j->inbox_id));
    if (r.n)
        j->message = (struct message){ .platform = row_str(&r, 0, 0), .external_id = row_str(&r, 0, 1),
                                       .chat_id = row_str(&r, 0, 2), .thread_id = row_str(&r, 0, 3),
                                       .agent = row_str(&r, 0, 4), .user_id = row_str(&r, 0, 5), .text = row_str(&r, 0, 6) };
    return OK;
}

static enum err take_row(const struct session_queue *q, struct job *j, const struct rows *r, size_t i) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;

    if (json_parse(row_str(r, i, 2), &body) || message_from_json(j->arena, body, &j->message))
        TRY(message_of_columns(q, j));
    j->message.id = arena_str(j->arena, row_str(r, i, 1));
    j->message.session_id = q->session_id;
    j->resumed = true;
    j->attempts = row_int(r, i, 4);
    j->begun = j->attempts > 0 || !str_eq(row_str(r, i, 3), S("ready"));
    return OK;
}

static enum err add_stored(struct session_queue *q, const struct rows *r, size_t i) AWAITS
{
    CLEANUP(job_freep) struct job *j = job_new(row_int(r, i, 0));

    TRY(take_row(q, j, r, i));
    if (q->paused && !message_is_control(j->message.text)) {
        q->last_taken = j->inbox_id;
        return OK;
    }
    put(q, j);
    j = NULL;
    return OK;
}

/* What is freed here is open in the store, where commands are looked for at once and all else when it goes on. */
static void begin_anew(struct session_queue *q)
{
    session_queue_done(q);
    q->last_taken = 0;
    q->more_in_store = true;
}

void session_queue_pause(struct session_queue *q)
{
    q->paused = true;
    begin_anew(q);
}

void session_queue_resume(struct session_queue *q)
{
    q->paused = false;
    begin_anew(q);
}

/* What arrives meanwhile goes behind what is read, and may be among it: it is left to the next reading, which begins
 * behind the last one taken. */
enum err session_queue_read(struct session_queue *q)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    q->reading = true;
    q->more_in_store = false;
    enum err e = store_read(q->store, a, &r, "inbox.pending", "sii", q->session_id, q->last_taken, (int64_t)READ_AT_ONCE);

    for (size_t i = 0; e == OK && i < r.n; i++)
        e = add_stored(q, &r, i);
    q->reading = false;
    q->more_in_store = q->more_in_store || e || r.n == READ_AT_ONCE;
    return e;
}

enum err session_queue_read_job(const struct session_queue *q, struct job *j, bool *ret_open)
{
    struct rows r;

    TRY(store_read(q->store, j->arena, &r, "inbox.open", "si", q->session_id, j->inbox_id));
    *ret_open = r.n > 0;
    return r.n ? take_row(q, j, &r, 0) : OK;
}
