// SPDX-License-Identifier: Apache-2.0
/* survey.h: which models can be reached from here, and does one work?  What `clawdbot models` prints; the gateway and the command
 * line both ask here. */
#pragma once
#include "model/set.h"

/* Every server that is configured, whose key is in the environment, or that runs on this machine, asked side by side:
 *     {"servers": [{"name", "endpoint", "api", "source", "error" or "models": [{"label", "name", "context", "roles": ["main"]}]}]}
 * context: tokens, as they are known or else as the server's list says; 0.  A model of a role that its server does not list has
 * "unlisted": true.
 * set: of the same settings; NULL: there is none.  *out is a new reference. */
enum err survey_servers(const struct model_set_settings *, const struct model_set *, struct arena *, json_t **out) AWAITS MUST_USE;

/* Asks the model for a few words, and then for a call of a tool:
 *     {"label", "ok", "first_token_ms", "total_ms", "output_tokens", "tokens_per_second", "tools": true, "tools_error", "error"}
 * tokens_per_second is null where the model counts none; "load_ms" is there for a model that we run.  A new reference, also of a
 * model that fails. */
json_t *survey_test(struct model *) AWAITS;
