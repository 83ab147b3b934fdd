// SPDX-License-Identifier: Apache-2.0
/* test.c: linked into the test binaries of this floor and those above.  Each test runs as a fiber of a loop of its
 * own and must leave no fiber behind.  A failed check gives up the whole loop: cmocka's longjmp cannot leave a
 * fiber's stack, and children may point into the frames of the test that failed. */
#include "base/test.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/internal.h"
#include "runtime/loop.h"

enum { TEST_SECONDS = 60 };

static struct {
    void      (*fn)(void **);
    void      **state;
    const char *file;           /* of the check that failed; NULL: none */
    int         line;
} test;

static void on_alarm(int signal_number)
{
    (void)signal_number;
    mem_die("the test hangs\n");
}

/* CLAWDBOT_TEST_FAULT=fiber_park:fail:3:once and the like: with one, tests may fail, but must not crash or hang. */
static enum err arm_fault(void)
{
    const char *spec = getenv("CLAWDBOT_TEST_FAULT");

    return spec ? fault_arm(str_from(spec)) : OK;
}

static enum err body(void *arg)
{
    (void)arg;
    TRY(arm_fault());
    test.fn(test.state);
    if (fibers_list(NULL, 0) > 1) {
        fibers_dump(STDERR_FILENO);
        test_failed("after the test", 0, "%zu fibers are left, or not joined", fibers_list(NULL, 0) - 1);
    }
    return OK;
}

static void on_failure(const char *file, int line)
{
    if (fiber_self() == NULL)
        return;
    test.file = file;
    test.line = line;
    loop_abandon();
}

/* cmocka longjmps out of its own handlers of these, which cannot work from a fiber's stack: let a crash be one. */
static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS };
static struct sigaction crash_before[N_ELEMENTS(crashes)];

static void around(void (*fn)(void **), void **state)
{
    test.fn = fn;
    test.state = state;
    test.file = NULL;
    for (size_t i = 0; i < N_ELEMENTS(crashes); i++)
        sigaction(crashes[i], &crash_before[i], NULL);
    signal(SIGALRM, on_alarm);
    alarm(TEST_SECONDS);
    enum err e = loop_run(NULL, body, NULL);

    alarm(0);
    clock_real();
    fault_disarm_all();
    if (test.file)
        _fail(test.file, test.line);
    if (e)
        test_failed("after the test", 0, "%s", failed_text());
}

__attribute__((constructor)) static void use_fibers(void)
{
    for (size_t i = 0; i < N_ELEMENTS(crashes); i++)
        sigaction(crashes[i], NULL, &crash_before[i]);
    test_around = around;
    test_on_failure = on_failure;
}
