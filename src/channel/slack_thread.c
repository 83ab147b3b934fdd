// SPDX-License-Identifier: Apache-2.0
/* The threads of channels that we take part in: who replies there talks to us, without a mention.  The latest ones are
 * remembered over restarts, so that they can be read for what was missed; of others Slack is asked once. */
#include <string.h>

#include "channel/slack.h"
#include "config/config.h"

enum { THREADS_MAX = 96, REMEMBERED_MAX = 32, LOOKED_AT = 50, LINE_MAX_SIZE = 4096 };

struct thread {
    char     conversation[SLACK_ID_SIZE], ts[SLACK_ID_SIZE], last[SLACK_ID_SIZE];
    bool     ours;
    uint64_t used;              /* by `clock`; the least is forgotten first */
};

static struct thread threads[THREADS_MAX];
static uint64_t used;

static void put(char out[SLACK_ID_SIZE], str text)
{
    snprintf(out, SLACK_ID_SIZE, "%.*s", STR(str_take(text, SLACK_ID_SIZE - 1)));
}

static struct thread *find(str conversation, str ts)
{
    for (size_t i = 0; i < THREADS_MAX; i++)
        if (threads[i].ts[0] && str_eq(conversation, str_from(threads[i].conversation)) && str_eq(ts, str_from(threads[i].ts)))
            return &threads[i];
    return NULL;
}

/* A known one, or the place of the one that was used longest ago. */
static struct thread *place(str conversation, str ts)
{
    struct thread *t = find(conversation, ts), *oldest = &threads[0];

    for (size_t i = 1; !t && i < THREADS_MAX; i++)
        if (threads[i].used < oldest->used)
            oldest = &threads[i];
    if (!t) {
        t = oldest;
        *t = (struct thread){0};
        put(t->conversation, conversation);
        put(t->ts, ts);
    }
    t->used = ++used;
    return t;
}

/* ---- over restarts: "C1:12.3:14.5 C2:…", the latest last ---- */

static enum err remember(const struct channel_host *host) AWAITS
{
    CLEANUP(buf_done) struct buf line = { .max = LINE_MAX_SIZE };
    uint64_t from = used > REMEMBERED_MAX ? used - REMEMBERED_MAX : 0;

    for (size_t i = 0; i < THREADS_MAX; i++)
        if (threads[i].ts[0] && threads[i].ours && threads[i].used > from)
            buf_addf(&line, "%s%s:%s:%s", line.len ? " " : "", threads[i].conversation, threads[i].ts, threads[i].last);
    return host->remember(host, S("threads"), buf_str(&line));
}

enum err slack_threads_load(const struct channel_host *host)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str line, word;

    memset(threads, 0, sizeof threads);
    used = 0;
    TRY(host->recall(host, a, S("threads"), &line));
    while (line.len && str_split(&line, ' ', &word)) {
        str conversation = S(""), ts = S("");

        if (!str_split(&word, ':', &conversation) || !str_split(&word, ':', &ts) || !slack_is_ts(ts) || !slack_is_ts(word))
            continue;
        struct thread *t = place(conversation, ts);
        t->ours = true;
        put(t->last, word);
    }
    return OK;
}

enum err slack_thread_join(const struct channel_host *host, str conversation, str ts, str last_ts)
{
    struct thread *t = find(conversation, ts);
    bool known = t && t->ours;

    if (!ts.len)
        return OK;
    t = place(conversation, ts);
    t->ours = true;
    if (!t->last[0] || slack_ts_cmp(str_from(t->last), last_ts) < 0)
        put(t->last, last_ts);
    return known ? OK : remember(host);
}

enum err slack_thread_read(const struct channel_host *host, str conversation, str ts, str last_ts)
{
    struct thread *t = find(conversation, ts);

    if (!t || slack_ts_cmp(str_from(t->last), last_ts) >= 0)
        return OK;
    put(t->last, last_ts);
    return remember(host);
}

bool slack_thread_at(struct arena *a, size_t i, str conversation, str *ret_conversation, str *ret_ts, str *ret_last)
{
    for (size_t k = 0; k < THREADS_MAX; k++) {
        const struct thread *t = &threads[k];

        if (!t->ts[0] || !t->ours || (conversation.len && !str_eq(conversation, str_from(t->conversation))))
            continue;
        if (i-- > 0)
            continue;
        *ret_conversation = arena_str(a, str_from(t->conversation));
        *ret_ts = arena_str(a, str_from(t->ts));
        *ret_last = arena_str(a, str_from(t->last));
        return true;
    }
    return false;
}

/* ---- threads from before ---- */

static bool is_ours(const json_t *messages, const struct slack_bot *bot)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str mention = str_from(arena_printf(a, "<@%.*s", STR(bot->user_id)));
    const json_t *m;
    size_t i;

    json_array_foreach(messages, i, m)
        if (str_eq(json_text_str(m, "user"), bot->user_id) || str_find(json_text_str(m, "text"), mention) != STR_NONE)
            return true;
    return false;
}

enum err slack_thread_is_ours(const struct channel_host *host, const struct slack_bot *bot, str conversation, str ts, bool *out)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct thread *t = find(conversation, ts);

    if (t) {
        *out = t->ours;
        return OK;
    }
    platform_add_pair(&fields, "channel", conversation);
    platform_add_pair(&fields, "ts", ts);
    platform_add_pair(&fields, "limit", str_from(arena_printf(a, "%d", LOOKED_AT)));
    enum err e = slack_call(a, &(struct slack_call){ .method = "conversations.replies", .fields = &fields }, &j);

    /* The channel's own secret, or gone: then nobody can say that it is for us. */
    if (e && e != ERR_NOT_FOUND && e != ERR_INPUT && !(e == ERR_AUTH && str_find(str_from(failed_text()), S("scope")) != STR_NONE))
        return e;
    *out = e == OK && is_ours(json_object_get(j, "messages"), bot);
    if (*out)
        return slack_thread_join(host, conversation, ts, ts);
    place(conversation, ts)->ours = false;
    return OK;
}
