// SPDX-License-Identifier: Apache-2.0
#include "gateway/start.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/history.h"
#include "base/metrics.h"
#include "channel/chats.h"
#include "channel/deliver.h"
#include "channel/start.h"
#include "config/config.h"
#include "gateway/absorb.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/alerts.h"
#include "gateway/approvals.h"
#include "gateway/dispatch.h"
#include "gateway/care.h"
#include "gateway/egress.h"
#include "gateway/forget.h"
#include "gateway/intake.h"
#include "gateway/knowledge_host.h"
#include "gateway/limits.h"
#include "gateway/memory_canary.h"
#include "gateway/memory_service.h"
#include "gateway/models.h"
#include "gateway/record.h"
#include "gateway/reminders.h"
#include "gateway/routes.h"
#include "gateway/rule_host.h"
#include "gateway/policy_rules.h"
#include "gateway/sessions.h"
#include "gateway/spending.h"
#include "gateway/tool_host.h"
#include "gateway/topics.h"
#include "gateway/warm_up.h"
#include "net/client.h"
#include "net/server.h"
#include "runtime/clock.h"
#include "runtime/loop.h"
#include "runtime/offload.h"
#include "store/blobs.h"
#include "store/lock.h"
#include "store/secrets.h"
#include "tool/background.h"
#include "tool/policy.h"
#include "tool/provenance.h"
#include "tool/run.h"
#include "tool/sandbox.h"

enum { EXPIRE_EVERY_MS = 60 * 60 * 1000, TIMERS_KEPT_DAYS = 30, LOCK_TRIES = 200, LAST_WORDS_MS = 500, QUIET_MS = 60 * 1000 };

/* Everything that is open, in the order of opening; closed backwards. */
struct running {
    const struct gateway_options *options;
    struct arena     *arena;
    struct gateway    gateway;
    struct home_lock *lock;
    struct server    *tcp, *unix_socket;
    bool              reloading;
    struct waiters    reloaded;
};

static void systemd_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un addr = { .sun_family = AF_UNIX };

    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof addr.sun_path)
        return;
    memcpy(addr.sun_path, path, strlen(path));
    if (addr.sun_path[0] == '@')
        addr.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    ssize_t ignored = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&addr, len);

    (void)ignored;
    close(fd);
}

/* ---- opening ---- */

/* A gateway that was killed while it started a command leaves its lock to the child, until that has become the
 * command: a moment. */
static bool holder_is_gone(const char *home)
{
    int pid;

    return home_lock_holder(home, &pid) == OK && (pid == 0 || (kill(pid, 0) && errno == ESRCH));
}

static enum err take_home(struct running *r) AWAITS
{
    const char *home = config_now()->home;
    enum err e;

    for (int i = 0; (e = home_lock_take(home, &r->lock)) == ERR_CONFLICT && i < LOCK_TRIES && holder_is_gone(home); i++)
        TRY(fiber_sleep(10));
    return e;
}

static enum err open_store(struct running *r) AWAITS
{
    const struct config *c = config_now();
    struct store_options o = {
        .url = c->database_url[0] ? c->database_url : arena_printf(r->arena, "%s/clawdbot.db", c->home),
    };

    TRY(take_home(r));
    TRY(store_open(&o, &r->gateway.store));
    return blobs_open(r->gateway.store, arena_printf(r->arena, "%s/blobs", c->home), c->blobs_max_size, &r->gateway.blobs);
}

static enum err open_workspace(struct running *r)
{
    const struct config *c = config_now();

    r->gateway.home = c->home;
    r->gateway.workspace = c->workspace_path;
    if (mkdir(c->workspace_path, 0700) && access(c->workspace_path, W_OK | X_OK))
        return failed(ERR_IO, "the workspace %s is not a folder we can write (workspace.path)", c->workspace_path);
    return OK;
}

static const char *or_null(const char *c)
{
    return c[0] ? c : NULL;
}

static enum err open_servers(struct running *r)
{
    const struct config *c = config_now();
    struct server_options o = {
        .host = c->server_host, .port = (unsigned)c->server_port, .cert_file = or_null(c->server_tls_cert),
        .key_file = or_null(c->server_tls_key), .redirect_port = (unsigned)c->server_tls_redirect_port,
        .max_body = c->server_max_body, .max_per_address = (unsigned)c->server_max_connections_per_address,
        .header_timeout_ms = c->server_header_timeout, .body_timeout_ms = c->server_body_timeout,
        .write_timeout_ms = c->server_write_timeout, .idle_timeout_ms = c->server_idle_timeout,
        .handle = routes_handle, .arg = &r->gateway,
    };
    struct server_options u = {
        .unix_path = arena_printf(r->arena, "%s/run/gateway.sock", c->home), .max_body = c->server_max_body,
        .handle = routes_handle_socket, .arg = &r->gateway,
    };

