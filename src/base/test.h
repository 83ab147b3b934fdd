// SPDX-License-Identifier: Apache-2.0
/* test.h: a thin layer over cmocka, for x_test.c beside x.c.  One binary a folder collects its tests;
 * each prints "N passed, N failed" at the end.  A folder's binary takes a pattern (fnmatch) as argument, or "2/3" for a share. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail     /* cmocka's macro takes a word that is ours; use CHECK */

#include "base/buf.h"

/* TEST(a_sentence_about_what_holds) { ... } registers itself. */
#define TEST(name) \
    static void name(void); \
    static void name##_cmocka(void **state) { (void)state; name(); } \
    __attribute__((constructor)) static void name##_register(void) { test_register(__FILE__, #name, name##_cmocka); } \
    static void name(void)

#define CHECK(cond) \
    do { if (!(cond)) test_failed(__FILE__, __LINE__, "not true: %s", #cond); } while (0)
#define CHECK_OK(expr) \
    do { enum err test_e_ = (expr); if (test_e_) \
        test_failed(__FILE__, __LINE__, "%s: %s (%s)", #expr, failed_text(), err_name(test_e_)); } while (0)
#define CHECK_ERR(expr, want) \
    do { enum err test_e_ = (expr), test_w_ = (want); if (test_e_ != test_w_) \
        test_failed(__FILE__, __LINE__, "%s: is %s, want %s", #expr, err_name(test_e_), err_name(test_w_)); } while (0)
#define CHECK_INT(got, want) \
    do { long long test_g_ = (long long)(got), test_w_ = (long long)(want); if (test_g_ != test_w_) \
        test_failed(__FILE__, __LINE__, "%s: is %lld, want %lld", #got, test_g_, test_w_); } while (0)
/* got: str; want: C string */
#define CHECK_STR(got, want) \
    do { str test_g_ = (got), test_w_ = str_from(want); if (!str_eq(test_g_, test_w_)) \
        test_failed(__FILE__, __LINE__, "%s: is \"%.*s\", want \"%.*s\"", #got, STR(test_g_), STR(test_w_)); } while (0)

void test_register(const char *file, const char *name, void (*fn)(void **));
_Noreturn void test_failed(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A wrapper around the run of every test of this binary (runtime/test.c runs each inside a fiber). */
extern void (*test_around)(void (*fn)(void **), void **state);
/* Called by a failed check before it leaves the test; need not return (runtime/test.c leaves the fiber first). */
extern void (*test_on_failure)(const char *file, int line);
