// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <string.h>

#include "cli/cli.h"
#include "config/options.h"

const struct command commands[] = {
#define COMMAND(fn, words, arguments, summary) { words, arguments, summary, command_##fn },
#include "cli/commands.def"
};
const size_t n_commands = N_ELEMENTS(commands);

const struct flag flags[] = {
#define FLAG(words, name, value, doc) { words, name, value, doc },
#include "cli/commands.def"
};
const size_t n_flags = N_ELEMENTS(flags);

enum err cli_usage(struct cli *c, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    c->exit_code = CLI_USAGE;
    return failed(ERR_INPUT, "%s", text);
}

const char *cli_flag(const struct cli *c, const char *name)
{
    for (size_t i = c->n_given; i-- > 0; )
        if (strcmp(c->given[i].flag->name, name) == 0)
            return c->given[i].value;
    return NULL;
}

/* Keeps the nearest of what it is shown. */
struct nearest { str word; unsigned distance; };

static void consider(struct nearest *n, str typed, str known)
{
    unsigned d = edit_distance(typed, known, 3);

    if (d < n->distance && d * 2 <= typed.len)
        *n = (struct nearest){ known, d };
}

static enum err unknown(struct cli *c, const char *kind, str typed, const struct nearest *n, const char *before)
{
    if (n->word.p)
        return cli_usage(c, "unknown %s '%s%.*s'; did you mean '%s%.*s'?", kind, before, STR(str_take(typed, 60)), before,
                         STR(n->word));
    return cli_usage(c, "unknown %s '%s%.*s'; see clawdbot --help", kind, before, STR(str_take(typed, 60)));
}

static bool applies(const struct flag *f, const struct cli *c)
{
    return *f->words == '\0' || (c->command && strcmp(f->words, c->command->words) == 0);
}

static enum err find_flag(struct cli *c, str name, const struct flag **out)
{
    struct nearest near = { NO_STR, 4 };

    for (size_t i = 0; i < n_flags; i++) {
        if (!applies(&flags[i], c))
            continue;
        if (str_eq(str_from(flags[i].name), name)) {
            *out = &flags[i];
            return OK;
        }
        consider(&near, name, str_from(flags[i].name));
    }
    return unknown(c, "flag", name, &near, "--");
}

/* argv[*at] is a flag; takes its value along. */
static enum err take_flag(struct cli *c, int argc, char **argv, int *at)
{
    str text = str_from(argv[*at]);
    const struct flag *f;
    const char *value = "";

    if (str_eq(text, S("-h")))
        text = S("--help");
    if (str_eq(text, S("-V")))
        text = S("--version");
    if (!str_eat(&text, S("--")))
        return cli_usage(c, "unknown flag '%.60s'; see clawdbot --help", argv[*at]);
    size_t equals = str_find_char(text, '=');

    TRY(find_flag(c, str_take(text, equals), &f));
    if (equals != STR_NONE)
        value = text.p + equals + 1;
    if (equals != STR_NONE && *f->value == '\0' && !(strcmp(f->name, "help") == 0 && strcmp(value, "man") == 0))
        return cli_usage(c, "--%s takes no value", f->name);
    if (equals == STR_NONE && *f->value) {
        if (*at + 1 >= argc)
            return cli_usage(c, "--%s needs a value: --%s %s", f->name, f->name, f->value);
        value = argv[++*at];
    }
    if (c->n_given == CLI_FLAGS_MAX)
        return cli_usage(c, "more than %d flags", CLI_FLAGS_MAX);
    c->given[c->n_given].flag = f;
    c->given[c->n_given++].value = value;
    return OK;
}

/* The first word of a row, and whether there is a second. */
static str first_word(const struct command *row, str *ret_second)
{
    str rest = str_from(row->words), word = NO_STR;

    str_split(&rest, ' ', &word);
    *ret_second = rest;
    return word;
}

/* Rows whose words begin with these; *ret_group: one needs a further word. */
static enum err find_command(struct cli *c, str first, str second, bool *ret_group)
{
    struct nearest near = { NO_STR, 4 };
    bool group = false;

    for (size_t i = 0; i < n_commands; i++) {
        str behind, word = first_word(&commands[i], &behind);

        if (!str_eq(word, first)) {
            if (!group && second.p == NULL)
                consider(&near, first, word);
            continue;
        }
        if (str_eq(behind, second)) {
            c->command = &commands[i];
            return OK;
        }
        if (!group)
            near = (struct nearest){ NO_STR, 4 };
        group = true;
        if (second.p)
            consider(&near, second, behind);
    }
    *ret_group = group && second.p == NULL;
    if (*ret_group)
        return OK;
    if (second.p)
        return unknown(c, "command", second, &near, arena_printf(c->arena, "%.*s ", STR(first)));
    return unknown(c, "command", first, &near, "");
}

enum err cli_parse(struct cli *c, int argc, char **argv)
{
    str first = NO_STR;
    bool group = false, only_words = false;

    c->exit_code = CLI_FAILED;
    c->words = arena_alloc(c->arena, ((size_t)argc + 1) * sizeof *c->words);
    for (int i = 1; i < argc; i++) {
        str word = str_from(argv[i]);

        if (!only_words && str_eq(word, S("--"))) {
            only_words = true;
        } else if (!only_words && word.len > 1 && word.p[0] == '-') {
            TRY(take_flag(c, argc, argv, &i));
        } else if (c->command) {
            c->words[c->n_words++] = argv[i];
        } else {
            TRY(find_command(c, first.p ? first : word, first.p ? word : NO_STR, &group));
            first = word;
        }
    }
    c->json = cli_flag(c, "json") != NULL;
    if (c->command == NULL && group && !cli_flag(c, "help")) {
        cli_group_help(first.p, stderr);
        return cli_usage(c, "'%s' is a group of commands: which one?", first.p);
    }
    if (group && c->command == NULL)
        c->words[c->n_words++] = first.p;       /* help finds the group here */
    return OK;
}

enum err cli_want_words(struct cli *c, size_t least, size_t most)
{
    if (c->n_words < least)
        return cli_usage(c, "usage: clawdbot %s%s%s", c->command->words, *c->command->arguments ? " " : "",
                         c->command->arguments);
    if (c->n_words > most)
        return cli_usage(c, "'%.60s' is one word too many; usage: clawdbot %s%s%s", c->words[most], c->command->words,
                         *c->command->arguments ? " " : "", c->command->arguments);
    return OK;
}

enum err cli_number(struct cli *c, const char *flag, uint64_t otherwise, uint64_t *out)
{
    const char *text = cli_flag(c, flag);

    if (text == NULL)
        *out = otherwise;
    else if (str_u64(str_from(text), out))
        return cli_usage(c, "--%s wants a whole number, not '%.60s'", flag, text);
    return OK;
}
