// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/json.h"
#include "cli/cli.h"
#include "config/options.h"

enum { LEFT = 26 };

static void print_flag(FILE *out, const struct flag *f)
{
    char left[64];

    snprintf(left, sizeof left, "--%s%s%s", f->name, *f->value ? " " : "", f->value);
    fprintf(out, "  %-*s %s\n", LEFT, left, f->doc);
}

static bool has_flags(const char *words)
{
    for (size_t i = 0; i < n_flags; i++)
        if (strcmp(flags[i].words, words) == 0)
            return true;
    return false;
}

static void print_flags(FILE *out, const char *words)
{
    for (size_t i = 0; i < n_flags; i++)
        if (strcmp(flags[i].words, words) == 0)
            print_flag(out, &flags[i]);
}

static bool in_group(const struct command *c, const char *group)
{
    size_t n = strlen(group);

    return strncmp(c->words, group, n) == 0 && (c->words[n] == ' ' || c->words[n] == '\0');
}

static void print_command(FILE *out, const struct command *c)
{
    char left[96];

    snprintf(left, sizeof left, "%s%s%s", c->words, *c->arguments ? " " : "", c->arguments);
    fprintf(out, "  %-*s %s\n", LEFT, left, c->summary);
}

void cli_group_help(const char *group, FILE *out)
{
    fprintf(out, "clawdbot %s:\n", group);
    for (size_t i = 0; i < n_commands; i++)
        if (in_group(&commands[i], group))
            print_command(out, &commands[i]);
}

static void command_help(const struct command *c, FILE *out)
{
    fprintf(out, "usage: clawdbot %s%s%s%s\n\n%s.\n", c->words, *c->arguments ? " " : "", c->arguments,
            has_flags(c->words) ? " [FLAGS]" : "", c->summary);
    if (has_flags(c->words)) {
        fprintf(out, "\n");
        print_flags(out, c->words);
    }
    fprintf(out, "\nFor every command:\n");
    print_flags(out, "");
}

static void program_help(FILE *out)
{
    fprintf(out, "usage: clawdbot COMMAND [FLAGS]\n\nA self-hosted AI assistant.\n\nCommands:\n");
    for (size_t i = 0; i < n_commands; i++)
        print_command(out, &commands[i]);
    fprintf(out, "\nFor every command:\n");
    print_flags(out, "");
    fprintf(out, "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 no gateway is running.\n");
}

static json_t *command_json(const struct command *c)
{
    json_t *all = json_array();

    for (size_t i = 0; i < n_flags; i++)
        if (*flags[i].words == '\0' || strcmp(flags[i].words, c->words) == 0)
            json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "name", flags[i].name, "value", flags[i].value,
                                                 "doc", flags[i].doc));
    return json_pack("{s:s, s:s, s:s, s:o}", "command", c->words, "arguments", c->arguments, "summary", c->summary,
                     "flags", all);
}

static void help_json(const struct cli *c, const char *group)
{
    CLEANUP(json_decrefp) json_t *all = json_array();

    for (size_t i = 0; i < n_commands; i++)
        if (c->command ? c->command == &commands[i] : group == NULL || in_group(&commands[i], group))
            json_array_append_new(all, command_json(&commands[i]));
    cli_print_json(all);
}

void cli_help(const struct cli *c, FILE *out)
{
    const char *group = c->command == NULL && c->n_words ? c->words[0] : NULL;

    if (c->json)
        help_json(c, group);
    else if (c->command)
        command_help(c->command, out);
    else if (group)
        cli_group_help(group, out);
    else
        program_help(out);
}

/* Text for roff: a backslash, and a dot or quote at the start of a line, are its own. */
static void roff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", out);
    for (; *text; text++)
        fputs(*text == '\\' ? "\\e" : *text == '-' ? "\\-" : (char[]){ *text, '\0' }, out);
}

