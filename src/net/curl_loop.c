// SPDX-License-Identifier: Apache-2.0
#include "net/curl_loop.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "runtime/fd_watch.h"
#include "runtime/timer.h"

enum { IDLE_CONNECTIONS = 64, IDLE_SECONDS = 60, SPARES = 32 };

/* One loop, one multi handle.  Easy handles are kept: making one costs more than a request on loopback. */
static struct {
    CURLM       *multi;
    struct timer timer;
    CURL        *spares[SPARES];
    size_t       n_spares, n_begun;
} curl;

struct watch { struct fd_watch *fd; curl_socket_t raw; };

static void take_finished(void)
{
    CURLMsg *m;
    int left;

    while ((m = curl_multi_info_read(curl.multi, &left))) {
        struct transfer *t = NULL;

        if (m->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &t);
        t->result = m->data.result;
        t->done = true;
        wake_all(&t->news);
    }
}

static void act(curl_socket_t raw, int events)
{
    int running;

    curl_multi_socket_action(curl.multi, raw, events, &running);
    take_finished();
}

static void on_timer(void *arg UNUSED)
{
    act(CURL_SOCKET_TIMEOUT, 0);
}

static void on_ready(void *arg, int events)
{
    struct watch *w = arg;

    act(w->raw, (events & FD_READ ? CURL_CSELECT_IN : 0) | (events & FD_WRITE ? CURL_CSELECT_OUT : 0));
}

static int on_socket(CURL *easy UNUSED, curl_socket_t raw, int what, void *arg UNUSED, void *socket_arg)
{
    struct watch *w = socket_arg;

    if (what == CURL_POLL_REMOVE) {
        if (w)
            fd_watch_free(w->fd);
        free(w);
        return 0;
    }
    if (w == NULL) {
        w = NEW(struct watch);
        w->raw = raw;
        w->fd = fd_watch_new(raw, on_ready, w);
        curl_multi_assign(curl.multi, raw, w);
    }
    return fd_watch_set(w->fd, (what & CURL_POLL_IN ? FD_READ : 0) | (what & CURL_POLL_OUT ? FD_WRITE : 0)) ? -1 : 0;
}

static int on_timeout(CURLM *multi UNUSED, long ms, void *arg UNUSED)
{
    if (ms < 0)
        timer_stop(&curl.timer);
    else
        timer_set(&curl.timer, (uint64_t)ms);
    return 0;
}

static void open_multi(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);      /* counted; does nothing the second time */
    curl.multi = curl_multi_init();
    curl.timer = (struct timer){ .fn = on_timer };
    curl_multi_setopt(curl.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(curl.multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(curl.multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
}

void transfers_stop(void)
{
    assert(curl.n_begun == 0);
    while (curl.n_spares)
        curl_easy_cleanup(curl.spares[--curl.n_spares]);
    if (curl.multi)
        curl_multi_cleanup(curl.multi);
    curl.multi = NULL;
    timer_stop(&curl.timer);
}

void transfer_begin(struct transfer *t)
{
    if (curl.multi == NULL)
        open_multi();
    curl.n_begun++;
    t->easy = curl.n_spares ? curl.spares[--curl.n_spares] : curl_easy_init();
    curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->text);
    curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(t->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(t->easy, CURLOPT_MAXAGE_CONN, (long)IDLE_SECONDS);
    /* A transfer dropped while its name is looked up must not wait for the resolver's thread. */
    curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
    if (getenv("SSL_CERT_FILE"))    /* as OpenSSL has it, and as the other TLS of this program does */
        curl_easy_setopt(t->easy, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
}

void transfer_start(struct transfer *t)
{
    curl_multi_add_handle(curl.multi, t->easy);
    act(CURL_SOCKET_TIMEOUT, 0);    /* now, not when the loop comes round */
}

void transfer_end(struct transfer *t)
{
    if (t->easy == NULL)
        return;
    curl_multi_remove_handle(curl.multi, t->easy);
    curl_easy_reset(t->easy);
    curl.n_begun--;
    if (curl.n_spares < SPARES)
        curl.spares[curl.n_spares++] = t->easy;
    else
        curl_easy_cleanup(t->easy);
    t->easy = NULL;
}

enum err transfer_wait(struct transfer *t, uint64_t ms, const char *where, const char *what) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = {0};

    if (ms)
        deadline_set(&d, ms);
    enum err e = wait_on(&t->news, what);

    if (ms)
        deadline_clear(&d);
    if (e == ERR_TIMEOUT && ms && fiber_check() == OK)
        return failed(ERR_TIMEOUT, "%s: no %s within %.3g s", where, what, (double)ms / 1000);
    return e;
}

static enum err code_of(CURLcode c)
{
    switch (c) {
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_TIMEOUT;
    case CURLE_URL_MALFORMAT:
        return ERR_INPUT;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_UNSUPPORTED_PROTOCOL:    /* our own addresses are checked: the answer is no HTTP */
        return ERR_REMOTE;
    default:
        return ERR_NET;
    }
}

enum err transfer_outcome(const struct transfer *t, const char *where)
{
    if (t->result == CURLE_OK)
        return OK;
    return failed(code_of(t->result), "%s: %s", where, *t->text ? t->text : curl_easy_strerror(t->result));
}
