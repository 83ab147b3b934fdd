// SPDX-License-Identifier: Apache-2.0
#include "channel/deliver_internal.h"
#include "channel/in_flight.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "channel/file_link.h"
#include "channel/markup.h"
#include "channel/rate.h"
#include "channel/registry.h"
#include "channel/start.h"
#include "config/config.h"
#include "config/language.h"
#include "runtime/clock.h"
#include "runtime/failure.h"
#include "runtime/offload.h"
#include "store/blobs.h"

enum { CHAT_BURST = 20, GLOBAL_BURST_SECONDS = 1, IDLE_CHATS_MAX = 4096, BLOB_MAX = 64 << 20 };

struct chat {
    const struct channel *channel;
    char          *id;
    bool           busy;            /* its fiber runs */
    bool           again;           /* woken since the fiber last looked */
    struct waiters wake;
    struct rate    rate;
};

struct row {
    int64_t         id, attempts;
    str             message_id;     /* what it answers */
    struct outgoing message;
    json_t         *body;           /* what message points into */
};

static struct {
    struct store *store;
    struct blobs *blobs;
    struct map    chats;            /* by "platform chat" */
    struct map    global;           /* struct rate, by platform */
    struct fibers fibers;
    bool          stopping;
    struct waiters outcomes;
    void        (*told)(void *arg, const struct delivery_outcome *);
    void         *told_arg;
    size_t        sending;
} d;

struct store *deliver_store(void)
{
    return d.store;
}

struct fibers *deliver_fibers(void)
{
    return d.stopping || !d.store ? NULL : &d.fibers;
}

/* ---- chats and limits ---- */

static void free_chat(struct chat *c)
{
    free(c->id);
    free(c);
}

/* Chats without work are kept only for their rate; one whose bucket is full needs no memory. */
static void forget_idle_chats(void)
{
    const struct map_entry *e;
    struct map kept = {0};

    for (size_t i = 0; map_next(&d.chats, &i, &e);) {
        struct chat *c = e->value;

        if (c->busy || c->again || c->rate.full_at_us > clock_us())
            map_put(&kept, e->key, c);
        else
            free_chat(c);
    }
    map_done(&d.chats);
    d.chats = kept;
}

static struct chat *chat_of(const struct channel *channel, str id)
{
    CLEANUP(buf_done) struct buf key = {0};
    struct chat *c;

    buf_addf(&key, "%s %.*s", channel->name, STR(id));
    if ((c = map_get(&d.chats, buf_str(&key))))
        return c;
    if (d.chats.n >= IDLE_CHATS_MAX)
        forget_idle_chats();
    c = NEW(struct chat);
    c->channel = channel;
    c->id = str_dup_c(id);
    map_put(&d.chats, buf_str(&key), c);
    return c;
}

static struct rate *global_rate(const struct channel *channel)
{
    struct rate *r = map_get(&d.global, str_from(channel->name));

    if (r)
        return r;
    r = NEW(struct rate);
    map_put(&d.global, str_from(channel->name), r);
    return r;
}

static uint64_t turn_wait_us(const struct channel *channel, str chat_id)
{
    unsigned chat_limit = channel->chat_per_minute ? channel->chat_per_minute(chat_id) : 0;
    uint64_t now = clock_us();

    if (!config_now()->delivery_limits)
        return 0;
    uint64_t chat = rate_wait_us(&chat_of(channel, chat_id)->rate, now, chat_limit, CHAT_BURST);
    uint64_t all = rate_wait_us(global_rate(channel), now, channel->global_per_second * 60,
                                channel->global_per_second * GLOBAL_BURST_SECONDS);
    return chat > all ? chat : all;
}

bool deliver_take_turn(const struct channel *channel, str chat_id)
{
    uint64_t now = clock_us();

    if (turn_wait_us(channel, chat_id) > 0)
        return false;
    rate_take(&chat_of(channel, chat_id)->rate, now, channel->chat_per_minute ? channel->chat_per_minute(chat_id) : 0);
    rate_take(global_rate(channel), now, channel->global_per_second * 60);
    return true;
}

/* There was nothing to send after all. */
static void give_turn_back(const struct chat *c)
{
    unsigned chat_limit = c->channel->chat_per_minute ? c->channel->chat_per_minute(str_from(c->id)) : 0;

    rate_give_back(&chat_of(c->channel, str_from(c->id))->rate, chat_limit);
    rate_give_back(global_rate(c->channel), c->channel->global_per_second * 60);
}

