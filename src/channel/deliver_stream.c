// SPDX-License-Identifier: Apache-2.0
/* Replies that grow by editing, and the typing sign: both beside the outbox, neither ever the record. */
#include <stdlib.h>

#include "base/fault.h"
#include "base/mem.h"
#include "channel/deliver_internal.h"
#include "channel/in_flight.h"
#include "channel/registry.h"
#include "channel/split.h"
#include "channel/start.h"
#include "runtime/clock.h"

enum {
    EDIT_EVERY_MS = 1000, STREAM_TEXT_MAX = 256 << 10,
    TYPING_EVERY_MS = 5000, TYPING_ROUNDS = 120, TYPING_MAX = 256, TYPING_TIMEOUT_MS = 5000,
};

struct delivery_stream {
    struct arena         *arena;
    const struct channel *channel;
    struct outgoing       message;      /* of the row: ids and, from the first send on, remote_id */
    struct buf            latest;       /* the text that the platform should show next */
    bool                  dirty, closing;
    uint64_t              not_before;   /* ms: the platform said to wait */
    struct waiters        wake;
    struct fiber         *editor;
};

static void stream_free(struct delivery_stream *s)
{
    buf_done(&s->latest);
    arena_free(s->arena);               /* and the stream itself */
}

/* The first piece is all that fits the message being edited; the rest comes at the end. */
static str first_piece(struct arena *a, const struct channel *channel, str text)
{
    struct pieces p;

    split_for(a, text, channel, &p);
    return p.n ? p.text[0] : S("");
}

static enum err insert_row(struct delivery_stream *s, const struct stream_start *start) AWAITS
{
    struct batch *b = batch_new(s->arena);
    CLEANUP(json_decrefp) json_t *body = json_object();

    json_object_set_new(body, "text", json_from_str(s->message.text));
    json_object_set_new(body, "streaming", json_true());
    batch_add(b, "outbox.stream_begin", "iSsssssi", start->inbox_id, start->session_id, start->platform, start->chat_id,
              start->thread_id, start->reply_to, json_print(s->arena, body), clock_wall_ms());
    TRY(store_commit(deliver_store(), b));
    s->message.id = row_int(batch_rows(b, 0), 0, 0);
    return OK;
}

/* The row's end when its first send did not work.  What surely did not arrive leaves no row to look at. */
static enum err end_row(struct delivery_stream *s, const struct attempt *t) AWAITS
{
    struct batch *b = batch_new(s->arena);

    batch_add(b, "outbox.end", "ics", s->message.id, t->outcome == UNKNOWN ? "unknown" : "dropped", t->why);
    TRY(store_commit(deliver_store(), b));
    in_flight_end(s->message.id);
    if (t->outcome == UNKNOWN)      /* what was dropped is begun anew, as a row of its own */
        deliver_tell(&(struct delivery_outcome){
            .id = s->message.id, .state = "unknown", .platform = str_from(s->channel->name), .chat_id = s->message.chat_id,
            .thread_id = s->message.thread_id, .session_id = s->message.session_id, .message_id = S(""), .remote_id = S(""),
            .error = t->why, .attempts = 1,
        });
    return failed(t->outcome == UNKNOWN ? ERR_TIMEOUT : ERR_REMOTE, "%.*s", STR(t->why));
}

static enum err store_opened(struct delivery_stream *s, str remote_id) AWAITS
{
    struct batch *b = batch_new(s->arena);

    s->message.remote_id = arena_str(s->arena, remote_id);
    (void)FAULT(stream_opened);
    batch_add(b, "outbox.stream_opened", "is", s->message.id, s->message.remote_id);
    batch_expect(b, 1);
    TRY(store_commit(deliver_store(), b));
    in_flight_end(s->message.id);
    return OK;
}

static uint64_t edit_pause(const struct channel *channel)
{
    return channel->edit_every_ms ? channel->edit_every_ms : EDIT_EVERY_MS;
}

static void edit_once(struct delivery_stream *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct outgoing m = s->message;
    struct attempt t;

    s->dirty = false;
    m.final = false;
    m.text = first_piece(a, s->channel, arena_str(a, buf_str(&s->latest)));
    if (!m.text.len || !deliver_take_turn(s->channel, m.chat_id))
        return;
    t = deliver_attempt(a, s->channel, &m);
    if (t.outcome != SENT)
        log_event(LOG_DEBUG, "deliver.edit_failed", F("row", m.id), F("error", t.why));
    s->not_before = clock_ms() + (t.sent.retry_after_ms > edit_pause(s->channel) ? t.sent.retry_after_ms : edit_pause(s->channel));
}

static enum err pause_until(struct delivery_stream *s, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    enum err e = OK;
    uint64_t now = clock_ms();

    deadline_set(&limit, ms > now ? ms - now : 0);
    while (!s->closing && e == OK && now < ms)
        e = wait_on(&s->wake, "the next edit");
    return e == ERR_TIMEOUT ? OK : e;
}

static enum err edit_fiber(void *arg) AWAITS
{
    struct delivery_stream *s = arg;

