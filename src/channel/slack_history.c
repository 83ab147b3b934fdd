// SPDX-License-Identifier: Apache-2.0
/* Taking in, and reading what was said while nobody listened: after downtime, and by polling where Slack does not call.  What is
 * read twice is dropped at intake, so every reading overlaps the one before. */
#include <string.h>

#include "channel/chats.h"
#include "channel/slack.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"

enum {
    PAGES_MAX = 10, CONVERSATIONS_MAX = 200, THREADS_READ_MAX = 32, NOTE_EVERY_MS = 10 * 1000, OVERLAP_MS = 60 * 1000,
};

/* ---- taking in ---- */

static enum err complete(const struct channel_host *host, struct arena *a, const struct slack_bot *bot, struct slack_message *m,
                         enum slack_wanted wanted) AWAITS
{
    str conversation, ts;
    bool ours = true;

    slack_split_id(m->message.external_id, &conversation, &ts);
    if (wanted == SLACK_IF_THREAD_IS_OURS)
        TRY(slack_thread_is_ours(host, bot, conversation, m->message.thread_id, &ours));
    m->message.overheard |= !ours;
    if (!chats_wants(&m->message))
        return OK;
    if (slack_is_ts(m->message.thread_id) && slack_is_ts(ts))
        TRY(slack_thread_join(host, conversation, m->message.thread_id, ts));
    if (!m->message.user_name.len)
        m->message.user_name = slack_user_name(a, m->message.user_id);
    return incoming_files(host, a, &m->message, m->files, m->n_files, slack_locate);
}

enum err slack_take(const struct channel_host *host, struct arena *a, const struct slack_bot *bot, struct slack_message *const *messages,
                    const enum slack_wanted *wanted, size_t n)
{
    struct message *taken = arena_alloc(a, (n + 1) * sizeof *taken);
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        if (wanted[i] == SLACK_NOT_OURS)
            continue;
        TRY(complete(host, a, bot, messages[i], wanted[i]));
        taken[count++] = messages[i]->message;
    }
    return count ? host->receive(host, taken, count) : OK;
}

enum err slack_take_payload(const struct channel_host *host, struct arena *a, const struct slack_bot *bot, const json_t *payload)
{
    struct slack_message *m = ARENA_NEW(a, struct slack_message);
    enum slack_wanted wanted;

    if (slack_decode(a, payload, bot, m, &wanted)) {
        log_event(LOG_WARN, "slack.odd_event", F("error", failed_text()));
        return OK;          /* it would be as odd the next time */
    }
    TRY(slack_take(host, a, bot, &m, &wanted, 1));
    return slack_heard(host, json_text_str(payload, "event.event_ts"));
}

/* ---- histories ---- */

struct source { const char *method; str conversation, thread_ts, oldest; };

static enum err read_page(struct arena *a, const struct source *s, str *cursor, json_t *into) AWAITS
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;
    json_t *m;
    size_t i;

    platform_add_pair(&fields, "channel", s->conversation);
    if (s->thread_ts.len)
        platform_add_pair(&fields, "ts", s->thread_ts);
    platform_add_pair(&fields, "oldest", s->oldest);
    platform_add_pair(&fields, "limit", S("100"));
    if (cursor->len)
        platform_add_pair(&fields, "cursor", *cursor);
    TRY(slack_call(a, &(struct slack_call){ .method = s->method, .fields = &fields, .patient = true }, &j));
    json_array_foreach(json_object_get(j, "messages"), i, m)
        json_array_append(into, m);
    *cursor = json_flag(j, "has_more") ? arena_str(a, json_text_str(j, "response_metadata.next_cursor")) : S("");
    return OK;
}

static const json_t *by_time(const json_t *list, size_t i, bool newest_first)
{
    return json_array_get(list, newest_first ? json_array_size(list) - 1 - i : i);
}

