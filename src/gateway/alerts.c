// SPDX-License-Identifier: Apache-2.0
#include "gateway/alerts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "config/config.h"
#include "gateway/tool_host.h"
#include "runtime/clock.h"
#include "runtime/failure.h"

enum { KEYS_MAX = 256, LATEST = 10 /* what alerts.failures may be at most */, QUIET_MS = 3600000, WHY_MAX = 300 };

extern const struct tool tool_send_message;

struct trouble {
    uint64_t at[LATEST];        /* of the latest failures, in a ring */
    unsigned n;                 /* failures so far */
    uint64_t told_at;           /* 0: never */
    bool     raised;
};

struct alerts {
    struct gateway *gateway;
    struct map      troubles;   /* by key: struct trouble */
    struct fibers   fibers;     /* messages to the owner */
};

/* ---- telling ---- */

struct news { struct alerts *alerts; char *text; };

static void news_done(struct news **n)
{
    free((*n)->text);
    free(*n);
}

/* The assistant's own message, as it sends others: the same rows, and the same ways to the owner. */
static enum err write_to_owner(void *arg) AWAITS
{
    CLEANUP(news_done) struct news *n = arg;
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:s, s:o}", "to", "owner", "text", json_from_str(str_from(n->text)));
    struct tool_host host = { .gateway = n->alerts->gateway };
    struct tool_context cx = { .arena = a, .workspace = n->alerts->gateway->workspace, .person = { S("owner"), S("owner") },
                               .session_id = S(""), .platform = S(""), .chat_id = S(""), .user = S(""), .call_id = S(""), .taint = S(""),
                               .host = &host };
    struct tool_result r = { 0 };
    enum err e = tool_send_message.run(&cx, arguments, &r);

    if (e || r.is_error)
        log_event(LOG_INFO, "alert.not_sent", F("error", e ? str_from(failed_text()) : r.text));
    return OK;
}

static void publish(struct alerts *al, const char *key, const char *state, const char *why)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:s, s:o, s:s, s:o}", "type", "alert", "key", json_from_str(str_from(key)), "state",
                                                state, "text", json_from_str(str_from(why)));

    bus_publish(al->gateway->bus, S("alert"), "alert", 0, json_print(a, j));
}

static void send_text(struct alerts *al, str text)
{
    struct news *n = NEW(struct news);

    *n = (struct news){ al, str_dup_c(text) };
    fibers_spawn(&al->fibers, "alert", write_to_owner, n);
}

static void send(struct alerts *al, const char *head, const char *key, const char *why)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_addf(&text, "%s %s%s%s", head, key, *why ? ": " : "", why);
    send_text(al, buf_str(&text));
}

void alerts_say(struct alerts *al, const char *key, const char *text)
{
    if (al == NULL)
        return;
    metric_add(METRIC_alerts, 1);
    log_event(LOG_WARN, "alert.said", F("key", key), F("text", text));
    publish(al, key, "said", text);
    send_text(al, str_from(text));
}

/* ---- counting ---- */

static struct trouble *trouble_of(struct alerts *al, str key)
{
    struct trouble *t = map_get(&al->troubles, key);

    if (t || al->troubles.n >= KEYS_MAX)
        return t;
    t = NEW(struct trouble);
    map_put(&al->troubles, key, t);
    return t;
}

static bool is_repeated(const struct trouble *t)
{
    unsigned wanted = (unsigned)config_now()->alerts_failures;

    return t->n >= wanted && clock_ms() - t->at[(t->n - wanted) % LATEST] <= config_now()->alerts_window;
}

/* It may quote what a tool said: what the settings keep secret is not repeated in a chat. */
static void shorten(const char *why, char out[WHY_MAX])
{
    CLEANUP(buf_done) struct buf masked = { 0 };
    str text = str_from(why);

    if (log_mask_text(text, &masked))
        text = buf_str(&masked);
    snprintf(out, WHY_MAX, "%.*s", STR(text));
}

static void on_failed(void *arg, const char *key, const char *why)
{
    struct alerts *al = arg;
    struct trouble *t = trouble_of(al, str_from(key));
    char text[WHY_MAX];

    if (t == NULL || al->gateway->stopping)
        return;
    t->at[t->n++ % LATEST] = clock_ms();
    if (!is_repeated(t) || (t->told_at && clock_ms() - t->told_at < QUIET_MS))
        return;
    shorten(why, text);
    t->raised = true;
    t->told_at = clock_ms();
    metric_add(METRIC_alerts, 1);
    log_event(LOG_ERROR, "alert.raised", F("key", key), F("error", text));
    publish(al, key, "raised", text);
    send(al, "Something fails again and again:", key, text);
}

static void on_worked(void *arg, const char *key)
{
    struct alerts *al = arg;
    struct trouble *t = map_get(&al->troubles, str_from(key));

    if (t == NULL)
        return;
    t->n = 0;
    if (!t->raised)
        return;
    t->raised = false;
    log_event(LOG_INFO, "alert.resolved", F("key", key));
    publish(al, key, "resolved", "");
    send(al, "It works again:", key, "");
}

/* ---- from start to end ---- */

struct alerts *alerts_new(struct gateway *g)
{
    struct alerts *al = NEW(struct alerts);

    al->gateway = g;
    al->fibers.independent = true;
    failure_observe(&(struct failure_observer){ on_failed, on_worked, al });
    return al;
}

void alerts_free(struct alerts *al)
{
    const struct map_entry *e;

    if (al == NULL)
        return;
    failure_observe(NULL);
    fibers_done(&al->fibers);
    for (size_t i = 0; map_next(&al->troubles, &i, &e);)
        free(e->value);
    map_done(&al->troubles);
    free(al);
}
