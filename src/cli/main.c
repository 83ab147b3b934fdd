// SPDX-License-Identifier: Apache-2.0
/* main.c: from words to a command, and from its result to an exit code. */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/cli.h"

static void print_failure(const struct cli *c, enum err e)
{
    if (!c->json) {
        fputs("clawdbot: ", stderr);
        cli_print_text(stderr, str_from(failed_text()));
        fputc('\n', stderr);
        return;
    }
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:{s:s, s:o}}", "error", "code", err_name(e), "text",
                                                json_from_str(str_from(failed_text())));

    json_dumpf(j, stderr, JSON_COMPACT);
    fputc('\n', stderr);
}

static enum err prepare(struct cli *c)
{
    const char *level = cli_flag(c, "log-level"), *faults = getenv("CLAWDBOT_FAULT");
    enum log_level l = LOG_WARN;        /* the gateway sets what its configuration says */

    if (level && log_level_parse(str_from(level), &l))
        return cli_usage(c, "--log-level is debug, info, warn, error or off, not '%.40s'", level);
    log_set_level(l);
    if (faults && fault_arm(str_from(faults))) {
        c->exit_code = CLI_USAGE;
        return failed_in(ERR_INPUT, "CLAWDBOT_FAULT: ");
    }
    return OK;
}

static enum err run(struct cli *c, int argc, char **argv)
{
    TRY(cli_parse(c, argc, argv));
    if (cli_flag(c, "help") && strcmp(cli_flag(c, "help"), "man") == 0) {
        cli_manual(stdout);
        return OK;
    }
    if (cli_flag(c, "version"))
        return command_version(c);
    if (c->command == NULL || cli_flag(c, "help")) {
        cli_help(c, stdout);
        return OK;
    }
    TRY(prepare(c));
    return c->command->run(c);
}

int main(int argc, char **argv)
{
    struct cli c = { .arena = arena_new() };

    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
    enum err e = run(&c, argc, argv);

    if (e && !c.told)
        print_failure(&c, e);
    if (fflush(stdout) || ferror(stdout)) {
        if (errno != EPIPE)         /* whoever read had enough, as head does */
            perror("clawdbot: standard output");
        e = e ? e : ERR_IO;
    }
    arena_free(c.arena);
    return e == OK ? CLI_DONE : (int)c.exit_code;
}