    TRY(server_open(&o, &r->tcp));
    TRY(server_open(&u, &r->unix_socket));
    bool any = strcmp(o.host, "0.0.0.0") == 0 || strcmp(o.host, "::") == 0;

    r->gateway.url = arena_printf(r->arena, strchr(o.host, ':') && !any ? "%s://[%s]:%u" : "%s://%s:%u",
                                  o.cert_file ? "https" : "http", any ? "127.0.0.1" : o.host, server_port(r->tcp));
    return OK;
}

static enum err run_server(void *server) AWAITS
{
    enum err e = server_run(server);

    if (e && e != ERR_CANCELLED)
        log_event(LOG_ERROR, "server.stopped", F("error", failed_text()));
    return e;
}

static enum err expire_messages(struct running *r) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint64_t keep = config_now()->messages_retention;
    int64_t before = clock_wall_ms() - (int64_t)keep;
    struct batch *b = batch_new(a);

    if (keep == 0)
        return OK;
    batch_add(b, "retention.outbox", "i", before);
    batch_add(b, "retention.journal", "i", before);
    batch_add(b, "retention.inbox", "i", before);
    batch_add(b, "retention.compactions", "");
    TRY(store_commit(r->gateway.store, b));
    if (batch_changed(b, 2))
        histories_forget(r->gateway.histories);
    return OK;
}

static enum err expire_timers(struct running *r) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "timers.expire", "i", clock_wall_ms() - (int64_t)TIMERS_KEPT_DAYS * 24 * 60 * 60 * 1000);
    return store_commit(r->gateway.store, b);
}

static enum err expire_blobs(struct running *r) AWAITS
{
    size_t n;

    do
        TRY(blobs_expire(r->gateway.blobs, clock_wall_ms(), &n));
    while (n);
    return OK;
}

/* What has had its time is deleted, now and every hour. */
static enum err expire(void *arg) AWAITS
{
    struct running *r = arg;

    for (;;) {
        if (expire_messages(r) || expire_timers(r) || expire_blobs(r) || budgets_expire(r->gateway.budgets))
            log_event(LOG_WARN, "expire.failed", F("error", failed_text()));
        TRY(fiber_sleep(EXPIRE_EVERY_MS));
    }
}

static enum err trim(void *arg UNUSED)
{
    malloc_trim(0);
    return OK;
}

/* What a busy time has left free goes back to the system after a minute without a turn: malloc would keep it. */
static enum err give_back(void *arg UNUSED) AWAITS
{
    int64_t trimmed = 0, seen = 0;

    for (;;) {
        TRY(fiber_sleep(QUIET_MS));
        int64_t turns = metric_value(METRIC_turns);

        if (turns == seen && turns != trimmed) {
            TRY(fiber_offload(trim, NULL));
            trimmed = turns;
        }
        seen = turns;
    }
}

static enum err choose_sandbox(void)
{
    TRY(sandbox_choose(config_now()->sandbox_backend, config_now()->sandbox_image));
    if (sandbox_warning())
        log_event(LOG_WARN, "sandbox.none", F("warning", sandbox_warning()));
    return OK;
}

static enum err resolve(void *secrets, str name, str *out)
{
    return secret_get(secrets, name, out);
}

static bool mask(void *secrets, str text, struct buf *out)
{
    return secrets_mask(secrets, text, out);
}

/* Up to here nothing has needed a setting that is {secret: name}. */
static enum err open_secrets(struct gateway *g) AWAITS
{
    CLEANUP(config_report_done) struct config_report report = { 0 };

    TRY(secrets_open(g->store, config_now()->home, &g->secrets));
    tool_use_mask(mask, g->secrets);
    config_use_resolver(&(struct config_resolver){ resolve, g->secrets });
    return config_secret_count() ? config_load_again(&report) : OK;
}

static enum err open_parts(struct running *r) AWAITS
{
    struct gateway *g = &r->gateway;

