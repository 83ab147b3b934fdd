// SPDX-License-Identifier: Apache-2.0
#include "model/embed.h"

#include <string.h>

#include "model/complete.h"
#include "model/local_server.h"
#include "model/quirks.h"
#include "net/client.h"
#include "runtime/clock.h"
#include "runtime/failure.h"

enum { EMBED_MS = 60000, TRIES = 3, PAUSE_MS = 1000, PAUSE_MAX_MS = 60000, ANSWER_MAX = 64 << 20, DIMENSION_MAX = 65536 };

struct job {
    struct model *model;
    struct arena *arena;
    size_t        dimension;        /* that is asked for */
    struct embeddings all;
    size_t        n_all;            /* texts in all */
    uint64_t      retry_after_ms;
    unsigned      quirks;           /* that the request was made for */
    bool          learned;
};

static enum err refused(struct job *j, const struct http_response *r)
{
    const struct provider *p = j->model->provider;
    unsigned found = p->quirks ? p->quirks(r->status, r->body) : 0;

    j->model->target.quirks |= found;
    j->learned = (found & ~j->quirks) != 0;
    j->retry_after_ms = http_retry_after_ms(http_response_field(r, S("Retry-After")), clock_wall_ms());
    return p->refused(r->status, r->body);
}

static enum err add_vectors(struct job *j, const struct embeddings *e, size_t n_texts)
{
    struct embeddings *all = &j->all;

    if (e->n != n_texts)
        return failed(ERR_REMOTE, "%zu vectors came for %zu texts", e->n, n_texts);
    if (e->dimension > DIMENSION_MAX)
        return failed(ERR_REMOTE, "a vector of %zu numbers came", e->dimension);
    if (all->n == 0) {
        all->values = arena_alloc(j->arena, j->n_all * e->dimension * sizeof *e->values);
        all->dimension = e->dimension;
    }
    if (all->dimension != e->dimension)
        return failed(ERR_REMOTE, "vectors of %zu numbers came, and of %zu", all->dimension, e->dimension);
    memcpy(all->values + all->n * all->dimension, e->values, e->n * e->dimension * sizeof *e->values);
    all->n += e->n;
    all->tokens += e->tokens;
    return OK;
}

static enum err try_batch(struct job *j, const str *texts, size_t n) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(local_lease_done) struct local_lease lease = {0};
    struct model *m = j->model;
    struct http_request rq;
    struct http_response r;
    struct embeddings e;

    if (m->local)
        TRY(local_server_enter(m->local, S(""), &lease));
    j->quirks = m->target.quirks;
    TRY(m->provider->embed(a, &m->target, str_from(m->name), texts, n, j->dimension, &rq));
    rq.first_byte_timeout_ms = rq.idle_timeout_ms = EMBED_MS;
    rq.max_body = ANSWER_MAX;
    TRY(http_fetch(a, &rq, &r, NULL));
    if (r.status != 200)
        return refused(j, &r);
    TRY(m->provider->embedded(a, r.body, &e));
    return add_vectors(j, &e, n);
}

/* The next texts, as many as go at once. */
static enum err try_next(struct job *j, const str *texts) AWAITS
{
    size_t left = j->n_all - j->all.n, most = j->model->target.quirks & QUIRK_SMALL_BATCHES ? EMBED_SMALL_BATCH : EMBED_BATCH;

    return try_batch(j, texts + j->all.n, left < most ? left : most);
}

static enum err embed_next(struct job *j, const str *texts) AWAITS
{
    static const struct failure_policy policy = { .tries = TRIES, .backoff_ms = PAUSE_MS, .backoff_max_ms = PAUSE_MAX_MS,
                                                  .asked_max_ms = PAUSE_MAX_MS };
    enum err e;

    for (unsigned failures = 0;; failures += !j->learned) {
        j->learned = false;
        j->retry_after_ms = FAILURE_NOT_ASKED;
        e = try_next(j, texts);
        TRY(fiber_check());
        if (j->learned)
            continue;
        if (e == OK || !failure_may_pass(e) || failures + 1 >= TRIES)
            return e;
        TRY(failure_wait(&policy, failures + 1, j->retry_after_ms, e));
    }
}

static enum err explain(const struct model *m, enum err e)
{
    return e == OK || e == ERR_CANCELLED ? e : failed_in(e, "embeddings of %s at %s: ", m->name, m->target.endpoint);
}

enum err model_embed(struct model *m, struct arena *a, const str *texts, size_t n, size_t dimension, struct embeddings *out) AWAITS
{
    struct job j = { .model = m, .arena = a, .dimension = dimension, .n_all = n };

    if (m->provider->embed == NULL)
        return failed(ERR_INPUT, "%s: its API (%s) has no embeddings", m->name, m->provider->name);
    while (j.all.n < n) {
        enum err e = embed_next(&j, texts);

        if (e)
            return explain(m, e);
    }
    *out = j.all;
    return OK;
}
