// SPDX-License-Identifier: Apache-2.0
#include "channel/keep_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/random.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/offload.h"
#include "runtime/process.h"
#include "store/folder.h"

enum { SCAN_TIMEOUT_MS = 120 * 1000 };

/* ---- its type ---- */

/* "image/png" or "image/" with a star. */
static bool type_matches(str mime, str pattern)
{
    size_t star = pattern.len > 1 ? pattern.len - 1 : 0;

    if (str_ends(pattern, S("/*")))
        return str_eq_nocase(str_take(mime, star), str_take(pattern, star));
    return str_eq(pattern, S("*")) || str_eq_nocase(mime, pattern);
}

static bool type_allowed(str mime)
{
    const struct string_list *types = &config_now()->blobs_types;
    size_t end = str_find_char(mime, ';');

    mime = str_trim(end == STR_NONE ? mime : str_take(mime, end));
    for (size_t i = 0; i < types->n; i++)
        if (type_matches(mime, str_trim(str_from(types->items[i]))))
            return true;
    return types->n == 0;
}

/* ---- the scanner ---- */

struct copy { const char *path; str bytes; };

static enum err write_copy(void *arg)
{
    const struct copy *c = arg;
    CLEANUP(raw_closep) int fd = open(c->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0)
        return failed(ERR_IO, "%s: %s", c->path, strerror(errno));
    for (str rest = c->bytes; rest.len;) {
        ssize_t n = write(fd, rest.p, rest.len);

        if (n < 0 && errno != EINTR)
            return failed(ERR_IO, "%s: %s", c->path, strerror(errno));
        rest = str_skip(rest, n > 0 ? (size_t)n : 0);
    }
    return OK;
}

/* The program's word: 0 clean, 1 not; anything else says nothing. */
static enum err run_scanner(struct arena *a, const struct string_list *command, const char *path, int *ret_exit) AWAITS
{
    static const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL };
    const char **argv = arena_alloc(a, (command->n + 2) * sizeof *argv);
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(deadline_clear) struct deadline limit;
    int status = 0;

    for (size_t i = 0; i < command->n; i++)
        argv[i] = command->items[i];
    argv[command->n] = path;
    argv[command->n + 1] = NULL;
    struct process_spec spec = { .argv = argv, .env = env, .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = PROCESS_NULL };

    deadline_set(&limit, SCAN_TIMEOUT_MS);
    TRY(process_start(&spec, &p));
    TRY(process_wait(p, &status));
    *ret_exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return OK;
}

static enum err judge(str name, enum err e, int exit_code)
{
    if (e == OK && exit_code == 0)
        return OK;
    if (e == ERR_CANCELLED)
        return e;
    log_event(LOG_WARN, "files.refused", F("name", name), F("exit", exit_code), F("error", e ? failed_text() : ""));
    if (e == OK && exit_code == 1)
        return failed(ERR_AUTH, "the virus scanner found something in it");
    return failed(ERR_AUTH, "the virus scanner could not look at it (blobs.scan_command)");
}

/* Its copy lies where a start of the store clears up what a crash left. */
static enum err scan(struct arena *a, str bytes, str name) AWAITS
{
    const struct string_list *command = &config_now()->blobs_scan_command;
    char id[UUID_SIZE];
    int exit_code = -1;

    if (command->n == 0)
        return OK;
    random_uuid(id);
    struct copy copy = { arena_printf(a, "%s/blobs/tmp/scan-%s", config_now()->home, id), bytes };
    enum err e = fiber_offload(write_copy, &copy);

    if (e == OK) {
        e = run_scanner(a, command, copy.path, &exit_code);
        e = judge(name, e, exit_code);
    }
    unlink(copy.path);
    return e;
}

enum err keep_file(struct blobs *blobs, struct arena *a, str bytes, str name, str mime, str *ret_blob)
{
    uint64_t keep = config_now()->blobs_expire;
    char hash[BLOB_HASH_SIZE];

    if (!blobs)
        return failed(ERR_IO, "there is no place for files");
    if (!type_allowed(mime))
        return failed(ERR_AUTH, "files of the type %.*s are not taken (blobs.types)", STR(str_take(mime, 100)));
    TRY(scan(a, bytes, name));
    TRY(blobs_put(blobs, bytes, mime, name, keep ? clock_wall_ms() + (int64_t)keep : 0, hash));
    *ret_blob = arena_str(a, str_from(hash));
    return OK;
}
