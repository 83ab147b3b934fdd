// SPDX-License-Identifier: Apache-2.0
#include "channel/start.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "base/time.h"
#include "base/random.h"
#include "channel/chats.h"
#include "channel/deliver.h"
#include "channel/keep_file.h"
#include "channel/registry.h"
#include "config/config.h"
#include "config/options.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "store/blobs.h"

enum {
    CHANNELS_MAX = 48, PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 60 * 1000, STEADY_MS = 60 * 1000, CHECK_TIMEOUT_MS = 30 * 1000,
    TEXT_SIZE = 300,
};
enum state { OFF, CONNECTING, CONNECTED, DEGRADED, STOPPED };

static const char *const state_names[] = { "off", "connecting", "connected", "degraded", "stopped" };

struct running {
    struct channel_host  host;
    const struct config *config;        /* the settings it was started with; NULL: it does not run */
    struct fibers        fibers;        /* its supervision, alone in there */
    enum state           link;          /* what the connection says */
    char                 text[TEXT_SIZE], who[TEXT_SIZE];
    char                 refusal[TEXT_SIZE];    /* of the last send, for our credentials; "" */
    enum err             told;          /* by `health`, in this run */
    int64_t              since, last_in, last_out, retry_at;
    int64_t              restarts;
};

static struct {
    struct store  *store;
    struct channel_host host;                   /* what all have alike */
    struct running channels[CHANNELS_MAX];      /* as in the registry: hosts stay where they are */
    void         (*changed)(void *arg, const struct channel *);
    void          *changed_arg;
    struct waiters changes;
} s;

static struct running *running_of(const struct channel *c)
{
    for (size_t i = 0; s.store && i < CHANNELS_MAX && channel_at(i); i++)
        if (channel_at(i) == c)
            return s.channels[i].config ? &s.channels[i] : NULL;
    return NULL;
}

/* ---- how it is ---- */

static enum state shown_state(const struct running *r)
{
    return r->link == CONNECTED && r->refusal[0] ? DEGRADED : r->link;
}

static const char *shown_text(const struct running *r)
{
    return r->link == CONNECTED && r->refusal[0] ? r->refusal : r->text;
}

/* Tells whoever counts and watches; `before` is the state that was shown. */
static void tell_change(struct running *r, enum state before)
{
    const char *name = r->host.channel->name;
    enum state now = shown_state(r);

    if (now != before) {
        r->since = clock_wall_ms();
        if (before != OFF)
            metric_set_for(METRIC_FAMILY_channel_state, name, state_names[before], 0);
        if (now != OFF)
            metric_set_for(METRIC_FAMILY_channel_state, name, state_names[now], 1);
    }
    bool good = now == CONNECTED || now == OFF || before == OFF;

    log_event(good ? LOG_INFO : LOG_WARN, "channel.state", F("channel", name),
              F("state", state_names[now]), F("text", shown_text(r)));
    wake_all(&s.changes);
    if (s.changed)
        s.changed(s.changed_arg, r->host.channel);
}

static void set_link(struct running *r, enum state link, const char *text)
{
    enum state before = shown_state(r);
    bool same = r->link == link && str_eq(str_from(r->text), str_take(str_from(text), TEXT_SIZE - 1));

    r->link = link;
    snprintf(r->text, sizeof r->text, "%s", text);
    if (!same)
        tell_change(r, before);
}

static void set_refusal(struct running *r, str why)
{
    enum state before = shown_state(r);

    if (str_eq(str_from(r->refusal), str_take(why, TEXT_SIZE - 1)))
        return;
    snprintf(r->refusal, sizeof r->refusal, "%.*s", STR(why));
    if (r->link == CONNECTED)
        tell_change(r, before);
}

/* A channel that holds no connection is known by what comes and goes. */
static void note_exchange(struct running *r)
{
    if (!r->host.channel->run && r->link == CONNECTING)
        set_link(r, CONNECTED, r->who);
}

void channels_sent(const struct channel *c, enum send_kind kind, enum err e, str why)
{
    struct running *r = running_of(c);

    if (!r)
        return;
    if (kind == SEND_MESSAGE || e)
        metric_add_for(METRIC_FAMILY_channel_messages, c->name, e ? "failed" : "out", 1);
    if (e == OK) {
        r->last_out = clock_wall_ms();
        note_exchange(r);
    }
    if (e == OK || e == ERR_AUTH)
        set_refusal(r, e ? why : S(""));
}

/* ---- what a channel may ask of us ---- */

static void health(const struct channel_host *host, enum err e, const char *text)
{
    struct running *r = running_of(host->channel);

    if (!r || r->link == STOPPED)
        return;
    r->told = e;
    r->retry_at = 0;
    if (e == OK)
        set_link(r, CONNECTED, text);
    else        /* what was never there cannot be worse than it was */
        set_link(r, r->link == CONNECTING ? CONNECTING : DEGRADED, text);
}