enum err deliver_await_turn(const struct channel *channel, str chat_id)
{
    while (!deliver_take_turn(channel, chat_id))
        TRY(fiber_sleep(turn_wait_us(channel, chat_id) / 1000 + 1));
    return OK;
}

/* ---- one send ---- */

static struct attempt attempt_failed(struct arena *a, enum outcome outcome)
{
    return (struct attempt){ .outcome = outcome, .error = ERR_NET, .why = arena_str(a, str_from(failed_text())) };
}

struct load { int fd; struct buf *into; };

static enum err read_all(void *arg)
{
    struct load *l = arg;
    size_t room;
    ssize_t n;

    do {
        char *at = buf_room(l->into, 256 << 10, &room);

        n = room ? read(l->fd, at, room) : 0;
        buf_grown(l->into, n > 0 ? (size_t)n : 0);
    } while (n > 0);
    return n < 0 ? failed(ERR_IO, "the file to send cannot be read") : OK;
}

enum err deliver_keep(struct arena *a, str bytes, str name, str mime, str *ret_blob)
{
    char hash[BLOB_HASH_SIZE];
    uint64_t keep = config_now()->blobs_expire;

    if (!d.blobs)
        return failed(ERR_NOT_FOUND, "there is no blob store");
    TRY(blobs_put(d.blobs, bytes, mime, name, keep ? clock_wall_ms() + (int64_t)keep : 0, hash));
    *ret_blob = arena_str(a, str_from(hash));
    return OK;
}

bool deliver_takes_file(const struct channel *channel, const struct outgoing *file, size_t size)
{
    return channel->files && size <= BLOB_MAX && (!channel->file_max || size <= channel->file_max)
           && (!channel->takes_file || channel->takes_file(file->chat_id, file->name, file->mime));
}

static enum err load_blob(struct arena *a, struct outgoing *m) AWAITS
{
    CLEANUP(buf_done) struct buf b = { .max = BLOB_MAX };
    struct load load = { .into = &b };
    enum err e;

    TRY(blobs_read(d.blobs, m->blob, &load.fd));
    e = fiber_offload(read_all, &load);
    close(load.fd);
    m->bytes = arena_str(a, buf_str(&b));
    return e;
}

/* A file that the platform does not take: a text says where it is. */
static void become_link(struct arena *a, const struct blob *blob, struct outgoing *m)
{
    CLEANUP(buf_done) struct buf b = {0};
    str link = file_link(a, blob);
    bool chinese = language_is_chinese(m->text);
    int kib = (int)((blob->size + 1023) / 1024);

    buf_add(&b, link.p ? S("[") : S(""));
    markup_add_literally(&b, m->name);
    if (link.p)
        buf_addf(&b, "](%.*s) (%d KB)", STR(link), kib);
    else
        buf_addf(&b, chinese ? "（%d KB）无法在这里发送；管理员可以查看 `clawdbot messages show outbox/%lld`，文件在 blobs/%.2s/%.2s/%.*s。"
                 : " (%d KB) cannot be sent here. The operator finds it: `clawdbot messages show outbox/%lld`, as blobs/%.2s/%.2s/%.*s",
                 kib, (long long)m->id, blob->hash.p, blob->hash.p + 2, STR(blob->hash));
    m->text = arena_str(a, buf_str(&b));
    m->link_of = m->blob;
    m->blob = S("");
}

/* The file's bytes, or a link instead of it. */
static enum err fetch_file(struct arena *a, const struct channel *channel, struct outgoing *m) AWAITS
{
    struct blob blob;

    if (!m->blob.len || m->bytes.p)
        return OK;
    if (!d.blobs)
        return failed(ERR_NOT_FOUND, "there is no blob store");
    TRY(blobs_find(d.blobs, a, m->blob, &blob));
    if (!deliver_takes_file(channel, m, (size_t)blob.size)) {
        become_link(a, &blob, m);
        return OK;
    }
    m->text = S("");            /* what the file stands for: reply_rows.h */
    return load_blob(a, m);
}

/* From here on its platform may have it. */
static void note_begun(void *message)
{
    in_flight_begin(((const struct outgoing *)message)->id);
}

/* What an error of prepare, decode_sent or send comes to. */
static struct attempt judged(struct arena *a, const struct outgoing *m, enum err e, const struct sent *sent)
{
    bool later = e == ERR_LIMIT || e == ERR_REMOTE || e == ERR_AUTH || e == ERR_NET || e == ERR_TIMEOUT || e == ERR_CANCELLED;
    struct attempt result = { .outcome = SENT, .error = e, .why = S(""), .sent = *sent };

