// SPDX-License-Identifier: Apache-2.0
#include "gateway/test_scene.h"

#include <errno.h>
#include <sys/stat.h>

#include "agent/history.h"
#include "base/test.h"
#include "channel/deliver_internal.h"
#include "channel/registry.h"
#include "config/config.h"
#include "gateway/access.h"
#include "gateway/agents.h"
#include "gateway/limits.h"
#include "gateway/memory_service.h"
#include "gateway/models.h"
#include "gateway/routes.h"
#include "gateway/rule_host.h"
#include "gateway/policy_rules.h"
#include "gateway/sessions.h"
#include "gateway/spending.h"
#include "runtime/clock.h"
#include "tool/policy.h"

static struct scene *scene;     /* the platform's functions have no argument of ours */

/* ---- the model ---- */

static str last_message(const json_t *body)
{
    const json_t *messages = json_at(body, "messages");

    return json_text_str(json_array_get(messages, json_array_size(messages) - 1), "content");
}

static enum err say_words(struct http_exchange *x, str words) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:[{s:{s:o}}]}", "choices", "delta", "content", json_from_str(words));

    return http_piece(x, str_from(arena_printf(x->arena, "data: %s\n\n", json_print(x->arena, j).p)));
}

/* NULL: nothing is written for this message. */
static const char *script_line(const struct scene *s, str last)
{
    for (const struct scripted *line = s->script; line && line->when; line++)
        if (str_find(last, str_from(line->when)) != STR_NONE)
            return line->data;
    return NULL;
}

static void say_script(struct scene *s, struct http_exchange *x, const char *data) AWAITS
{
    s->n_asked++;
    if (http_answer(x, 200, S("text/event-stream"), str_from(arena_printf(x->arena, "data: %s\n\ndata: [DONE]\n\n", data))))
        return;     /* the asker has gone */
}

/* Each text's vector is 1 at the place of its length. */
static void answer_embeddings(struct scene *s, struct http_exchange *x, const json_t *body) AWAITS
{
    CLEANUP(json_decrefp) json_t *answer = json_pack("{s:[]}", "data");
    size_t n = s->embeds ? s->embeds : (size_t)json_int(body, "dimensions", 4);
    const json_t *texts = json_at(body, "input");

    for (size_t i = 0; i < json_array_size(texts); i++) {
        json_t *vector = json_array();

        for (size_t k = 0; k < n; k++)
            json_array_append_new(vector, json_real(k == json_string_length(json_array_get(texts, i)) % n));
        json_array_append_new(json_at(answer, "data"), json_pack("{s:I, s:o}", "index", (json_int_t)i, "embedding", vector));
    }
    (void)!http_answer(x, 200, S("application/json"), json_print(x->arena, answer));     /* the asker may have gone */
}

static void answer_model(void *arg, struct http_exchange *x) AWAITS
{
    struct scene *s = arg;
    CLEANUP(json_decrefp) json_t *body = NULL;

    CHECK_OK(json_parse(x->body, &body));
    if (str_ends(x->path, S("/embeddings"))) {
        answer_embeddings(s, x, body);
        return;
    }
    buf_clear(&s->asked);
    buf_add(&s->asked, x->body);
    const char *data = script_line(s, last_message(body));

    if (data) {
        say_script(s, x, data);
        return;
    }
    if (http_begin(x, 200, S("text/event-stream")) || say_words(x, S("echo: ")))
        return;     /* the gateway was closed meanwhile */
    s->n_asked++;
    while (s->model_held)
        if (wait_on(&s->released, "the test to let the model speak"))
            return;
    if (say_words(x, last_message(body)) || http_piece(x, S("data: [DONE]\n\n")) || http_end(x))
        return;     /* the turn was stopped */
}

static enum err serve(void *server) AWAITS
{
    return server_run(server);
}

/* ---- the platform ---- */

static bool fake_configured(void)
{
    return true;
}

