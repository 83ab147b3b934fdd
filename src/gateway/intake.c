// SPDX-License-Identifier: Apache-2.0
#include "gateway/intake.h"

#include <assert.h>
#include <string.h>

#include "base/fault.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/utf8.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/dispatch.h"
#include "gateway/session_queue.h"
#include "gateway/sessions.h"
#include "gateway/topics.h"
#include "runtime/clock.h"

enum { TITLE_MAX = 80 };

static str new_uuid(struct arena *a)
{
    char uuid[UUID_SIZE];

    random_uuid(uuid);
    return arena_str(a, str_from(uuid));
}

static str title_of(str text)
{
    size_t line = str_find_char(text, '\n');

    return utf8_take(line == STR_NONE ? text : str_take(text, line), TITLE_MAX);
}

static void complete_message(struct arena *a, struct message *m)
{
    m->id = new_uuid(a);
    if (m->created_at == 0)
        m->created_at = clock_wall_ms();
    if (m->external_id.len == 0)
        m->external_id = m->id;
}

static bool too_old(const struct message *m)
{
    uint64_t max_age = config_now()->messages_max_age;

    return max_age && m->created_at < clock_wall_ms() - (int64_t)max_age;
}

/* Where a channel does not tell, others may read; our own surfaces are one person's. */
static str chat_type_of(const struct message *m)
{
    return m->chat_type.len == 0 && access_is_own(m->platform) ? S("private") : m->chat_type;
}

static void add_statements(struct batch *b, struct arena *a, const struct message *m, const char *state)
{
    CLEANUP(json_decrefp) json_t *body = message_to_json(m);
    int64_t now = clock_wall_ms();
    bool ended = strcmp(state, "ready") != 0;
    const char *error = strcmp(state, "expired") == 0 ? "older than messages.max_age when it arrived" : NULL;

    batch_add(b, "session.ensure_for", "ssssssiss", m->session_id.len ? m->session_id : new_uuid(a), m->platform,
              m->chat_id, m->thread_id, m->agent, title_of(m->text), now, m->external_id, chat_type_of(m));
    batch_add(b, "inbox.insert", "ssssssssscSiii", m->id, m->platform, m->chat_id, m->thread_id, m->agent,
              m->external_id, m->user_id, m->text, json_print(a, body), state, str_from(error), m->created_at, now,
              ended ? now : (int64_t)0);
}

/* The row of a message that had been stored before. */
static enum err find_first(struct gateway *g, struct arena *a, const struct message *m, struct received *out) AWAITS
{
    struct rows r;

    TRY(store_read(g->store, a, &r, "inbox.by_external", "ss", m->platform, m->external_id));
    if (r.n == 0)
        return failed(ERR_BUG, "message %.*s is neither new nor known", STR(m->external_id));
    *out = (struct received){ row_int(&r, 0, 0), row_str(&r, 0, 1), row_str(&r, 0, 2), row_str(&r, 0, 3), .duplicate = true };
    return OK;
}

static bool is_paused(const struct gateway *g, str session_id, str text)
{
    return dispatch_is_paused(g->dispatch, session_id) && !message_is_control(text);
}

/* The new ones go to their sessions at once, in order: nothing that may fail or wait comes before that. */
static void hand_over(struct gateway *g, const struct batch *b, struct message *m, size_t n, struct received *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct rows *r = batch_rows(b, i * 2 + 1);

        out[i].duplicate = r->n == 0;
        if (out[i].duplicate) {
            metric_add(METRIC_messages_duplicate, 1);
            continue;
        }
        out[i].inbox_id = row_int(r, 0, 0);
        out[i].session_id = m[i].session_id = row_str(r, 0, 1);
        out[i].message_id = m[i].id;
        metric_add(out[i].expired ? METRIC_messages_expired : METRIC_messages_received, 1);
        out[i].is_paused = is_paused(g, out[i].session_id, m[i].text);
        if (batch_changed(b, i * 2))        /* it is new, or of another type */
            sessions_forget(g->sessions, out[i].session_id);
        topics_tell_received(g, &m[i], out[i].session_id, out[i].inbox_id);
        if (!out[i].expired)
            dispatch_message(g, out[i].inbox_id, &m[i]);
    }
}

enum err intake_receive(struct gateway *g, struct arena *a, struct message *m, size_t n, struct received *out)
{
    struct batch *b = batch_new(a);

    for (size_t i = 0; i < n; i++) {
        assert(m[i].platform.len && m[i].chat_id.len && m[i].user_id.len);
        if (m[i].text.len > MESSAGE_TEXT_MAX)
            return failed(ERR_LIMIT, "a message of %zu bytes is longer than %d", m[i].text.len, MESSAGE_TEXT_MAX);
        complete_message(a, &m[i]);
        bool expired = too_old(&m[i]);

        out[i] = (struct received){ .expired = expired, .state = expired ? S("expired") : S("ready") };
        add_statements(b, a, &m[i], out[i].state.p);
    }
    (void)FAULT(intake_before_store);
    enum err e = store_commit(g->store, b);

    if (e) {
        metric_add(METRIC_messages_refused, (int64_t)n);
        return failed_in(e, "the message was not stored: ");
    }
    (void)FAULT(intake_stored);
    hand_over(g, b, m, n, out);
    for (size_t i = 0; i < n; i++)
        if (out[i].duplicate) {
            TRY(find_first(g, a, &m[i], &out[i]));
            out[i].is_paused = str_eq(out[i].state, S("ready")) && is_paused(g, out[i].session_id, m[i].text);
        }
    return OK;
}

bool intake_knows(const struct channel_host *host, str user_id)
{
    const struct gateway *g = host->arg;

    return access_of(g->access, str_from(host->channel->name), user_id) != ACCESS_UNKNOWN;
}

enum err intake_channel(const struct channel_host *host, const struct message *messages, size_t n)
{
    struct gateway *g = host->arg;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct message *known = arena_alloc(a, n * sizeof *known);
    struct received *out = arena_alloc(a, n * sizeof *out);
    size_t n_known = 0;

    for (size_t i = 0; i < n; i++) {
        if (access_of(g->access, messages[i].platform, messages[i].user_id) == ACCESS_UNKNOWN)
            TRY(access_offer_pairing(g, &messages[i]));
        else
            known[n_known++] = messages[i];
    }
    for (size_t i = 0; i < n_known; i++)
        if (known[i].agent.len == 0)
            known[i].agent = agents_for(g, &known[i]);
    return n_known ? intake_receive(g, a, known, n_known, out) : OK;
}