    if (e) {
        result.outcome = sent->unknown ? UNKNOWN : later && !sent->gone ? NOT_SENT : REFUSED;
        result.why = arena_str(a, str_from(failed_text()));
    }
    if (result.outcome == NOT_SENT || result.outcome == REFUSED)
        in_flight_end(m->id);       /* it surely has not got it */
    return result;
}

static struct attempt attempt_request(struct arena *a, const struct channel *channel, struct outgoing *m) AWAITS
{
    struct sent told = { .remote_id = S("") };
    struct http_request request = {0};
    struct http_response answer;
    bool sent = false;

    if (channel->encode(a, m, &request))
        return attempt_failed(a, REFUSED);
    request.on_sending = note_begun;
    request.on_sending_arg = m;
    d.sending++;
    enum err e = channel_fetch(a, &request, &answer, &sent);
    d.sending--;
    if (e)
        return attempt_failed(a, sent ? UNKNOWN : NOT_SENT);
    (void)FAULT(deliver_sent);
    e = channel->decode_sent(a, &answer, &told);
    return judged(a, m, e, &told);
}

static struct attempt attempt_send(struct arena *a, const struct channel *channel, const struct channel_host *host,
                                   struct outgoing *m) AWAITS
{
    struct sent told = { .remote_id = S("") };

    d.sending++;
    enum err e = channel->send(host, a, m, note_begun, &told);
    d.sending--;
    (void)FAULT(deliver_sent);
    return judged(a, m, e, &told);
}

/* At a start the queues may be ahead of the channels: what a channel remembers of the chat is not to be had yet. */
static struct attempt attempt_once(struct arena *a, const struct channel *channel, struct outgoing *m) AWAITS
{
    const struct channel_host *host = channels_host(channel);

    if (!host && (channel->prepare || channel->send))
        return (struct attempt){ .outcome = NOT_SENT, .error = ERR_NET, .why = S("the channel is not running") };
    if (fetch_file(a, channel, m))
        return attempt_failed(a, REFUSED);
    CLEANUP(deadline_clear) struct deadline limit;

    deadline_set(&limit, SEND_TIMEOUT_MS);
    if (channel->prepare) {
        enum err e = channel->prepare(a, m);

        if (e)
            return judged(a, m, e, &(struct sent){ .remote_id = S("") });
    }
    return channel->send ? attempt_send(a, channel, host, m) : attempt_request(a, channel, m);
}

static struct attempt attempt_or_again(struct arena *a, const struct channel *channel, struct outgoing *m) AWAITS
{
    struct attempt first = attempt_once(a, channel, m);

    if (first.outcome == SENT)
        return first;
    if (first.sent.bad_markup && !m->plain)
        m->plain = true;
    else if (first.sent.edit_lost && m->remote_id.len && m->final)
        m->remote_id = S("");
    else if (!first.sent.again)
        return first;
    return attempt_once(a, channel, m);
}

struct attempt deliver_attempt(struct arena *a, const struct channel *channel, struct outgoing *m)
{
    enum send_kind kind = m->remote_id.len ? SEND_EDIT : SEND_MESSAGE;
    struct attempt t = attempt_or_again(a, channel, m);

    channels_sent(channel, kind, t.error, t.why);
    return t;
}

/* ---- the rows of one chat ---- */

static void add_claim(struct batch *b, const struct chat *c)
{
    batch_add(b, "outbox.claim", "cci", c->channel->name, c->id, clock_wall_ms());
}

static enum err read_claimed(const struct chat *c, const struct rows *r, struct row *out)
{
    TRY(json_parse(row_str(r, 0, 4), &out->body));
    out->message = (struct outgoing){
        .id = out->id, .session_id = row_str(r, 0, 1), .chat_id = str_from(c->id), .thread_id = row_str(r, 0, 2),
        .reply_to = row_str(r, 0, 3), .remote_id = row_str(r, 0, 6), .final = true,
        .text = json_text_str(out->body, "text"), .blob = json_text_str(out->body, "blob"),
        .name = json_text_str(out->body, "name"), .mime = json_text_str(out->body, "mime"),
        .choices = json_at(out->body, "choices"),
    };
    return OK;
}

static struct failure_policy delivery_policy(void)
{
    const struct config *cfg = config_now();