static enum err fake_encode(struct arena *a, const struct outgoing *m, struct http_request *out)
{
    out->url = "http://fake";
    out->body = str_from(arena_printf(a, "%s%.*s", m->remote_id.len ? "edit " : "", STR(m->text)));
    return OK;
}

static enum err fake_decode(struct arena *a, const struct http_response *r, struct sent *out)
{
    *out = (struct sent){ .remote_id = arena_str(a, r->body) };
    return OK;
}

static enum err fake_fetch(struct arena *a, const struct http_request *q, struct http_response *out, bool *ret_sent) AWAITS
{
    *ret_sent = true;
    scene->n_sent++;
    buf_addf(&scene->sent, "%.*s\n", STR(q->body));
    while (scene->platform_held)
        TRY(wait_on(&scene->released, "the test to let the platform answer"));
    *out = (struct http_response){ .status = 200, .body = arena_str(a, S("1")) };
    return OK;
}

static const struct channel fake = {
    .name = "fake", .markup = MARKUP_MARKDOWN, .text_max = 4096, .edits = 1, .streams = fake_configured, .configured = fake_configured,
    .encode = fake_encode, .decode_sent = fake_decode,
};

/* ---- the gateway ---- */

static void open_parts(struct scene *s, size_t max_sessions) AWAITS
{
    struct gateway *g = &s->gateway;

    *g = (struct gateway){ .store = s->home.store, .home = s->home.folder, .workspace = home_path(&s->home, "workspace"), .version = "test",
                           .services = { .independent = true }, .started_ms = clock_ms(), .url = "http://127.0.0.1:1" };
    if (mkdir(g->workspace, 0700) != 0)
        CHECK(errno == EEXIST);         /* as after a restart */
    g->bus = bus_new();
    g->limits = limits_new();
    g->sessions = sessions_new();
    g->histories = histories_new(HISTORIES_DEFAULT_MAX);
    CHECK_OK(access_open(g, &g->access));
    CHECK_OK(policy_rules_load(g));
    CHECK_OK(rule_host_open(&g->rules));
    CHECK_OK(spending_open(g));
    CHECK_OK(agents_load(g));
    CHECK_OK(memory_service_open(g));
    g->dispatch = dispatch_new(max_sessions);
    CHECK_OK(deliver_start(g->store));
    g->models = models_new(g);
}

static void close_parts(struct scene *s) AWAITS
{
    struct gateway *g = &s->gateway;

    dispatch_drain(g, 0);
    deliver_stop(0);
    fibers_done(&g->services);
    dispatch_free(g->dispatch);
    models_free(g->models);
    budgets_free(g->budgets);
    memory_service_close(g);
    agents_free(g->agents);
    sessions_free(g->sessions);
    histories_free(g->histories);
    rule_host_free(g->rules);
    g->rules = NULL;
    limits_free(g->limits);
    access_free(g->access);
    policy_use(NULL);
    bus_free(g->bus);
}

void scene_start(struct scene *s, size_t max_sessions)
{
    scene_start_with(s, max_sessions, NULL, NULL);
}

void scene_start_with(struct scene *s, size_t max_sessions, const char *setting, const char *other)
{
    struct server_options o = { .host = "127.0.0.1", .handle = answer_model, .arg = s, .max_per_address = 10000 };

    *s = (struct scene){ .home = home_new() };
    CHECK(mkdir(home_path(&s->home, "run"), 0700) == 0);
    scene = s;
    channel_add_for_test(&fake);
    channel_fetch = fake_fetch;
    CHECK_OK(server_open(&o, &s->model));
    fibers_spawn(&s->fibers, "model", serve, s->model);
    const char *endpoint = arena_printf(s->home.arena, "model_provider.endpoint=http://127.0.0.1:%u/v1",
                                        server_port(s->model));

    CHECK_OK(config_load_for_test(s->home.folder, (const char *[]){ endpoint, "model_provider.model=double",
                                                                    "model_provider.retries=0", "engine.mode=model", setting, other, NULL }));
    open_parts(s, max_sessions);
}

