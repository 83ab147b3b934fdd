// SPDX-License-Identifier: Apache-2.0
#include "tool/ask_program.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process.h"
#include "tool/capture.h"

/* Both streams are one pipe: what it complains of stands where it did. */
static enum err start(struct arena *a, const char *const *argv, struct process **out, struct fd **ret_output)
{
    const char *path = getenv("PATH");
    const char *const env[] = {
        arena_printf(a, "PATH=%s", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin"), "LC_ALL=C.UTF-8", "TERM=dumb", "SYSTEMD_COLORS=0",
        "SYSTEMD_URLIFY=0", NULL,
    };
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed(ERR_IO, "a pipe for %s: %s", argv[0], strerror(errno));
    struct process_spec spec = { .argv = argv, .env = env, .stdin_fd = PROCESS_NULL, .stdout_fd = ends[1], .stderr_fd = ends[1] };
    enum err e = process_start(&spec, out);

    close(ends[1]);
    if (e)
        close(ends[0]);
    else
        *ret_output = fd_open(ends[0]);
    return e;
}

static enum err read_all(struct fd *from, struct capture *to) AWAITS
{
    char piece[4096];
    size_t n;

    do {
        TRY(fd_read(from, piece, sizeof piece, &n));
        capture_add(to, str_of(piece, n));
    } while (n);
    return OK;
}

static enum err ask(struct arena *a, const char *const *argv, struct capture *output, int *ret_status) AWAITS
{
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(fd_closep) struct fd *from = NULL;

    TRY(start(a, argv, &p, &from));
    TRY(read_all(from, output));
    return process_wait(p, ret_status);
}

/* Only our own deadline is ours to tell of. */
static enum err ask_in_time(struct arena *a, const char *const *argv, uint64_t ms, struct capture *output, int *ret_status) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    return ask(a, argv, output, ret_status);
}

enum err program_ask(struct arena *a, const char *const *argv, uint64_t ms, size_t max, struct program_answer *out)
{
    CLEANUP(capture_done) struct capture output = { .max = max };
    int status;
    enum err e = ask_in_time(a, argv, ms, &output, &status);

    TRY(fiber_check());
    if (e == ERR_TIMEOUT)
        return failed(e, "%s did not end within %" PRIu64 " s", argv[0], ms / 1000);
    TRY(e);
    *out = (struct program_answer){ capture_text(&output, a), WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status) };
    return OK;
}
