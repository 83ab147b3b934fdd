// SPDX-License-Identifier: Apache-2.0
#include "gateway/submit.h"

#include "base/random.h"
#include "gateway/agents.h"
#include "gateway/access.h"
#include "gateway/reply_event.h"
#include "gateway/sessions.h"

/* A new conversation is with whom the caller names, or whoever answers there. */
static enum err choose_agent(const struct gateway *g, struct message *m)
{
    if (m->agent.len == 0)
        m->agent = agents_for(g, m);
    if (agents_find(g, m->agent))
        return OK;
    const char *near = agents_nearest(g, m->agent);

    return failed(ERR_INPUT, "there is no agent %.*s%s%s%s", STR(str_take(m->agent, 60)), near ? " (did you mean " : "", near ? near : "",
                  near ? "?)" : "");
}

static enum err choose_session(struct gateway *g, struct arena *a, struct message *m) AWAITS
{
    struct session_place place;

    if (m->session_id.len == 0) {
        char uuid[UUID_SIZE];

        random_uuid(uuid);
        m->session_id = m->chat_id = arena_str(a, str_from(uuid));
        return choose_agent(g, m);
    }
    TRY(sessions_find(g, a, m->session_id, &place));
    if (place.platform.len == 0) {
        m->chat_id = m->session_id;
        return choose_agent(g, m);
    }
    if (!access_is_own(place.platform))
        return failed(ERR_CONFLICT, "session %.*s is a conversation on %.*s; it can be read here, not continued",
                      STR(m->session_id), STR(place.platform));
    m->platform = place.platform;
    m->chat_id = place.chat_id;
    m->thread_id = place.thread_id;
    m->agent = place.agent;
    return OK;
}

static void set_sender(struct message *m, const char *platform)
{
    m->platform = str_from(platform);
    m->user_id = S("owner");
    m->user_name = NO_STR;
    m->thread_id = NO_STR;
    m->created_at = 0;      /* ours: the caller's clock must not make its own message too old */
}

enum err submit_named(struct gateway *g, struct arena *a, const char *platform, str name, struct message *m, struct received *out)
{
    set_sender(m, platform);
    m->session_id = NO_STR;
    m->chat_id = name;
    m->chat_type = S("group");      /* a program's name for it: whose words stand there is not for us to know */
    TRY(choose_agent(g, m));
    return intake_receive(g, a, m, 1, out);
}

enum err submit(struct gateway *g, struct arena *a, const char *platform, struct message *m, struct received *out)
{
    set_sender(m, platform);
    TRY(choose_session(g, a, m));
    enum err e = intake_receive(g, a, m, 1, out);

    if (e != ERR_CONFLICT)
        return e;
    TRY(choose_session(g, a, m));       /* another surface has begun the same conversation meanwhile: join it */
    return intake_receive(g, a, m, 1, out);
}

enum err submit_replies(struct gateway *g, struct arena *a, const struct received *in, json_t **out, int64_t *ret_by, str *ret_state)
{
    struct batch *b = batch_new(a);

    batch_add(b, "inbox.answered_by", "i", in->inbox_id);
    batch_add(b, "turn.replies_of", "i", in->inbox_id);
    TRY(store_query(g->store, b));
    const struct rows *inbox = batch_rows(b, 0), *replies = batch_rows(b, 1);

    if (inbox->n == 0)
        return failed(ERR_NOT_FOUND, "message %lld is gone", (long long)in->inbox_id);
    str state = row_str(inbox, 0, 1);
    json_t *list = json_array();

    for (size_t i = 0; i < replies->n; i++) {
        CLEANUP(json_decrefp) json_t *body = NULL;

        if (json_parse(row_str(replies, i, 2), &body) == OK)
            json_array_append_new(list, reply_event(a, row_int(replies, i, 0), in->message_id, in->session_id,
                                                    json_text_str(body, "text"), row_int(replies, i, 4), state.p));
    }
    *out = list;
    *ret_by = row_int(inbox, 0, 0);
    *ret_state = state;
    return OK;
}
