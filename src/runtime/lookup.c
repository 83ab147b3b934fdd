// SPDX-License-Identifier: Apache-2.0
#include "runtime/lookup.h"

#include <netdb.h>
#include <string.h>
#include <uv.h>

#include "base/mem.h"
#include "runtime/internal.h"

/* Its own owner: the callback frees it when the asker has left, the asker otherwise. */
struct lookup {
    uv_getaddrinfo_t request;
    struct fiber    *asker;     /* NULL: has left */
    bool             done;
    int              status;
    struct addrinfo *found;
};

static void lookup_free(struct lookup *l)
{
    uv_freeaddrinfo(l->found);
    mem_freep(&l);
}

static void on_found(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
    struct lookup *l = request->data;

    l->done = true;
    l->status = status;
    l->found = found;
    if (l->asker)
        fiber_ready(l->asker);
    else
        lookup_free(l);
}

static void leave(struct lookup *l)
{
    l->asker = NULL;
    uv_cancel((uv_req_t *)&l->request);     /* succeeds while no thread has taken it; the callback comes in any case */
}

static void copy(const struct addrinfo *from, unsigned port, struct addresses *out)
{
    *out = (struct addresses){ 0 };
    for (; from && out->n < LOOKUP_MAX; from = from->ai_next) {
        union address *to = &out->items[out->n];

        if (from->ai_addrlen > sizeof *to || (from->ai_family != AF_INET && from->ai_family != AF_INET6))
            continue;
        memcpy(to, from->ai_addr, from->ai_addrlen);
        if (to->any.sa_family == AF_INET)
            to->v4.sin_port = htons((uint16_t)port);
        else
            to->v6.sin6_port = htons((uint16_t)port);
        out->n++;
    }
}

static enum err judge(const struct lookup *l, const char *host, unsigned port, struct addresses *out)
{
    if (l->status == UV_EAI_NONAME || l->status == UV_EAI_NODATA)
        return failed(ERR_NOT_FOUND, "%s: there is no such host", host);
    if (l->status)
        return failed(ERR_NET, "%s: its address cannot be found: %s", host, uv_strerror(l->status));
    copy(l->found, port, out);
    return out->n ? OK : failed(ERR_NOT_FOUND, "%s: it has no internet address", host);
}

enum err fiber_lookup(const char *host, unsigned port, struct addresses *out)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct lookup *l;

    TRY(fiber_check());
    l = NEW(struct lookup);
    l->request.data = l;
    l->asker = fiber_self();
    if (uv_getaddrinfo(loop_uv(), &l->request, on_found, host, NULL, &hints) != 0) {
        lookup_free(l);
        return failed(ERR_INPUT, "%s: cannot be the name of a host", host);
    }
    enum err e = OK;

    while (e == OK && !l->done)
        e = fiber_park("a name's address");
    if (!l->done) {
        leave(l);
        return e;
    }
    if (e == OK)
        e = judge(l, host, port, out);
    lookup_free(l);
    return e;
}
