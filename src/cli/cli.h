// SPDX-License-Identifier: Apache-2.0
/* cli.h: what every subcommand is given, and how it ends.
 * A command returns an enum err; main prints the error's text, once, and turns it into the exit code. */
#pragma once
#include <stdio.h>

#include "config/config.h"

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_NO_GATEWAY = 3 };

struct cli;
struct command {
    const char *words, *arguments, *summary;
    enum err  (*run)(struct cli *);
};
struct flag { const char *words, *name, *value, *doc; };

extern const struct command commands[];
extern const size_t n_commands;
extern const struct flag flags[];
extern const size_t n_flags;

enum { CLI_FLAGS_MAX = 64 };
struct cli {
    struct arena         *arena;        /* lives as long as the program */
    const struct command *command;      /* NULL: none was named */
    const char          **words;        /* what follows the command's own words */
    size_t                n_words;
    bool                  json;
    struct { const struct flag *flag; const char *value; } given[CLI_FLAGS_MAX];
    size_t                n_given;
    enum cli_exit         exit_code;    /* of an error; CLI_FAILED unless said otherwise */
    bool                  told;         /* the error was shown already, as the answer: only the exit code is left */
};

/* args.c: fills in *c.  Errors are usage errors, with what may have been meant. */
enum err    cli_parse(struct cli *c, int argc, char **argv) MUST_USE;
const char *cli_flag(const struct cli *, const char *name);     /* its value (the last one), "" without one; NULL: not given */
enum err    cli_usage(struct cli *, const char *fmt, ...) MUST_USE __attribute__((format(printf, 2, 3)));
enum err    cli_want_words(struct cli *, size_t least, size_t most) MUST_USE;   /* by the row's "arguments" */
enum err    cli_number(struct cli *, const char *flag, uint64_t otherwise, uint64_t *out) MUST_USE;

/* help.c */
void cli_help(const struct cli *, FILE *);      /* of the command, or of the program */
void cli_group_help(const char *group, FILE *); /* "config": its commands */
void cli_manual(FILE *);

/* settings.c: loads the configuration; warnings and errors go to stderr with their places. */
void     cli_inputs(struct cli *, struct config_inputs *out);
enum err cli_load_config(struct cli *) MUST_USE;
enum err cli_check_startable(void) MUST_USE;
void     cli_print_report(FILE *, const struct config_report *);

/* output.c */
struct json_t;
void cli_print_json(const struct json_t *);             /* one line on stdout, or indented on a terminal */
void cli_print_fields(const struct json_t *);           /* an object as "name: value" lines, nested names dotted */
void cli_print_text(FILE *, str);                       /* what came from outside, without terminal controls */
void cli_print_excerpt(FILE *, str, size_t max_bytes);      /* the same on one line, its beginning */

/* One for each row of commands.def. */
#define COMMAND(fn, ...) enum err command_##fn(struct cli *);
#include "cli/commands.def"