const char *scene_serve(struct scene *s)
{
    struct server_options o = { .host = "127.0.0.1", .handle = routes_handle, .arg = &s->gateway };

    CHECK_OK(server_open(&o, &s->http));
    fibers_spawn(&s->fibers, "http", serve, s->http);
    return arena_printf(s->home.arena, "http://127.0.0.1:%u", server_port(s->http));
}

void scene_restart(struct scene *s, size_t max_sessions)
{
    close_parts(s);
    open_parts(s, max_sessions);
}

void scene_die(struct scene *s, size_t max_sessions)
{
    struct batch *b = batch_new(s->home.arena);
    struct rows r;

    close_parts(s);
    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "inbox.list", "ci", "running", (int64_t)100));
    for (size_t i = 0; i < r.n; i++)        /* the orderly end has forgiven them */
        batch_add(b, "inbox.running", "ii", row_int(&r, i, 0), clock_wall_ms());
    CHECK_OK(store_commit(s->home.store, b));
    open_parts(s, max_sessions);
}

void scene_end(struct scene *s)
{
    scene_release(s);
    fibers_done(&s->fibers);
    server_close(s->http);      /* its handlers use the parts */
    close_parts(s);
    server_close(s->model);
    http_client_stop();
    channel_add_for_test(NULL);
    channel_fetch = http_fetch;
    buf_done(&s->sent);
    buf_done(&s->asked);
    home_done(&s->home);
}

void scene_release(struct scene *s)
{
    s->model_held = s->platform_held = false;
    wake_all(&s->released);
}

void scene_settle(struct scene *s)
{
    UNTIL(dispatch_running(s->gateway.dispatch) == 0);
}

/* ---- messages ---- */

struct message scene_message(const char *session, const char *external_id, const char *text)
{
    return (struct message){
        .platform = S("rest"), .chat_id = str_from(session), .session_id = str_from(session), .user_id = S("owner"),
        .external_id = str_from(external_id), .text = str_from(text),
    };
}

int64_t scene_say(struct scene *s, const char *session, const char *text)
{
    struct message m = scene_message(session, "", text);
    struct received r;

    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    return r.inbox_id;
}

int64_t scene_leave(struct scene *s, const char *session, const char *text)
{
    struct message m = scene_message(session, "", text);
    struct received r;

    s->gateway.stopping = true;     /* nobody is told */
    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    s->gateway.stopping = false;
    return r.inbox_id;
}

str scene_inbox(struct scene *s)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct rows r;

    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "inbox.list", "ci", "", (int64_t)1000));
    for (size_t i = r.n; i-- > 0; )
        buf_addf(&b, "%s%.*s %.*s", b.len ? "|" : "", STR(row_str(&r, i, 6)), STR(row_str(&r, i, 5)));
    return arena_str(s->home.arena, buf_str(&b));
}

str scene_replies(struct scene *s)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct rows r;

    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "admin.outbox_list", "ci", "", (int64_t)1000));
    for (size_t i = r.n; i-- > 0; ) {
        CLEANUP(json_decrefp) json_t *body = NULL;

        CHECK_OK(json_parse(row_str(&r, i, 5), &body));
        buf_addf(&b, "%s%s", b.len ? "|" : "", json_text(body, "text"));
    }
    return arena_str(s->home.arena, buf_str(&b));
}

void scene_pair(struct scene *s, const char *user)
{
    struct batch *b = batch_new(s->home.arena);

    batch_add(b, "person.pair", "ccciicc", user, "user", user, (int64_t)1, (int64_t)0, "fake", user);
    batch_add(b, "user.add", "ccccici", "fake", user, user, user, (int64_t)1, user, (int64_t)0);
    CHECK_OK(store_commit(s->home.store, b));
}