static void manual_entry(FILE *out, const char *bold, const char *italic, const char *text)
{
    fputs(".TP\n\\fB", out);
    roff(out, bold);
    fputs("\\fR", out);
    if (*italic) {
        fputs(" \\fI", out);
        roff(out, italic);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    roff(out, text);
    fputs(".\n", out);
}

static void manual_flags(FILE *out, const char *words)
{
    char name[64];

    for (size_t i = 0; i < n_flags; i++) {
        if (strcmp(flags[i].words, words))
            continue;
        snprintf(name, sizeof name, "--%s", flags[i].name);
        manual_entry(out, name, flags[i].value, flags[i].doc);
    }
}

static void manual_settings(FILE *out)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        CLEANUP(buf_done) struct buf env = {0};
        CLEANUP(buf_done) struct buf doc = {0};
        const struct option *o = &options[i];

        option_env_name(&env, o);
        buf_addf(&doc, "%s. Wants %s", o->doc, option_type_name(o->type));
        if (*o->allowed)
            buf_addf(&doc, " (%s)", o->allowed);
        if (*o->otherwise)
            buf_addf(&doc, "; default %s", o->otherwise);
        buf_addf(&doc, ". Environment: %s", buf_c(&env));
        if (o->when == OPTION_RESTART)
            buf_add(&doc, S(". Takes effect at the next start"));
        else if (o->when == OPTION_UNBUILT)
            buf_add(&doc, S(". Known, not built yet"));
        manual_entry(out, o->path, "", buf_c(&doc));
    }
}

static const struct { const char *name, *doc; } variables[] = {
    { "CLAWDBOT_HOME",  "Where the state lives; else clawdbot in $XDG_DATA_HOME, that is ~/.local/share/clawdbot" },
    { "CLAWDBOT_ENV",   "Name of one more layer of settings: production reads production.yaml" },
    { "CLAWDBOT_FAULT", "Faults to inject, as `clawdbot debug fault` takes them" },
    { "CLAWDBOT_...",   "Every setting, under the name that stands with it" },
    { "OPENAI_API_KEY, OPENAI_BASE_URL, OLLAMA_HOST", "Where a model is looked for when none is configured" },
    { "NO_PROXY, HTTPS_PROXY, SSL_CERT_FILE", "As libcurl and OpenSSL read them" },
};

static const struct { const char *name, *doc; } files[] = {
    { "clawdbot.db", "Conversations, messages, the journal of turns, who may talk" },
    { "config/",     "setup.yaml, written by `clawdbot setup`; default.yaml and others, yours" },
    { "workspace/",  "What the assistant's tools see" },
    { "blobs/",      "Attachments" },
    { "run/",        "The command line's socket and the lock" },
};

void cli_manual(FILE *out)
{
    fputs(".TH CLAWDBOT 1\n.SH NAME\nclawdbot \\- a self\\-hosted AI assistant\n"
          ".SH SYNOPSIS\n\\fBclawdbot\\fR \\fICOMMAND\\fR [\\fIFLAGS\\fR]\n.SH COMMANDS\n", out);
    for (size_t i = 0; i < n_commands; i++) {
        manual_entry(out, commands[i].words, commands[i].arguments, commands[i].summary);
        if (has_flags(commands[i].words)) {
            fputs(".RS\n", out);
            manual_flags(out, commands[i].words);
            fputs(".RE\n", out);
        }
    }
    fputs(".SH FLAGS OF EVERY COMMAND\n", out);
    manual_flags(out, "");
    fputs(".SH SETTINGS\nLater wins: these defaults; setup.yaml, default.yaml and $CLAWDBOT_ENV.yaml in $CLAWDBOT_HOME/config; "
          "default.yaml and $CLAWDBOT_ENV.yaml beside the file given by \\-\\-config, that file, the environment, \\-\\-set.\n", out);
    manual_settings(out);
    fputs(".SH ENVIRONMENT\n", out);
    for (size_t i = 0; i < N_ELEMENTS(variables); i++)
        manual_entry(out, variables[i].name, "", variables[i].doc);
    fputs(".SH FILES\nIn $CLAWDBOT_HOME:\n", out);
    for (size_t i = 0; i < N_ELEMENTS(files); i++)
        manual_entry(out, files[i].name, "", files[i].doc);
    fputs(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage, 3 no gateway is running.\n", out);
}
