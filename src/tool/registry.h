// SPDX-License-Identifier: Apache-2.0
/* registry.h: the tools there are (tools.def here and in upper floors), and those that the configuration switches on. */
#pragma once
#include "domain/tool.h"

/* Tools that live in a floor above, beside what they drive.  Once, before any turn; the list is static, twice is once. */
void tools_register(const struct tool *const *, size_t n);

const struct tool *tool_find(str name);                     /* NULL: there is none; enabled or not */
const struct tool *tool_closest(str name);                  /* the enabled one that was meant, as far as can be told; or NULL */
/* Those that are switched on, in the arena. */
const struct tool *const *tools_enabled(struct arena *, size_t *ret_n);
json_t *tool_to_json(const struct tool *);                  /* {name, description, risk, parameters}; a new reference */
