// SPDX-License-Identifier: Apache-2.0
/* What a command gets, and how it ends.  What it does not get: escape_test.c. */
#include "base/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "tool/sandbox_fixture.h"

#define SANDBOXED(f) \
    CLEANUP(fixture_done) struct fixture f; \
    fixture_open(&f); \
    if (!fixture_can_run()) \
        return

TEST(the_default_guarantees_hold_or_nothing_runs)
{
    const struct sandbox_report *r;

    CHECK_OK(sandbox_probe(&r));
    for (unsigned g = 0; g < N_GUARANTEES; g++) {
        CHECK(r->states[g].by[0] != '\0');
        if (!r->failure[0] && (GUARANTEES_DEFAULT & GUARANTEE_BIT(g)))
            CHECK(r->states[g].held);
    }
}

TEST(a_sandbox_that_cannot_start_for_now_is_tried_again)
{
    SANDBOXED(f);
    const struct sandbox_report *r;
    struct rlimit files, none;

    CHECK_INT(getrlimit(RLIMIT_NOFILE, &files), 0);
    none = (struct rlimit){ 3, files.rlim_max };
    sandbox_forget();
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum err e = sandbox_probe(&r);

    CHECK_INT(setrlimit(RLIMIT_NOFILE, &files), 0);
    CHECK_OK(e);
    CHECK(r->failure[0] != '\0');
    CHECK_STR(fixture_run(&f, "echo again").output, "again\n");
}

TEST(a_command_runs_in_its_workspace)
{
    SANDBOXED(f);
    struct sandbox_outcome out = fixture_run(&f, "pwd; echo told >&2; cat x/y; echo new > z; exit 7");

    CHECK_INT(out.exit_code, 7);
    CHECK(!out.timed_out);
    CHECK_STR(out.output, arena_printf(f.arena, "%s\ntold\ncat: x/y: No such file or directory\n", f.workspace));
    CHECK(access(arena_printf(f.arena, "%s/z", f.workspace), R_OK) == 0);
}

TEST(standard_input_arguments_environment_and_folder_reach_the_command)
{
    SANDBOXED(f);
    static const char *const argv[] = { "sh", "-c", "cat; echo \"$0 $1 $EXTRA $HOME\"; basename \"$PWD\"", "a b", "$c", NULL };
    static const char *const env[] = { "EXTRA=more", NULL };
    struct sandbox_job job = {
        .arena = f.arena, .workspace = f.workspace, .cwd = "sub", .argv = argv, .env = env,
        .input = S("in\0put\n"), .limits = f.limits, .require = GUARANTEES_DEFAULT,
    };
    struct sandbox_outcome out;

    CHECK(mkdir(arena_printf(f.arena, "%s/sub", f.workspace), 0755) == 0);
    CHECK_OK(sandbox_run(&job, &out));
    CHECK(str_starts(out.output, S("in\0put\n")));
    CHECK_STR(str_skip(out.output, 7), arena_printf(f.arena, "a b $c more %s\nsub\n", f.workspace));
}

TEST(a_program_that_is_not_there_is_the_commands_affair)
{
    SANDBOXED(f);
    static const char *const argv[] = { "no-such-program", NULL };
    struct sandbox_job job = { .arena = f.arena, .workspace = f.workspace, .argv = argv, .limits = f.limits };
    struct sandbox_outcome out;

    CHECK_OK(sandbox_run(&job, &out));
    CHECK_INT(out.exit_code, 127);
    CHECK_STR(out.output, "no-such-program: No such file or directory\n");
}

TEST(a_folder_outside_the_workspace_is_no_place_to_start)
{
    SANDBOXED(f);
    static const char *const bad[] = { "..", "a/../..", "/etc", "../workspace" };
    struct sandbox_job job = { .arena = f.arena, .workspace = f.workspace, .command = "true", .limits = f.limits };
    struct sandbox_outcome out;

    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        job.cwd = bad[i];
        CHECK_ERR(sandbox_run(&job, &out), ERR_INPUT);
    }
    job.cwd = "missing";
    CHECK_ERR(sandbox_run(&job, &out), ERR_IO);
    CHECK(strstr(failed_text(), "missing") != NULL);
}

TEST(a_workspace_that_is_the_system_is_refused)
{
    static const char *const bad[] = { "/", "/usr", "/usr/lib", "/etc", "/home", "/proc/self", "relative", "/no/such/folder" };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct sandbox_outcome out;

    for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
        struct sandbox_job job = { .arena = a, .workspace = bad[i], .command = "true", .limits = sandbox_limits_default };

        CHECK(sandbox_run(&job, &out) != OK);
    }
}

