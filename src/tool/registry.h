// SPDX-License-Identifier: Apache-2.0
/* registry.h: the tools there are (tools.def), and those that the configuration switches on. */
#pragma once
#include "domain/tool.h"

const struct tool *tool_find(str name);                     /* NULL: there is none; enabled or not */
const struct tool *tool_closest(str name);                  /* the enabled one that was meant, as far as can be told; or NULL */
/* Those that are switched on, in the arena. */
const struct tool *const *tools_enabled(struct arena *, size_t *ret_n);
json_t *tool_to_json(const struct tool *);                  /* {name, description, risk, parameters}; a new reference */
