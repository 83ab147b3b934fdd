// SPDX-License-Identifier: Apache-2.0
#include "model/local_server.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "config/config.h"
#include "model/admission.h"
#include "model/llama.h"
#include "model/quirks.h"
#include "runtime/clock.h"
#include "runtime/failure.h"
#include "runtime/offload.h"

extern const struct provider provider_openai;

enum {
    LOAD_MS = 10 * 60 * 1000, FIRST_TOKEN_MS = 10 * 60 * 1000, CHECK_EVERY_MS = 5000, CHECK_MS = 5000,
    REST_MS = 1000, REST_MAX_MS = 60 * 1000,
    STEADY_MS = 60 * 1000,          /* who has lived that long has not died "again" */
    CHECKS_MISSED = 2, DEATHS_WAITED_OUT = 2,
};

enum state { STOPPED, LOADING, READY, RESTING };
static const char *const state_names[] = { [STOPPED] = "stopped", [LOADING] = "loading", [READY] = "ready", [RESTING] = "resting" };

struct local_server {
    struct arena    *arena;
    struct local_server_settings settings;
    const char      *name;
    struct admission admission;
    struct llama    *llama;         /* NULL: none runs */
    enum state       state;
    struct waiters   changed;
    bool             wanted;
    unsigned         failures;      /* in a row */
    bool             hopeless;      /* while resting: callers need not wait */
    uint64_t         starts, used_at, ready_at;
    enum err         code;          /* why it rests */
    char             error[ERR_TEXT_MAX];
};

/* ---- what there is ---- */

static unsigned processors_but_one(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > 1 ? (unsigned)n - 1 : 1;
}

static void copy_settings(struct local_server *s, const struct local_server_settings *from)
{
    struct local_server_settings *to = &s->settings;
    const char **arguments = arena_alloc(s->arena, (from->n_arguments + 1) * sizeof *arguments);
    const char **texts[] = { &to->path, &to->quant, &to->binary, &to->folder };

    *to = *from;
    for (size_t i = 0; i < N_ELEMENTS(texts); i++)
        *texts[i] = arena_c(s->arena, str_from(*texts[i] ? *texts[i] : ""));
    for (size_t i = 0; i < from->n_arguments; i++)
        arguments[i] = arena_c(s->arena, str_from(from->arguments[i]));
    to->arguments = arguments;
    to->threads = from->threads ? from->threads : processors_but_one();
    to->first_token_ms = from->first_token_ms ? from->first_token_ms : FIRST_TOKEN_MS;
    to->load_ms = from->load_ms ? from->load_ms : LOAD_MS;
    to->check_every_ms = from->check_every_ms ? from->check_every_ms : CHECK_EVERY_MS;
    to->check_ms = from->check_ms ? from->check_ms : CHECK_MS;
    to->rest_ms = from->rest_ms ? from->rest_ms : REST_MS;
}

bool local_server_settings_now(struct local_server_settings *out)
{
    const struct config *c = config_now();

    *out = (struct local_server_settings){
        .path = c->model_path, .quant = c->model_quant, .binary = c->model_binary, .folder = "", .context = (int64_t)c->model_context,
        .slots = (unsigned)c->model_slots, .threads = (unsigned)c->model_threads,
        .gpu_layers = c->model_gpu_layers ? (int64_t)c->model_gpu_layers : -1,
        .arguments = c->model_arguments.items, .n_arguments = c->model_arguments.n,
        .at_boot = strcmp(c->model_start, "boot") == 0, .idle_stop_ms = c->model_idle_stop,
        .first_token_ms = c->model_first_token_timeout,
    };
    return strcmp(c->model_engine, "llama.cpp") == 0;
}

