// SPDX-License-Identifier: Apache-2.0
/* A llama-server that we supervise, played by tests/doubles/llama_server_double.py. */
#include "model/local_server.h"

#include "base/test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "model/complete.h"
#include "net/client.h"
#include "runtime/clock.h"

struct scene {
    struct arena        *arena;
    const char          *folder, *note;
    struct local_server *server;
    struct fiber        *supervisor;
    struct model         model;
    uint64_t             first_token_ms;    /* 0: 3 s */
};

static void put(const char *path, const char *content)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL);
    fputs(content, f);
    fclose(f);
}

/* words: of the double, NULL behind the last. */
static void begin(struct scene *s, struct local_server_settings set, const char *const *words)
{
    char folder[] = "/tmp/local-server-XXXXXX";
    const char *all[12] = { "--double-note", NULL };
    size_t n = 2;

    CHECK(mkdtemp(folder) != NULL);
    s->arena = arena_new();
    s->folder = arena_c(s->arena, str_from(folder));
    s->note = all[1] = arena_printf(s->arena, "%s/note", folder);
    while (words && *words)
        all[n++] = *words++;
    set.folder = s->folder;
    set.path = arena_printf(s->arena, "%s/%s", folder, set.path ? set.path : "tiny-Q4_0.gguf");
    set.quant = set.quant ? set.quant : "";
    if (set.binary == NULL)
        set.binary = arena_printf(s->arena, "%s/tests/doubles/llama_server_double.py", getcwd((char[4096]){0}, 4096));
    set.arguments = all;
    set.n_arguments = n;
    set.context = 2048;
    set.gpu_layers = -1;
    set.slots = set.slots ? set.slots : 2;
    set.rest_ms = set.rest_ms ? set.rest_ms : 50;
    set.first_token_ms = set.first_token_ms ? set.first_token_ms : 3000;
    put(arena_printf(s->arena, "%s/tiny-Q4_0.gguf", folder), "GGUF");
    s->server = local_server_new(&set);
    local_server_model(&set, s->server, s->arena, &s->model);
    s->supervisor = fiber_spawn("local model", local_server_run, s->server);
}

static void end(struct scene *s)
{
    fiber_cancel(s->supervisor);
    CHECK_ERR(fiber_join(s->supervisor), ERR_CANCELLED);
    CHECK(access(arena_printf(s->arena, "%s/model.sock", s->folder), F_OK) != 0);
    local_server_free(s->server);
    http_client_stop();
    unlink(s->note);
    unlink(arena_printf(s->arena, "%s/tiny-Q4_0.gguf", s->folder));
    rmdir(s->folder);
    arena_free(s->arena);
}

static enum err ask(struct scene *s, const char *session, struct reply *out) AWAITS
{
    const struct chat_message m = { .role = ROLE_USER, .text = str_from(session) };
    const struct prompt p = { .messages = &m, .n_messages = 1, .temperature = -1 };
    const struct completion_options o = { .session = str_from(session), .idle_ms = 3000,
                                          .first_token_ms = s->first_token_ms ? s->first_token_ms : 3000 };

    return complete(&s->model, s->arena, &p, &o, out);
}

static int64_t number(struct scene *s, const char *key)
{
    CLEANUP(json_decrefp) json_t *j = local_server_status(s->server);

    return json_int(j, key, 0);
}

static bool is_in_state(struct scene *s, const char *state)
{
    CLEANUP(json_decrefp) json_t *j = local_server_status(s->server);

    return strcmp(json_text(j, "state"), state) == 0;
}

static void wait_for_state(struct scene *s, const char *state)
{
    for (int i = 0; i < 500 && !is_in_state(s, state); i++)
        CHECK_OK(fiber_sleep(10));
    CHECK(is_in_state(s, state));
}

static bool is_gone(int pid)
{
    for (int i = 0; i < 100 && kill(pid, 0) == 0; i++)
        CHECK_OK(fiber_sleep(10));
    return kill(pid, 0) < 0 && errno == ESRCH;
}

