// SPDX-License-Identifier: Apache-2.0
/* channels list | show | remove | test */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "channel/registry.h"
#include "channel/start.h"
#include "cli/channels.h"

/* ---- what the commands share ---- */

bool cli_is_chinese(void)
{
    static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
    const char *set = config_now()->language;

    if (strcmp(set, "auto"))
        return strcmp(set, "zh") == 0;
    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return strncmp(value, "zh", 2) == 0;
    }
    return false;
}

enum err channels_load(struct cli *c, struct keeper *k)
{
    CLEANUP(config_report_done) struct config_report report = { 0 };

    TRY(cli_load_config(c));
    k->local.has_config = true;
    if (cli_gateway_runs(c) || config_secret_count() == 0)
        return OK;
    TRY(keeper_open(k, LOCAL_EXISTING));
    enum err e = keeper_resolve(k, &report);

    cli_print_report(stderr, &report);
    return e;
}

enum err channels_reload_gateway(struct cli *c)
{
    CLEANUP(json_decrefp) json_t *report = NULL;
    json_t *note;
    size_t i;

    TRY(remote_call(c, "POST", "/api/v1/admin/reload", NULL, &report));
    json_array_foreach(json_at(report, "notes"), i, note)
        fprintf(stderr, "%s: %s: %s\n", json_text(note, "severity"), json_text(note, "where"), json_text(note, "text"));
    return json_flag(report, "ok") ? OK : failed(ERR_INPUT, "the gateway keeps its settings as they were: they have errors");
}

/* ---- list and show ---- */

/* As the gateway tells it, or as the settings say. */
static enum err all_channels(struct cli *c, json_t **out) AWAITS
{
    CLEANUP(keeper_close) struct keeper k = { .cli = c };
    CLEANUP(json_decrefp) json_t *list = json_array();

    if (cli_gateway_runs(c))
        return remote_call(c, "GET", "/api/v1/channels", NULL, out);
    if (channels_load(c, &k))
        fprintf(stderr, "note: which channels are set up is not sure: %s\n", failed_text());
    for (size_t i = 0; channel_at(i); i++) {
        json_t *one = channel_status(channel_at(i));

        if (channel_at(i)->configured()) {
            json_object_set_new(one, "configured", json_true());
            json_object_set_new(one, "state", json_string("no gateway runs"));
        }
        json_array_append_new(list, one);
    }
    *out = json_pack("{s:O}", "channels", list);
    return OK;
}

static void add_abilities(json_t *one, const struct channel *c)
{
    static const char *const units[] = { "UTF-16 units", "characters", "bytes" };
    json_t *can = json_pack("{s:I, s:s, s:b, s:b, s:b, s:I}", "text_max", (json_int_t)c->text_max, "text_unit", units[c->unit], "edits",
                            (int)c->edits, "typing", (int)c->typing, "files", (int)c->files, "file_max", (json_int_t)c->file_max);

    json_object_set_new(one, "can", can);
    json_object_set_new(one, "way_in", json_string(c->called ? "webhook" : c->webhook ? "connection or webhook" : "connection"));
    json_object_set_new(one, "page", json_sprintf("docs/channels/%s.md", c->name));
}

static void print_row(const json_t *j)
{
    const char *who = json_text(j, "who"), *text = json_text(j, "text");

    printf("%-12s %-16s", json_text(j, "name"), json_flag(j, "configured") ? json_text(j, "state") : "not set up");
    cli_print_text(stdout, json_flag(j, "configured") ? str_from(text) : json_text_str(j, "title"));
    if (*who && strcmp(who, text)) {
        printf("%s", *text ? "; as " : "as ");
        cli_print_text(stdout, str_from(who));
    }
    if (*json_text(j, "last_in"))
        printf("; last message %.19s", json_text(j, "last_in"));
    puts(*json_text(j, "proven_by") ? "" : " (unproven)");
}

static enum err list_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *all = NULL;
    struct cli *c = arg;
    size_t i, shown = 0;
    json_t *one;

    TRY(all_channels(c, &all));
    json_array_foreach(json_at(all, "channels"), i, one)
        if (channel_find(json_text_str(one, "name")))
            add_abilities(one, channel_find(json_text_str(one, "name")));
    if (c->json) {
        cli_print_json(json_at(all, "channels"));
        return OK;
    }
    json_array_foreach(json_at(all, "channels"), i, one)
        if (json_flag(one, "configured") || cli_flag(c, "all")) {
            print_row(one);
            shown++;
        }
    if (shown == 0)
        puts("no channel is set up; `clawdbot channels list --all` has those there are, `clawdbot channels add NAME` sets one up");
    return OK;
}

enum err command_channels_list(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, list_fiber);
}

static void add_settings(json_t *one, const struct channel *c)
{
    CLEANUP(json_decrefp) json_t *all = config_show();
    json_t *settings = json_object(), *row;
    size_t i;

    json_array_foreach(all, i, row) {
        const struct option *o = option_find(json_text_str(row, "path"));

        if (o && channel_owns(c, o) && strcmp(json_text(row, "from"), "default"))
            json_object_set_new(settings, channel_option_key(c, o),
                                json_pack("{s:O, s:s}", "value", json_object_get(row, "value"), "from", json_text(row, "from")));
    }
    json_object_set_new(one, "settings", settings);
}

