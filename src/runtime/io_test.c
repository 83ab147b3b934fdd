// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/loop.h"
#include "runtime/offload.h"
#include "runtime/process.h"

static enum err echo_once(void *arg)
{
    struct fd *fd = arg;
    char text[64];
    size_t n;

    TRY(fd_read(fd, text, sizeof text, &n));
    return fd_write(fd, str_of(text, n));
}

TEST(a_reader_waits_for_the_writer)
{
    int ends[2];
    char text[64];
    size_t n;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CLEANUP(fd_closep) struct fd *ours = fd_open(ends[0]);
    CLEANUP(fd_closep) struct fd *theirs = fd_open(ends[1]);
    struct fiber *f = fiber_spawn("echo", echo_once, theirs);

    CHECK_OK(fiber_yield());
    CHECK_OK(fd_write(ours, S("hello")));
    CHECK_OK(fd_read(ours, text, sizeof text, &n));
    CHECK_STR(str_of(text, n), "hello");
    CHECK_OK(fiber_join(f));
}

static enum err fail_there(void *arg)
{
    return failed(ERR_REMOTE, "said in the pool: %s", (const char *)arg);
}

TEST(an_offloaded_call_brings_its_error_text_back)
{
    CHECK_ERR(fiber_offload(fail_there, (char[]){ "no" }), ERR_REMOTE);
    CHECK_STR(str_from(failed_text()), "said in the pool: no");
}

TEST(a_process_is_fed_read_and_reaped)
{
    const struct process_spec spec = {
        .argv = (const char *[]){ "cat", NULL }, .stdin_fd = PROCESS_PIPE, .stdout_fd = PROCESS_PIPE, .stderr_fd = PROCESS_NULL,
    };
    CLEANUP(process_freep) struct process *p = NULL;
    char text[64];
    size_t n;
    int status;

    CHECK_OK(process_start(&spec, &p));
    CHECK_OK(fd_write(process_stdin(p), S("meow")));
    process_close_stdin(p);
    CHECK_OK(fd_read(process_stdout(p), text, sizeof text, &n));
    CHECK_STR(str_of(text, n), "meow");
    CHECK_OK(fd_read(process_stdout(p), text, sizeof text, &n));
    CHECK_INT(n, 0);
    CHECK_OK(process_wait(p, &status));
    CHECK_INT(status, 0);
}
