// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"
#include "net/tls.h"
#include "runtime/offload.h"
#include "tool/egress_link.h"

enum { LOOKUP_MS = 10000, CONNECT_MS = 5000, HANDSHAKE_MS = 10000, TRIES = 4 };

static enum err look_up(const char *host, unsigned port, struct addresses *out) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    const struct egress_services *s = egress_services();

    deadline_set(&d, LOOKUP_MS);
    return s->lookup ? s->lookup(host, port, out) : fiber_lookup(host, port, out);
}

/* Non-blocking connect(2), waited for. */
static enum err await_connection(struct fd *fd) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };
    int ignored, error = 0;
    socklen_t size = sizeof error;

    deadline_set(&d, CONNECT_MS);
    TRY(fd_wait(fd, FD_WRITE, &ignored));
    if (getsockopt(fd_raw(fd), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error)
        return failed(ERR_NET, "%s", strerror(error ? error : errno));
    return OK;
}

static enum err connect_to(const union address *a, struct fd **out) AWAITS
{
    socklen_t size = a->any.sa_family == AF_INET ? sizeof a->v4 : sizeof a->v6;
    int raw = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

    if (raw < 0)
        return failed(ERR_NET, "%s", strerror(errno));
    CLEANUP(fd_closep) struct fd *fd = fd_open(raw);

    setsockopt(raw, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(raw, &a->any, size) != 0 && errno != EINPROGRESS)
        return failed(ERR_NET, "%s", strerror(errno));
    TRY(await_connection(fd));
    *out = fd;
    fd = NULL;
    return OK;
}

static bool may_reach(struct egress_link *l, const union address *a)
{
    address_text(&a->any, l->address);
    return address_is_public(&a->any)
           || egress_allows_private(&l->egress->options->policy, l->ask.host, str_from(l->address));
}

enum err egress_dial(struct egress_link *l, struct fd **out)
{
    const char *host = arena_c(l->arena, l->ask.host);
    struct addresses found;
    unsigned tries = 0;
    enum err e = OK;

    TRY(look_up(host, l->ask.port, &found));
    for (size_t i = 0; i < found.n && tries < TRIES; i++) {
        if (!may_reach(l, &found.items[i]))
            continue;
        tries++;
        e = connect_to(&found.items[i], out);
        if (e == OK)
            return OK;
        TRY(fiber_check());
    }
    if (tries)
        return failed_in(e, "%s: ", host);
    return failed(ERR_AUTH, "%s is %s, a private address, and not in sandbox.network.private_hosts", host, l->address);
}

static struct ssl_ctx_st *trust;

static enum err load_trust(void *arg)
{
    return tls_client_context(egress_services()->ca_file, arg);
}

/* Reading the system's certificates takes a while: once, and beside the loop. */
static enum err load_trust_once(void) AWAITS
{
    struct ssl_ctx_st *fresh = NULL;
    enum err e = OK;

    if (trust)
        return OK;
    e = fiber_offload(load_trust, &fresh);
    if (e == OK && !trust)
        trust = fresh;
    else        /* another connection's came first, or nobody waits any more */
        tls_context_free(fresh);
    return e;
}

void egress_dial_forget(void)
{
    tls_context_free(trust);
    trust = NULL;
}

enum err egress_dial_tls(struct egress_link *l)
{
    CLEANUP(deadline_clear) struct deadline d = { 0 };

    TRY(load_trust_once());
    deadline_set(&d, HANDSHAKE_MS);
    return transport_connect_tls(&l->server, trust, arena_c(l->arena, l->ask.host));
}
