// SPDX-License-Identifier: Apache-2.0
#include "channel/start.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/time.h"
#include "base/random.h"
#include "channel/deliver.h"
#include "channel/registry.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "store/blobs.h"

enum { CHANNELS_MAX = 32, PAUSE_MIN_MS = 1000, PAUSE_MAX_MS = 5 * 60 * 1000, STEADY_MS = 60 * 1000, HEALTH_TEXT_SIZE = 300 };

struct running {
    struct channel_host host;
    const char         *state;
    char                text[HEALTH_TEXT_SIZE];
    int64_t             since;
};

static struct {
    struct store  *store;
    struct blobs  *blobs;
    struct fibers  fibers;
    struct running channels[CHANNELS_MAX];
    size_t         n;
} s;

/* ---- what a channel may ask of us ---- */

static struct running *running_of(const struct channel_host *host)
{
    for (size_t i = 0; i < s.n; i++)
        if (&s.channels[i].host == host)
            return &s.channels[i];
    return NULL;
}

static void set_state(struct running *r, const char *state, const char *text)
{
    bool same_state = str_eq(str_from(r->state), str_from(state));

    if (same_state && str_eq(str_from(r->text), str_take(str_from(text), HEALTH_TEXT_SIZE - 1)))
        return;
    if (!same_state)
        r->since = clock_wall_ms();
    r->state = state;
    snprintf(r->text, sizeof r->text, "%s", text);
    log_event(str_eq(str_from(state), S("ok")) ? LOG_INFO : LOG_WARN, "channel.state", F("channel", r->host.channel->name),
              F("state", state), F("text", text));
}

static void health(const struct channel_host *host, enum err e, const char *text)
{
    struct running *r = running_of(host);

    if (r)
        set_state(r, e ? "failing" : "ok", text);
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

static enum err keep_file(const struct channel_host *host UNUSED, struct arena *a, str bytes, str name, str mime,
                          str *ret_blob) AWAITS
{
    char hash[BLOB_HASH_SIZE];
    uint64_t keep = config_now()->blobs_expire;

    if (!s.blobs)
        return failed(ERR_IO, "there is no place for files");
    TRY(blobs_put(s.blobs, bytes, mime, name, keep ? clock_wall_ms() + (int64_t)keep : 0, hash));
    *ret_blob = arena_str(a, str_from(hash));
    return OK;
}

/* ---- supervision ---- */

/* A refused token stays refused until a person changes it; all else is tried again. */
static enum err supervise(void *arg) AWAITS
{
    struct running *r = arg;
    uint64_t pause = PAUSE_MIN_MS;

    for (;;) {
        uint64_t started = clock_ms();
        enum err e = r->host.channel->run(&r->host);

        if (e == ERR_CANCELLED)
            return e;
        if (e == ERR_AUTH) {
            char why[HEALTH_TEXT_SIZE];

            snprintf(why, sizeof why, "%s", r->text[0] ? r->text : failed_text());
            set_state(r, "stopped", why);
            return e;
        }
        set_state(r, "failing", e ? failed_text() : "it ended");
        if (clock_ms() - started > STEADY_MS)
            pause = PAUSE_MIN_MS;
        TRY(fiber_sleep(pause / 2 + random_below(pause / 2 + 1)));
        pause = pause * 2 < PAUSE_MAX_MS ? pause * 2 : PAUSE_MAX_MS;
    }
}

enum err channels_start(struct store *store, struct blobs *blobs,
                        enum err (*receive)(const struct channel_host *, const struct message *, size_t n),
                        bool (*knows)(const struct channel_host *, str user_id), void *arg)
{
    s.store = store;
    s.blobs = blobs;
    s.n = 0;
    s.fibers = (struct fibers){ .independent = true };
    deliver_use_blobs(blobs);
    for (size_t i = 0; channel_at(i) && s.n < CHANNELS_MAX; i++) {
        const struct channel *c = channel_at(i);
        struct running *r = &s.channels[s.n];

        if (!c->configured())
            continue;
        *r = (struct running){
            .host = { .channel = c, .receive = receive, .knows = knows, .remember = remember, .recall = recall, .keep_file = keep_file,
                      .health = health, .arg = arg },
            .state = "starting", .since = clock_wall_ms(),
        };
        s.n++;
        if (c->run)
            fibers_spawn(&s.fibers, c->name, supervise, r);
    }
    return OK;
}

void channels_stop(void)
{
    if (!s.store)
        return;
    fibers_done(&s.fibers);
    s.store = NULL;
    s.n = 0;
}

const struct channel_host *channels_host(const struct channel *c)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.channels[i].host.channel == c)
            return &s.channels[i].host;
    return NULL;
}

json_t *channels_status(void)
{
    json_t *list = json_array();
    char when[TIME_TEXT_SIZE];

    for (size_t i = 0; i < s.n; i++) {
        const struct running *r = &s.channels[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s}", "name", r->host.channel->name, "state", r->state, "text",
                                              json_from_str(str_from(r->text)), "since", time_text(when, r->since)));
    }
    return list;
}
