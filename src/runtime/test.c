// SPDX-License-Identifier: Apache-2.0
/* test.c: linked into the test binaries of this floor and those above.  Each test runs as a fiber of a loop of its
 * own and must leave no fiber behind.  A failed check gives up the whole loop: cmocka's longjmp cannot leave a
 * fiber's stack, and children may point into the frames of the test that failed. */
#include "base/test.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "runtime/clock.h"
#include "runtime/internal.h"
#include "runtime/loop.h"

enum { TEST_SECONDS = 60, MAX_SHOWN = 64 };

static struct {
    void      (*fn)(void **);
    void      **state;
    const char *file;           /* of the check that failed; NULL: none */
    int         line;
} test;

static void show_fibers(void)
{
    static struct fiber_info infos[MAX_SHOWN];
    size_t n = fibers_list(infos, MAX_SHOWN);

    for (size_t i = 0; i < n && i < MAX_SHOWN; i++)
        dprintf(STDERR_FILENO, "    fiber %s: %s %s, for %llu ms\n", infos[i].name, infos[i].state, infos[i].why,
                (unsigned long long)infos[i].since_ms);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    dprintf(STDERR_FILENO, "the test hangs; its fibers:\n");
    show_fibers();
    abort();
}

static enum err body(void *arg)
{
    (void)arg;
    test.fn(test.state);
    if (fibers_list(NULL, 0) > 1) {
        show_fibers();
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

static void around(void (*fn)(void **), void **state)
{
    test.fn = fn;
    test.state = state;
    test.file = NULL;
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
    test_around = around;
    test_on_failure = on_failure;
}
