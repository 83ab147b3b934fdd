// SPDX-License-Identifier: Apache-2.0
#include "agent/test_turn.h"

#include <stdlib.h>

#include "agent/window.h"
#include "config/config.h"
#include "tool/policy.h"

static void play(void *arg, struct http_exchange *x) AWAITS
{
    struct script *s = arg;
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_clear(&s->asked);
    buf_add(&s->asked, x->body);
    buf_addf(&s->all, "%.*s\n", STR(x->body));
    CHECK(s->next < s->n);
    const char *reply = s->replies[s->next++];

    if (reply[0] == '.' && fiber_sleep(60000))
        return;
    if (reply[0] == '!')
        CHECK_OK(http_answer(x, atoi(reply + 1), S("application/json"), str_from(strchr(reply, ' ') + 1)));
    if (reply[0] == '!')
        return;
    buf_addf(&b, "data: %s\n\ndata: [DONE]\n\n", reply);
    CHECK_OK(http_answer(x, 200, S("text/event-stream"), buf_str(&b)));
}

static enum err serve(void *server) AWAITS
{
    return server_run(server);
}

static void script_start(struct script *s, struct arena *a, const char **replies, size_t n)
{
    struct server_options o = { .host = "127.0.0.1", .handle = play, .arg = s };

    *s = (struct script){ .replies = replies, .n = n };
    CHECK_OK(server_open(&o, &s->server));
    fibers_spawn(&s->fibers, "model", serve, s->server);
    struct model_settings settings = {
        arena_printf(a, "http://127.0.0.1:%u/v1", server_port(s->server)), "", "double",
    };

    CHECK_OK(model_find(a, &settings, &s->model));
    s->models[0] = &s->model;
    s->route = (struct model_route){ s->models, 1 };
}

static void script_end(struct script *s)
{
    fibers_done(&s->fibers);
    server_close(s->server);
    http_client_stop();
    buf_done(&s->asked);
    buf_done(&s->all);
}

void scene_add_message(struct scene *s, const char *text)
{
    struct batch *b = batch_new(s->home.arena);
    const char *id = arena_printf(s->home.arena, "m%lld", (long long)++s->inbox_id);

    batch_add(b, "session.ensure", "cccccci", "s1", "rest", "c", "", "", "", (int64_t)1);
    batch_add(b, "inbox.insert", "ccccccccccniii", id, "rest", "c", "", "", id, "owner", text, "{}", "ready",
              (int64_t)1, (int64_t)1, (int64_t)0);
    CHECK_OK(store_commit(s->home.store, b));
}

void scene_start(struct scene *s, const char **replies, size_t n)
{
    struct policy *p;

    *s = (struct scene){ .home = home_new(), .bus = bus_new(), .histories = histories_new(HISTORIES_DEFAULT_MAX) };
    CHECK_OK(config_load_for_test(s->home.folder, (const char *[]){ "model_provider.retries=0", NULL }));
    CHECK_OK(policy_new(NULL, NULL, &p));
    policy_use(p);
    window_forget();
    script_start(&s->script, s->home.arena, replies, n);
}

void scene_end(struct scene *s)
{
    policy_use(NULL);
    script_end(&s->script);
    bus_free(s->bus);
    histories_free(s->histories);
    home_done(&s->home);
}

struct turn scene_turn(struct scene *s, const char *text)
{
    return (struct turn){
        .arena = s->home.arena, .store = s->home.store, .bus = s->bus, .histories = s->histories,
        .asker.route = &s->script.route, .fast.route = &s->script.route, .inbox_id = s->inbox_id, .workspace = s->home.folder, .person = { S("owner"), S("owner") },
        .message = { .id = S("m"), .session_id = S("s1"), .platform = S("rest"), .text = str_from(text) },
        .max_rounds = 8, .max_history = 40,
    };
}

void scene_end_turn(struct scene *s, const struct turn *t)
{
    struct batch *b = batch_new(s->home.arena);

    batch_add(b, "inbox.finish", "icni", s->inbox_id, "done", (int64_t)2);
    turn_add_ending(t, b);
    CHECK_OK(store_commit(s->home.store, b));
}

str scene_journal(struct scene *s)
{
    struct rows r;
    CLEANUP(buf_done) struct buf b = { 0 };

    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "journal.of", "i", s->inbox_id));
    for (size_t i = 0; i < r.n; i++)
        buf_addf(&b, "%s%.*s", i ? " " : "", STR(row_str(&r, i, 1)));
    return arena_str(s->home.arena, buf_str(&b));
}

void scene_say(struct scene *s, const char *text)
{
    scene_add_message(s, text);
    struct turn t = scene_turn(s, text);

    CHECK_OK(turn_run(&t));
    scene_end_turn(s, &t);
    turn_ended(&t);
}

void scene_past(struct scene *s, const char *text, const char *result, const char *answer)
{
    struct tool_call call = { S("c1"), S("list_dir"), S("{}") };
    struct reply asks = { .calls = &call, .n_calls = 1, .stop = STOP_CALLS }, says = { .text = str_from(answer), .stop = STOP_END };

    scene_add_message(s, text);
    struct journal j = { s->inbox_id, 0 };
    struct batch *b = batch_new(s->home.arena);

    if (result) {
        journal_reply(&j, b, &asks);
        journal_call(&j, b, &call);
        journal_result(&j, b, call.id, &(struct tool_result){ .text = str_from(result) }, false);
    }
    journal_reply(&j, b, &says);
    batch_add(b, "inbox.finish", "icni", s->inbox_id, "done", (int64_t)2);
    CHECK_OK(store_commit(s->home.store, b));
}

bool scene_asked(const struct scene *s, const char *words)
{
    return str_find(buf_str(&s->script.asked), str_from(words)) != STR_NONE;
}
