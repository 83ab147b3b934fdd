// SPDX-License-Identifier: Apache-2.0
#include "tool/services.h"

#include <ctype.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "runtime/process.h"

enum { OUTPUT_MAX = 1 << 20, FAILED_MAX = 50, TIME_MS = 5000 };

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

void services_parse(struct arena *a, str text, struct services *out)
{
    str *names = arena_alloc(a, FAILED_MAX * sizeof *names);

    *out = (struct services){ .failed = names };
    for (str line; str_split(&text, '\n', &line); ) {
        str unit = column(&line);

        column(&line);
        str active = column(&line), sub = column(&line);

        out->n_running += str_eq(sub, S("running"));
        if (str_eq(active, S("failed")) && out->n_failed < FAILED_MAX)
            names[out->n_failed++] = arena_str(a, unit);
    }
}

static enum err read_all(struct process *p, struct buf *out) AWAITS
{
    char piece[4096];
    size_t n;

    do {
        TRY(fd_read(process_stdout(p), piece, sizeof piece, &n));
        buf_add(out, str_of(piece, n));
    } while (n);
    return buf_check(out, "what systemctl prints");
}

enum err services_read(struct arena *a, struct services *out)
{
    static const char *const argv[] = {
        "systemctl", "list-units", "--type=service", "--all", "--plain", "--no-legend", "--no-pager", NULL,
    };
    static const char *const env[] = { "LANG=C.UTF-8", "SYSTEMD_COLORS=0", NULL };
    struct process_spec spec = { .argv = argv, .env = env, .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_PIPE, .stderr_fd = PROCESS_NULL };
    CLEANUP(buf_done) struct buf text = { .max = OUTPUT_MAX };
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(deadline_clear) struct deadline d;
    int status;

    deadline_set(&d, TIME_MS);
    if (access("/run/systemd/system", F_OK) != 0)       /* sd_booted(3) */
        return failed(ERR_NOT_FOUND, "systemd does not run here");
    TRY(process_start(&spec, &p));
    TRY(read_all(p, &text));
    TRY(process_wait(p, &status));
    if (status)
        return failed(ERR_IO, "systemctl ended with %d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    services_parse(a, buf_str(&text), out);
    return OK;
}