TEST(a_local_model_is_started_when_it_is_needed_and_ends_with_us)
{
    struct scene s = { .first_token_ms = 0 };
    struct reply r;

    begin(&s, (struct local_server_settings){ 0 }, (const char *const[]){ "--double-load", "0.3", NULL });
    CHECK_STR(str_from(s.model.name), "tiny-Q4_0");
    CHECK_STR(str_from(s.model.label), "local/tiny-Q4_0");
    CHECK_OK(fiber_sleep(20));
    CHECK(is_in_state(&s, "stopped"));
    CHECK_OK(ask(&s, "a", &r));
    CHECK_STR(r.text, "word0 word1 word2 word3 word4 ");
    CHECK_INT(r.usage.output, 5);
    CHECK(is_in_state(&s, "ready"));
    CHECK_INT(number(&s, "starts"), 1);
    int pid = (int)number(&s, "pid");

    CHECK(pid > 0 && kill(pid, 0) == 0);
    end(&s);
    CHECK(is_gone(pid));
}

TEST(a_local_model_that_is_killed_is_started_again)
{
    struct scene s = { .first_token_ms = 0 };
    struct reply r;

    begin(&s, (struct local_server_settings){ .at_boot = true }, NULL);
    wait_for_state(&s, "ready");
    int pid = (int)number(&s, "pid");

    CHECK_INT(kill(pid, SIGKILL), 0);
    CHECK_OK(ask(&s, "a", &r));
    CHECK(number(&s, "pid") != pid);
    CHECK_INT(number(&s, "starts"), 2);
    end(&s);
}

TEST(a_local_model_that_dies_in_the_middle_is_asked_again)
{
    struct scene s = { .first_token_ms = 0 };
    struct reply r;

    begin(&s, (struct local_server_settings){ 0 }, (const char *const[]){ "--double-die", "2", NULL });
    CHECK_OK(ask(&s, "a", &r));
    CHECK_OK(ask(&s, "b", &r));
    CHECK_INT(number(&s, "starts"), 2);
    end(&s);
}

TEST(a_local_model_that_hangs_is_started_again)
{
    struct scene s = { .first_token_ms = 0 };
    struct reply r;

    begin(&s, (struct local_server_settings){ .check_every_ms = 100, .check_ms = 150 }, (const char *const[]){ "--double-hang", "2", NULL });
    CHECK_OK(ask(&s, "a", &r));
    int pid = (int)number(&s, "pid");

    CHECK_OK(ask(&s, "b", &r));
    CHECK(is_gone(pid));
    CHECK_INT(number(&s, "starts"), 2);
    end(&s);
}

TEST(a_local_model_nobody_needs_is_stopped)
{
    struct scene s = { .first_token_ms = 0 };
    struct reply r;

    begin(&s, (struct local_server_settings){ .check_every_ms = 50, .idle_stop_ms = 100 }, NULL);
    CHECK_OK(ask(&s, "a", &r));
    int pid = (int)number(&s, "pid");

    wait_for_state(&s, "stopped");
    CHECK(is_gone(pid));
    CHECK_OK(ask(&s, "a", &r));
    CHECK_INT(number(&s, "starts"), 2);
    end(&s);
}