void local_server_model(const struct local_server_settings *set, struct local_server *server, struct arena *a, struct model *out)
{
    struct gguf found = { .name = gguf_name(a, set->path) };

    (void)!gguf_find(a, set->path, set->quant, &found);     /* it may come later */
    *out = (struct model){
        .provider = &provider_openai, .name = found.name, .source = "model.engine in the configuration",
        .label = arena_printf(a, "local/%s", found.name), .caps = CAP_TOOLS | (found.projector ? CAP_VISION : 0), .local = server,
        /* The host says nothing: it is reached over its socket. */
        .target = { .endpoint = "http://localhost/v1", .unix_socket = llama_socket_in(a, set->folder) },
        .facts = MODEL_FACTS_UNKNOWN,
    };
    out->facts.context = set->context;
    out->target.quirks = QUIRK_THINKING_TEMPLATE;
}

enum err local_server_check(const struct local_server_settings *set)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct gguf found;

    TRY(gguf_find(a, set->path, set->quant, &found));
    return llama_find(a, set->binary, &(const char *){ NULL });
}

struct local_server *local_server_new(const struct local_server_settings *settings)
{
    struct local_server *s = NEW(struct local_server);
    struct model m;

    s->arena = arena_new();
    copy_settings(s, settings);
    local_server_model(&s->settings, s, s->arena, &m);
    s->name = m.name;
    admission_init(&s->admission, settings->slots);
    s->wanted = settings->at_boot;
    return s;
}

void local_server_free(struct local_server *s)
{
    if (s == NULL)
        return;
    arena_free(s->arena);
    free(s);
}

/* ---- one run ---- */

static void set_state(struct local_server *s, enum state state)
{
    s->state = state;
    wake_all(&s->changed);
}

struct search { struct arena *arena; const struct local_server_settings *settings; struct gguf found; };

static enum err find_file(void *arg)
{
    struct search *f = arg;

    return gguf_find(f->arena, f->settings->path, f->settings->quant, &f->found);
}

static enum err start(struct local_server *s) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct local_server_settings *set = &s->settings;
    struct search f = { a, set, { 0 } };

    TRY(fiber_offload(find_file, &f));
    const struct llama_options o = {
        .binary = set->binary, .folder = set->folder, .model = f.found, .name = s->name, .context = set->context, .slots = set->slots,
        .threads = set->threads, .gpu_layers = set->gpu_layers, .arguments = set->arguments, .n_arguments = set->n_arguments,
    };

    s->starts++;
    metric_add(METRIC_local_model_starts, 1);
    return llama_start(&o, &s->changed, &s->llama);
}

static enum err load(struct local_server *s) AWAITS
{
    uint64_t since = clock_ms();

    set_state(s, LOADING);
    TRY(start(s));
    TRY(llama_wait_ready(s->llama, s->settings.load_ms));
    enum err e = llama_warm(s->llama, s->settings.load_ms);

    if (e)
        return llama_is_dead(s->llama) && fiber_check() == OK ? llama_died(s->llama) : e;
    s->ready_at = s->used_at = clock_ms();
    log_event(LOG_INFO, "local_model.ready", F("model", s->name), F("pid", llama_pid(s->llama)), F("ms", clock_ms() - since));
    failure_over("local model");
    s->error[0] = '\0';
    set_state(s, READY);
    return OK;
}

static bool is_idle(const struct local_server *s)
{
    return s->settings.idle_stop_ms && s->admission.inside == 0 && clock_ms() - s->used_at >= s->settings.idle_stop_ms;
}

static enum err wait_for_check(struct local_server *s) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;
    enum err e = OK;

    deadline_set(&d, s->settings.check_every_ms);
    while (e == OK && !llama_is_dead(s->llama))
        e = wait_on(&s->changed, "the next look at llama-server");
    deadline_clear(&d);
    return e == ERR_TIMEOUT ? fiber_check() : e;
}

/* Until nobody has needed it for long (OK), or it died, or hangs. */
static enum err watch(struct local_server *s) AWAITS
{
    for (unsigned missed = 0; missed < CHECKS_MISSED; ) {
        TRY(wait_for_check(s));
        if (llama_is_dead(s->llama))
            return llama_died(s->llama);
        if (is_idle(s))
            return OK;
        missed = llama_check(s->llama, s->settings.check_ms) ? missed + 1 : 0;
        TRY(fiber_check());
    }
    return failed_in(ERR_TIMEOUT, "llama-server hangs: ");
}

