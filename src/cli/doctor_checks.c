// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/doctor.h"
#include "cli/remote.h"
#include "model/set.h"
#include "store/lock.h"
#include "store/store.h"
#include "tool/policy_show.h"
#include "tool/sandbox.h"
#include "tool/settings.h"

static const uint64_t SPACE_LOW = 200 << 20, SPACE_NONE = 10 << 20;

static void say_notes(struct doctor *d, const struct config_report *r)
{
    for (const struct config_note *n = r->first; n; n = n->next)
        doctor_say(d, n->error ? DOCTOR_FAIL : DOCTOR_WARN, "%s%s%s", n->where, *n->where ? ": " : "", n->text);
}

void doctor_settings(struct doctor *d)
{
    CLEANUP(config_report_done) struct config_report r = {0};
    struct config_inputs in;

    cli_inputs(d->cli, &in);
    d->has_config = config_load(&in, &r) == OK;
    if (!d->has_config && r.n_errors == 0)
        doctor_say(d, DOCTOR_FAIL, "%s", failed_text());
    else if (d->has_config && config_check_startable(&r) == OK && r.n_warnings == 0)
        doctor_say(d, DOCTOR_OK, "good");
    say_notes(d, &r);
}

static void say_space(struct doctor *d)
{
    struct statvfs fs;

    if (statvfs(d->home, &fs))
        return;
    uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;

    if (left < SPACE_LOW)
        doctor_say(d, left < SPACE_NONE ? DOCTOR_FAIL : DOCTOR_WARN, "only %llu MB are left on its disk",
                   (unsigned long long)(left >> 20));
}

void doctor_home(struct doctor *d)
{
    struct stat st;

    if (stat(d->home, &st)) {
        if (errno == ENOENT)
            doctor_say(d, DOCTOR_OK, "%s is made at the first start", d->home);
        else
            doctor_say(d, DOCTOR_FAIL, "%s: %s", d->home, strerror(errno));
        return;
    }
    if (!S_ISDIR(st.st_mode) || access(d->home, R_OK | W_OK | X_OK))
        doctor_say(d, DOCTOR_FAIL, "%s is not a folder that this user can write", d->home);
    else if (st.st_mode & 077)
        doctor_say(d, DOCTOR_WARN, "%s is open to other users: chmod 700 %s", d->home, d->home);
    else
        doctor_say(d, DOCTOR_OK, "%s", d->home);
    say_space(d);
}

void doctor_gateway(struct doctor *d) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL;

    if (home_lock_holder(d->home, &d->gateway_pid) || d->gateway_pid == 0) {
        doctor_say(d, DOCTOR_OK, "none is running");
        return;
    }
    if (remote_call(d->cli, "GET", "/ready", NULL, &answer))
        doctor_say(d, DOCTOR_FAIL, "runs (pid %d), and: %s", d->gateway_pid, failed_text());
    else
        doctor_say(d, DOCTOR_OK, "runs (pid %d) and is ready", d->gateway_pid);
}

static bool is_hidden(const struct doctor *d, const char *key)
{
    return d->gateway_pid && key && str_eq(str_from(key), S("***"));
}

/* Its list of models costs nothing. */
static void ask_model(struct doctor *d, const struct model *m) AWAITS
{
    struct local_server_settings local;
    const char **names;
    size_t n;

    if (m->target.unix_socket && local_server_settings_now(&local)) {      /* need not run to be looked at */
        if (local_server_check(&local))
            doctor_say(d, DOCTOR_FAIL, "%s: %s", m->label, failed_text());
        else
            doctor_say(d, DOCTOR_OK, "%s can be started (%s)", m->label, m->source);
        return;
    }
    if (model_list(d->cli->arena, m, &names, &n))
        doctor_say(d, DOCTOR_FAIL, "%s", failed_text());
    else
        doctor_say(d, DOCTOR_OK, "%s at %s answers (%s)", m->label, m->target.endpoint, m->source);
}

/* Found, and does it answer? */
void doctor_model(struct doctor *d) AWAITS
{
    static const char hidden[] = "is not asked here: its key is a secret, which only the running gateway has; see clawdbot status";
    struct model_set_settings settings;
    struct model_set *set;

    if (!d->has_config)
        return;
    model_set_settings_now(&settings);
    if (settings.roles[MODEL_MAIN].n == 0 && is_hidden(d, settings.single.api_key)) {
        doctor_say(d, DOCTOR_OK, "%s", hidden);
        return;
    }
    enum err e = model_set_open(d->cli->arena, &settings, &set);
    const struct model_route *main = e ? NULL : &set->routes[MODEL_MAIN];

    if (e == ERR_NOT_FOUND)
        doctor_say(d, DOCTOR_WARN, "none, so only commands are answered: %s", failed_text());
    else if (e)
        doctor_say(d, DOCTOR_FAIL, "%s", failed_text());
    for (size_t i = 0; e == OK && i < main->n; i++)
        if (is_hidden(d, main->models[i]->target.api_key))
            doctor_say(d, DOCTOR_OK, "%s", hidden);
        else
            ask_model(d, main->models[i]);
}

static void free_lock(struct home_lock **lock)
{
    home_lock_free(*lock);
}

