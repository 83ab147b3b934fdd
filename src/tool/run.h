// SPDX-License-Identifier: Apache-2.0
/* run.h: one call of a tool, as a model or a person asks for it. */
#pragma once
#include "domain/tool.h"

/* What the caller can mend (no such tool, arguments that do not fit, what the
 * policy denies, or asks for without an approval) is a result with is_error.
 * An error is cancellation, a sandbox that is missing, a workspace that may not be given away. */
/* Its text has no secret in it: the values that the hook knows, and those given to log_mask(), are "***". */
enum err tool_call_run(const struct tool_context *, str name, str arguments_json, struct tool_result *out) AWAITS MUST_USE;

/* For the gateway, while it runs: secrets_mask() of store/secrets.h, say.  NULL: none. */
void tool_use_mask(bool (*mask)(void *arg, str text, struct buf *out), void *arg);
