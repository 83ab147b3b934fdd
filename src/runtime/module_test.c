// SPDX-License-Identifier: Apache-2.0
#include "runtime/module.h"

#include <string.h>

#include "base/test.h"
#include "runtime/module_sample.h"
#include "runtime/offload.h"

TEST(a_module_is_loaded_once_and_its_functions_work)
{
    const void *table = NULL, *again = NULL;

    CHECK_OK(module_open("sample", &table));
    CHECK_OK(module_open("sample", &again));
    CHECK(table == again);
    CHECK_INT(((const struct sample_module *)table)->twice(21), 42);
}

TEST(why_a_modules_function_failed_is_told_to_its_caller)
{
    const void *table = NULL;

    CHECK_OK(module_open("sample", &table));
    CHECK_INT(((const struct sample_module *)table)->fail(), ERR_LIMIT);
    CHECK_STR(str_from(failed_text()), "the sample never works");
}

static enum err fail_in_pool(void *arg)
{
    const struct sample_module *m = arg;

    return m->fail();
}

TEST(the_same_in_a_pool_thread)
{
    const void *table = NULL;

    CHECK_OK(module_open("sample", &table));
    CHECK_INT(fiber_offload(fail_in_pool, (void *)table), ERR_LIMIT);
    CHECK_STR(str_from(failed_text()), "the sample never works");
}

TEST(a_module_that_is_not_installed_is_named)
{
    const void *table = NULL;

    CHECK_INT(module_open("nowhere", &table), ERR_IO);
    CHECK(strstr(failed_text(), "clawdbot-nowhere.so") != NULL);
    CHECK(table == NULL);
}
