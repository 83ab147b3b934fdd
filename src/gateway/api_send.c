// SPDX-License-Identifier: Apache-2.0
/* api_send.c: POST /api/v1/send, what the owner or a program has sent to a chat or person. */
#include "gateway/handlers.h"
#include "gateway/sending.h"

static enum err read_file(struct arena *a, const json_t *file, struct sending *s)
{
    CLEANUP(buf_done) struct buf bytes = { .max = SIZE_MAX / 2 };

    if (!file || json_is_null(file))
        return OK;
    s->file_name = json_text_str(file, "name");
    s->file_mime = json_text_str(file, "mime");
    if (s->file_name.len == 0 || str_find_char(s->file_name, '/') != STR_NONE)
        return failed(ERR_INPUT, "file.name is a name, without folders");
    if (buf_add_unbase64(&bytes, json_text_str(file, "data")))
        return failed(ERR_INPUT, "file.data is not base64");
    s->file_bytes = arena_str(a, buf_str(&bytes));
    return OK;
}

static str idempotency_key(const struct request *q, const json_t *body)
{
    str key = http_exchange_field(q->http, S("idempotency-key"));

    return key.len ? key : json_text_str(body, "external_id");
}

static enum err wait_for_news(void *request, struct waiters *news) AWAITS
{
    return http_wait_or_gone(((struct request *)request)->http, news);
}

enum err post_send(struct request *q) AWAITS
{
    CLEANUP(json_decrefp) json_t *body = NULL;
    struct sending s = { .gateway = q->gateway, .arena = q->arena };
    json_t *answer;
    str mode = S("");
    bool ended;

    TRY(request_json(q, &body));
    (void)http_query(q->http, S("mode"), &mode);
    if (mode.len && !str_eq(mode, S("wait")) && !str_eq(mode, S("async")))
        return failed(ERR_INPUT, "mode is async or wait");
    s.to = json_text_str(body, "to");
    s.text = json_text_str(body, "text");
    s.key = idempotency_key(q, body);
    TRY(read_file(q->arena, json_at(body, "file"), &s));
    TRY(sending_store(&s));
    if (str_eq(mode, S("wait")))
        TRY(sending_await(&s, wait_for_news, q, &answer));
    else
        TRY(sending_state(&s, &answer, &ended));
    return answer_json(q, str_eq(mode, S("wait")) ? 200 : 202, answer);
}
