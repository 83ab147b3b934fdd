// SPDX-License-Identifier: Apache-2.0
/* knowledge_convert.c: a program that converts a document is a parser of what strangers made.  It runs in the sandbox, in a folder of its
 * own that is made for it and gone with it. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "gateway/knowledge_host.h"
#include "runtime/offload.h"
#include "store/folder.h"
#include "tool/sandbox.h"
#include "tool/settings.h"

enum { WORDS_MAX = 16, NOT_FOUND_STATUS = 127, SIGNAL_STATUS = 128, COMPLAINT_SIZE = 4096 };
/* $0 is "sh"; the words follow. */
#define SCRIPT "exec \"$@\" >out 2>err"

struct converting {
    struct arena               *arena;
    struct document_conversion *conversion;
    const char                 *template;
    char                       *folder;     /* NULL: not made yet */
};

static enum err make_folder(void *arg)
{
    struct converting *w = arg;
    char *path = arena_c(w->arena, str_from(w->template));

    if (mkdtemp(path) == NULL)
        return failed(ERR_IO, "%s: %s", w->template, strerror(errno));
    w->folder = path;
    return OK;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    remove(path);
    return 0;
}

static void remove_folder(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static void add_as_fits(struct buf *out, str s)
{
    size_t room = out->max - out->len;

    buf_add(out, str_take(s, room));
    if (s.len > room)
        buf_add_char(out, ' ');     /* does not fit, and that is remembered */
}

static enum err read_file(const struct converting *w, const char *name, struct buf *out)
{
    CLEANUP(raw_closep) int fd = open(arena_printf(w->arena, "%s/%s", w->folder, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = 1;

    while (fd >= 0 && n > 0 && !out->overflowed) {
        char piece[64 << 10];

        n = read(fd, piece, sizeof piece);
        if (n > 0)
            add_as_fits(out, str_of(piece, (size_t)n));
    }
    return fd < 0 && errno != ENOENT ? failed(ERR_IO, "what %s wrote cannot be read: %s", w->conversion->argv[0], strerror(errno)) : OK;
}

static enum err collect(void *arg)
{
    struct converting *w = arg;
    enum err e = read_file(w, "out", w->conversion->output), other = read_file(w, "err", w->conversion->complaint);

    remove_folder(w->folder);
    w->folder = NULL;
    return e ? e : other;
}

/* Left early: cancelled.  A few calls, and nothing awaits. */
static void converting_done(struct converting *w)
{
    if (w->folder)
        remove_folder(w->folder);
}

static struct sandbox_job job_of(const struct converting *w)
{
    const char **argv = arena_alloc(w->arena, (WORDS_MAX + 5) * sizeof *argv);
    struct sandbox_job job = { .arena = w->arena, .workspace = w->folder, .argv = argv, .input = w->conversion->input,
                               .limits = sandbox_limits_now(), .require = sandbox_required_now() };
    size_t n = 0;

    argv[n++] = "/bin/sh";
    argv[n++] = "-c";
    argv[n++] = SCRIPT;
    argv[n++] = "sh";
    for (size_t i = 0; i < WORDS_MAX && w->conversion->argv[i]; i++)
        argv[n++] = w->conversion->argv[i];
    job.limits.wall_ms = job.limits.cpu_ms = config_now()->knowledge_pdf_time;
    job.limits.memory = config_now()->knowledge_pdf_memory;
    job.limits.file_size = w->conversion->output->max + 1;
    job.limits.output = COMPLAINT_SIZE;
    return job;
}

enum err knowledge_convert(void *gateway, struct document_conversion *c)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct gateway *g = gateway;
    CLEANUP(converting_done) struct converting w = { .arena = a, .conversion = c,
                                                     .template = arena_printf(a, "%s/run/convert-XXXXXX", g->home) };
    struct sandbox_outcome outcome;

    TRY(fiber_offload(make_folder, &w));
    struct sandbox_job job = job_of(&w);

    TRY(sandbox_run(&job, &outcome));
    TRY(fiber_offload(collect, &w));
    if (outcome.exit_code == NOT_FOUND_STATUS)
        return failed(ERR_NOT_FOUND, "there is no program %s", c->argv[0]);
    c->status = outcome.timed_out || outcome.out_of_memory || outcome.exit_code >= SIGNAL_STATUS ? -1 : outcome.exit_code;
    return OK;
}

static enum err clean(void *pattern)
{
    glob_t found;

    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            remove_folder(found.gl_pathv[i]);
        globfree(&found);
    }
    return OK;
}

enum err knowledge_convert_clean(struct gateway *g)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    return fiber_offload(clean, arena_printf(a, "%s/run/convert-??????", g->home));
}
