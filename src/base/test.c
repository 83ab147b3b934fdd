// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fnmatch.h>
#include <stdlib.h>

enum { MAX_TESTS = 4096 };

static struct CMUnitTest tests[MAX_TESTS];
static void (*bodies[MAX_TESTS])(void **);
static size_t n_tests;

void (*test_around)(void (*fn)(void **), void **state);
void (*test_on_failure)(const char *file, int line);

static void run_one(void **state)
{
    void (*fn)(void **) = *(void (**)(void **))*state;

    if (test_around)
        test_around(fn, state);
    else
        fn(state);
}

void test_register(const char *file, const char *name, void (*fn)(void **))
{
    (void)file;
    if (n_tests == MAX_TESTS)
        abort();
    bodies[n_tests] = fn;
    tests[n_tests] = (struct CMUnitTest){ name, run_one, NULL, NULL, &bodies[n_tests] };
    n_tests++;
}

void test_failed(const char *file, int line, const char *fmt, ...)
{
    char text[4096];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    print_error("%s\n", text);
    if (test_on_failure)
        test_on_failure(file, line);
    _fail(file, line);
    abort();    /* _fail does not return */
}

/* "2/3": the second of three shares, which may run at once; else a pattern of names. */
static size_t keep(const char *which)
{
    size_t kept = 0, share = 0, shares = 0;
    bool is_share = sscanf(which, "%zu/%zu", &share, &shares) == 2 && shares > 0;

    for (size_t i = 0; i < n_tests; i++)
        if (is_share ? i % shares == share % shares : fnmatch(which, tests[i].name, 0) == 0)
            tests[kept++] = tests[i];
    return kept;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? keep(argv[1]) : n_tests;
    int bad = _cmocka_run_group_tests(argv[0], tests, n, NULL, NULL);

    fflush(stderr);
    printf("%zu passed, %d failed\n", n - (size_t)bad, bad);
    return bad != 0 || n == 0;
}
