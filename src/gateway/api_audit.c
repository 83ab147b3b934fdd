// SPDX-License-Identifier: Apache-2.0
/* api_audit.c: the record of who did what, read and verified. */
#include "gateway/handlers.h"
#include "store/audit.h"

enum { ROWS_MAX = 5000 };

static enum err read_filter(struct request *q, struct audit_filter *out)
{
    str since = S("");

    *out = (struct audit_filter){ .person = S(""), .event = S("") };
    http_query(q->http, S("person"), &out->person);
    http_query(q->http, S("event"), &out->event);
    http_query(q->http, S("since"), &since);
    TRY(audit_since(since, &out->since));
    return request_number(q, "limit", 100, 1, ROWS_MAX, &out->limit);
}

enum err admin_audit(struct request *q) AWAITS
{
    struct store *s = q->gateway->store;
    struct audit_filter f;
    struct rows r;
    int64_t after;

    TRY(read_filter(q, &f));
    TRY(request_number(q, "after", -1, 0, INT64_MAX, &after));
    TRY(after < 0 ? audit_latest(s, q->arena, &f, &r) : audit_page(s, q->arena, &f, after, &r));
    return answer_json(q, 200, json_pack("{s:o}", "rows", audit_rows_json(&r)));
}

enum err admin_audit_verify(struct request *q) AWAITS
{
    struct audit_report report;
    struct audit_head seen;
    str head = NO_STR;
    bool has = http_query(q->http, S("head"), &head) && head.len;

    if (has)
        TRY(audit_head_parse(head, &seen));
    enum err e = audit_verify(q->gateway->store, has ? &seen : NULL, &report);

    return answer_json(q, 200, audit_report_json(e, &report));
}