    return (struct failure_policy){ .tries = (unsigned)cfg->delivery_attempts, .backoff_ms = cfg->delivery_backoff,
                                    .backoff_max_ms = cfg->delivery_backoff_max };
}

static void tell_of_it(const struct chat *c, const char *state, str why)
{
    char key[64], text[ERR_TEXT_MAX];

    snprintf(key, sizeof key, "delivery %s", c->channel->name);
    snprintf(text, sizeof text, "%.*s", STR(why));
    if (str_eq(str_from(state), S("dead")))
        failure_tell(key, text);
    else if (str_eq(str_from(state), S("sent")))
        failure_over(key);
}

static void log_outcome(const struct chat *c, const struct row *row, const char *state, str why)
{
    if (str_eq(str_from(state), S("sent")))
        log_event(LOG_DEBUG, "deliver.sent", F("platform", c->channel->name), F("row", row->id));
    else
        log_event(LOG_WARN, "deliver.failed", F("platform", c->channel->name), F("row", row->id), F("state", state),
                  F("attempts", row->attempts), F("error", why));
}

static bool add_fallback(struct arena *a, struct batch *b, const struct chat *c, const struct row *row, str why, struct fallback *out)
{
    struct dead_row dead = { .id = row->id, .platform = str_from(c->channel->name), .chat_id = str_from(c->id), .why = why,
                             .body = row->body };

    return deliver_add_fallback(a, b, &dead, out);
}

/* What the row becomes, as a statement of the batch; of a dead one, the rows that are sent instead. */
static const char *add_outcome(struct arena *a, struct batch *b, const struct chat *c, const struct row *row, const struct attempt *t,
                               struct fallback *ret_fallback)
{
    const struct config *cfg = config_now();
    struct failure_policy policy = delivery_policy();
    bool again = t->outcome == NOT_SENT || (t->outcome == UNKNOWN && (row->message.remote_id.len || c->channel->idempotent
                                            || str_eq(str_from(cfg->delivery_unknown), S("resend"))));
    const char *state = t->outcome == SENT ? "sent" : t->outcome == UNKNOWN ? "unknown" : "dead";

    if (again && (uint64_t)row->attempts < policy.tries)
        state = "ready";
    if (t->outcome == SENT)
        batch_add(b, "outbox.sent", "isi", row->id, t->sent.remote_id, clock_wall_ms());
    else if (state[0] == 'r')
        batch_add(b, "outbox.again", "iis", row->id,
                  clock_wall_ms() + (int64_t)failure_pause(&policy, (uint64_t)row->attempts, t->sent.retry_after_ms), t->why);
    else {
        if (state[0] == 'd' && add_fallback(a, b, c, row, t->why, ret_fallback))
            metric_add(METRIC_deliveries_fell_back, 1);
        batch_add(b, "outbox.end", "ics", row->id, state, t->why);
    }
    metric_add(t->outcome == SENT ? METRIC_deliveries : state[0] == 'r' ? METRIC_deliveries_retried
               : state[0] == 'u' ? METRIC_deliveries_unknown : METRIC_deliveries_dead, 1);
    log_outcome(c, row, state, t->why);
    tell_of_it(c, state, t->why);
    return state;
}

static void tell_outcome(const struct chat *c, const struct row *row, const char *state, const struct attempt *t)
{
    const struct outgoing *m = &row->message;

    if (state[0] != 'r')
        deliver_tell(&(struct delivery_outcome){
            .id = row->id, .state = state, .platform = str_from(c->channel->name), .chat_id = str_from(c->id), .thread_id = m->thread_id,
            .session_id = m->session_id, .message_id = row->message_id, .error = t->why, .attempts = row->attempts,
            .remote_id = t->sent.remote_id.len ? t->sent.remote_id : m->remote_id,
        });
}

/* The outcome must be stored, or a row that was sent would look as if it might not have been. */
static enum err commit_stubbornly(struct batch *b) AWAITS
{
    for (;;) {
        enum err e = store_commit(d.store, b);

        if (e != ERR_IO)
            return e;
        log_event(LOG_ERROR, "deliver.not_stored", F("error", failed_text()));
        TRY(fiber_sleep(1000));
    }
}

/* Sends the row that `claimed` holds; the next one is claimed by the commit that stores the outcome, unless its
 * turn is not yet: a row is 'sending' only while it is being sent. */
