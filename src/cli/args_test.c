// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "cli/cli.h"

#include <ctype.h>

enum { WORDS_MAX = 12 };

static enum err parse(struct cli *c, const char *line)
{
    char program[] = "clawdbot", *argv[WORDS_MAX] = { program };
    str rest = str_from(line), word;
    int argc = 1;

    while (str_split(&rest, ' ', &word))
        if (word.len)
            argv[argc++] = arena_c(c->arena, word);
    return cli_parse(c, argc, argv);
}

TEST(a_command_line_is_a_command_its_words_and_flags)
{
    static const struct { const char *line, *want; } cases[] = {
        { "",                               "-"                                     },
        { "config check",                   "config check"                          },
        { "--json config check",            "config check json="                    },
        { "config --home /h check --json",  "config check home=/h json="            },
        { "config show a b --all",          "config show [a] [b] all="              },
        { "config show -- --all",           "config show [--all]"                   },
        { "config show -",                  "config show [-]"                       },
        { "version --set=a.b=c",            "version set=a.b=c"                     },
        { "-h",                             "- help="                               },
        { "config -h",                      "- [config] help="                      },
        { "--help=man",                     "- help=man"                            },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf got = {0};
        struct cli c = { .arena = a };

        CHECK_OK(parse(&c, cases[i].line));
        buf_addf(&got, "%s", c.command ? c.command->words : "-");
        for (size_t w = 0; w < c.n_words; w++)
            buf_addf(&got, " [%s]", c.words[w]);
        for (size_t f = 0; f < c.n_given; f++)
            buf_addf(&got, " %s=%s", c.given[f].flag->name, c.given[f].value);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(a_wrong_command_line_says_what_was_meant)
{
    static const struct { const char *line, *want; } cases[] = {
        { "confg check",            "unknown command 'confg'; did you mean 'config'?"               },
        { "config chekc",           "unknown command 'config chekc'; did you mean 'config check'?"  },
        { "config dance",           "unknown command 'config dance'; see clawdbot --help"           },
        { "quux",                   "unknown command 'quux'; see clawdbot --help"                   },
        { "--jsno",                 "unknown flag '--jsno'; did you mean '--json'?"                 },
        { "-x",                     "unknown flag '-x'; see clawdbot --help"                        },
        { "version --all",          "unknown flag '--all'; see clawdbot --help"                     },
        { "version --json=1",       "--json takes no value"                                         },
        { "version --home",         "--home needs a value: --home FOLDER"                           },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct cli c = { .arena = a };

        CHECK_ERR(parse(&c, cases[i].line), ERR_INPUT);
        CHECK_STR(str_from(failed_text()), cases[i].want);
        CHECK_INT(c.exit_code, CLI_USAGE);
    }
}

TEST(every_command_and_flag_is_documented)
{
    for (size_t i = 0; i < n_commands; i++) {
        size_t n = strlen(commands[i].summary);

        CHECK(n > 10 && isupper((unsigned char)commands[i].summary[0]) && commands[i].summary[n - 1] != '.');
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(commands[i].words, commands[j].words));
    }
    for (size_t i = 0; i < n_flags; i++) {
        bool known = *flags[i].words == '\0';

        for (size_t j = 0; j < n_commands; j++)
            known |= strcmp(flags[i].words, commands[j].words) == 0;
        CHECK(known);
        CHECK(strlen(flags[i].doc) > 10);
    }
}
