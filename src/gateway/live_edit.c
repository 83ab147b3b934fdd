// SPDX-License-Identifier: Apache-2.0
#include "gateway/live_edit.h"

#include <stdlib.h>

#include "base/mem.h"
#include "channel/deliver.h"
#include "channel/registry.h"

/* A reply that is whole within this time is sent once, and never edited. */
enum { BEGIN_AFTER_MS = 1200, TEXT_MAX = 256 << 10 };

struct live_edit {
    struct stream_start     start;
    struct typing          *typing;
    struct delivery_stream *stream;
    struct fiber           *fiber;
    struct buf              text;
    struct waiters          changed;
    size_t                  shown;      /* bytes given to the stream */
    bool                    ended, begun;
};

static enum err wait_for_text(struct live_edit *l) AWAITS
{
    while (!l->ended && l->text.len == l->shown)
        TRY(wait_on(&l->changed, "the reply's next words"));
    return OK;
}

/* Returns early when the reply has ended. */
static enum err wait_before_beginning(struct live_edit *l) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    enum err e = OK;

    deadline_set(&d, BEGIN_AFTER_MS);
    while (!l->ended && e == OK)
        e = wait_on(&l->changed, "whether the reply is a short one");
    return e == ERR_TIMEOUT ? OK : e;
}

static enum err show(void *arg) AWAITS
{
    struct live_edit *l = arg;

    TRY(wait_for_text(l));
    TRY(wait_before_beginning(l));
    if (l->ended)
        return OK;
    l->begun = true;
    l->shown = l->text.len;
    l->start.text = buf_str(&l->text);
    enum err e = deliver_stream_begin(&l->start, &l->stream);

    if (e) {
        log_event(LOG_DEBUG, "live_edit.not_begun", F("error", failed_text()));
        return e;
    }
    for (;;) {
        TRY(wait_for_text(l));
        if (l->ended)
            return OK;
        l->shown = l->text.len;
        deliver_stream_update(l->stream, buf_str(&l->text));
    }
}

struct live_edit *live_edit_start(const struct message *m, int64_t inbox_id)
{
    const struct channel *channel = channel_find(m->platform);

    if (!channel_sends(channel))
        return NULL;
    struct live_edit *l = NEW(struct live_edit);

    l->text.max = TEXT_MAX;
    l->start = (struct stream_start){
        .platform = m->platform, .chat_id = m->chat_id, .thread_id = m->thread_id, .reply_to = m->external_id,
        .session_id = m->session_id, .inbox_id = inbox_id,
    };
    l->typing = deliver_typing(m->platform, m->chat_id, m->thread_id);
    if (channel->edits && channel->streams && channel->streams())
        l->fiber = fiber_spawn("live edit", show, l);
    return l;
}

void live_edit_add(struct live_edit *l, str text)
{
    if (l == NULL || l->fiber == NULL)
        return;
    buf_add(&l->text, text);
    wake_all(&l->changed);
}

bool live_edit_end(struct live_edit *l)
{
    if (l == NULL)
        return false;
    l->ended = true;
    wake_all(&l->changed);
    if (l->fiber)
        (void)fiber_join(l->fiber);     /* how it went was logged, or is in the row */
    if (l->stream)
        deliver_stream_close(l->stream);
    deliver_typing_stop(l->typing);
    bool begun = l->begun;

    buf_done(&l->text);
    free(l);
    return begun;
}
