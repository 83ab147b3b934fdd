// SPDX-License-Identifier: Apache-2.0
/* What is the same whatever runs the commands, and what of it is not promised without a sandbox. */
#include "base/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/fiber.h"
#include "tool/egress.h"
#include "tool/sandbox_command.h"
#include "tool/sandbox_fixture.h"

static void check_command(struct fixture *f) AWAITS
{
    static const char *const argv[] = { "sh", "-c", "cat; echo \"$0 $1 $EXTRA $HOME $TERM\"; pwd; echo e >&2; echo new > z; exit 7",
                                        "a b", "$c", NULL };
    static const char *const env[] = { "EXTRA=more", NULL };
    struct sandbox_job job = {
        .arena = f->arena, .workspace = f->workspace, .cwd = "sub", .argv = argv, .env = env, .input = S("in\0put\n"),
        .limits = f->limits, .require = f->require,
    };
    struct sandbox_outcome out;

    CHECK(mkdir(arena_printf(f->arena, "%s/sub", f->workspace), 0755) == 0);
    CHECK_OK(sandbox_run(&job, &out));
    CHECK_INT(out.exit_code, 7);
    CHECK(str_starts(out.output, S("in\0put\n")));
    CHECK_STR(str_skip(out.output, 7), arena_printf(f->arena, "a b $c more %s dumb\n%s/sub\ne\n", f->workspace, f->workspace));
    CHECK(access(arena_printf(f->arena, "%s/sub/z", f->workspace), R_OK) == 0);
    job.cwd = "missing";
    CHECK_ERR(sandbox_run(&job, &out), ERR_IO);
    CHECK(strstr(failed_text(), "missing") != NULL);
    CHECK_INT(fixture_run(f, "kill -9 $$").exit_code, 128 + SIGKILL);
}

static void check_absent(struct fixture *f) AWAITS
{
    static const char *const argv[] = { "no-such-program", NULL };
    struct sandbox_job job = { .arena = f->arena, .workspace = f->workspace, .argv = argv, .limits = f->limits };
    struct sandbox_outcome out;

    CHECK_OK(sandbox_run(&job, &out));
    CHECK_INT(out.exit_code, 127);
    CHECK_STR(out.output, "no-such-program: No such file or directory\n");
}

/* Nothing writes to the file any more. */
static bool is_still(const char *path) AWAITS
{
    struct stat before = { 0 }, after = { 0 };

    for (int i = 0; i < 100; i++) {
        CHECK(stat(path, &before) == 0);
        CHECK_OK(fiber_sleep(150));
        CHECK(stat(path, &after) == 0);
        if (before.st_size == after.st_size)
            return true;
    }
    return false;
}

#define TICKER "(trap '' TERM HUP INT; while :; do echo . >> ticks; sleep 0.02; done)"

static void check_wall_time(struct fixture *f) AWAITS
{
    f->limits.wall_ms = 1500;
    struct sandbox_outcome out = fixture_run(f, "echo begun; setsid sh -c \"" TICKER "\" & " TICKER " & sleep 60");

    CHECK(out.timed_out);
    CHECK_STR(out.output, "begun\n");
    CHECK(is_still(arena_printf(f->arena, "%s/ticks", f->workspace)));
}

static void check_left_behind(struct fixture *f) AWAITS
{
    struct sandbox_outcome out = fixture_run(f, "setsid sh -c \"" TICKER "\" > /dev/null 2>&1 & sleep 0.3; echo done");

    CHECK_STR(out.output, "done\n");
    CHECK(is_still(arena_printf(f->arena, "%s/ticks", f->workspace)));
}

static enum err run_job(void *arg) AWAITS
{
    struct fixture *f = arg;
    struct sandbox_job job = {
        .arena = f->arena, .workspace = f->workspace, .limits = f->limits, .require = f->require,
        .command = "setsid sh -c \"" TICKER "\" & " TICKER,
    };
    struct sandbox_outcome out;

    return sandbox_run(&job, &out);
}

static void check_cancel(struct fixture *f) AWAITS
{
    const char *ticks = arena_printf(f->arena, "%s/ticks", f->workspace);
    struct fiber *job = fiber_spawn("job", run_job, f);

    for (int i = 0; i < 1000 && access(ticks, F_OK) != 0; i++)
        CHECK_OK(fiber_sleep(10));
    fiber_cancel(job);
    CHECK_ERR(fiber_join(job), ERR_CANCELLED);
    CHECK(is_still(ticks));
}

