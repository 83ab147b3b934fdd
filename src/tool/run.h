// SPDX-License-Identifier: Apache-2.0
/* run.h: one call of a tool, as a model or a person asks for it. */
#pragma once
#include "domain/tool.h"

/* What the caller can mend (no such tool, arguments that do not fit, what the
 * policy denies, or asks for without an approval) is a result with is_error.
 * An error is cancellation, a sandbox that is missing, a workspace that may not be given away. */
enum err tool_call_run(const struct tool_context *, str name, str arguments_json, struct tool_result *out) AWAITS MUST_USE;
