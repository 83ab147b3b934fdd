// SPDX-License-Identifier: Apache-2.0
/* settings.h: what the configuration in force says about the sandbox (sandbox.*). */
#pragma once
#include "domain/tool.h"
#include "tool/egress.h"
#include "tool/sandbox.h"

struct sandbox_limits sandbox_limits_now(void);
unsigned              sandbox_required_now(void);       /* set of GUARANTEE_BIT: sandbox.require */
/* sandbox.network.*, for a call, in its arena; *out is NULL while no host is allowed.  ERR_INPUT: it is written wrong. */
enum err              sandbox_network_now(const struct tool_context *, const struct egress_options **out) MUST_USE;
/* What that leaves of "no network": "no network but the proxy to 3 hosts". */
const char           *sandbox_network_text(struct arena *);
bool                  tool_is_enabled(const char *name); /* is it in sandbox.enabled? */
