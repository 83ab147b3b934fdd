// SPDX-License-Identifier: Apache-2.0
/* api_approvals.c: open questions, listed and answered by whoever holds the token: the owner. */
#include "channel/markup.h"
#include "config/language.h"
#include "gateway/approvals.h"
#include "gateway/handlers.h"

static json_t *question(struct arena *a, const struct rows *r, size_t i)
{
    CLEANUP(buf_done) struct buf html = { 0 };
    CLEANUP(json_decrefp) json_t *arguments = NULL;
    str text = row_str(r, i, 8);

    if (json_parse(row_str(r, i, 7), &arguments) != OK)
        arguments = json_from_str(row_str(r, i, 7));
    markup_to_web(&html, markup_parse(a, text));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:O, s:o, s:o, s:o, s:o, s:o, s:o}", "state", "pending",
        "code", json_from_str(row_str(r, i, 1)), "session_id", json_from_str(row_str(r, i, 2)),
        "platform", json_from_str(row_str(r, i, 3)), "chat_id", json_from_str(row_str(r, i, 4)),
        "person", json_from_str(row_str(r, i, 5)), "tool", json_from_str(row_str(r, i, 6)), "arguments", arguments,
        "text", json_from_str(text), "html", json_from_str(buf_str(&html)), "rule", json_from_str(row_str(r, i, 9)),
        "choices", approval_choices(row_str(r, i, 1).p, row_int(r, i, 10) != 0, language_is_chinese(text)),
        "created_at", time_or_null(row_int(r, i, 11)),
        "expires_at", time_or_null(row_int(r, i, 12)));
}

enum err get_approvals(struct request *q) AWAITS
{
    str session = S("");
    int64_t limit;
    struct rows r;

    http_query(q->http, S("session_id"), &session);
    TRY(request_number(q, "limit", 100, 1, 1000, &limit));
    TRY(store_read(q->gateway->store, q->arena, &r, "approval.list", "si", session, limit));
    json_t *list = json_array();

    for (size_t i = 0; i < r.n; i++)
        json_array_append_new(list, question(q->arena, &r, i));
    return answer_json(q, 200, json_pack("{s:o}", "approvals", list));
}

/* {"answer": "yes" | "no", "scope": "once" | "session" | "always"} */
enum err post_approval(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct approver by = { { S("owner"), S("owner") }, str_from(caller_platform(q->caller)), NO_STR, 0 };
    struct approval_answer answer = { .code = q->arguments[0] };
    str tool;

    TRY(request_json(q, &body));
    str word = json_text_str(body, "answer"), scope = json_text_str(body, "scope");

    answer.yes = str_eq(word, S("yes"));
    if (!answer.yes && !str_eq(word, S("no")))
        return failed(ERR_INPUT, "answer is yes or no");
    if (scope.len && !approval_scope_parse(scope, &answer.scope))
        return failed(ERR_INPUT, "scope is once, session or always");
    TRY(approvals_answer(q->gateway, q->arena, &by, &answer, &tool));
    return answer_json(q, 200, json_pack("{s:s, s:o, s:o}", "state", answer.yes ? "granted" : "refused", "code",
                                         json_from_str(answer.code), "tool", json_from_str(tool)));
}
