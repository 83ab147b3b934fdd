// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/process.h"

static enum err read_all(struct fd *fd, struct buf *b)
{
    char text[512];
    size_t n;

    do {
        TRY(fd_read(fd, text, sizeof text, &n));
        buf_add(b, str_of(text, n));
    } while (n);
    return OK;
}

static struct process *shell(const char *script, const char *arg, const char *const *env)
{
    const struct process_spec spec = {
        .argv = (const char *[]){ "sh", "-c", script, arg, NULL }, .env = env, .cwd = "/",
        .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_PIPE, .stderr_fd = PROCESS_NULL,
    };
    struct process *p = NULL;

    CHECK_OK(process_start(&spec, &p));
    return p;
}

TEST(a_process_is_fed_read_and_reaped)
{
    const struct process_spec spec = {
        .argv = (const char *[]){ "cat", NULL }, .stdin_fd = PROCESS_PIPE, .stdout_fd = PROCESS_PIPE, .stderr_fd = PROCESS_NULL,
    };
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(buf_done) struct buf out = { 0 };
    int status = -1;

    CHECK_OK(process_start(&spec, &p));
    CHECK(process_stderr(p) == NULL);
    CHECK_OK(fd_write(process_stdin(p), S("meow")));
    process_close_stdin(p);
    CHECK(process_stdin(p) == NULL);
    CHECK_OK(read_all(process_stdout(p), &out));
    CHECK_STR(buf_str(&out), "meow");
    CHECK_OK(process_wait(p, &status));
    CHECK_INT(status, 0);
    CHECK(kill(process_pid(p), 0) < 0 && errno == ESRCH);
}

TEST(the_status_is_as_wait_tells_it)
{
    static const struct { const char *script; int exit, signal; } cases[] = {
        { "exit 7", 7, 0 }, { "kill -TERM $$", 0, SIGTERM }, { "exit 255", 255, 0 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(process_freep) struct process *p = shell(cases[i].script, "", NULL);
        int status = -1;

        CHECK_OK(process_wait(p, &status));
        CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : 0, cases[i].exit);
        CHECK_INT(WIFSIGNALED(status) ? WTERMSIG(status) : 0, cases[i].signal);
    }
}

TEST(the_environment_and_directory_are_those_given)
{
    CLEANUP(process_freep) struct process *p = shell("echo $X-$HOME; pwd", "", (const char *[]){ "X=1", NULL });
    CLEANUP(buf_done) struct buf out = { 0 };

    CHECK_OK(read_all(process_stdout(p), &out));
    CHECK_STR(buf_str(&out), "1-\n/\n");
}

TEST(a_program_that_is_not_there_is_not_found)
{
    static const char *const names[] = { "no-such-program-here", "/no/such/program" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++) {
        const struct process_spec spec = {
            .argv = (const char *[]){ names[i], NULL }, .stdin_fd = PROCESS_PIPE, .stdout_fd = PROCESS_PIPE, .stderr_fd = PROCESS_PIPE,
        };
        struct process *p = NULL;

        CHECK_ERR(process_start(&spec, &p), ERR_NOT_FOUND);
        CHECK(p == NULL);
        CHECK(strstr(failed_text(), names[i]));
    }
}

TEST(killing_reaches_the_whole_tree)
{
    CLEANUP(process_freep) struct process *p = shell("sleep 1000 & sleep 1000 & echo up; wait", "", NULL);
    CLEANUP(buf_done) struct buf rest = { 0 };
    char text[16];
    size_t n;
    int status;

    CHECK_OK(fd_read(process_stdout(p), text, sizeof text, &n));
    CHECK_STR(str_of(text, n), "up\n");
    process_kill(p, SIGKILL);
    CHECK_OK(process_wait(p, &status));
    CHECK_INT(WTERMSIG(status), SIGKILL);
    CHECK_OK(read_all(process_stdout(p), &rest));   /* ends only when the last holder of the pipe is gone */
}

TEST(a_freed_process_is_killed_and_reaped)
{
    struct process *p = shell("sleep 1000", "", NULL);
    int pid = process_pid(p);

    process_freep(&p);
    CHECK(p == NULL);
    while (kill(pid, 0) == 0)       /* a zombie would answer for ever */
        CHECK_OK(fiber_yield());
    CHECK_INT(errno, ESRCH);
}

TEST(a_wait_for_a_process_can_be_cut_short)
{
    CLEANUP(process_freep) struct process *p = shell("sleep 1000", "", NULL);
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    int status;

    deadline_set(&d, 1);
    CHECK_ERR(process_wait(p, &status), ERR_TIMEOUT);
}

TEST(a_child_inherits_no_descriptor_but_those_named)
{
    int careless = dup2(STDERR_FILENO, 57), pipes[2];
    CLEANUP(buf_done) struct buf out = { 0 };

    CHECK(careless == 57 && pipe2(pipes, O_CLOEXEC) == 0);
    const struct process_spec spec = {
        .argv = (const char *[]){ "sh", "-c", "[ -e /proc/self/fd/57 ] && echo open >&3; echo done >&3", NULL },
        .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = PROCESS_NULL,
        .extra_fds = (const int[]){ pipes[1], -1 },
    };
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(fd_closep) struct fd *from = fd_open(pipes[0]);

    CHECK_OK(process_start(&spec, &p));
    close(pipes[1]);
    CHECK_OK(read_all(from, &out));
    CHECK_STR(buf_str(&out), "done\n");
    close(careless);
}

/* --- this test program itself, run again --- */

/* A test that fails only when asked: to see that a failure inside a fiber is counted and the next test runs. */
TEST(harness_a_fails_when_asked)
{
    CHECK(getenv("FAIL_ON_PURPOSE") == NULL);
}

static enum err sleep_long(void *arg)
{
    (void)arg;
    return fiber_sleep(1000000);
}

TEST(harness_b_leaves_a_fiber_when_asked)
{
    if (getenv("FAIL_ON_PURPOSE"))
        fiber_spawn("left behind", sleep_long, NULL);
}

TEST(harness_c_is_fine)
{
}

TEST(a_failed_check_in_a_fiber_fails_its_test_alone)
{
    const struct process_spec spec = {
        .argv = (const char *[]){ "/proc/self/exe", "harness_*", NULL },
        .env = (const char *[]){ "FAIL_ON_PURPOSE=1", "ASAN_OPTIONS=detect_leaks=0", NULL },
        .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_PIPE, .stderr_fd = PROCESS_NULL,
    };
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(buf_done) struct buf out = { 0 };
    int status;

    CHECK_OK(process_start(&spec, &p));
    CHECK_OK(read_all(process_stdout(p), &out));
    CHECK_OK(process_wait(p, &status));
    CHECK_INT(WEXITSTATUS(status), 1);
    CHECK(str_find(buf_str(&out), S("1 passed, 2 failed")) != STR_NONE);
}