TEST(a_demanded_guarantee_that_is_missing_stops_the_command)
{
    SANDBOXED(f);
    struct sandbox_job job = { .arena = f.arena, .workspace = f.workspace, .command = "touch ran", .limits = f.limits };
    const struct sandbox_report *r;
    struct sandbox_outcome out;

    CHECK_OK(sandbox_probe(&r));
    ((struct sandbox_report *)r)->states[GUARANTEE_MEMORY].held = false;
    job.require = GUARANTEE_BIT(GUARANTEE_MEMORY);
    CHECK_ERR(sandbox_run(&job, &out), ERR_AUTH);
    CHECK(strstr(failed_text(), "\"memory\"") != NULL);
    CHECK(access(arena_printf(f.arena, "%s/ran", f.workspace), F_OK) != 0);
    sandbox_forget();
}

TEST(without_bubblewrap_nothing_runs_and_the_text_says_what_to_install)
{
    CLEANUP(fixture_done) struct fixture f;
    struct sandbox_outcome out;
    char *path = strdup(getenv("PATH"));

    fixture_open(&f);
    struct sandbox_job job = { .arena = f.arena, .workspace = f.workspace, .command = "touch ran", .limits = f.limits };

    sandbox_forget();
    setenv("PATH", f.root, 1);
    enum err e = sandbox_run(&job, &out);

    setenv("PATH", path, 1);
    free(path);
    sandbox_forget();
    CHECK_ERR(e, ERR_AUTH);
    CHECK(strstr(failed_text(), "apt install bubblewrap") != NULL);
    CHECK(access(arena_printf(f.arena, "%s/ran", f.workspace), F_OK) != 0);
}

TEST(a_bubblewrap_that_fails_is_told_in_its_own_words)
{
    CLEANUP(fixture_done) struct fixture f;
    struct sandbox_outcome out;
    char *path = strdup(getenv("PATH"));

    fixture_open(&f);
    struct sandbox_job job = { .arena = f.arena, .workspace = f.workspace, .command = "touch ran", .limits = f.limits };

    chmod(fixture_outside(&f, "bwrap", "#!/bin/sh\necho 'bwrap: no permissions to create a namespace' >&2\nexit 1\n"), 0755);
    sandbox_forget();
    setenv("PATH", arena_printf(f.arena, "%s:%s", f.root, path), 1);
    enum err e = sandbox_run(&job, &out);

    setenv("PATH", path, 1);
    free(path);
    sandbox_forget();
    CHECK_ERR(e, ERR_AUTH);
    CHECK(strstr(failed_text(), "no permissions to create a namespace") != NULL);
}

/* --- how it ends --- */

/* A command that lasts, told apart from those of other runs of this test by its length. */
static const char *nap(struct fixture *f, int which)
{
    return arena_printf(f->arena, "sleep 9999.%d%d", (int)getpid(), which);
}

/* Is there a process with this in its command line? */
static bool process_runs(const char *marker)
{
    DIR *d = opendir("/proc");
    bool found = false;

    for (struct dirent *e; d && !found && (e = readdir(d)) != NULL; ) {
        char path[300], line[8192] = "";
        ssize_t n;
        int fd;

        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            continue;
        n = read(fd, line, sizeof line - 1);
        close(fd);
        for (ssize_t i = 0; i < n; i++)
            line[i] = line[i] ? line[i] : ' ';
        found = strstr(line, marker) != NULL;
    }
    if (d)
        closedir(d);
    return found;
}

/* Killing is asked for, not awaited, by those who were cancelled: give the kernel its moment. */
static bool process_ends(const char *marker)
{
    for (int i = 0; i < 100; i++) {
        if (!process_runs(marker))
            return true;
        usleep(20000);
    }
    return false;
}

TEST(a_command_is_killed_when_its_time_is_over_with_all_it_started)
{
    SANDBOXED(f);
    f.limits.wall_ms = 400;
    struct sandbox_outcome out =
        fixture_run(&f, arena_printf(f.arena, "echo begun; setsid %s & (trap '' TERM HUP INT; setsid %s) & %s",
                                     nap(&f, 1), nap(&f, 1), nap(&f, 1)));

    CHECK(out.timed_out);
    CHECK_STR(out.output, "begun\n");
    CHECK(out.ms >= 400 && out.ms < 10000);
    CHECK(process_ends(nap(&f, 1)));
}