/* Opening brings an older database up to date, as a start would; so only while nobody else has it open. */
static enum err check_store(struct doctor *d, const char *url, enum store_schema schema) AWAITS
{
    CLEANUP(free_lock) struct home_lock *lock = NULL;
    struct store *store;
    str report;

    TRY(home_lock_take(d->home, &lock));
    TRY(store_open(&(struct store_options){ .url = url, .schema = schema }, &store));
    enum err e = store_check(store, d->cli->arena, &report);

    store_close(store);
    return e;
}

/* name: of the file in the home; url: what takes its place, or "". */
static void say_store(struct doctor *d, const char *name, const char *url, enum store_schema schema) AWAITS
{
    const char *path = arena_printf(d->cli->arena, "%s/%s", d->home, name);

    if (d->gateway_pid)
        doctor_say(d, DOCTOR_OK, "in use by the gateway; it is checked whole while the gateway is stopped");
    else if (*url == '\0' && access(path, F_OK))
        doctor_say(d, DOCTOR_OK, "%s is made at the first start", path);
    else if (check_store(d, *url ? url : path, schema))
        doctor_say(d, DOCTOR_FAIL, "%s", failed_text());
    else
        doctor_say(d, DOCTOR_OK, "sound (integrity_check)");
}

void doctor_store(struct doctor *d) AWAITS
{
    if (d->has_config)
        say_store(d, "clawdbot.db", config_now()->database_url, STORE_RECORD);
}

/* What runs is asked: it can look at text, index and vectors while it works. */
static void ask_memory(struct doctor *d) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = NULL, *body = json_object();

    if (remote_call(d->cli, "POST", "/api/v1/memory/check", body, &answer))
        doctor_say(d, DOCTOR_WARN, "could not be checked: %s", failed_text());
    else if (json_int(answer, "n", 0))
        doctor_say(d, DOCTOR_FAIL, "%lld findings; `clawdbot memory doctor --repair` mends: %.*s", (long long)json_int(answer, "n", 0),
                   STR(str_take(json_text_str(answer, "findings"), 300)));
    else
        doctor_say(d, DOCTOR_OK, "texts, index and vectors agree: %lld items", (long long)json_int(answer, "items", 0));
}

void doctor_memory(struct doctor *d) AWAITS
{
    if (d->gateway_pid)
        ask_memory(d);
    else if (d->has_config)
        say_store(d, "memory.db", "", STORE_MEMORY);
}

/* What the configuration opens of what the network's guarantee closes. */
static const char *but_for_the_proxy(struct doctor *d, enum guarantee g)
{
    if (g != GUARANTEE_NETWORK || !d->has_config)
        return "";
    return arena_printf(d->cli->arena, "%s, by ", sandbox_network_text(d->cli->arena));
}

/* No guarantee, for nobody can demand it: where no cgroup holds it, a command is only last in the queue. */
static void say_cpu_share(struct doctor *d)
{
    uint64_t share = d->has_config ? config_now()->sandbox_cpu_share : 0;

    if (share)
        doctor_say(d, DOCTOR_OK, "cpu_share: %" PRIu64 "%% of a processor, by %s", share, sandbox_cpu_share_means());
}

void doctor_sandbox(struct doctor *d) AWAITS
{
    const struct sandbox_report *r = NULL;
    unsigned required = GUARANTEES_DEFAULT;

    if (d->has_config && guarantees_parse(config_now()->sandbox_require.items, config_now()->sandbox_require.n, &required)) {
        doctor_say(d, DOCTOR_FAIL, "sandbox.require: %s", failed_text());
        return;
    }
    enum err e = d->has_config ? sandbox_choose(config_now()->sandbox_backend, config_now()->sandbox_image) : OK;

    if (e == OK)
        e = sandbox_probe(&r);
    if (sandbox_warning())
        doctor_say(d, DOCTOR_WARN, "%s", sandbox_warning());
    if (e || r->failure[0]) {
        doctor_say(d, DOCTOR_FAIL, "no command can be run: %s", e ? failed_text() : r->failure);
        return;
    }
    for (enum guarantee g = 0; g < N_GUARANTEES; g++) {
        bool demanded = required & GUARANTEE_BIT(g), held = r->states[g].held;

        doctor_say(d, held ? DOCTOR_OK : demanded ? DOCTOR_FAIL : DOCTOR_WARN, "%s: %s%s%s", guarantee_name(g),
                   held ? but_for_the_proxy(d, g) : "not enforced, ", r->states[g].by,
                   demanded && !held ? "; it is required, so nothing is run" : "");
    }
    say_cpu_share(d);
}

void doctor_policy(struct doctor *d) AWAITS
{
    struct policy *p;

    if (!d->has_config)
        return;
    if (policy_new(config_now()->policy, config_now()->roles, &p)) {
        doctor_say(d, DOCTOR_FAIL, "%s", failed_text());
        return;
    }
    str useless = policy_useless_rows(p, d->cli->arena);

    if (useless.len)
        doctor_say(d, DOCTOR_WARN, "%.*s", STR(useless));
    else
        doctor_say(d, DOCTOR_OK, "%zu rows of yours before the defaults; `clawdbot policy list` prints them",
                   json_array_size(config_now()->policy));
    policy_free(p);
}