/* The one place that drops what was not said to us, and what comes from where nobody is answered. */
static enum err receive(const struct channel_host *host, const struct message *messages, size_t n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct message *wanted = arena_alloc(a, (n + 1) * sizeof *wanted);
    size_t n_wanted = 0;

    for (size_t i = 0; i < n; i++)
        if (chats_wants(&messages[i]))
            wanted[n_wanted++] = messages[i];
    if (n_wanted)
        TRY(s.host.receive(host, wanted, n_wanted));
    struct running *r = running_of(host->channel);

    metric_add_for(METRIC_FAMILY_channel_messages, host->channel->name, "in", (int64_t)n_wanted);
    if (r) {
        r->last_in = n_wanted ? clock_wall_ms() : r->last_in;
        note_exchange(r);
    }
    return OK;
}

static enum err remember(const struct channel_host *host, str key, str value) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "channel.remember", "css", host->channel->name, key, value);
    return store_commit(s.store, b);
}

static enum err recall(const struct channel_host *host, struct arena *a, str key, str *out) AWAITS
{
    struct rows r;

    TRY(store_read(s.store, a, &r, "channel.recall", "cs", host->channel->name, key));
    *out = r.n ? row_str(&r, 0, 0) : S("");
    return OK;
}

static struct blobs *blobs;

static enum err keep(const struct channel_host *host UNUSED, struct arena *a, str bytes, str name, str mime, str *ret_blob) AWAITS
{
    return keep_file(blobs, a, bytes, name, mime, ret_blob);
}

/* ---- supervision ---- */

/* What stays refused until a person changes it is not tried again. */
static bool is_final(enum err e)
{
    return e == ERR_AUTH || e == ERR_INPUT;
}

/* The platform's word about who we are; it may take its time, only this channel waits. */
static enum err ask_who(struct arena *a, const struct channel *c, str *ret_who) AWAITS
{
    *ret_who = S("");
    if (!c->check)
        return OK;
    CLEANUP(deadline_clear) struct deadline limit;

    deadline_set(&limit, CHECK_TIMEOUT_MS);
    return c->check(a, ret_who);
}

static enum err introduce(struct running *r) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str who;

    TRY(ask_who(a, r->host.channel, &who));
    snprintf(r->who, sizeof r->who, "%.*s", STR(who));
    if (r->host.channel->check && !r->host.channel->run)
        set_link(r, CONNECTED, r->who);
    return OK;
}

/* Until it fell down; without a connection to hold, until the platform was asked. */
static enum err one_run(struct running *r) AWAITS
{
    r->told = OK;
    r->retry_at = 0;
    if (!r->host.channel->run)
        return introduce(r);
    return r->host.channel->run(&r->host);
}

/* What `health` said about this very failure says more than the failure: it names the setting. */
static void fell_down(struct running *r, enum err e)
{
    char why[TEXT_SIZE];

    snprintf(why, sizeof why, "%s", e && r->told == e ? r->text : e ? failed_text() : "the connection ended");
    if (is_final(e))
        r->retry_at = 0;
    set_link(r, is_final(e) ? STOPPED : CONNECTING, why);
}

static enum err pause_after(struct running *r, uint64_t *pause_ms) AWAITS
{
    uint64_t ms = *pause_ms / 2 + random_below(*pause_ms / 2 + 1);

    r->retry_at = clock_wall_ms() + (int64_t)ms;
    TRY(fiber_sleep(ms));
    *pause_ms = *pause_ms * 2 < PAUSE_MAX_MS ? *pause_ms * 2 : PAUSE_MAX_MS;
    r->restarts++;
    metric_add_for(METRIC_FAMILY_channel_restarts, r->host.channel->name, NULL, 1);
    return OK;
}

static enum err keep_running(struct running *r) AWAITS
{
    uint64_t pause = PAUSE_MIN_MS;

    for (;;) {
        uint64_t started = clock_ms();
        enum err e = one_run(r);

        if (e == ERR_CANCELLED || (e == OK && !r->host.channel->run))
            return e;
        fell_down(r, e);
        if (is_final(e))
            return e;
        if (clock_ms() - started > STEADY_MS)
            pause = PAUSE_MIN_MS;
        TRY(pause_after(r, &pause));
    }
}

/* Replies may have waited for the channel, or for its settings to be put right. */
static enum err supervise(void *arg) AWAITS
{
    struct running *r = arg;
    enum err e;

    if (deliver_wake_platform(str_from(r->host.channel->name)))
        log_event(LOG_WARN, "channel.unwoken", F("channel", r->host.channel->name), F("error", failed_text()));
    if (r->host.channel->run && (e = introduce(r))) {
        if (e == ERR_CANCELLED)
            return e;
        fell_down(r, e == ERR_INPUT ? ERR_NET : e);     /* whether it can run, `run` says */
        if (e == ERR_AUTH)
            return e;
    }
    return keep_running(r);
}

/* ---- which run ---- */

