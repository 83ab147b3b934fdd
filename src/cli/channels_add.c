// SPDX-License-Identifier: Apache-2.0
/* channels add: asks what a platform needs, keeps it, and tries it. */
#include <string.h>

#include "base/json.h"
#include "cli/channels.h"
#include "cli/prompt.h"
#include "cli/setup.h"
#include "config/value.h"

struct adding {
    struct cli             *cli;
    const struct channel   *channel;
    struct channel_answers  answers;
    bool                    chinese, ended;     /* ended: there is nobody to ask any more */
};

static const char *in(const struct adding *a, const char *english, const char *chinese) __attribute__((format_arg(2), format_arg(3)));
static const char *in(const struct adding *a, const char *english, const char *chinese)
{
    return a->chinese ? chinese : english;
}

static struct channel_answer *answer_to(struct adding *a, const struct option *o)
{
    for (size_t i = 0; i < a->answers.n; i++)
        if (a->answers.row[i].option == o)
            return &a->answers.row[i];
    return NULL;
}

/* ---- the values ---- */

static enum err check_value(struct adding *a, const struct channel_answer *x)
{
    struct config scratch = *config_now();

    if (*x->value == '{' || *x->value == '[')
        return OK;          /* YAML: the settings say what is wrong with it */
    if (value_parse(a->cli->arena, x->option, str_from(x->value), &scratch))
        return failed_in(ERR_INPUT, "%s ", x->option->path);
    return OK;
}

static enum err ask(struct adding *a, const struct channel_key *key, const struct option *o, const char **out) AWAITS
{
    str line;

    *out = "";
    printf("%s%s: ", in(a, key->ask_en, key->ask_zh), key->optional ? in(a, " (Enter: none)", "（回车跳过）") : "");
    fflush(stdout);
    TRY(prompt_line(a->cli->arena, o->type == OPTION_SECRET ? HIDDEN : SHOWN, &line));
    a->ended = line.p == NULL;
    if (a->ended)
        putchar('\n');
    else
        *out = line.p;
    return OK;
}

/* Until the answer is one. */
static enum err settle(struct adding *a, const struct channel_key *key, const struct option *o) AWAITS
{
    struct channel_answer x = { o, "" };

    while (!a->ended) {
        TRY(ask(a, key, o, &x.value));
        if (*x.value == '\0' && (key->optional || a->ended))
            break;
        if (*x.value && check_value(a, &x) == OK && a->answers.n < CHANNEL_ANSWERS_MAX) {
            a->answers.row[a->answers.n++] = x;
            return OK;
        }
        puts(*x.value ? failed_text() : in(a, "It is needed.", "此项必填。"));
    }
    if (key->optional)
        return OK;
    return cli_usage(a->cli, "%s is needed: answer the question, or give --set %s=VALUE", o->path, channel_option_key(a->channel, o));
}

static enum err ask_what_is_missing(struct adding *a) AWAITS
{
    bool scripted = a->answers.n > 0;

    for (size_t i = 0; i < a->channel->n_keys; i++) {
        const struct channel_key *key = &a->channel->keys[i];
        const struct option *o = option_find(str_from(key->option));

        if (!o)
            return failed(ERR_BUG, "%s asks for %s, which is no setting", a->channel->name, key->option);
        if (answer_to(a, o) || (scripted && key->optional))
            continue;
        if (scripted)
            return cli_usage(a->cli, "%s is needed: give --set %s=VALUE too", o->path, channel_option_key(a->channel, o));
        TRY(settle(a, key, o));
    }
    return OK;
}

/* ---- keeping ---- */

/* Into the store of secrets, where there is one; else they stand in the file, which only its user can read. */
static enum err keep_secrets(struct adding *a) AWAITS
{
    CLEANUP(keeper_close) struct keeper k = { .cli = a->cli, .local = { .has_config = true } };
    bool can = keeper_open(&k, LOCAL_MADE) == OK;

    if (!can)
        fprintf(stderr, "note: the secrets stay in the file: %s\n", failed_text());
    for (size_t i = 0; can && i < a->answers.n; i++) {
        struct channel_answer *x = &a->answers.row[i];

        if (x->option->type != OPTION_SECRET || *x->value == '{')
            continue;
        const char *name = channel_secret_name(a->cli->arena, a->channel, x->option);

        TRY(keeper_keep(&k, name, str_from(x->value)));
        x->value = arena_printf(a->cli->arena, "{secret: %s}", name);
    }
    return OK;
}

static enum err keep(struct adding *a, const char **ret_path) AWAITS
{
    CLEANUP(buf_done) struct buf text = { 0 };

    TRY(keep_secrets(a));
    TRY(channel_file(a->cli, a->channel, ret_path));
    channel_render(&text, a->channel, &a->answers);
    return setup_put(a->cli, *ret_path, buf_str(&text));
}

static void tell_what_is_next(const struct adding *a)
{
    if (a->cli->json)
        return;
    if (!a->channel->proven_by)
        printf(in(a, "Mind: no program of %s itself has driven the tests of this channel; tell us what you find.\n",
                  "注意：此渠道尚未用 %s 官方客户端验证过；有问题请告诉我们。\n"), a->channel->title);
    printf(in(a, "Next: write to it on %s. It answers with a code; `clawdbot pair CODE` lets you in.\nMore: docs/channels/%s.md\n",
              "下一步：在 %s 上给它发消息，它会回复一个配对码；用 `clawdbot pair CODE` 通过。\n详见 docs/channels/%s.md\n"),
           a->channel->title, a->channel->name);
}

static enum err add_fiber(void *arg) AWAITS
{
    struct adding a = { .cli = arg };
    const char *path;

    TRY(channel_named(a.cli, a.cli->words[0], &a.channel));
    TRY(channel_take_sets(a.cli, a.channel, &a.answers));
    TRY(cli_load_config(a.cli));
    a.chinese = cli_is_chinese();
    for (size_t i = 0; i < a.answers.n; i++)
        TRY(check_value(&a, &a.answers.row[i]));
    TRY(ask_what_is_missing(&a));
    TRY(keep(&a, &path));
    if (!a.cli->json)
        printf(in(&a, "Written to %s.\n", "已写入 %s\n"), path);
    if (cli_gateway_runs(a.cli))
        TRY(channels_reload_gateway(a.cli));
    enum err e = channel_try(a.cli, a.channel, NULL, NULL);

    if (e == OK)
        tell_what_is_next(&a);
    return e;
}

enum err command_channels_add(struct cli *c)
{
    TRY(cli_want_words(c, 1, 1));
    return cli_in_loop(c, add_fiber);
}
