// SPDX-License-Identifier: Apache-2.0
/* attempt.h: a call that fails in passing is made again, if its tool may run twice (tools.retries, tools.backoff); what fails for
 * good is told (runtime/failure.h), and may have an alternative (tools.fallback). */
#pragma once
#include "domain/tool.h"

/* As tool->run(). */
enum err tool_attempt(const struct tool_context *, const struct tool *, const json_t *arguments, struct tool_result *out) AWAITS MUST_USE;
/* Did it fail for a reason that has nothing to do with what was asked? */
bool     tool_gave_up(enum err, const struct tool_result *);
/* The declared alternative of a tool that takes these arguments as they are; NULL: there is none. */
const struct tool *tool_alternative(const struct tool *, const json_t *arguments);
