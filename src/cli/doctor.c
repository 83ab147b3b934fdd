// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor.h"

#include <stdarg.h>

#include "base/json.h"

static const struct {
    const char *about;
    void      (*fn)(struct doctor *);
} checks[] = {
#define DOCTOR(fn, about) { about, doctor_##fn },
#include "cli/doctor.def"
#undef DOCTOR
};

void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *fmt, ...)
{
    static const char *const words[] = { "ok", "warn", "fail" };
    char text[ERR_TEXT_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    d->n_warn += verdict == DOCTOR_WARN;
    d->n_fail += verdict == DOCTOR_FAIL;
    if (d->cli->json) {
        json_array_append_new(d->findings, json_pack("{s:s, s:s, s:o}", "about", d->about, "verdict", words[verdict], "text",
                                                     json_from_str(str_from(text))));
        return;
    }
    printf("%-5s %-9s ", words[verdict], d->about);
    cli_print_text(stdout, str_from(text));
    putchar('\n');
    fflush(stdout);
}

static enum err doctor_fiber(void *arg) AWAITS
{
    CLEANUP(json_decrefp) json_t *findings = json_array();
    struct doctor d = { .cli = arg, .findings = findings };
    struct config_inputs in;

    cli_inputs(d.cli, &in);
    TRY(config_home(d.cli->arena, &in, &d.home));
    for (size_t i = 0; i < N_ELEMENTS(checks); i++) {
        d.about = checks[i].about;
        checks[i].fn(&d);
        TRY(fiber_check());
    }
    if (d.cli->json)
        cli_print_json(findings);
    if (d.n_fail)
        return failed(ERR_IO, "%zu check%s failed", d.n_fail, d.n_fail == 1 ? "" : "s");
    return OK;
}

enum err command_doctor(struct cli *c)
{
    TRY(cli_want_words(c, 0, 0));
    return cli_in_loop(c, doctor_fiber);
}
