// SPDX-License-Identifier: Apache-2.0
/* models list | test: of the running gateway, or, while none runs, of the settings and this machine. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "cli/keeper.h"
#include "model/survey.h"

enum { SHOWN_MAX = 12 };        /* models of a server that are in no use */

/* Who is asked: the gateway, or else what the settings give. */
struct asked {
    struct cli          *cli;
    bool                 is_gateway;
    struct model_set_settings settings;
    struct model_set    *set;           /* NULL: there is no model to use */
    char                 folder[32];    /* of the local model's socket; "": none */
    struct fiber        *local;
};

/* ---- without a gateway ---- */

static enum err load_settings(struct cli *c) AWAITS
{
    CLEANUP(config_report_done) struct config_report report = { 0 };
    CLEANUP(keeper_close) struct keeper k = { .cli = c, .local = { .has_config = true } };

    TRY(cli_load_config(c));
    if (config_secret_count() == 0)
        return OK;
    TRY(keeper_open(&k, LOCAL_EXISTING));
    return keeper_resolve(&k, &report);
}

/* Our own run of the local model, which ends with the command. */
static enum err begin_local(struct asked *a)
{
    if (!a->settings.has_local)
        return OK;
    snprintf(a->folder, sizeof a->folder, "/tmp/clawdbot-model-XXXXXX");
    if (mkdtemp(a->folder) == NULL) {
        a->folder[0] = '\0';
        return failed(ERR_IO, "no folder can be made in /tmp");
    }
    (void)!log_set_event_level(S("local_model.*"), LOG_OFF);     /* the answer tells it */
    a->settings.local.folder = a->folder;
    a->settings.local.at_boot = false;
    a->settings.local_server = local_server_new(&a->settings.local);
    a->local = fiber_spawn("local model", local_server_run, a->settings.local_server);
    return OK;
}

/* Joining the other fiber must not change what is told of a failure. */
static void asked_done(struct asked *a) AWAITS
{
    char text[ERR_TEXT_MAX];

    snprintf(text, sizeof text, "%s", failed_text());
    if (a->local) {
        fiber_cancel(a->local);
        enum err e = fiber_join(a->local);

        (void)!failed(e, "%s", text);
    }
    local_server_free(a->settings.local_server);
    if (a->folder[0])
        rmdir(a->folder);
}

static enum err open_settings(struct asked *a) AWAITS
{
    TRY(load_settings(a->cli));
    model_set_settings_now(&a->settings);
    TRY(model_set_check(&a->settings));
    TRY(begin_local(a));
    if (model_set_open(a->cli->arena, &a->settings, &a->set) == OK)
        return OK;
    a->set = NULL;
    fprintf(stderr, "no model is in use: ");
    cli_print_text(stderr, str_from(failed_text()));
    fputc('\n', stderr);
    return fiber_check();
}

/* ---- both ---- */

static enum err get_servers(struct asked *a, json_t **out) AWAITS
{
    struct cli *c = a->cli;
    enum err e = remote_call(c, "GET", "/api/v1/admin/models", NULL, out);

    a->is_gateway = c->exit_code != CLI_NO_GATEWAY;
    if (a->is_gateway)
        return e;
    c->exit_code = CLI_FAILED;
    TRY(open_settings(a));
    return survey_servers(&a->settings, a->set, c->arena, out);
}

static enum err test_one(struct asked *a, const char *name, json_t **out) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = json_pack("{s:s}", "model", name);
    struct model *m;

    if (a->is_gateway)
        return remote_call(a->cli, "POST", "/api/v1/admin/models/test", body, out);
    if (a->set == NULL)
        return failed(ERR_NOT_FOUND, "there is no model in use");
    TRY(model_set_find(a->set, str_from(name), &m));
    *out = survey_test(m);
    return OK;
}

/* ---- list ---- */

static void print_line(const char *fmt, const char *text)
{
    CLEANUP(buf_done) struct buf line = { 0 };

    buf_addf(&line, fmt, text);
    cli_print_text(stdout, buf_str(&line));
}

static void print_model(const json_t *m)
{
    const json_t *role;
    size_t i;

    print_line("  %-44s", json_text(m, "label"));
    if (json_int(m, "context", 0))
        printf(" %8lld tokens", (long long)json_int(m, "context", 0));
    json_array_foreach(json_at(m, "roles"), i, role)
        printf("%s %s", i ? "," : "  <-", json_string_value(role));
    if (json_flag(m, "unlisted"))
        printf("  (its server does not list it)");
    putchar('\n');
}