static enum err run_once(struct local_server *s) AWAITS
{
    s->wanted = false;
    s->ready_at = 0;
    enum err e = load(s);

    if (e == OK)
        e = watch(s);
    set_state(s, STOPPED);      /* before it is stopped, which gives way to others */
    llama_stopp(&s->llama);
    return e;
}

/* ---- run after run ---- */

static void note_failure(struct local_server *s, enum err e)
{
    if (s->ready_at && clock_ms() - s->ready_at >= STEADY_MS)
        s->failures = 0;
    s->failures++;
    s->hopeless = s->ready_at == 0 || s->failures > DEATHS_WAITED_OUT;
    s->wanted = s->ready_at || s->settings.at_boot;
    s->code = e;
    snprintf(s->error, sizeof s->error, "%s", failed_text());
    log_event(LOG_WARN, "local_model.failed", F("model", s->name), F("error", s->error), F("failures", s->failures));
    failure_tell("local model", s->error);
}

static enum err rest(struct local_server *s) AWAITS
{
    const struct failure_policy policy = { .backoff_ms = s->settings.rest_ms, .backoff_max_ms = REST_MAX_MS };

    set_state(s, RESTING);
    TRY(fiber_sleep(failure_pause(&policy, s->failures, FAILURE_NOT_ASKED)));
    set_state(s, STOPPED);
    return OK;
}

static enum err run_and_rest(struct local_server *s) AWAITS
{
    while (!s->wanted)
        TRY(wait_on(&s->changed, "somebody who needs the local model"));
    enum err e = run_once(s);

    TRY(fiber_check());
    if (e) {
        note_failure(s, e);
        return rest(s);
    }
    s->failures = 0;
    log_event(LOG_INFO, "local_model.idle", F("model", s->name));
    set_state(s, STOPPED);
    return OK;
}

enum err local_server_run(void *arg)
{
    struct local_server *s = arg;
    enum err e;

    while ((e = run_and_rest(s)) == OK)
        ;
    set_state(s, STOPPED);
    return e;
}

/* ---- callers ---- */

static enum err await_ready(struct local_server *s) AWAITS
{
    while (s->state != READY) {
        if (s->state == RESTING && s->hopeless)
            return failed(s->code, "%s", s->error);
        if (!s->wanted && s->state == STOPPED) {
            s->wanted = true;
            wake_all(&s->changed);
        }
        TRY(wait_on(&s->changed, "the local model to be loaded"));
    }
    return OK;
}

enum err local_server_enter(struct local_server *s, str session, struct local_lease *out)
{
    metric_add(METRIC_local_model_waiting, 1);
    enum err e = admission_enter(&s->admission, session);

    metric_add(METRIC_local_model_waiting, -1);
    TRY(e);
    metric_add(METRIC_local_model_busy, 1);
    out->server = s;
    e = await_ready(s);
    if (e)
        local_lease_done(out);
    return e;
}

void local_lease_done(struct local_lease *l)
{
    struct local_server *s = l->server;

    if (s == NULL)
        return;
    l->server = NULL;
    s->used_at = clock_ms();
    metric_add(METRIC_local_model_busy, -1);
    admission_leave(&s->admission);
}

uint64_t local_server_first_token_ms(const struct local_server *s)
{
    return s->settings.first_token_ms;
}

json_t *local_server_status(const struct local_server *s)
{
    json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "state", state_names[s->state], "model", s->name,
                          "slots", (json_int_t)s->admission.places, "busy", (json_int_t)s->admission.inside,
                          "waiting", (json_int_t)s->admission.waiting, "starts", (json_int_t)s->starts);

    if (s->llama)
        json_object_set_new(o, "pid", json_integer(llama_pid(s->llama)));
    if (s->error[0])
        json_object_set_new(o, "error", json_from_str(str_from(s->error)));
    return o;
}