static enum err send_claimed(struct chat *c, const struct rows *claimed, struct batch *next, bool *ret_claimed) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct row row = { .id = row_int(claimed, 0, 0), .attempts = row_int(claimed, 0, 5), .message_id = row_str(claimed, 0, 7) };
    struct fallback fallback = { .channel = NULL };
    struct attempt t;
    CLEANUP(json_decrefp) json_t *body = NULL;

    (void)FAULT(deliver_claimed);
    if (read_claimed(c, claimed, &row))
        t = attempt_failed(a, REFUSED);
    else
        t = deliver_attempt(a, c->channel, &row.message);
    body = row.body;
    const char *state = add_outcome(a, next, c, &row, &t, &fallback);

    *ret_claimed = t.outcome == SENT && !d.stopping && deliver_take_turn(c->channel, str_from(c->id));
    if (*ret_claimed)
        add_claim(next, c);
    TRY(commit_stubbornly(next));
    in_flight_end(row.id);
    wake_all(&d.outcomes);
    tell_outcome(c, &row, state, &t);
    (void)FAULT(deliver_marked);
    if (fallback.channel)
        deliver_wake(fallback.platform, fallback.chat_id);
    return OK;
}

/* As long as the first row is due and allowed. */
static enum err send_due(struct chat *c) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    const struct rows *claimed;
    bool more = true;

    TRY(deliver_await_turn(c->channel, str_from(c->id)));
    add_claim(b, c);
    TRY(commit_stubbornly(b));
    claimed = batch_rows(b, 0);
    while (claimed->n) {
        CLEANUP(arena_freep) struct arena *old = a;

        a = arena_new();
        b = batch_new(a);
        TRY(send_claimed(c, claimed, b, &more));
        if (!more)
            return OK;
        claimed = batch_rows(b, 1);
    }
    give_turn_back(c);
    return OK;
}

/* How long the first ready row must wait; false: there is none. */
static enum err next_due(struct chat *c, bool *ret_any, uint64_t *ret_ms) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;
    int64_t wait;

    TRY(store_read(d.store, a, &r, "outbox.due", "cc", c->channel->name, c->id));
    wait = r.n ? row_int(&r, 0, 0) - clock_wall_ms() : 0;
    *ret_any = r.n > 0;
    *ret_ms = wait > 0 ? (uint64_t)wait : 0;
    return OK;
}

static enum err wait_due(struct chat *c, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    enum err e = OK;

    deadline_set(&limit, ms);
    while (!c->again && !d.stopping && e == OK)
        e = wait_on(&c->wake, "a retry's time");
    return e == ERR_TIMEOUT ? OK : e;
}

static enum err run_chat(struct chat *c) AWAITS
{
    bool any = true;
    uint64_t ms;

    while (!d.stopping) {
        c->again = false;
        TRY(send_due(c));
        TRY(next_due(c, &any, &ms));
        if (!any && !c->again)
            break;
        if (any && ms)
            TRY(wait_due(c, ms));
    }
    return OK;
}

static enum err chat_fiber(void *arg) AWAITS
{
    struct chat *c = arg;
    enum err e;

    while ((e = run_chat(c)) && e != ERR_CANCELLED) {
        log_event(LOG_ERROR, "deliver.stuck", F("platform", c->channel->name), F("error", failed_text()));
        if ((e = fiber_sleep(5000)))
            break;
    }
    c->busy = false;
    return e;
}

void deliver_wake(str platform, str chat_id)
{
    const struct channel *channel = channel_find(platform);
    struct chat *c;

    if (!channel_sends(channel) || !channel->configured() || d.stopping || !d.store)
        return;
    c = chat_of(channel, chat_id);
    c->again = true;
    if (c->busy) {
        wake_all(&c->wake);
        return;
    }
    c->busy = true;
    fibers_spawn(&d.fibers, "deliver", chat_fiber, c);
}

enum err deliver_wake_platform(str platform)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    if (!d.store)
        return OK;
    TRY(store_read(d.store, a, &r, "outbox.chats", ""));
    for (size_t i = 0; i < r.n; i++)
        if (str_eq(row_str(&r, i, 0), platform))
            deliver_wake(platform, row_str(&r, i, 1));
    return OK;
}

/* ---- start, stop, operators ---- */

static bool is_idempotent(str platform)
{
    const struct channel *c = channel_find(platform);

    return c && c->idempotent;
}

/* Rows that were claimed, and whose request had not gone out: they are as they were before the claim. */
static enum err add_not_begun(struct store *store, struct arena *a, struct batch *b) AWAITS
{
    struct rows r;