static void print_server(const json_t *s, bool all)
{
    size_t i, left_out = 0, shown = 0;
    const json_t *m;

    print_line("%s", json_text(s, "name"));
    print_line("  %s", json_text(s, "endpoint"));
    print_line("  (%s)\n", json_text(s, "source"));
    if (json_at(s, "error"))
        print_line("  not reached: %s\n", json_text(s, "error"));
    json_array_foreach(json_at(s, "models"), i, m) {
        bool in_use = json_array_size(json_at(m, "roles")) > 0;

        if (in_use || all || shown < SHOWN_MAX)
            print_model(m);
        else
            left_out++;
        shown += !in_use;
    }
    if (left_out)
        printf("  and %zu more; --all lists them\n", left_out);
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(asked_done) struct asked a = { .cli = arg };
    CLEANUP(json_decrefp) json_t *answer = NULL;
    const json_t *server;
    size_t i;

    TRY(get_servers(&a, &answer));
    if (a.cli->json) {
        cli_print_json(answer);
        return OK;
    }
    json_array_foreach(json_at(answer, "servers"), i, server)
        print_server(server, cli_flag(a.cli, "all") != NULL);
    if (json_array_size(json_at(answer, "servers")) == 0)
        printf("no server of models is configured or found on this machine; see `clawdbot setup`\n");
    return OK;
}

enum err command_models_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

/* ---- test ---- */

static void print_speed(const json_t *t)
{
    if (json_at(t, "load_ms"))
        printf("loaded in %.1f s, ", (double)json_int(t, "load_ms", 0) / 1000);
    printf("first token after %.2f s", (double)json_int(t, "first_token_ms", 0) / 1000);
    if (json_is_number(json_at(t, "tokens_per_second")))
        printf(", %.1f tokens a second", json_num(t, "tokens_per_second", 0));
    printf(", tools: %s", json_flag(t, "tools") ? "yes" : "no");
    if (json_at(t, "tools_error"))
        print_line(" (%s)", json_text(t, "tools_error"));
}

static void print_test(const json_t *t)
{
    print_line("%-44s ", json_text(t, "label"));
    if (json_flag(t, "ok"))
        print_speed(t);
    else
        print_line("failed: %s", json_text(t, "error"));
    putchar('\n');
    fflush(stdout);
}

/* The labels that a role names, each once. */
static json_t *labels_in_use(const json_t *servers)
{
    json_t *labels = json_array();
    const json_t *server, *m;
    size_t i, k;

    json_array_foreach(json_at(servers, "servers"), i, server)
        json_array_foreach(json_at(server, "models"), k, m)
            for (size_t r = 0; r < json_array_size(json_at(m, "roles")); r++) {
                const char *role = json_string_value(json_array_get(json_at(m, "roles"), r));

                if (strcmp(role, "embedding") == 0 || strcmp(role, "speech") == 0)
                    continue;       /* they do not talk */
                json_array_append(labels, json_at(m, "label"));
                break;
            }
    return labels;
}

static enum err test_all(struct asked *a, const json_t *labels) AWAITS
{
    CLEANUP(json_decrefp) json_t *results = json_array();
    const json_t *label;
    size_t i, bad = 0;

    json_array_foreach(labels, i, label) {
        json_t *one;

        TRY(test_one(a, json_string_value(label), &one));
        json_array_append_new(results, one);
        bad += !json_flag(one, "ok");
        if (!a->cli->json)
            print_test(one);
    }
    if (a->cli->json)
        cli_print_json(results);
    if (i == 0)
        return failed(ERR_NOT_FOUND, "no model is in use; `clawdbot models list` shows what there is, and any of it may be named");
    return bad ? failed(ERR_REMOTE, "%zu of %zu model%s did not answer", bad, i, i == 1 ? "" : "s") : OK;
}

static enum err test_fiber(void *arg) AWAITS
{
    CLEANUP(asked_done) struct asked a = { .cli = arg };
    CLEANUP(json_decrefp) json_t *servers = NULL, *labels = NULL;

    TRY(get_servers(&a, &servers));
    labels = a.cli->n_words ? json_pack("[s]", a.cli->words[0]) : labels_in_use(servers);
    return test_all(&a, labels);
}

enum err command_models_test(struct cli *c)
{
    TRY(cli_want_words(c, 0, 1));
    return cli_in_loop(c, test_fiber);
}
