// SPDX-License-Identifier: Apache-2.0
/* spending.h: what people are told about money and tokens (model/budget.h): a refusal, a warning to the owner, /usage. */
#pragma once
#include "base/json.h"
#include "gateway/gateway.h"
#include "model/budget.h"

/* Opens gateway->budgets and warns the owner from now on, once a limit, percentage and period, restarts included. */
enum err spending_open(struct gateway *) AWAITS MUST_USE;

/* What a person is told whose turn was refused: whose budget, and when it begins anew.  Figures are for the owner, and for those
 * whose own budget it is. */
str      spending_refusal(struct arena *, const struct budget_denial *, bool is_owner, bool chinese);
/* The answer to /usage: theirs today and this month; for the owner everybody's too, by model. */
enum err spending_say(struct gateway *, struct arena *, const struct spend *who, bool is_owner, bool chinese,
                      struct buf *out) AWAITS MUST_USE;
/* {"person", "currency", "today": {..}, "month": {..}, "limits": [..]}; sums as in usage_to_json(). */
enum err spending_json(struct gateway *, struct arena *, str person, json_t **out) AWAITS MUST_USE;
/* {"scope", "per", "name", "percent", "money": {"limit", "spent", "reserved"}, "tokens": {..}, "until"} */
json_t  *spending_limits_json(const struct budget_state *, size_t n);
