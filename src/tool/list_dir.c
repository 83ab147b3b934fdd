// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"
#include "tool/file_job.h"

enum { PAGE = 500, NAMES_MAX = 50000 };

struct names { const char **items; size_t n, cap; };

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static enum err collect(struct file_job *job, DIR *d, struct names *names)
{
    struct arena *a = job->arena;

    for (struct dirent *e; (e = readdir(d)) != NULL; ) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (names->n == NAMES_MAX)
            return failed(ERR_LIMIT, "%s: more than %d entries; use exec with find", job->path, NAMES_MAX);
        if (names->n == names->cap) {
            const char **more = arena_alloc(a, 2 * (names->cap + 32) * sizeof *more);

            if (names->n)
                memcpy(more, names->items, names->n * sizeof *more);
            names->items = more;
            names->cap = 2 * (names->cap + 32);
        }
        names->items[names->n++] = arena_c(a, str_from(e->d_name));
    }
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_entry(struct buf *out, int dir, const char *name)
{
    char target[256];
    struct stat st;
    ssize_t n;

    utf8_add_repaired(out, str_from(name));
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        buf_add(out, S("  (gone)"));
    else if (S_ISDIR(st.st_mode))
        buf_add(out, S("/"));
    else if (S_ISREG(st.st_mode))
        buf_addf(out, "  (%" PRId64 " bytes%s)", (int64_t)st.st_size, st.st_mode & 0111 ? ", executable" : "");
    else if (S_ISLNK(st.st_mode) && (n = readlinkat(dir, name, target, sizeof target)) > 0) {
        buf_add(out, S(" -> "));
        utf8_add_repaired(out, str_of(target, (size_t)n));
    } else
        buf_add(out, S("  (not a regular file)"));
    buf_add_char(out, '\n');
}

static enum err list(struct file_job *job)
{
    CLEANUP(close_dir) DIR *d = NULL;
    size_t from = (size_t)json_int(job->arguments, "offset", 1) - 1, to;
    struct names names = { 0 };
    int fd;

    TRY(workspace_open_at(&job->workspace, job->path, O_RDONLY | O_DIRECTORY, &fd));
    d = fdopendir(fd);
    if (!d) {
        close(fd);
        return failed(ERR_IO, "%s: %s", job->path, strerror(errno));
    }
    TRY(collect(job, d, &names));
    if (names.n)
        qsort(names.items, names.n, sizeof *names.items, by_name);
    to = from + PAGE < names.n ? from + PAGE : names.n;
    if (names.n == 0)
        buf_add(&job->text, S("[the folder is empty]"));
    else if (from >= names.n)
        return failed(ERR_INPUT, "%s: has only %zu entries", job->path, names.n);
    for (size_t i = from; i < to; i++)
        add_entry(&job->text, dirfd(d), names.items[i]);
    if (to < names.n)
        buf_addf(&job->text, "[entries %zu to %zu of %zu; it goes on: offset=%zu]", from + 1, to, names.n, to + 1);
    return buf_check(&job->text, "the list");
}

static enum err list_dir_run(const struct tool_context *cx, const json_t *arguments, struct tool_result *out) AWAITS
{
    return file_job_run(cx, arguments, list, out);
}

const struct tool tool_list_dir = {
    .name = "list_dir",
    .description = "Lists a folder of the workspace, sorted by name, with sizes; folders end with a slash.",
    .schema = "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
              "\"path\":{\"type\":\"string\",\"description\":\"Path of the folder, relative to the workspace; "
              "the workspace itself if absent\"},"
              "\"offset\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"First entry to list, from 1\"}}}",
    .risk = RISK_READ, .reads = READS_PATH, .repeatable = true, .run = list_dir_run,
};
