// SPDX-License-Identifier: Apache-2.0
#include "tool/services.h"

#include <ctype.h>
#include <unistd.h>

#include "runtime/fiber.h"
#include "tool/ask_program.h"

enum { OUTPUT_MAX = 1 << 20, UNITS_MAX = 2000, TIME_MS = 5000 };

const char *services_booted = "/run/systemd/system";

static str column(str *line)
{
    size_t n = 0;

    *line = str_trim(*line);
    while (n < line->len && !isspace((unsigned char)line->p[n]))
        n++;
    str c = str_take(*line, n);

    *line = str_skip(*line, n);
    return c;
}

bool service_has_failed(const struct service_unit *u)
{
    return str_eq(u->active, S("failed"));
}

void services_parse(struct arena *a, str text, struct services *out)
{
    struct service_unit *units = arena_alloc(a, UNITS_MAX * sizeof *units);

    *out = (struct services){ .units = units };
    text = arena_str(a, text);
    for (str line; str_split(&text, '\n', &line) && out->n < UNITS_MAX; ) {
        struct service_unit u = { .name = column(&line) };

        u.load = column(&line);
        u.active = column(&line);
        u.sub = column(&line);
        u.about = str_trim(line);
        if (u.sub.len == 0)
            continue;
        out->n_running += str_eq(u.sub, S("running"));
        out->n_failed += service_has_failed(&u);
        units[out->n++] = u;
    }
}

enum err services_check(void)
{
    if (access(services_booted, F_OK) != 0)
        return failed(ERR_NOT_FOUND, "systemd does not run here");
    return OK;
}

enum err services_read(struct arena *a, struct services *out)
{
    static const char *const argv[] = {
        "systemctl", "list-units", "--type=service", "--all", "--plain", "--no-legend", "--no-pager", NULL,
    };
    struct program_answer answer;

    TRY(services_check());
    TRY(program_ask(a, argv, TIME_MS, OUTPUT_MAX, &answer));
    if (answer.exit_code)
        return failed(ERR_IO, "systemctl ended with %d: %.*s", answer.exit_code, STR(str_take(str_trim(answer.text), 200)));
    services_parse(a, answer.text, out);
    return OK;
}