TEST(a_local_model_that_cannot_be_had_is_one_clear_line)
{
    static const struct { struct local_server_settings set; const char *word, *want; enum err code; } cases[] = {
        { { 0 }, "--double-fail", "tiny-Q4_0.gguf cannot be loaded: llama-server ended with status 1: "
                                  "gguf_init_from_file_impl: failed to read tensor info", ERR_INPUT },
        { { 0 }, "--no-such-argument", "error: unrecognized arguments: --no-such-argument", ERR_INPUT },
        { { .path = "none.gguf" }, "", "none.gguf: No such file or directory; models in this form: https://", ERR_NOT_FOUND },
        { { .binary = "/nowhere/llama-server" }, "", "model.binary /nowhere/llama-server is no program that can be run", ERR_NOT_FOUND },
        { { .binary = "" }, "", "llama-server is not installed (not in PATH, and model.binary is not set): get it from https://", ERR_NOT_FOUND },
        { { .quant = "Q8_0" }, "", "is not of model.quant Q8_0", ERR_INPUT },
        { { .load_ms = 300 }, "--double-load=9", "has not loaded", ERR_TIMEOUT },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct scene s = { .first_token_ms = 0 };
        struct reply r;

        begin(&s, cases[i].set, (const char *const[]){ cases[i].word[0] ? cases[i].word : NULL, NULL });
        CHECK_ERR(ask(&s, "a", &r), cases[i].code);
        if (strstr(failed_text(), cases[i].want) == NULL)
            CHECK_STR(str_from(failed_text()), cases[i].want);
        CHECK(strchr(failed_text(), '\n') == NULL);
        CHECK_INT(number(&s, "busy") + number(&s, "waiting"), 0);
        end(&s);
    }
}

struct call { struct scene *scene; char session[8]; struct buf *order; };

static enum err call(void *arg)
{
    struct call *c = arg;
    struct reply r;

    TRY(ask(c->scene, c->session, &r));
    buf_add_char(c->order, c->session[0]);
    return OK;
}

/* Six calls of one session and then one of another: it is the third, not the seventh, that is answered. */
TEST(a_busy_session_does_not_keep_others_from_a_local_model)
{
    CLEANUP(buf_done) struct buf order = {0};
    struct fibers g = {0};
    struct call calls[7];
    struct scene s = { .first_token_ms = 0 };

    begin(&s, (struct local_server_settings){ .slots = 1 }, (const char *const[]){ "--double-pause", "0.01", NULL });
    for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
        calls[i] = (struct call){ &s, { i == 6 ? 'b' : 'a' }, &order };
        fibers_spawn(&g, "call", call, &calls[i]);
    }
    CHECK_OK(fiber_sleep(5));
    CHECK_INT(number(&s, "waiting"), 6);
    CHECK_OK(fibers_wait(&g));
    CHECK_STR(buf_str(&order), "aabaaaa");
    end(&s);
}

/* A processor reads slowly: a model of ours has its own time for the first word. */
TEST(a_local_model_may_take_longer_for_its_first_word)
{
    struct scene s = { .first_token_ms = 100 };
    struct reply r;

    begin(&s, (struct local_server_settings){ .first_token_ms = 2000 }, (const char *const[]){ "--double-pause", "0.3", NULL });
    CHECK_OK(ask(&s, "a", &r));
    end(&s);
    begin(&s, (struct local_server_settings){ .first_token_ms = 150 }, (const char *const[]){ "--double-pause", "5", NULL });
    CHECK_ERR(ask(&s, "a", &r), ERR_TIMEOUT);
    end(&s);
}

/* Loading takes longer than the model has for its first word, and so do those before it: neither counts. */
TEST(waiting_for_a_local_model_is_not_its_silence)
{
    CLEANUP(buf_done) struct buf order = {0};
    struct fibers g = {0};
    struct call calls[40];
    struct scene s = { .first_token_ms = 0 };

    s.first_token_ms = 500;
    begin(&s, (struct local_server_settings){ .slots = 8, .first_token_ms = 500 }, (const char *const[]){ "--double-load", "0.8", "--double-pause", "0.02", NULL });
    for (size_t i = 0; i < N_ELEMENTS(calls); i++) {
        calls[i] = (struct call){ .scene = &s, .order = &order };
        snprintf(calls[i].session, sizeof calls[i].session, "x%zu", i);
        fibers_spawn(&g, "call", call, &calls[i]);
    }
    CHECK_OK(fibers_wait(&g));
    CHECK_INT(order.len, N_ELEMENTS(calls));
    CHECK_INT(number(&s, "busy") + number(&s, "waiting"), 0);
    end(&s);
}
