// SPDX-License-Identifier: Apache-2.0
/* module.h: a part of this program that needs a library which few use: it is a shared object beside the program, and is
 * loaded on first use, so that an idle gateway does without the library.
 *
 * A module NAME is src/FOLDER/modules/NAME.c, which exports one const struct of functions, and NAME.h, which both sides
 * include:
 *
 *     MODULE_TABLE const struct html_module clawdbot_module_html = { .convert = convert };
 *
 * and in the folder's meson.build, under a feature option named after the library:
 *
 *     modules += {'html': {'sources': files('modules/html.c'), 'dependencies': [gumbo]}}
 *
 * It has a private copy of what it uses of base/ and nothing else of ours; the text of failed() reaches the caller. */
#pragma once
#include "base/err.h"

#define MODULE_TABLE __attribute__((visibility("default")))

/* The table of the module, which stays loaded.  Reading the files happens in a pool thread, once.  ERR_IO names the file
 * or the library that is missing. */
enum err module_open(const char *name, const void **ret_table) AWAITS MUST_USE;

/* The same where blocking is right: in a pool thread, in a command. */
enum err module_load(const char *name, const void **ret_table) MUST_USE;

/* module_start.c, compiled into every module: what module_load() calls first. */
void clawdbot_module_start(struct err_context *(*hook)(void));
