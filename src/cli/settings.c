// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "cli/cli.h"

void cli_inputs(struct cli *c, struct config_inputs *out)
{
    const char **sets = arena_alloc(c->arena, (c->n_given + 1) * sizeof *sets), *level = cli_flag(c, "log-level");
    size_t n = 0;

    for (size_t i = 0; i < c->n_given; i++)
        if (strcmp(c->given[i].flag->name, "set") == 0)
            sets[n++] = c->given[i].value;
    if (level)
        sets[n++] = arena_printf(c->arena, "log.level=%s", level);
    *out = (struct config_inputs){ .home = cli_flag(c, "home"), .file = cli_flag(c, "config"), .sets = sets, .n_sets = n };
}

void cli_print_report(FILE *out, const struct config_report *r)
{
    for (const struct config_note *n = r->first; n; n = n->next)
        fprintf(out, "%s: %s%s%s\n", n->error ? "error" : "warning", n->where, *n->where ? ": " : "", n->text);
}

/* The notes are printed whole; what main prints at the end is only the sum of it. */
static enum err summed_up(enum err e, const struct config_report *r)
{
    cli_print_report(stderr, r);
    if (e && r->n_errors)
        return failed(e, "the settings have %zu error%s", r->n_errors, r->n_errors == 1 ? "" : "s");
    return e;
}

enum err cli_load_config(struct cli *c)
{
    CLEANUP(config_report_done) struct config_report r = {0};
    struct config_inputs in;

    cli_inputs(c, &in);
    return summed_up(config_load(&in, &r), &r);
}

enum err cli_check_startable(void)
{
    CLEANUP(config_report_done) struct config_report r = {0};

    return summed_up(config_check_startable(&r), &r);
}
