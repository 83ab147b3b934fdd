// SPDX-License-Identifier: Apache-2.0
#include "model/transcribe.h"

#include "base/metrics.h"
#include "base/random.h"
#include "model/api.h"
#include "model/breaker.h"
#include "runtime/fiber.h"

enum { ANSWER_MS = 120000, ANSWER_MAX = 4 << 20 };

/* A file's name as it may stand in a header: RFC 7578 section 4.2 leaves quotes and line ends to be replaced. */
static void add_name(struct buf *b, str name)
{
    for (size_t i = 0; i < name.len; i++)
        buf_add_char(b, name.p[i] == '"' || name.p[i] == '\\' || (unsigned char)name.p[i] < 0x20 ? '_' : name.p[i]);
}

static void add_field(struct buf *b, const char *boundary, const char *name, str value)
{
    buf_addf(b, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%.*s\r\n", boundary, name, STR(value));
}

/* The boundary is 122 random bits: it does not stand in the recording. */
static void add_form(struct buf *b, const char *boundary, const struct model *m, const struct recording *r)
{
    add_field(b, boundary, "model", str_from(m->name));
    add_field(b, boundary, "response_format", S("json"));
    buf_addf(b, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"", boundary);
    add_name(b, r->name.len ? r->name : S("recording"));
    buf_addf(b, "\"\r\nContent-Type: %.*s\r\n\r\n", STR(r->mime.len ? r->mime : S("application/octet-stream")));
    buf_add(b, r->bytes);
    buf_addf(b, "\r\n--%s--\r\n", boundary);
}

static enum err understand(struct arena *a, const struct http_response *answer, str *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    if (answer->status != 200)
        return api_refused(answer->status, answer->body);
    if (json_parse(answer->body, &j) != OK || !json_is_string(json_at(j, "text")))
        return failed(ERR_REMOTE, "what came back is no transcript");
    *out = arena_str(a, str_trim(json_text_str(j, "text")));
    return OK;
}

static enum err ask(const struct model *m, struct arena *a, const struct recording *r, str *out) AWAITS
{
    CLEANUP(buf_done) struct buf form = { .max = RECORDING_MAX + (64 << 10) };
    char boundary[UUID_SIZE];
    struct http_request rq;
    struct http_response answer;

    random_uuid(boundary);
    add_form(&form, boundary, m, r);
    TRY(buf_check(&form, "the recording"));
    struct http_field type = { S("Content-Type"), str_from(arena_printf(a, "multipart/form-data; boundary=%s", boundary)) };

    api_request(a, &m->target, &(struct api_head){ "audio/transcriptions", "Authorization", &type, 1 }, NO_STR, &rq);
    rq.method = "POST";
    rq.body = buf_str(&form);
    rq.max_body = ANSWER_MAX;
    TRY(http_fetch(a, &rq, &answer, NULL));
    return understand(a, &answer, out);
}

static enum err ask_in_time(struct model *m, struct arena *a, const struct recording *r, str *out) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ANSWER_MS);
    enum err e = ask(m, a, r, out);

    deadline_clear(&d);
    if (fiber_check())
        e = ERR_CANCELLED;
    breaker_ended(breaker_of(m->label), e);
    if (e == ERR_CANCELLED)
        return fiber_check();
    metric_add_for(METRIC_FAMILY_model_requests, m->label, e ? "failed" : "ok", 1);
    return e ? failed_in(e, "model %s at %s: ", m->label, m->target.endpoint) : OK;
}

enum err transcribe(const struct model_route *route, struct arena *a, const struct recording *r, str *out)
{
    enum err e = failed(ERR_NOT_FOUND, "there is no model that hears (models.speech)");

    for (size_t i = 0; i < route->n; i++) {
        struct model *m = route->models[i];

        if (!breaker_allows(breaker_of(m->label))) {
            e = failed(ERR_NET, "model %s: it %s", m->label, breaker_why(breaker_of(m->label)));
            continue;
        }
        e = ask_in_time(m, a, r, out);
        if (e == OK || e == ERR_INPUT || fiber_check())
            return e;
    }
    return e;
}
