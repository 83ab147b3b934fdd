// SPDX-License-Identifier: Apache-2.0
/* module_sample.h: a module for module_test.c. */
#pragma once
#include "base/err.h"

struct sample_module {
    int      (*twice)(int);
    enum err (*fail)(void);
};
extern const struct sample_module clawdbot_module_sample;
