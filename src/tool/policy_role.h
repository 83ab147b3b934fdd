// SPDX-License-Identifier: Apache-2.0
/* policy_role.h: what somebody is: the roles that are built in (policy_roles.def), and the configuration's `roles`, each
 * like one of those, with tools of its own or without some. */
#pragma once
#include "base/json.h"
#include "tool/policy_pattern.h"

enum approves { APPROVES_NONE, APPROVES_OWN, APPROVES_BELOW, APPROVES_ALL };

struct policy_role {
    const char   *name, *like, *doc;    /* like: a built-in one; its own name for those */
    const json_t *tools, *deny;         /* patterns of tools: no others; not these.  NULL: no limit */
    enum approves approves;
};

struct policy_roles { struct policy_role *items; size_t n; };

/* The built-in ones, then those of `roles` (a map, or NULL), which has to outlive them.  ERR_INPUT names the role. */
enum err policy_roles_new(struct arena *, const json_t *roles, struct policy_roles *out) MUST_USE;
const struct policy_role *policy_role_find(const struct policy_roles *, str name);      /* NULL: there is none */

/* Does it have this tool?  *ret_granted: its own list names the tool, so that it uses it as an operator does. */
bool policy_role_has_tool(const struct policy_role *, const char *tool, bool *ret_granted);
