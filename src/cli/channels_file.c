// SPDX-License-Identifier: Apache-2.0
/* The file that `channels add` writes, and what goes into it from the command line. */
#include <errno.h>
#include <string.h>

#include "channel/registry.h"
#include "cli/channels.h"
#include "cli/setup.h"
#include "config/value.h"

enum { NAMES_MAX = 64 };

enum err channel_named(struct cli *c, const char *name, const struct channel **out)
{
    const char *names[NAMES_MAX];
    size_t n = 0;

    *out = channel_find(str_from(name));
    if (*out)
        return OK;
    for (; n < NAMES_MAX && channel_at(n); n++)
        names[n] = channel_at(n)->name;
    const char *near = name_nearest(str_from(name), names, n);

    if (near)
        return cli_usage(c, "there is no channel '%.60s'; did you mean '%s'?", name, near);
    return cli_usage(c, "there is no channel '%.60s'; `clawdbot channels list --all` has them", name);
}

const char *channel_option_key(const struct channel *c, const struct option *o)
{
    str path = str_from(o->path);

    return str_eat(&path, S("platforms.")) && str_eat(&path, str_from(c->name)) && str_eat(&path, S(".")) ? path.p : NULL;
}

bool channel_owns(const struct channel *c, const struct option *o)
{
    return channel_option_key(c, o) != NULL;
}

enum err channel_file(struct cli *c, const struct channel *channel, const char **ret_path)
{
    struct config_inputs in;
    const char *home;

    cli_inputs(c, &in);
    TRY(config_home(c->arena, &in, &home));
    *ret_path = arena_printf(c->arena, "%s/config/channels/%s.yaml", home, channel->name);
    return OK;
}

const char *channel_secret_name(struct arena *a, const struct channel *c, const struct option *o)
{
    return arena_printf(a, "%s.%s", c->name, channel_option_key(c, o));
}

/* ---- writing ---- */

/* "a.b.c" behind "a.b.x" opens nothing; behind "a.x" it opens b. */
static const char *open_sections(struct buf *b, const char *key, const char *before)
{
    unsigned depth = 2;
    const char *dot;

    for (; (dot = strchr(key, '.')); key = dot + 1, depth++) {
        size_t n = (size_t)(dot - key) + 1;

        if (before && strncmp(before, key, n) == 0) {
            before += n;
            continue;
        }
        before = NULL;
        buf_addf(b, "%*s%.*s:\n", (int)depth * 2, "", (int)n - 1, key);
    }
    buf_addf(b, "%*s%s: ", (int)depth * 2, "", key);
    return key;
}

void channel_render(struct buf *b, const struct channel *c, const struct channel_answers *all)
{
    const char *before = NULL;

    buf_addf(b, "# Written by `clawdbot channels add %s`, which writes it anew each time; `clawdbot channels remove %s` deletes it.\n"
                "# What you write in default.yaml wins.\nplatforms:\n  %s:\n", c->name, c->name, c->name);
    for (size_t i = 0; i < N_OPTIONS; i++)          /* in the table's order: sections stand together there */
        for (size_t k = 0; k < all->n; k++) {
            const char *value = all->row[k].value;

            if (all->row[k].option != &options[i])
                continue;
            (void)open_sections(b, channel_option_key(c, &options[i]), before);
            before = channel_option_key(c, &options[i]);
            if (*value == '{' || *value == '[')
                buf_addf(b, "%s", value);
            else
                setup_quote(b, value);
            buf_add_char(b, '\n');
        }
}

/* ---- --set ---- */

static const struct option *find_key(const struct channel *c, str key)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *known = channel_option_key(c, &options[i]);

        if (known && (str_eq(key, str_from(known)) || str_eq(key, str_from(options[i].path))))
            return &options[i];
    }
    return NULL;
}

static enum err unknown_key(struct cli *cli, const struct channel *c, str key)
{
    CLEANUP(buf_done) struct buf keys = { 0 };

    for (size_t i = 0; i < N_OPTIONS; i++)
        if (channel_owns(c, &options[i]))
            buf_addf(&keys, "%s%s", keys.len ? ", " : "", channel_option_key(c, &options[i]));
    return cli_usage(cli, "%s has no setting '%.*s'; it has %s", c->title, STR(str_take(key, 60)), buf_c(&keys));
}

static enum err secret_of(struct cli *c, const char *typed, const char **out)
{
    CLEANUP(buf_done) struct buf b = { .max = 64 << 10 };
    char piece[4096];
    size_t n;

    *out = typed;
    if (*typed != '@')
        return OK;
    FILE *f = fopen(typed + 1, "re");

    if (!f)
        return failed(ERR_IO, "%s: %s", typed + 1, strerror(errno));
    while ((n = fread(piece, 1, sizeof piece, f)))
        buf_add(&b, str_of(piece, n));
    fclose(f);
    *out = arena_c(c->arena, str_trim(buf_str(&b)));
    return OK;
}

/* Not every dotted word is ours: --set server.port=1 is for the settings. */
static bool is_ours(const struct channel *c, str key)
{
    str prefix = str_from(c->name), rest = key;

    if (str_find_char(key, '.') == STR_NONE || find_key(c, key))
        return true;
    return str_eat(&rest, S("platforms.")) && str_eat(&rest, prefix) && str_eat(&rest, S("."));
}

static enum err take_set(struct cli *cli, const struct channel *c, str set, struct channel_answers *all)
{
    size_t equals = str_find_char(set, '=');
    str key = str_take(set, equals);
    const struct option *o = find_key(c, key);
    const char *value;

    if (equals == STR_NONE)
        return cli_usage(cli, "--set wants KEY=VALUE, not '%.*s'", STR(str_take(set, 60)));
    if (!o)
        return unknown_key(cli, c, key);
    if (all->n == CHANNEL_ANSWERS_MAX)
        return cli_usage(cli, "more than %d settings", CHANNEL_ANSWERS_MAX);
    value = arena_c(cli->arena, str_skip(set, equals + 1));
    if (o->type == OPTION_SECRET)
        TRY(secret_of(cli, value, &value));
    all->row[all->n++] = (struct channel_answer){ o, value };
    return OK;
}

enum err channel_take_sets(struct cli *cli, const struct channel *c, struct channel_answers *all)
{
    size_t kept = 0;

    for (size_t i = 0; i < cli->n_given; i++) {
        str value = str_from(cli->given[i].value);
        bool ours = strcmp(cli->given[i].flag->name, "set") == 0 && is_ours(c, str_take(value, str_find_char(value, '=')));

        if (ours)
            TRY(take_set(cli, c, value, all));
        else
            cli->given[kept++] = cli->given[i];
    }
    cli->n_given = kept;
    return OK;
}
