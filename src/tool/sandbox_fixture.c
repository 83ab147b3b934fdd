// SPDX-License-Identifier: Apache-2.0
#include "tool/sandbox_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"

void fixture_open(struct fixture *f)
{
    *f = (struct fixture){ .arena = arena_new(), .root = "/tmp/clawdbot-test-XXXXXX", .limits = sandbox_limits_default };
    CHECK(mkdtemp(f->root) != NULL);
    f->workspace = arena_printf(f->arena, "%s/workspace", f->root);
    CHECK(mkdir(f->workspace, 0755) == 0);
    f->limits.wall_ms = 20000;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void fixture_done(struct fixture *f)
{
    nftw(f->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_free(f->arena);
}

bool fixture_can_run(void)
{
    const struct sandbox_report *r;

    CHECK_OK(sandbox_probe(&r));
    if (r->failure[0])
        fprintf(stderr, "    not tested: %s\n", r->failure);
    return !r->failure[0];
}

bool fixture_holds(enum guarantee g)
{
    const struct sandbox_report *r;

    CHECK_OK(sandbox_probe(&r));
    if (!r->states[g].held)
        fprintf(stderr, "    not tested: %s: %s\n", guarantee_name(g), r->failure[0] ? r->failure : r->states[g].by);
    return r->states[g].held;
}

struct sandbox_outcome fixture_run(struct fixture *f, const char *command)
{
    struct sandbox_job job = {
        .arena = f->arena, .workspace = f->workspace, .command = command, .limits = f->limits,
        .require = GUARANTEES_DEFAULT,
    };
    struct sandbox_outcome out = { 0 };

    CHECK_OK(sandbox_run(&job, &out));
    return out;
}

static const char *put(struct fixture *f, const char *folder, const char *name, const char *content)
{
    const char *path = arena_printf(f->arena, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
    close(fd);
    return path;
}

const char *fixture_outside(struct fixture *f, const char *name, const char *content)
{
    return put(f, f->root, name, content);
}

const char *fixture_inside(struct fixture *f, const char *name, const char *content)
{
    return put(f, f->workspace, name, content);
}
