// SPDX-License-Identifier: Apache-2.0
/* deliver.h: sends what is in the outbox.  Whoever commits a 'ready' row calls deliver_wake() afterwards.
 *
 *   ready -> sending -> sent        the platform took it
 *              |-> ready            it surely did not: again later (backoff, retry_after)
 *              |-> unknown          nobody knows: never again by itself, unless delivery.unknown is "resend"
 *              '-> dead             it never will, or delivery.attempts are used up
 *
 * The rows of one chat go one after another, by id.  A ready row that waits for its time holds back those behind
 * it, so that order is kept; an unknown or dead one does not, so that one bad row never silences a chat. */
#pragma once
#include "domain/channel.h"
#include "store/store.h"

struct blobs;
struct waiters;

/* Looks after the rows a crash left in 'sending', then sends what is ready.  Rows' body: {"text": Markdown, "choices": [{label, reply}]}
 * or {"blob": hash, "name", "mime", "text": what the file stands for, not sent}: a file that the platform does not take becomes a link. */
enum err deliver_start(struct store *) AWAITS MUST_USE;
void     deliver_use_blobs(struct blobs *);             /* where files to send are; NULL: no more */
/* Lets sends that run end for up to ms, then cuts them (their rows become 'unknown' at the next start). */
void     deliver_stop(uint64_t ms) AWAITS;

void     deliver_wake(str platform, str chat_id);       /* there may be something for this chat */
enum err deliver_wake_platform(str platform) AWAITS MUST_USE;   /* or for any chat of this platform: it is there again */

struct waiters *deliver_outcomes(void);      /* woken whenever what became of a row is stored */
/* The same in words, of what is not tried again by itself: sent, unknown, dead, dropped.  message_id: what it answers; "". */
struct delivery_outcome {
    int64_t     id;
    const char *state;
    str         platform, chat_id, thread_id, session_id, message_id, remote_id, error;
    int64_t     attempts;
};
void     deliver_watch(void (*told)(void *arg, const struct delivery_outcome *), void *arg);     /* NULL: nobody is told */

/* An operator's: ERR_CONFLICT when the row is not in a state for it. */
enum err deliver_resend(int64_t id) AWAITS MUST_USE;
enum err deliver_drop(int64_t id) AWAITS MUST_USE;

/* A reply that is shown while it grows, by editing.  Its row is inserted (sending) and its first text sent before
 * begin returns; then its message's id is stored, before any edit.  Updates never wait and are dropped rather than
 * queued: at most one a second (channel->edit_every_ms), fewer when the platform says so.
 * At the end the turn's transaction runs outbox.stream_end (row, whole body) and calls deliver_wake(): the last edit
 * is a delivery like any other.  Further pieces of a long text are rows of their own. */
struct delivery_stream;
struct stream_start { str platform, chat_id, thread_id, reply_to, session_id, text; int64_t inbox_id; };
/* ERR_INPUT: this platform cannot edit.  After any error nothing is open: answer in the usual way (if the send's
 * outcome is unknown its row says so). */
enum err deliver_stream_begin(const struct stream_start *, struct delivery_stream **out) AWAITS MUST_USE;
void     deliver_stream_update(struct delivery_stream *, str whole_text);
/* No more edits come after this, none is under way.  Returns the row's id; the stream is freed. */
int64_t  deliver_stream_close(struct delivery_stream *) AWAITS;

/* Shows "typing" until stopped, for ten minutes at most.  NULL when the platform has no such thing or too many
 * are shown already; stopping NULL is fine.  Neither ever waits. */
struct typing;
struct typing *deliver_typing(str platform, str chat_id, str thread_id);
void     deliver_typing_stop(struct typing *);

struct deliver_stats { size_t chats, sending; };        /* chats with work, sends under way */
void     deliver_stats(struct deliver_stats *out);