static enum err show_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *all = NULL;
    const struct channel *channel;
    struct cli *c = arg;
    json_t *one;
    size_t i;

    TRY(channel_named(c, c->words[0], &channel));
    TRY(all_channels(c, &all));
    if (cli_gateway_runs(c))        /* its settings, as the files have them */
        TRY(cli_load_config(c));
    json_array_foreach(json_at(all, "channels"), i, one)
        if (strcmp(json_text(one, "name"), channel->name) == 0) {
            add_settings(one, channel);
            add_abilities(one, channel);
            if (c->json)
                cli_print_json(one);
            else
                cli_print_fields(one);
        }
    return OK;
}

enum err command_channels_show(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, show_fiber);
}

/* ---- test ---- */

static enum err tell_tested(struct cli *c, const struct channel *channel, const json_t *r)
{
    const char *who = json_text(r, "who"), *error = json_text(r, "error");

    if (c->json)
        cli_print_json(r);
    if (!c->json && *who) {
        printf("%s knows us as ", channel->title);
        cli_print_text(stdout, str_from(who));
        putchar('\n');
    }
    if (!c->json)
        printf("the channel is %s%s%s\n", json_text(r, "status.state"), *json_text(r, "status.text") ? ": " : "",
               json_text(r, "status.text"));
    if (!c->json && json_at(r, "sent"))
        printf("the line is %s%s%s\n", json_text(r, "sent.state"), *json_text(r, "sent.error") ? ": " : "", json_text(r, "sent.error"));
    if (*error)
        return failed(ERR_REMOTE, "%s does not work: %s", channel->title, error);
    if (!json_flag(r, "ok"))
        return failed(ERR_REMOTE, "%s does not work yet", channel->title);
    if (!json_flag(r, "checked") && !c->json)
        puts("nothing could be asked of it; `--to CHAT` sends a line, which shows whether it works");
    return OK;
}

static enum err try_here(struct cli *c, const struct channel *channel) AWAITS
{
    CLEANUP(json_decrefp) json_t *r = NULL;
    str who = S("");

    if (!channel->configured())
        return failed(ERR_NOT_FOUND, "%s is not set up: clawdbot channels add %s", channel->title, channel->name);
    if (!channel->check)
        return failed(ERR_NET, "whether %s works shows when the gateway runs", channel->title);
    TRY(channel->check(c->arena, &who));
    r = json_pack("{s:o, s:b, s:b, s:{s:s}}", "who", json_from_str(who), "ok", 1, "checked", 1, "status", "state",
                  "not running: start it with `clawdbot gateway`");
    return tell_tested(c, channel, r);
}

enum err channel_try(struct cli *c, const struct channel *channel, const char *to, const char *text)
{
    CLEANUP(json_decrefp) json_t *body = json_object(), *r = NULL;
    CLEANUP(keeper_close) struct keeper k = { .cli = c };

    if (!cli_gateway_runs(c)) {
        if (to)
            return failed(ERR_NET, "only a running gateway sends: start it with `clawdbot gateway`");
        TRY(channels_load(c, &k));
        return try_here(c, channel);
    }
    if (to)
        json_object_set_new(body, "to", json_string(to));
    if (text)
        json_object_set_new(body, "text", json_string(text));
    TRY(remote_call(c, "POST", arena_printf(c->arena, "/api/v1/channels/%s/test", channel->name), body, &r));
    return tell_tested(c, channel, r);
}

static enum err test_fiber(void *arg) AWAITS
{
    const struct channel *channel;
    struct cli *c = arg;

    TRY(channel_named(c, c->words[0], &channel));
    return channel_try(c, channel, cli_flag(c, "to"), cli_flag(c, "text"));
}

enum err command_channels_test(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, test_fiber);
}

/* ---- remove ---- */

/* Those that `channels add` keeps; others of that name may be somebody else's. */
static enum err forget_secrets(struct cli *c, const struct channel *channel) AWAITS
{
    CLEANUP(keeper_close) struct keeper k = { .cli = c };

    TRY(keeper_open(&k, LOCAL_MADE));
    for (size_t i = 0; i < N_OPTIONS; i++) {
        if (!channel_owns(channel, &options[i]) || options[i].type != OPTION_SECRET)
            continue;
        const char *name = channel_secret_name(c->arena, channel, &options[i]);

        bool known = false;

        for (size_t n = 0; !known && n < keeper_count(&k); n++)
            known = str_eq(keeper_name(&k, n), str_from(name));
        if (known)
            TRY(keeper_forget(&k, name));
    }
    return OK;
}

/* Layers above still say it. */
static void tell_what_is_left(struct cli *c, const struct channel *channel)
{
    CLEANUP(json_decrefp) json_t *one = json_object();
    const char *key;
    json_t *row;

    if (cli_load_config(c))
        return;
    add_settings(one, channel);
    json_object_foreach(json_at(one, "settings"), key, row)
        printf("Mind: platforms.%s.%s is also set in %s: take it out there\n", channel->name, key, json_text(row, "from"));
}

static enum err remove_fiber(void *arg) AWAITS
{
    const struct channel *channel;
    struct cli *c = arg;
    const char *path;

    TRY(channel_named(c, c->words[0], &channel));
    TRY(channel_file(c, channel, &path));
    bool was_there = unlink(path) == 0;

    if (!was_there && errno != ENOENT)
        return failed(ERR_IO, "%s: %s", path, strerror(errno));
    if (cli_gateway_runs(c))
        TRY(channels_reload_gateway(c));
    if (was_there)
        TRY(forget_secrets(c, channel));
    if (!c->json)
        printf(was_there ? "%s is removed\n" : "%s was not set up by `clawdbot channels add`\n", channel->title);
    tell_what_is_left(c, channel);
    return OK;
}

enum err command_channels_remove(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, remove_fiber);
}
