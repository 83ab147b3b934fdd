// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <signal.h>
#include <uv.h>

#include "base/mem.h"
#include "runtime/internal.h"
#include "runtime/loop.h"

enum { MAX_SIGNAL = 65 };

/* Caught from the first wait on, so that one that comes between two waits is neither lost nor deadly. */
static struct {
    uv_signal_t *handles[MAX_SIGNAL];
    bool         pending[MAX_SIGNAL];
} caught;
static struct waiters waiters;

static void on_signal(uv_signal_t *handle, int number)
{
    (void)handle;
    caught.pending[number] = true;
    wake_all(&waiters);
}

static enum err catch(int number)
{
    assert(number > 0 && number < MAX_SIGNAL);
    if (caught.handles[number])
        return OK;
    uv_signal_t *h = caught.handles[number] = NEW(uv_signal_t);

    uv_signal_init(loop_uv(), h);
    int status = uv_signal_start(h, on_signal, number);

    return status == 0 ? OK : failed(ERR_IO, "cannot catch signal %d: %s", number, uv_strerror(status));
}

enum err signal_catch(const int *signals)
{
    for (const int *s = signals; *s; s++)
        TRY(catch(*s));
    return OK;
}

enum err signal_wait(const int *signals, int *ret_signal) AWAITS
{
    TRY(signal_catch(signals));
    for (;;) {
        for (const int *s = signals; *s; s++)
            if (caught.pending[*s]) {
                caught.pending[*s] = false;
                *ret_signal = *s;
                return OK;
            }
        TRY(wait_on(&waiters, "a signal"));
    }
}

static void on_closed(uv_handle_t *handle)
{
    mem_freep(&handle);
}

void signals_stop(void)
{
    for (int i = 0; i < MAX_SIGNAL; i++) {
        if (caught.handles[i])
            uv_close((uv_handle_t *)caught.handles[i], on_closed);
        caught.handles[i] = NULL;
        caught.pending[i] = false;
    }
}