/* Everything newer than s->oldest, taken in; *ret_last: the newest's time, s->oldest where there was none. */
static enum err read_since(const struct channel_host *host, struct arena *a, const struct slack_bot *bot, const struct source *s,
                           str *ret_last) AWAITS
{
    CLEANUP(json_decrefp) json_t *list = json_array();
    str cursor = S("");
    size_t n = 0;

    for (int page = 0; page < PAGES_MAX && (page == 0 || cursor.len); page++)
        TRY(read_page(a, s, &cursor, list));
    struct slack_message **messages = arena_alloc(a, (json_array_size(list) + 1) * sizeof *messages);
    enum slack_wanted *wanted = arena_alloc(a, (json_array_size(list) + 1) * sizeof *wanted);

    *ret_last = s->oldest;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *j = by_time(list, i, !s->thread_ts.len);
        str ts = json_text_str(j, "ts");

        if (!slack_is_ts(ts) || slack_ts_cmp(ts, s->oldest) <= 0)
            continue;       /* a thread's first message always comes along */
        messages[n] = ARENA_NEW(a, struct slack_message);
        if (slack_decode_old(a, j, s->conversation, bot, messages[n], &wanted[n]) == OK)
            n++;
        *ret_last = slack_ts_cmp(ts, *ret_last) > 0 ? arena_str(a, ts) : *ret_last;
    }
    return slack_take(host, a, bot, messages, wanted, n);
}

/* A channel that the bot was thrown out of, a thread that was deleted: the others go on. */
static bool is_its_own(enum err e)
{
    return e == ERR_NOT_FOUND || e == ERR_INPUT;
}

static enum err read_or_skip(const struct channel_host *host, const struct slack_bot *bot, const struct source *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str last;
    enum err e = read_since(host, a, bot, s, &last);

    if (!is_its_own(e))
        return e;
    log_event(LOG_DEBUG, "slack.not_read", F("conversation", s->conversation), F("thread", s->thread_ts), F("error", failed_text()));
    return OK;
}

struct threads { size_t n; str conversation[THREADS_READ_MAX], ts[THREADS_READ_MAX], last[THREADS_READ_MAX]; };

/* A copy: the list changes while it is read. */
static const struct threads *threads_of(struct arena *a, str conversation)
{
    struct threads *t = ARENA_NEW(a, struct threads);

    while (t->n < THREADS_READ_MAX && slack_thread_at(a, t->n, conversation, &t->conversation[t->n], &t->ts[t->n], &t->last[t->n]))
        t->n++;
    return t;
}

/* ---- after downtime ---- */

static struct { bool behind; char text[SLACK_ID_SIZE]; uint64_t noted_ms; } heard;

static str ts_of(struct arena *a, int64_t ms)
{
    return str_from(arena_printf(a, "%lld.%06lld", (long long)(ms / 1000), (long long)(ms % 1000 * 1000)));
}

static enum err note(const struct channel_host *host) AWAITS
{
    heard.noted_ms = clock_ms();
    return heard.text[0] ? host->remember(host, S("heard"), str_from(heard.text)) : OK;
}

enum err slack_heard(const struct channel_host *host, str ts)
{
    if (!slack_is_ts(ts) || (heard.text[0] && slack_ts_cmp(ts, str_from(heard.text)) <= 0))
        return OK;
    snprintf(heard.text, sizeof heard.text, "%.*s", STR(ts));
    if (heard.behind || (heard.noted_ms && clock_ms() - heard.noted_ms < NOTE_EVERY_MS))
        return OK;
    return note(host);
}

static enum err conversations(struct arena *a, str *ids, size_t *ret_n) AWAITS
{
    str cursor = S("");
    size_t n = 0, i;
    const json_t *c;

    do {
        CLEANUP(buf_done) struct buf fields = {0};
        CLEANUP(json_decrefp) json_t *j = NULL;

        platform_add_pair(&fields, "types", S("im,mpim,public_channel,private_channel"));
        platform_add_pair(&fields, "exclude_archived", S("true"));
        platform_add_pair(&fields, "limit", S("200"));
        if (cursor.len)
            platform_add_pair(&fields, "cursor", cursor);
        TRY(slack_call(a, &(struct slack_call){ .method = "users.conversations", .fields = &fields, .patient = true }, &j));
        json_array_foreach(json_object_get(j, "channels"), i, c)
            if (n < CONVERSATIONS_MAX && json_text_str(c, "id").len)
                ids[n++] = arena_str(a, json_text_str(c, "id"));
        cursor = arena_str(a, json_text_str(j, "response_metadata.next_cursor"));
    } while (cursor.len && n < CONVERSATIONS_MAX);
    *ret_n = n;
    return OK;
}

