// SPDX-License-Identifier: Apache-2.0
/* config check | show | schema */
#include <string.h>

#include "base/json.h"
#include "channel/chats.h"
#include "cli/keeper.h"
#include "gateway/agents.h"
#include "gateway/models.h"
#include "model/budget.h"

static json_t *report_json(const struct config_report *r)
{
    json_t *all = json_array();

    for (const struct config_note *n = r->first; n; n = n->next)
        json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "severity", n->error ? "error" : "warning",
                                             "where", n->where, "text", n->text));
    return all;
}

/* Once more with the secrets in their places, where they can be had; else *ret_why says why not. */
static enum err resolve(struct cli *c, struct config_report *r, const char **ret_why) AWAITS
{
    CLEANUP(keeper_close) struct keeper k = { .cli = c, .local = { .has_config = true } };

    if (keeper_open(&k, LOCAL_EXISTING)) {
        *ret_why = arena_c(c->arena, str_from(failed_text()));
        return OK;
    }
    config_report_done(r);
    *r = (struct config_report){ 0 };
    return keeper_resolve(&k, r);
}

/* The latest failure as a note among the others. */
static enum err refuse(struct config_report *r)
{
    config_report_add(r, failed_text());
    return ERR_INPUT;
}

static enum err check_fiber(void *arg) AWAITS
{
    CLEANUP(config_report_done) struct config_report r = {0};
    struct cli *c = arg;
    struct config_inputs in;
    const char *why = NULL;

    cli_inputs(c, &in);
    enum err e = config_load(&in, &r);

    if (e == OK && config_secret_count())
        e = resolve(c, &r, &why);
    bool loads = e == OK;

    if (e && r.n_errors == 0)
        return e;
    if (loads)
        e = config_check_startable(&r);
    if (e == OK && ((why == NULL && (models_check() || budgets_check())) || agents_check() || chats_check()))
        e = refuse(&r);
    if (c->json) {
        CLEANUP(json_decrefp) json_t *j = json_pack("{s:b, s:b, s:b, s:o}", "loads", loads, "startable", e == OK,
                                                    "secrets_checked", why == NULL, "notes", report_json(&r));

        cli_print_json(j);
    } else {
        cli_print_report(stdout, &r);
        if (e == OK)
            printf("the settings are good%s\n", r.n_warnings ? ", but for the warnings above" : "");
        if (why)
            printf("note: whether the secrets that they name are there could not be checked: %s\n", why);
    }
    return e ? failed(e, loads ? "the settings load, and the gateway would not start with them" : "the settings do not load") : OK;
}

enum err command_config_check(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, check_fiber);
}

static bool is_wanted(const struct cli *c, const json_t *setting)
{
    const char *path = json_text(setting, "path");

    for (size_t i = 0; i < c->n_words; i++) {
        size_t n = strlen(c->words[i]);

        if (strncmp(path, c->words[i], n) == 0 && (path[n] == '\0' || path[n] == '.'))
            return true;
    }
    return c->n_words == 0 && (cli_flag(c, "all") || strcmp(json_text(setting, "from"), "default"));
}

static void print_setting(const json_t *setting)
{
    const json_t *value = json_object_get(setting, "value");
    CLEANUP(buf_done) struct buf text = {0};

    if (json_is_string(value))
        buf_add(&text, json_strval(value));
    else if (!json_is_null(value))
        json_print_to(&text, value);
    printf("%s: ", json_text(setting, "path"));
    cli_print_text(stdout, buf_str(&text));
    printf("  # %s%s\n", json_text(setting, "from"), strcmp(json_text(setting, "when"), "unbuilt") ? "" : ", not built yet");
}

enum err command_config_show(struct cli *c)
{
    TRY(cli_load_config(c));
    CLEANUP(json_decrefp) json_t *all = config_show();
    CLEANUP(json_decrefp) json_t *wanted = json_array();
    json_t *setting;
    size_t i;

    json_array_foreach(all, i, setting)
        if (is_wanted(c, setting))
            json_array_append(wanted, setting);
    if (c->n_words && json_array_size(wanted) == 0)
        return cli_usage(c, "there is no setting '%.60s'", c->words[0]);
    if (c->json) {
        cli_print_json(wanted);
        return OK;
    }
    json_array_foreach(wanted, i, setting)
        print_setting(setting);
    if (json_array_size(wanted) == 0)
        printf("every setting has its default; see them with --all\n");
    return OK;
}

enum err command_config_schema(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    CLEANUP(json_decrefp) json_t *schema = config_schema();

    json_dumpf(schema, stdout, c->json ? JSON_COMPACT : JSON_INDENT(2));
    putchar('\n');
    return OK;
}
