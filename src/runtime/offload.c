// SPDX-License-Identifier: Apache-2.0
#include "runtime/offload.h"

#include <stdio.h>
#include <uv.h>

#include "runtime/internal.h"

/* On the caller's stack: the caller does not leave before the pool has let go of it. */
struct job {
    uv_work_t      work;
    enum err     (*fn)(void *);
    void          *arg;
    struct fiber  *fiber;
    bool           done;
    enum err       result;
    char           text[ERR_TEXT_MAX];
};

static void in_pool(uv_work_t *work)
{
    struct job *j = work->data;

    j->result = j->fn(j->arg);
    if (j->result)
        snprintf(j->text, sizeof j->text, "%s", failed_text());
}

static void on_done(uv_work_t *work, int status)
{
    struct job *j = work->data;

    (void)status;       /* UV_ECANCELED: the caller knows, it did that */
    j->done = true;
    fiber_ready(j->fiber);
}

enum err fiber_offload(enum err (*fn)(void *), void *arg) AWAITS
{
    struct job j = { .fn = fn, .arg = arg, .fiber = fiber_self(), .work.data = &j };

    TRY(fiber_check());
    uv_queue_work(loop_uv(), &j.work, in_pool, on_done);
    enum err interrupt = fiber_park("a pool thread");

    if (interrupt)
        uv_cancel((uv_req_t *)&j.work);     /* succeeds while no thread has taken it */
    while (!j.done)
        fiber_park_deaf("a pool thread");
    if (interrupt)
        return interrupt;
    return j.result ? failed(j.result, "%s", j.text) : OK;
}
