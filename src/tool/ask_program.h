// SPDX-License-Identifier: Apache-2.0
/* ask_program.h: asks a program of this machine, outside of any sandbox, and waits for what it prints.  For programs that we
 * name ourselves: what a person or model wrote is at most one of their words. */
#pragma once
#include "base/arena.h"

struct program_answer {
    str      text;          /* standard output and standard error as they came; UTF-8; head and tail when it is more than `max` */
    int      exit_code;     /* 128 + n when signal n ended it */
};

/* argv: NULL-terminated; looked for in our PATH.  It speaks English, sees no terminal and has no input.  ERR_NOT_FOUND: there is no
 * such program.  ERR_TIMEOUT: it had not ended after `ms`, and was killed. */
enum err program_ask(struct arena *, const char *const *argv, uint64_t ms, size_t max, struct program_answer *out) AWAITS MUST_USE;
