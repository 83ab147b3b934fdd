// SPDX-License-Identifier: Apache-2.0
/* prompt.h: a line from standard input, on a terminal also unseen. */
#pragma once
#include "cli/cli.h"

enum visibility { SHOWN, HIDDEN };

/* Trimmed; NO_STR when the input has ended.  Where input is no terminal, HIDDEN is as SHOWN. */
enum err prompt_line(struct arena *, enum visibility, str *out) AWAITS MUST_USE;