    TRY(open_store(r));
    TRY(open_workspace(r));
    TRY(choose_sandbox());
    gateway_register_tools();
    TRY(open_secrets(g));
    TRY(models_check());
    TRY(memory_service_open(g));
    TRY(egress_start(&r->gateway));
    TRY(provenance_open(g->store));
    g->bus = bus_new();
    g->limits = limits_new();
    g->sessions = sessions_new();
    g->histories = histories_new(HISTORIES_DEFAULT_MAX);
    g->alerts = alerts_new(g);
    TRY(access_open(g, &g->access));
    TRY(policy_rules_load(g));
    TRY(rule_host_open(&g->rules));
    TRY(chats_check());
    TRY(agents_load(g));
    TRY(knowledge_start(g));
    TRY(spending_open(g));
    g->dispatch = dispatch_new(DISPATCH_SESSIONS_MAX);
    g->timers = reminders_new(g);
    TRY(forget_resume(g));          /* before anybody can ask for it */
    TRY(open_servers(r));
    deliver_use_blobs(g->blobs);
    TRY(deliver_start(g->store));
    g->models = models_new(g);
    TRY(dispatch_resume(g));        /* before anything new comes in: what waits is older */
    topics_watch_channels(g);
    TRY(channels_start(g->store, r->gateway.blobs, intake_channel, intake_knows, g));
    fibers_spawn(&g->services, "server", run_server, r->tcp);
    fibers_spawn(&g->services, "server.unix", run_server, r->unix_socket);
    fibers_spawn(&g->services, "expire", expire, r);
    fibers_spawn(&g->services, "approvals", approvals_run, g);
    fibers_spawn(&g->services, "record", record_run, g);
    fibers_spawn(&g->services, "timers", timers_run, g->timers);
    fibers_spawn(&g->services, "absorb", absorb_run, g);
    memory_service_start(g);
    fibers_spawn(&g->services, "memory.canary", memory_canary_run, g);
    fibers_spawn(&g->services, "care", care_run, g);
    fibers_spawn(&g->services, "warm-up", warm_up_run, g);
    fibers_spawn(&g->services, "trim", give_back, NULL);
    record_event(g, "gateway.started", json_pack("{s:s, s:s}", "version", g->version, "url", g->url));
    return OK;
}

/* ---- serving ---- */

static enum err say_hello(struct running *r) AWAITS
{
    struct gateway *g = &r->gateway;
    char secret[TOKEN_SIZE];

    if (!r->options->quiet)
        printf("Clawdbot %s is at %s\n", g->version, g->url);
    if (!access_has_token(g->access)) {
        TRY(access_new_token(g, secret));
        printf("API token (shown once, `clawdbot token new` makes another): %s\n", secret);
    }
    if (r->options->print_link) {
        access_login_code(g->access, secret);
        printf("Open this in a browser within ten minutes: %s/login?code=%s\n", g->url, secret);
    }
    fflush(stdout);
    systemd_notify("READY=1");
    log_event(LOG_INFO, "gateway.ready", F("url", g->url), F("version", g->version),
              F("ms", clock_ms() - g->started_ms));
    return OK;
}

static void log_report(const struct config_report *report)
{
    for (const struct config_note *n = report->first; n; n = n->next)
        log_event(n->error ? LOG_ERROR : LOG_WARN, "config.note", F("where", n->where), F("text", n->text));
}

/* What the settings were used for when each part began. */
static void use_settings(struct running *r) AWAITS
{
    enum log_level level;

    if (log_level_parse(str_from(config_now()->log_level), &level) == OK)
        log_set_level(level);
    if (models_check())
        log_event(LOG_ERROR, "models.kept", F("error", failed_text()));
    else
        models_forget(r->gateway.models);
    if (policy_rules_load(&r->gateway))
        log_event(LOG_ERROR, "policy.kept", F("error", failed_text()));
    if (chats_check())
        log_event(LOG_ERROR, "chats.wrong", F("error", failed_text()));
    if (agents_load(&r->gateway))
        log_event(LOG_ERROR, "agents.kept", F("error", failed_text()));
    else if (knowledge_configure(&r->gateway))
        log_event(LOG_ERROR, "knowledge.kept", F("error", failed_text()));
    if (budgets_configure(r->gateway.budgets))
        log_event(LOG_ERROR, "budgets.kept", F("error", failed_text()));
    memory_service_reload(&r->gateway);
    channels_reload();
}

static enum err reload_now(struct running *r, struct config_report *report) AWAITS
{
    enum err e = config_reload(report);