TEST(what_a_command_leaves_behind_dies_with_it)
{
    SANDBOXED(f);
    struct sandbox_outcome out = fixture_run(&f, arena_printf(f.arena, "setsid %s > /dev/null 2>&1 & nohup %s & echo done",
                                                              nap(&f, 2), nap(&f, 2)));

    CHECK_INT(out.exit_code, 0);
    CHECK(!out.timed_out);
    CHECK(process_ends(nap(&f, 2)));
}

static enum err run_for_long(void *arg)
{
    struct fixture *f = arg;
    struct sandbox_job job = {
        .arena = f->arena, .workspace = f->workspace, .limits = f->limits,
        .command = arena_printf(f->arena, "touch running; setsid %s & %s", nap(f, 3), nap(f, 3)),
    };
    struct sandbox_outcome out;

    return sandbox_run(&job, &out);
}

static enum err wait_for_file(const char *path) AWAITS
{
    for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
        TRY(fiber_sleep(10));
    return access(path, F_OK) == 0 ? OK : failed(ERR_NOT_FOUND, "%s does not come", path);
}

TEST(a_cancelled_command_dies_with_all_it_started)
{
    SANDBOXED(f);
    struct fiber *job = fiber_spawn("job", run_for_long, &f);

    CHECK_OK(wait_for_file(arena_printf(f.arena, "%s/running", f.workspace)));
    CHECK(process_runs(nap(&f, 3)));
    fiber_cancel(job);
    CHECK_ERR(fiber_join(job), ERR_CANCELLED);
    CHECK(process_ends(nap(&f, 3)));
}

TEST(the_deadline_of_whoever_waits_is_an_error_and_ends_the_command)
{
    SANDBOXED(f);
    struct deadline d;

    deadline_set(&d, 500);
    enum err e = run_for_long(&f);

    deadline_clear(&d);
    CHECK_ERR(e, ERR_TIMEOUT);
    CHECK(process_ends(nap(&f, 3)));
}

/* The gateway's part is played by a copy of this process: when it is killed, nobody is left to end the command. */
TEST(a_command_dies_when_the_gateway_is_killed)
{
    SANDBOXED(f);
    static const char *const words[] = { "a_command_dies_when_the_gateway_is_killed_child", NULL };
    char self[256] = "";
    sigset_t none;
    pid_t gateway;

    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0)
        return;
    const char *nap_4 = nap(&f, 4);

    gateway = fork();
    if (gateway == 0) {
        setenv("CLAWDBOT_TEST_WORKSPACE", f.workspace, 1);
        setenv("CLAWDBOT_TEST_NAP", nap_4, 1);
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);      /* a fiber's thread gets no signals, nor would what it becomes */
        execl(self, self, words[0], (char *)NULL);
        _exit(1);
    }
    CHECK_OK(wait_for_file(arena_printf(f.arena, "%s/running", f.workspace)));
    CHECK(process_runs(nap(&f, 4)));
    kill(gateway, SIGKILL);
    waitpid(gateway, NULL, 0);
    CHECK(process_ends(nap(&f, 4)));
}

TEST(a_command_dies_when_the_gateway_is_killed_child)
{
    const char *workspace = getenv("CLAWDBOT_TEST_WORKSPACE");
    CLEANUP(arena_freep) struct arena *a = arena_new();

    if (!workspace)
        return;
    struct sandbox_job job = {
        .arena = a, .workspace = workspace, .limits = sandbox_limits_default,
        .command = arena_printf(a, "touch running; setsid %s & %s", getenv("CLAWDBOT_TEST_NAP"), getenv("CLAWDBOT_TEST_NAP")),
    };
    struct sandbox_outcome out;

    CHECK_OK(sandbox_run(&job, &out));
}

/* --- limits --- */

TEST(an_output_without_end_is_cut_in_the_middle)
{
    SANDBOXED(f);
    f.limits.output = 1000;
    struct sandbox_outcome out = fixture_run(&f, "echo first; yes | head -c 50000000; echo last");

    CHECK_INT(out.exit_code, 0);
    CHECK_INT(out.output_total, 50000000 + 11);
    CHECK(out.output.len < 1100);
    CHECK(str_starts(out.output, S("first\ny\n")));
    CHECK(str_ends(out.output, S("y\nlast\n")));
    CHECK(str_find(out.output, S("\n... 49999011 bytes left out ...\n")) != STR_NONE);
}

