// SPDX-License-Identifier: Apache-2.0
#include "runtime/module_sample.h"

#include "runtime/module.h"

static int twice(int n)
{
    return 2 * n;
}

static enum err fail(void)
{
    return failed(ERR_LIMIT, "the sample never works");
}

MODULE_TABLE const struct sample_module clawdbot_module_sample = { twice, fail };