/* Its fiber has ended: this does not wait. */
static void start_channel(struct running *r, const struct channel *c) AWAITS
{
    struct running before = *r;

    fibers_done(&r->fibers);
    *r = (struct running){ .host = s.host, .config = config_now(), .fibers = { .independent = true }, .since = clock_wall_ms(),
                           .last_in = before.last_in, .last_out = before.last_out, .restarts = before.restarts };
    r->host.channel = c;
    r->host.receive = receive;
    set_link(r, CONNECTING, c->run || c->check ? "" : "nothing has come or gone yet");
    fibers_spawn(&r->fibers, c->name, supervise, r);
}

static bool is_changed(const struct running *r, const struct channel *c)
{
    CLEANUP(buf_done) struct buf section = { 0 };

    buf_addf(&section, "platforms.%s", c->name);
    return !c->configured() || !options_same_below(buf_str(&section), r->config, config_now());
}

/* All are told to end before the first is waited for. */
static void end_channels(bool (*which)(const struct running *, const struct channel *)) AWAITS
{
    bool ends[CHANNELS_MAX] = { 0 };

    for (size_t i = 0; i < CHANNELS_MAX && channel_at(i); i++) {
        struct running *r = &s.channels[i];

        ends[i] = r->config && which(r, channel_at(i));
        if (!ends[i])
            continue;
        set_link(r, OFF, "");
        r->config = NULL;
        fibers_cancel(&r->fibers);
    }
    for (size_t i = 0; i < CHANNELS_MAX; i++) {
        if (ends[i])
            fibers_done(&s.channels[i].fibers);
    }
}

static void start_missing(void) AWAITS
{
    for (size_t i = 0; i < CHANNELS_MAX && channel_at(i); i++)
        if (!s.channels[i].config && channel_at(i)->configured())
            start_channel(&s.channels[i], channel_at(i));
}

enum err channels_start(struct store *store, struct blobs *files,
                        enum err (*receiver)(const struct channel_host *, const struct message *, size_t n),
                        bool (*knows)(const struct channel_host *, str user_id), void *arg)
{
    s.store = store;
    blobs = files;
    s.host = (struct channel_host){ .receive = receiver, .knows = knows, .remember = remember, .recall = recall,
                                    .keep_file = keep, .health = health, .arg = arg };
    deliver_use_blobs(files);
    start_missing();
    return OK;
}

void channels_reload(void)
{
    if (!s.store)
        return;
    end_channels(is_changed);
    if (s.store)
        start_missing();
}

static bool is_any(const struct running *r UNUSED, const struct channel *c UNUSED)
{
    return true;
}

void channels_stop(void)
{
    if (!s.store)
        return;
    end_channels(is_any);
    s.store = NULL;
}

const struct channel_host *channels_host(const struct channel *c)
{
    struct running *r = running_of(c);

    return r ? &r->host : NULL;
}

enum err channels_check(struct arena *a, const struct channel *c, str *ret_who)
{
    if (!running_of(c))
        return failed(ERR_INPUT, "%s is not configured", c->title);
    if (!c->check)
        return failed(ERR_INPUT, "%s has nobody who could be asked who we are", c->title);
    TRY(ask_who(a, c, ret_who));
    struct running *r = running_of(c);      /* a reload may have come between */

    if (r && r->link == STOPPED)
        start_channel(r, c);
    return OK;
}

/* ---- status ---- */

static json_t *time_or_null(int64_t ms)
{
    char text[TIME_TEXT_SIZE];

    return ms ? json_string(time_text(text, ms)) : json_null();
}

json_t *channel_status(const struct channel *c)
{
    static const struct running none;
    const struct running *running = running_of(c), *r = running ? running : &none;
    json_t *j = json_pack("{s:s, s:s, s:b, s:s, s:o, s:o}", "name", c->name, "title", c->title ? c->title : c->name, "configured",
                          running != NULL, "state", state_names[shown_state(r)], "text", json_from_str(str_from(shown_text(r))), "who",
                          json_from_str(str_from(r->who)));

    json_object_set_new(j, "since", time_or_null(r->since));
    json_object_set_new(j, "last_in", time_or_null(r->last_in));
    json_object_set_new(j, "last_out", time_or_null(r->last_out));
    json_object_set_new(j, "retry_at", time_or_null(r->retry_at));
    json_object_set_new(j, "restarts", json_integer(r->restarts));
    json_object_set_new(j, "proven_by", c->proven_by ? json_string(c->proven_by) : json_null());
    return j;
}

json_t *channels_status(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < CHANNELS_MAX && channel_at(i); i++)
        if (running_of(channel_at(i)))
            json_array_append_new(list, channel_status(channel_at(i)));
    return list;
}

struct waiters *channels_changes(void)
{
    return &s.changes;
}

void channels_watch(void (*changed)(void *arg, const struct channel *), void *arg)
{
    s.changed = changed;
    s.changed_arg = arg;
}