static void check_output(struct fixture *f) AWAITS
{
    f->limits.output = 1000;
    struct sandbox_outcome out = fixture_run(f, "echo first; yes | head -c 20000000; echo last");

    CHECK_INT(out.output_total, 20000000 + 11);
    CHECK(out.output.len < 1100 && str_starts(out.output, S("first\ny\n")) && str_ends(out.output, S("y\nlast\n")));
}

/* The proxy is there, and refuses what nobody allowed.  Without a sandbox the network is the machine's own. */
static void check_network(struct fixture *f) AWAITS
{
    struct egress_options network = { .policy = { .connections = 4, .bytes = 1 << 20, .idle_ms = 5000 } };
    struct sandbox_job job = {
        .arena = f->arena, .workspace = f->workspace, .limits = f->limits, .require = f->require, .network = &network,
        .command = "exec bash -c 'exec 3<>/dev/tcp/127.0.0.1/3128; printf \"CONNECT nowhere.example:443 HTTP/1.1\\r\\n"
                   "Host: nowhere.example:443\\r\\n\\r\\n\" >&3; head -n 1 <&3; echo $HTTP_PROXY'",
    };
    struct sandbox_outcome out;

    if (f->require == 0)
        return;
    CHECK_OK(sandbox_run(&job, &out));
    CHECK(str_starts(out.output, S("HTTP/1.1 403 ")) && str_ends(out.output, S("http://127.0.0.1:3128\n")));
}

/* Each in a workspace of its own; the backend is chosen once, for to see what it holds takes a command of its own. */
static void check_backend(const char *backend) AWAITS
{
    static void (*const checks[])(struct fixture *) AWAITS = {
        check_command, check_absent, check_wall_time, check_left_behind, check_cancel, check_output, check_network,
    };

    if (!fixture_use(backend) || !fixture_can_run())
        return;
    for (size_t i = 0; i < N_ELEMENTS(checks); i++) {
        struct fixture f;

        fixture_open(&f);
        f.require = strcmp(backend, "none") == 0 ? 0 : GUARANTEES_DEFAULT;
        checks[i](&f);
        fixture_close(&f);
    }
    CHECK_OK(sandbox_choose("bubblewrap", ""));
}

TEST(commands_run_and_end_the_same_in_bubblewrap)
{
    check_backend("bubblewrap");
}

TEST(commands_run_and_end_the_same_in_podman)
{
    check_backend("podman");
}

TEST(commands_run_and_end_the_same_in_docker)
{
    check_backend("docker");
}

TEST(commands_run_and_end_the_same_without_a_sandbox)
{
    check_backend("none");
}

TEST(without_a_sandbox_nothing_runs_until_the_owner_demands_nothing)
{
    CLEANUP(fixture_done) struct fixture f;
    const struct sandbox_report *r;
    struct sandbox_outcome out;

    fixture_open(&f);
    CHECK(sandbox_warning() == NULL);
    CHECK(fixture_use("none"));
    CHECK(sandbox_warning() != NULL);
    struct sandbox_job job = {
        .arena = f.arena, .workspace = f.workspace, .command = "touch ran", .limits = f.limits, .require = GUARANTEES_DEFAULT,
    };

    CHECK_ERR(sandbox_run(&job, &out), ERR_AUTH);
    CHECK(strstr(failed_text(), "sandbox.require demands \"filesystem\"") != NULL);
    CHECK(access(arena_printf(f.arena, "%s/ran", f.workspace), F_OK) != 0);
    CHECK_OK(sandbox_probe(&r));
    for (unsigned g = 0; g < N_GUARANTEES; g++)
        CHECK(!r->states[g].held || ((g == GUARANTEE_CPU_TIME || g == GUARANTEE_FILE_SIZE) && geteuid() != 0));
    job.require = 0;
    CHECK_OK(sandbox_run(&job, &out));
    CHECK(access(arena_printf(f.arena, "%s/ran", f.workspace), F_OK) == 0);
}

TEST(a_backend_that_is_none_and_an_image_that_is_an_option_are_refused)
{
    CHECK_ERR(sandbox_choose("chroot", ""), ERR_INPUT);
    CHECK_ERR(sandbox_choose("podman", "--privileged"), ERR_INPUT);
}

TEST(an_engine_without_an_image_says_which_option_names_it)
{
    CLEANUP(fixture_done) struct fixture f;
    const struct sandbox_report *r;

    fixture_open(&f);
    CHECK_OK(sandbox_choose("podman", ""));
    CHECK_OK(sandbox_probe(&r));
    CHECK(strstr(r->failure, "sandbox.image") || strstr(r->failure, "apt install podman"));
}
