// SPDX-License-Identifier: Apache-2.0
/* settings.h: what the configuration in force says about the sandbox (sandbox.*). */
#pragma once
#include "tool/sandbox.h"

struct sandbox_limits sandbox_limits_now(void);
unsigned              sandbox_required_now(void);       /* set of GUARANTEE_BIT: sandbox.require */
bool                  tool_is_enabled(const char *name); /* is it in sandbox.enabled? */
