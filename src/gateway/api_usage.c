// SPDX-License-Identifier: Apache-2.0
/* api_usage.c: what calls of models took.  Whoever holds the token is the owner. */
#include "gateway/handlers.h"
#include "gateway/spending.h"
#include "model/usage.h"

enum err get_usage(struct request *q) AWAITS
{
    json_t *j;

    TRY(spending_json(q->gateway, q->arena, S("owner"), &j));
    return answer_json(q, 200, j);
}

enum err admin_usage(struct request *q) AWAITS
{
    struct budgets *b = q->gateway->budgets;
    str by = S(""), since = S(""), person = S("");
    struct budget_state *limits;
    struct usage_wish w;
    struct usage_sum *sums;
    size_t n, n_limits;

    http_query(q->http, S("by"), &by);
    http_query(q->http, S("since"), &since);
    http_query(q->http, S("person"), &person);
    TRY(usage_wish_read(by, since, person, budgets_currency(b), &w));
    TRY(usage_sums(q->gateway->store, q->arena, &w, &sums, &n));
    struct spend who = { .person = person, .session_id = S(""), .agent = S("") };

    TRY(budgets_states(b, q->arena, &who, &limits, &n_limits));
    json_t *j = usage_to_json(&w, sums, n);

    json_object_set_new(j, "limits", spending_limits_json(limits, n_limits));
    return answer_json(q, 200, j);
}
