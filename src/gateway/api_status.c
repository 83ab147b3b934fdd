// SPDX-License-Identifier: Apache-2.0
/* api_status.c: health, readiness, metrics, and one page that says how everything is. */
#include <string.h>

#include "base/fault.h"
#include "base/metrics.h"
#include "channel/start.h"
#include "config/config.h"
#include "gateway/dispatch.h"
#include "gateway/handlers.h"
#include "gateway/models.h"
#include "model/budget.h"
#include "runtime/clock.h"
#include "tool/sandbox.h"
#include "tool/settings.h"

enum err get_health(struct request *q) AWAITS
{
    return answer_json(q, 200, json_pack("{s:s, s:s}", "status", "ok", "version", q->gateway->version));
}

/* Ready means: a message that comes now would be stored and answered. */
enum err get_ready(struct request *q) AWAITS
{
    struct gateway *g = q->gateway;
    struct store_stats s;

    store_stats(g->store, &s);
    if (!g->ready)
        return answer_problem(q, 503, "Not ready", "the gateway is starting");
    if (g->stopping)
        return answer_problem(q, 503, "Not ready", "the gateway is stopping");
    if (s.failing)
        return answer_problem(q, 503, "Not ready", arena_printf(q->arena, "the store cannot be written: %s", s.failure));
    return answer_json(q, 200, json_pack("{s:s}", "status", "ready"));
}

static void gauge(struct buf *b, const char *name, const char *help, uint64_t value)
{
    buf_addf(b, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name, (unsigned long long)value);
}

enum err get_metrics(struct request *q) AWAITS
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct gateway *g = q->gateway;
    struct store_stats s;

    if (budgets_show(g->budgets) == ERR_CANCELLED)      /* other failures are shown below */
        return ERR_CANCELLED;
    store_stats(g->store, &s);
    metrics_print(&b);
    gauge(&b, "clawdbot_fibers", "Fibers alive.", fibers_alive());
    gauge(&b, "clawdbot_sessions_active", "Sessions with work.", dispatch_running(g->dispatch));
    gauge(&b, "clawdbot_uptime_seconds", "Time since the gateway started.", (clock_ms() - g->started_ms) / 1000);
    gauge(&b, "clawdbot_store_failing", "1 while the store cannot be written.", s.failing);
    buf_addf(&b, "# HELP clawdbot_store_commits_total Groups committed.\n# TYPE clawdbot_store_commits_total counter\n"
                 "clawdbot_store_commits_total %llu\n", (unsigned long long)s.commits);
    buf_addf(&b, "# HELP clawdbot_store_commit_seconds_total Time spent in commits.\n"
                 "# TYPE clawdbot_store_commit_seconds_total counter\nclawdbot_store_commit_seconds_total %.6f\n",
             (double)s.commit_us_total / 1e6);
    return http_answer(q->http, 200, S("text/plain; version=0.0.4; charset=utf-8"), buf_str(&b));
}

static json_t *store_status(struct gateway *g)
{
    struct store_stats s;

    store_stats(g->store, &s);
    return json_pack("{s:b, s:s, s:I, s:I, s:I}", "ok", !s.failing, "failure", s.failing ? s.failure : "", "commits",
                     (json_int_t)s.commits, "batches", (json_int_t)s.batches, "mean_commit_us",
                     (json_int_t)(s.commits ? s.commit_us_total / s.commits : 0));
}

static enum err queue_status(struct request *q, json_t **out) AWAITS
{
    struct rows r;

    TRY(store_read(q->gateway->store, q->arena, &r, "status.counts", ""));
    json_t *inbox = json_object(), *outbox = json_object();

    for (size_t i = 0; i < r.n; i++)
        json_object_set_new(str_eq(row_str(&r, i, 0), S("inbox")) ? inbox : outbox, row_str(&r, i, 1).p,
                            json_integer(row_int(&r, i, 2)));
    *out = json_pack("{s:o, s:o}", "inbox", inbox, "outbox", outbox);
    return OK;
}

/* Conversations that are not idle, by state. */
static enum err dialog_counts(struct request *q, json_t **out) AWAITS
{
    struct rows r;

    TRY(store_read(q->gateway->store, q->arena, &r, "dialog.counts", ""));
    *out = json_object();
    for (size_t i = 0; i < r.n; i++)
        json_object_set_new(*out, row_str(&r, i, 0).p, json_integer(row_int(&r, i, 1)));
    return OK;
}

static bool listens_beyond_loopback(const char *host)
{
    return strcmp(host, "127.0.0.1") != 0 && strcmp(host, "::1") != 0 && strcmp(host, "localhost") != 0;
}

static json_t *warnings(void)
{
    const struct config *c = config_now();
    json_t *list = json_array();

    if (listens_beyond_loopback(c->server_host) && c->server_tls_cert[0] == '\0')
        json_array_append_new(list, json_string("the gateway listens beyond this machine without TLS: tokens and messages "
                                                "can be read on the way (server.tls.cert, server.tls.key)"));
    if (!c->security_require_token)
        json_array_append_new(list, json_string("programs on this machine need no token (security.require_token)"));
    if (sandbox_warning())
        json_array_append_new(list, json_string(sandbox_warning()));
    if (faults_armed)
        json_array_append_new(list, json_string("fault injection is armed (clawdbot debug fault)"));
    return list;
}

enum err get_status(struct request *q) AWAITS
{
    struct gateway *g = q->gateway;
    json_t *queues, *conversations;

    TRY(dialog_counts(q, &conversations));
    TRY(queue_status(q, &queues));
    json_t *j = json_pack("{s:s, s:s, s:b, s:I, s:s, s:s, s:I}", "version", g->version, "url", g->url, "ready",
                          g->ready && !g->stopping, "uptime_s", (json_int_t)((clock_ms() - g->started_ms) / 1000), "home",
                          g->home, "workspace", g->workspace, "turns_running",
                          (json_int_t)metric_value(METRIC_turns_running));

    json_object_set_new(j, "store", store_status(g));
    json_object_set_new(j, "queues", queues);
    json_object_set_new(j, "conversations", conversations);
    json_object_set_new(j, "model", models_status(g->models));
    json_object_set_new(j, "channels", channels_status());
    json_object_set_new(j, "commands", json_string(sandbox_network_text(q->arena)));
    json_object_set_new(j, "warnings", warnings());
    return answer_json(q, 200, j);
}