    if (in_flight_open(arena_printf(a, "%s/run/in-flight", config_now()->home)))
        log_event(LOG_WARN, "deliver.in_flight", F("error", failed_text()));    /* more will be unknown, no less safe */
    TRY(store_read(store, a, &r, "outbox.claimed", ""));
    for (size_t i = 0; i < r.n; i++)
        if (!in_flight_before(row_int(&r, i, 0)))
            batch_add(b, "outbox.not_begun", "i", row_int(&r, i, 0));
        else if (is_idempotent(row_str(&r, i, 1)))
            batch_add(b, "outbox.send_again", "i", row_int(&r, i, 0));
    return OK;
}

enum err deliver_start(struct store *store)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct rows r;

    d.store = store;
    d.stopping = false;
    d.fibers = (struct fibers){ .independent = true };
    TRY(file_links_open(store));
    TRY(add_not_begun(store, a, b));
    size_t sweep = batch_size(b);

    batch_add(b, "outbox.sweep", "c", config_now()->delivery_unknown);
    TRY(store_commit(store, b));
    in_flight_settled();
    const struct rows *swept = batch_rows(b, sweep);

    for (size_t i = 0; i < swept->n; i++)
        log_event(LOG_WARN, "deliver.swept", F("row", row_int(swept, i, 0)), F("state", row_str(swept, i, 1)));
    TRY(store_read(store, a, &r, "outbox.chats", ""));
    for (size_t i = 0; i < r.n; i++)
        deliver_wake(row_str(&r, i, 0), row_str(&r, i, 1));
    return OK;
}

struct waiters *deliver_outcomes(void)
{
    return &d.outcomes;
}

void deliver_watch(void (*told)(void *arg, const struct delivery_outcome *), void *arg)
{
    d.told = told;
    d.told_arg = arg;
}

void deliver_tell(const struct delivery_outcome *o)
{
    if (d.told)
        d.told(d.told_arg, o);
}

void deliver_use_blobs(struct blobs *blobs)
{
    d.blobs = blobs;
}

static void forget_everything(void)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&d.chats, &i, &e);)
        free_chat(e->value);
    for (size_t i = 0; map_next(&d.global, &i, &e);)
        free(e->value);
    in_flight_close();
    map_done(&d.chats);
    map_done(&d.global);
    d.store = NULL;
    d.blobs = NULL;
}

void deliver_stop(uint64_t ms)
{
    const struct map_entry *e;

    if (!d.store)
        return;
    d.stopping = true;
    for (size_t i = 0; map_next(&d.chats, &i, &e);)
        wake_all(&((struct chat *)e->value)->wake);
    {
        CLEANUP(deadline_clear) struct deadline limit;

        deadline_set(&limit, ms);
        if (fibers_wait(&d.fibers))
            log_event(LOG_DEBUG, "deliver.cut", F("error", failed_text()));
    }
    fibers_done(&d.fibers);
    forget_everything();
}

static enum err change_row(int64_t id, const char *statement) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    enum err e;

    if (str_eq(str_from(statement), S("resend")))
        batch_add(b, "outbox.resend", "i", id);
    else
        batch_add(b, "outbox.drop", "i", id);
    batch_expect(b, 1);
    e = store_commit(d.store, b);
    if (e == ERR_CONFLICT)
        return failed(ERR_CONFLICT, "row %lld is not there, or not in a state to %s", (long long)id, statement);
    TRY(e);
    const struct rows *r = batch_rows(b, 0);

    if (statement[0] == 'd')
        deliver_tell(&(struct delivery_outcome){
            .id = id, .state = "dropped", .platform = row_str(r, 0, 0), .chat_id = row_str(r, 0, 1), .session_id = row_str(r, 0, 2),
            .thread_id = row_str(r, 0, 3), .remote_id = row_str(r, 0, 4), .attempts = row_int(r, 0, 5), .message_id = row_str(r, 0, 6),
            .error = S(""),
        });
    deliver_wake(row_str(r, 0, 0), row_str(r, 0, 1));
    return OK;
}

enum err deliver_resend(int64_t id)
{
    return change_row(id, "resend");
}

enum err deliver_drop(int64_t id)
{
    return change_row(id, "drop");
}

void deliver_stats(struct deliver_stats *out)
{
    const struct map_entry *e;

    *out = (struct deliver_stats){ .sending = d.sending };
    for (size_t i = 0; map_next(&d.chats, &i, &e);)
        out->chats += ((struct chat *)e->value)->busy;
}