TEST(memory_is_bounded)
{
    SANDBOXED(f);
    f.limits.memory = 64 << 20;
    struct sandbox_outcome out = fixture_run(&f, "head -c 200000000 /dev/zero | tail -c 150000000 | wc -c; echo ${PIPESTATUS}; true");

    CHECK(str_find(out.output, S("150000000")) == STR_NONE);
    if (fixture_holds(GUARANTEE_MEMORY))
        CHECK(out.out_of_memory);
}

TEST(memory_is_bounded_over_the_whole_tree_where_a_cgroup_can_be_had)
{
    SANDBOXED(f);
    if (!fixture_holds(GUARANTEE_MEMORY))
        return;
    f.limits.memory = 64 << 20;
    struct sandbox_outcome out = fixture_run(&f,
        "for i in 1 2 3 4; do (head -c 30000000 /dev/zero | tail -c 30000000 | (sleep 1; wc -c)) & done; wait");

    CHECK(out.out_of_memory);
}

TEST(memory_of_a_process_is_bounded_without_a_cgroup_whichever_kind_it_is)
{
    SANDBOXED(f);
    const struct sandbox_report *r;

    CHECK_OK(sandbox_probe(&r));
    if (r->states[GUARANTEE_MEMORY].held) {
        fprintf(stderr, "    not tested: there is %s\n", r->states[GUARANTEE_MEMORY].by);
        return;
    }
    fixture_inside(&f, "m.c",
        "#include <stdio.h>\n#include <stdlib.h>\n#include <sys/mman.h>\n"
        "static long take(int flags) { long n = 0; while (n < 4096 && mmap(0, 1 << 20, PROT_READ | PROT_WRITE,"
        " flags | MAP_ANONYMOUS, -1, 0) != MAP_FAILED) n++; return n; }\n"
        "int main(void) { long a = take(MAP_PRIVATE), b = take(MAP_SHARED); printf(\"%d %d\\n\", a < 64, a + b < 512); return 0; }\n");
    struct sandbox_outcome out = fixture_run(&f, "gcc m.c -o m");

    CHECK_INT(out.exit_code, 0);
    f.limits.memory = 64 << 20;
    out = fixture_run(&f, "./m");
    CHECK_STR(out.output, "1 1\n");
}

TEST(memory_in_tmp_is_bounded)
{
    SANDBOXED(f);
    f.limits.tmp_size = 1 << 20;
    struct sandbox_outcome out = fixture_run(&f,
        "for d in /tmp /dev/shm / /dev /run /etc; do head -c 3000000 /dev/zero > $d/x && echo $d is open; done");

    CHECK(str_find(out.output, S("is open")) == STR_NONE);
}

TEST(a_fork_bomb_is_bounded)
{
    SANDBOXED(f);
    if (!fixture_holds(GUARANTEE_PROCESS_COUNT))
        return;
    f.limits.processes = 20;
    f.limits.wall_ms = 3000;
    struct sandbox_outcome out = fixture_run(&f,
        "for i in $(seq 50); do sleep 2 & done 2>&1; ls -d /proc/[0-9]* | wc -l; echo over");

    CHECK(str_find(out.output, S("annot fork")) != STR_NONE);
    f.limits.wall_ms = 1500;
    out = fixture_run(&f, "b() { b | b & }; b; sleep 1; ls -d /proc/[0-9]* | wc -l");
    CHECK(out.ms < 10000);
}

TEST(processor_time_is_bounded)
{
    SANDBOXED(f);
    f.limits.cpu_ms = 1000;
    struct sandbox_outcome out = fixture_run(&f, "while :; do :; done");

    CHECK(!out.timed_out);
    CHECK(out.exit_code == 128 + SIGKILL || out.exit_code == 128 + SIGXCPU);
}

TEST(a_files_size_is_bounded)
{
    SANDBOXED(f);
    struct stat st;

    f.limits.file_size = 1 << 20;
    fixture_run(&f, "head -c 5000000 /dev/zero > big");
    CHECK(stat(arena_printf(f.arena, "%s/big", f.workspace), &st) == 0);
    CHECK(st.st_size <= 1 << 20);
}

static enum err run_small(void *arg)
{
    struct fixture *f = arg;
    struct sandbox_outcome out = fixture_run(f, "cat /proc/self/status > /dev/null; echo $((6 * 7))");

    CHECK_STR(out.output, "42\n");
    return OK;
}

TEST(jobs_run_side_by_side)
{
    SANDBOXED(f);
    CLEANUP(fibers_done) struct fibers g = { 0 };

    for (int i = 0; i < 8; i++)
        fibers_spawn(&g, "job", run_small, &f);
    CHECK_OK(fibers_wait(&g));
}