    for (;;) {
        while (!s->dirty && !s->closing)
            TRY(wait_on(&s->wake, "more text"));
        TRY(pause_until(s, s->not_before));
        if (s->closing)
            return OK;
        edit_once(s);
    }
}

static enum err open_stream(struct delivery_stream *s, const struct stream_start *start) AWAITS
{
    struct attempt t;

    TRY(deliver_await_turn(s->channel, s->message.chat_id));
    TRY(insert_row(s, start));
    t = deliver_attempt(s->arena, s->channel, &s->message);
    if (t.outcome != SENT)
        return end_row(s, &t);
    return store_opened(s, t.sent.remote_id);
}

enum err deliver_stream_begin(const struct stream_start *start, struct delivery_stream **out)
{
    const struct channel *channel = channel_find(start->platform);
    struct arena *a;
    struct delivery_stream *s;
    enum err e;

    if (!channel || !channel->edits || !deliver_fibers())
        return failed(ERR_INPUT, "this platform cannot edit messages");
    a = arena_new();
    s = ARENA_NEW(a, struct delivery_stream);
    *s = (struct delivery_stream){
        .arena = a, .channel = channel, .latest = { .max = STREAM_TEXT_MAX },
        .message = { .session_id = arena_str(a, start->session_id), .chat_id = arena_str(a, start->chat_id),
                     .thread_id = arena_str(a, start->thread_id), .reply_to = arena_str(a, start->reply_to),
                     .text = first_piece(a, channel, start->text) },
    };
    e = s->message.text.len ? open_stream(s, start) : failed(ERR_INPUT, "there is no text to show yet");
    if (e) {
        stream_free(s);
        return e;
    }
    s->not_before = clock_ms() + edit_pause(channel);
    s->editor = fiber_spawn("deliver.stream", edit_fiber, s);
    *out = s;
    return OK;
}

void deliver_stream_update(struct delivery_stream *s, str whole_text)
{
    buf_clear(&s->latest);
    buf_add(&s->latest, str_take(whole_text, STREAM_TEXT_MAX));
    s->dirty = true;
    wake_all(&s->wake);
}

int64_t deliver_stream_close(struct delivery_stream *s)
{
    int64_t id = s->message.id;

    s->closing = true;
    wake_all(&s->wake);
    (void)fiber_join(s->editor);
    stream_free(s);
    return id;
}

/* ---- typing ---- */

struct typing {
    struct arena         *arena;
    const struct channel *channel;
    str                   chat_id, thread_id;
    bool                  stopped, ended;   /* by its owner; its fiber: the later of both frees it */
    struct waiters        wake;
};

static size_t typings;

static enum err show_typing(struct arena *a, const struct typing *t) AWAITS
{
    const struct channel_host *host = channels_host(t->channel);
    struct http_request request = {0};
    struct http_response answer;

    if (t->channel->show_typing)
        return host ? t->channel->show_typing(host, t->chat_id, t->thread_id) : OK;
    TRY(t->channel->encode_typing(a, t->chat_id, t->thread_id, &request));
    return channel_fetch(a, &request, &answer, NULL);
}

/* Nobody waits for it and nobody hears how it went: it is decoration. */
static void type_once(struct typing *t) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(deadline_clear) struct deadline limit;

    deadline_set(&limit, TYPING_TIMEOUT_MS);
    if (show_typing(a, t))
        log_event(LOG_DEBUG, "deliver.typing_failed", F("platform", t->channel->name), F("error", failed_text()));
}

static enum err typing_pause(struct typing *t) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    enum err e = OK;

    deadline_set(&limit, TYPING_EVERY_MS);
    while (!t->stopped && e == OK)
        e = wait_on(&t->wake, "the next typing sign");
    return e == ERR_TIMEOUT ? OK : e;
}

static enum err typing_fiber(void *arg) AWAITS
{
    struct typing *t = arg;
    enum err e = OK;

    for (int i = 0; i < TYPING_ROUNDS && !t->stopped && e == OK; i++) {
        type_once(t);
        e = typing_pause(t);
    }
    typings--;
    t->ended = true;
    if (t->stopped)
        arena_free(t->arena);
    return e;
}

struct typing *deliver_typing(str platform, str chat_id, str thread_id)
{
    const struct channel *channel = channel_find(platform);
    struct arena *a;
    struct typing *t;

    if (!channel || !channel->typing || !channel->configured() || !deliver_fibers() || typings >= TYPING_MAX)
        return NULL;
    a = arena_new();
    t = ARENA_NEW(a, struct typing);
    *t = (struct typing){ .arena = a, .channel = channel, .chat_id = arena_str(a, chat_id), .thread_id = arena_str(a, thread_id) };
    typings++;
    fibers_spawn(deliver_fibers(), "deliver.typing", typing_fiber, t);
    return t;
}

void deliver_typing_stop(struct typing *t)
{
    if (!t)
        return;
    t->stopped = true;
    if (t->ended)
        arena_free(t->arena);
    else
        wake_all(&t->wake);
}
