// SPDX-License-Identifier: Apache-2.0
/* module_start.c: compiled into every module; what module_load() calls first. */
#include "runtime/module.h"

/* The text of a failure belongs to whoever runs, and the program knows who that is. */
MODULE_TABLE void clawdbot_module_start(struct err_context *(*hook)(void))
{
    err_context_hook = hook;
}
