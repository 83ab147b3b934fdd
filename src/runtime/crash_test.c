// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "runtime/process.h"

static int (*volatile descend_again)(int);

static int descend(int depth)
{
    volatile char frame[4000];

    frame[0] = (char)depth;
    return descend_again(depth + 1) + frame[0];
}

static enum err fall(void *arg)
{
    *(int *)arg = descend(0);
    return OK;
}

TEST(a_fiber_falls_through_its_stack_when_asked)
{
    int depth;

    if (getenv("FALL_ON_PURPOSE") == NULL)
        return;
    setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
    descend_again = descend;
    CHECK_OK(fiber_join(fiber_spawn("bottomless", fall, &depth)));
}

TEST(an_overflow_hits_the_guard_page_and_names_the_fiber)
{
    const struct process_spec spec = {
        .argv = (const char *[]){ "/proc/self/exe", "a_fiber_falls_*", NULL },
        .env = (const char *[]){ "FALL_ON_PURPOSE=1", NULL },
        .stdin_fd = PROCESS_NULL, .stdout_fd = PROCESS_NULL, .stderr_fd = PROCESS_PIPE,
    };
    CLEANUP(process_freep) struct process *p = NULL;
    CLEANUP(buf_done) struct buf said = { 0 };
    char text[512];
    size_t n;
    int status;

    CHECK_OK(process_start(&spec, &p));
    do {
        CHECK_OK(fd_read(process_stderr(p), text, sizeof text, &n));
        buf_add(&said, str_of(text, n));
    } while (n);
    CHECK(str_find(buf_str(&said), S("clawdbot: fiber bottomless overflowed its stack\n")) != STR_NONE);
    CHECK(str_find(buf_str(&said), S("main: parked bottomless")) != STR_NONE);
    CHECK_OK(process_wait(p, &status));
    CHECK_INT(WTERMSIG(status), SIGABRT);
}
