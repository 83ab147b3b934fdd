// SPDX-License-Identifier: Apache-2.0
#include "gateway/v1_output.h"

#include <string.h>

#include "base/metrics.h"
#include "base/random.h"
#include "gateway/v1_problem.h"
#include "runtime/clock.h"

enum { PING_MS = 10000 };       /* proxies cut what is silent for half a minute */

static str new_id(struct arena *a, const char *prefix)
{
    char uuid[UUID_SIZE];
    CLEANUP(buf_done) struct buf b = { 0 };
    str part, rest;

    random_uuid(uuid);
    buf_add(&b, str_from(prefix));
    for (rest = str_from(uuid); str_split(&rest, '-', &part); )
        buf_add(&b, part);
    return arena_str(a, buf_str(&b));
}

void v1_output_init(struct v1_output *o, struct request *q, const struct v1_dialect *d, const struct v1_request *r)
{
    *o = (struct v1_output){
        .request = q, .dialect = d, .pending.max = SIZE_MAX / 2,
        .answer = { .request = r, .arena = q->arena, .id = new_id(q->arena, d->id_prefix), .created = clock_wall_ms() / 1000,
                    .model = r->model.len ? r->model : S("clawdbot") },
    };
}

void v1_output_done(struct v1_output *o)
{
    v1_answer_done(&o->answer);
    buf_done(&o->pending);
}

static void begin(struct v1_output *o)
{
    if (!o->begun)
        o->dialect->begin(&o->answer, &o->pending);
    o->begun = true;
}

void v1_output_piece(struct v1_output *o, enum v1_piece kind, str text)
{
    if (!o->answer.request->stream || text.len == 0)
        return;
    begin(o);
    o->dialect->piece(&o->answer, &o->pending, kind, text);
}

bool v1_output_pending(const struct v1_output *o)
{
    return o->pending.len > 0;
}

/* More may be added while this is sent. */
static enum err flush(struct v1_output *o) AWAITS
{
    CLEANUP(buf_done) struct buf sending = o->pending;

    o->pending = (struct buf){ .max = SIZE_MAX / 2 };
    if (!o->sent) {
        o->sent = true;
        http_add_field(o->request->http, S("Cache-Control"), S("no-store"));
        TRY(http_begin(o->request->http, 200, S("text/event-stream")));
    }
    return http_piece(o->request->http, buf_str(&sending));
}

static enum err ping(struct v1_output *o) AWAITS
{
    if (!o->answer.request->stream)
        return OK;
    begin(o);
    buf_add(&o->pending, str_from(o->dialect->ping));
    return flush(o);
}

enum err v1_output_wait(struct v1_output *o, struct waiters *news)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    if (v1_output_pending(o))
        return flush(o);
    deadline_set(&d, PING_MS);
    enum err e = http_wait_or_gone(o->request->http, news);

    deadline_clear(&d);
    return e == ERR_TIMEOUT && fiber_check() == OK ? ping(o) : e;
}

enum err v1_output_end(struct v1_output *o, const struct reply *reply)
{
    if (!o->answer.request->stream)
        return answer_json(o->request, 200, o->dialect->whole(&o->answer, reply));
    begin(o);
    o->dialect->end(&o->answer, &o->pending, reply);
    TRY(flush(o));
    return http_end(o->request->http);
}

enum err v1_output_fail(struct v1_output *o, const struct v1_problem *p)
{
    if (!o->sent)
        return v1_refuse(o->request, p);
    o->dialect->error(&o->answer, &o->pending, p);
    TRY(flush(o));
    return http_end(o->request->http);
}

bool v1_is_path(str path)
{
    return str_starts(path, S("/v1/"));
}

/* Anthropic's clients know their own errors only. */
static bool is_anthropic(const struct request *q)
{
    return str_starts(q->http->path, S("/v1/messages"));
}

enum err v1_refuse(struct request *q, const struct v1_problem *p)
{
    int status = is_anthropic(q) ? p->anthropic_status : p->status;

    if (status >= 500) {
        metric_add(METRIC_http_errors, 1);
        log_event(LOG_WARN, "http.error", F("path", q->http->path), F("status", status), F("error", p->text));
    }
    if (p->is_final)
        http_add_field(q->http, S("X-Should-Retry"), S("false"));
    return answer_json(q, status, is_anthropic(q) ? v1_problem_anthropic(p) : v1_problem_openai(p));
}