static enum err read_missed(const struct channel_host *host, struct arena *a, const struct slack_bot *bot, str since) AWAITS
{
    str *ids = arena_alloc(a, CONVERSATIONS_MAX * sizeof *ids);
    const struct threads *t = threads_of(a, S(""));
    size_t n = 0;

    TRY(conversations(a, ids, &n));
    for (size_t i = 0; i < n; i++)
        TRY(read_or_skip(host, bot, &(struct source){ "conversations.history", ids[i], S(""), since }));
    for (size_t i = 0; i < t->n; i++)
        TRY(read_or_skip(host, bot, &(struct source){ "conversations.replies", t->conversation[i], t->ts[i], since }));
    return OK;
}

enum err slack_catch_up(const struct channel_host *host, const struct slack_bot *bot)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str since;

    heard.behind = true;
    TRY(host->recall(host, a, S("heard"), &since));
    if (slack_is_ts(since)) {
        int64_t from = slack_ts_ms(since) - OVERLAP_MS;

        TRY(read_missed(host, a, bot, ts_of(a, from > 0 ? from : 0)));
    } else if (!heard.text[0]) {
        snprintf(heard.text, sizeof heard.text, "%.*s", STR(ts_of(a, clock_wall_ms())));
    }
    heard.behind = false;
    return note(host);
}

/* ---- polling ---- */

/* Where reading begins: behind what is there now. */
static enum err begin_at(struct arena *a, str conversation, str *out) AWAITS
{
    CLEANUP(buf_done) struct buf fields = {0};
    CLEANUP(json_decrefp) json_t *j = NULL;

    platform_add_pair(&fields, "channel", conversation);
    platform_add_pair(&fields, "limit", S("1"));
    TRY(slack_call(a, &(struct slack_call){ .method = "conversations.history", .fields = &fields, .patient = true }, &j));
    *out = arena_str(a, json_text_str(j, "messages.0.ts"));
    if (!slack_is_ts(*out))
        *out = S("0.000000");
    return OK;
}

static enum err poll_conversation(const struct channel_host *host, const struct slack_bot *bot, str conversation) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str key = str_from(arena_printf(a, "poll %.*s", STR(conversation))), from, last;

    TRY(host->recall(host, a, key, &from));
    if (!slack_is_ts(from)) {
        TRY(begin_at(a, conversation, &from));
        TRY(host->remember(host, key, from));
    }
    TRY(read_since(host, a, bot, &(struct source){ "conversations.history", conversation, S(""), from }, &last));
    return str_eq(from, last) ? OK : host->remember(host, key, last);
}

static enum err poll_threads(const struct channel_host *host, const struct slack_bot *bot, str conversation) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct threads *t = threads_of(a, conversation);

    for (size_t i = 0; i < t->n; i++) {
        CLEANUP(arena_freep) struct arena *scratch = arena_new();
        str last = t->last[i];
        enum err e = read_since(host, scratch, bot, &(struct source){ "conversations.replies", conversation, t->ts[i], t->last[i] }, &last);

        if (e && !is_its_own(e))
            return e;
        if (e == OK)
            TRY(slack_thread_read(host, conversation, t->ts[i], last));
    }
    return OK;
}

static enum err poll_one(const struct channel_host *host, const struct slack_bot *bot, str name) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str conversation;

    TRY(slack_conversation(a, name, &conversation));
    TRY(poll_conversation(host, bot, conversation));
    return poll_threads(host, bot, conversation);
}

enum err slack_poll_round(const struct channel_host *host, const struct slack_bot *bot)
{
    struct string_list names = config_now()->platforms_slack_poll_channels;
    char why[ERR_TEXT_MAX] = "";

    for (size_t i = 0; i < names.n; i++) {
        enum err e = poll_one(host, bot, str_from(names.items[i]));

        if (e && !is_its_own(e))
            return e;
        if (e && !why[0])
            snprintf(why, sizeof why, "%s: %s", names.items[i], failed_text());
    }
    return why[0] ? failed(ERR_NOT_FOUND, "%s", why) : OK;
}
