// SPDX-License-Identifier: Apache-2.0
/* policy_rules.h: puts the policy in force (tool/policy.h) together: the configuration's rows, roles and people, and the
 * rows that were said for always. */
#pragma once
#include "gateway/gateway.h"

/* At the start, after a reload, and when a row of table policy_rows came or went.  ERR_INPUT names the row that is
 * wrong; then what is wrong stays what it was. */
enum err policy_rules_load(struct gateway *) AWAITS MUST_USE;