    log_report(report);
    if (e)
        log_event(LOG_ERROR, "config.kept", F("error", failed_text()));
    else
        log_event(LOG_INFO, "config.reloaded", F("changed", report->n_changed));
    record_event(&r->gateway, e ? "config.kept" : "config.reloaded",
                 json_pack("{s:I}", "changed", (json_int_t)report->n_changed));
    if (e == OK)
        use_settings(r);
    if (config_now()->server_tls_cert[0] && server_reload_certificate(r->tcp))
        log_event(LOG_ERROR, "server.certificate_kept", F("error", failed_text()));
    return e ? failed(e, "the settings have %zu error%s: they are kept as they were", report->n_errors, report->n_errors == 1 ? "" : "s")
             : OK;
}

/* One at a time: a signal may come while somebody asks for it. */
static enum err reload(struct gateway *g, struct config_report *report) AWAITS
{
    struct running *r = (struct running *)((char *)g - offsetof(struct running, gateway));

    while (r->reloading)
        TRY(wait_on(&r->reloaded, "another reload"));
    r->reloading = true;
    enum err e = reload_now(r, report);

    r->reloading = false;
    wake_one(&r->reloaded);
    return e;
}

static enum err reload_by_signal(struct running *r) AWAITS
{
    CLEANUP(config_report_done) struct config_report report = { 0 };
    enum err e = reload(&r->gateway, &report);

    return e == ERR_CANCELLED ? e : OK;     /* what else it was stands in the log */
}

static enum err serve(struct running *r) AWAITS
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP, 0 };
    int got;

    TRY(signal_catch(signals));
    r->gateway.reload = reload;
    r->gateway.ready = true;
    TRY(say_hello(r));
    for (;;) {
        TRY(signal_wait(signals, &got));
        if (got != SIGHUP)
            break;
        TRY(reload_by_signal(r));
    }
    log_event(LOG_INFO, "gateway.stopping", F("signal", got == SIGTERM ? "SIGTERM" : "SIGINT"));
    record_event(&r->gateway, "gateway.stopping", NULL);
    systemd_notify("STOPPING=1");
    return OK;
}

/* ---- closing ---- */

/* What is left of the time, and in any case enough for those who only have to be told. */
static uint64_t left_until(uint64_t end)
{
    uint64_t now = clock_ms();

    return end > now + LAST_WORDS_MS ? end - now : LAST_WORDS_MS;
}

/* The turns, then their replies on the way, then whoever waits for them: all share one time. */
static void drain(struct running *r) AWAITS
{
    uint64_t ms = config_now()->server_drain_timeout, end = clock_ms() + ms;
    struct gateway *g = &r->gateway;

    g->stopping = true;
    channels_stop();
    if (g->dispatch)                /* NULL where opening failed before it */
        dispatch_drain(g, ms);
    background_stop();              /* no call is left that could look at one */
    g->closing = true;
    if (g->bus)
        bus_wake_all(g->bus);
    deliver_stop(left_until(end));
    for (int i = 0; i < 2; i++) {
        struct server *s = i ? r->unix_socket : r->tcp;

        if (s && server_drain(s, left_until(end)))
            log_event(LOG_DEBUG, "server.cut", F("error", failed_text()));
    }
}

static void close_parts(struct running *r) AWAITS
{
    struct gateway *g = &r->gateway;

    fibers_done(&g->services);
    alerts_free(g->alerts);
    timers_free(g->timers);
    server_close(r->tcp);
    server_close(r->unix_socket);
    dispatch_free(g->dispatch);
    models_free(g->models);
    budgets_free(g->budgets);
    knowledge_stop(g);
    agents_free(g->agents);
    sessions_free(g->sessions);
    histories_free(g->histories);
    rule_host_free(g->rules);
    provenance_close();
    limits_free(g->limits);
    access_free(g->access);
    policy_use(NULL);
    channels_watch(NULL, NULL);
    deliver_watch(NULL, NULL);
    bus_free(g->bus);
    blobs_close(g->blobs);
    egress_stop();
    config_use_resolver(NULL);
    tool_use_mask(NULL, NULL);
    memory_service_close(g);
    secrets_close(g->secrets);
    store_close(g->store);
    home_lock_free(r->lock);
    http_client_stop();
}

enum err gateway_run(const struct gateway_options *o)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct running r = {
        .options = o, .arena = a,
        .gateway = { .version = o->version, .started_ms = clock_ms(), .services = { .independent = true } },
    };
    char why[ERR_TEXT_MAX] = "";
    enum err e = open_parts(&r);

    if (e == OK)
        e = serve(&r);
    if (e)
        snprintf(why, sizeof why, "%s", failed_text());
    drain(&r);
    close_parts(&r);
    return e ? failed(e, "%s", why) : OK;
}
