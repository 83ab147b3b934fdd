// SPDX-License-Identifier: Apache-2.0
#include "tool/sandbox_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/test.h"
#include "runtime/fiber.h"

void fixture_open(struct fixture *f)
{
    *f = (struct fixture){ .arena = arena_new(), .root = "/tmp/clawdbot-test-XXXXXX", .limits = sandbox_limits_default,
                           .require = GUARANTEES_DEFAULT };
    CHECK(mkdtemp(f->root) != NULL);
    f->workspace = arena_printf(f->arena, "%s/workspace", f->root);
    CHECK(mkdir(f->workspace, 0755) == 0);
    f->limits.wall_ms = 20000;
}

/* ---- other backends ---- */

/* Containers are slow to start, and what tries to break out takes all it can get: one test at a time, of all processes. */
static int turn = -1;

static void take_turn(void) AWAITS
{
    static const char path[] = "/tmp/clawdbot-test-containers.lock";        /* an ordinary user's tests read it, too */

    if (turn < 0)
        turn = open(path, O_RDONLY | O_CLOEXEC);
    if (turn < 0)
        turn = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
    while (turn >= 0 && flock(turn, LOCK_EX | LOCK_NB))
        CHECK_OK(fiber_sleep(100));
}

static void end_turn(void)
{
    if (turn >= 0)
        close(turn);
    turn = -1;
}

#define IMAGE "localhost/clawdbot-test"
static char store[64];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* podman of an ordinary user keeps a process that holds its namespace. */
static void remove_store(void)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    FILE *f = fopen(arena_printf(a, "%s/libpod/tmp/pause.pid", store), "re");
    int pid = 0;

    if (f && fscanf(f, "%d", &pid) == 1 && pid > 1)
        kill(pid, SIGKILL);
    if (f)
        fclose(f);
    remove_tree(store);
}

static void make_store(void)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const char *path;
    FILE *f;

    snprintf(store, sizeof store, "/tmp/clawdbot-podman-XXXXXX");
    CHECK(mkdtemp(store) != NULL);
    atexit(remove_store);
    path = arena_printf(a, "%s/storage.conf", store);
    f = fopen(path, "we");
    CHECK(f != NULL);
    fprintf(f, "[storage]\ndriver = \"vfs\"\ngraphroot = \"%s/store\"\nrunroot = \"%s/run\"\n", store, store);
    CHECK_INT(fclose(f), 0);
    setenv("CONTAINERS_STORAGE_CONF", path, 1);
    setenv("XDG_RUNTIME_DIR", store, 1);
}

static bool try(const char *command)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    return system(arena_printf(a, "%s > /dev/null 2>&1", command)) == 0;    /* LINT: words of our own */
}

static bool engine_is_there(const char *engine)
{
    static const char *known;       /* it was asked, and said yes */
    CLEANUP(arena_freep) struct arena *a = arena_new();
    bool there;

    if (strcmp(engine, "podman") == 0 && store[0] == '\0')
        make_store();           /* first: whatever podman is asked, for an ordinary user it leaves a process there */
    there = (known && strcmp(known, engine) == 0) || try(arena_printf(a, "%s info", engine));
    if (!there) {
        fprintf(stderr, "    not tested: %s is not here, or does not work\n", engine);
        return false;
    }
    there = (known && strcmp(known, engine) == 0) || try(arena_printf(a, "%s image inspect " IMAGE, engine))
            || try(arena_printf(a, "tests/support/container-image %s " IMAGE, engine));
    if (!there)
        fprintf(stderr, "    not tested: %s takes no image\n", engine);
    known = there ? engine : NULL;
    return there;
}

bool fixture_use(const char *backend) AWAITS
{
    bool engine = strcmp(backend, "docker") == 0 || strcmp(backend, "podman") == 0;

    if (engine)
        take_turn();
    if (engine && !engine_is_there(backend)) {
        end_turn();
        return false;
    }
    CHECK_OK(sandbox_choose(backend, engine ? IMAGE : ""));
    return true;
}

void fixture_close(struct fixture *f)
{
    remove_tree(f->root);
    arena_free(f->arena);
    end_turn();
}

void fixture_done(struct fixture *f)
{
    fixture_close(f);
    CHECK_OK(sandbox_choose("bubblewrap", ""));
}

bool fixture_can_run(void)
{
    const struct sandbox_report *r;

    CHECK_OK(sandbox_probe(&r));
    if (r->failure[0]) {
        fprintf(stderr, "    not tested: %s\n", r->failure);
        end_turn();
    }
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
        .require = f->require,
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
