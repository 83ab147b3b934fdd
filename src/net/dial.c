// SPDX-License-Identifier: Apache-2.0
#include "net/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "net/curl_loop.h"
#include "net/tls.h"
#include "net/url.h"

/* Loading the system's certificates takes longer than most handshakes. */
static struct ssl_ctx_st *tls_context;

void dial_stop(void)
{
    tls_context_free(tls_context);
    tls_context = NULL;
}

bool dial_is_loopback(const char *host)
{
    return url_is_loopback(&(struct url){ .host = str_from(host), .is_ipv6 = strchr(host, ':') != NULL });
}

static const char *proxy_of(enum dial_proxy which)
{
    static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };

    for (size_t i = which == DIAL_AS_OTHER ? 2 : 0; i < N_ELEMENTS(names); i++)
        if (getenv(names[i]) && *getenv(names[i]))
            return getenv(names[i]);
    return "";
}

static enum err set_proxy(CURL *easy, const char *host, enum dial_proxy which)
{
    const char *proxy = dial_is_loopback(host) ? "" : proxy_of(which);

    if (which == DIAL_AS_HTTP && !dial_is_loopback(host))
        return OK;
    if (str_starts(str_from(proxy), S("https://")))
        return failed(ERR_INPUT, "a proxy that is itself reached by TLS cannot carry another connection");
    curl_easy_setopt(easy, CURLOPT_PROXY, proxy);
    return OK;
}

enum err dial(const char *host, unsigned port, enum dial_proxy proxy, struct transport *out)
{
    CLEANUP(transfer_end) struct transfer t = {0};
    CLEANUP(buf_done) struct buf where = {0}, address = {0};
    curl_socket_t raw = CURL_SOCKET_BAD;

    buf_addf(&where, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
    if (FAULT(net_connect))
        return failed(ERR_NET, "%s: as told by a fault point", buf_c(&where));
    buf_addf(&address, "http://%s/", buf_c(&where));
    transfer_begin(&t);
    TRY(set_proxy(t.easy, host, proxy));
    curl_easy_setopt(t.easy, CURLOPT_URL, buf_c(&address));
    curl_easy_setopt(t.easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(t.easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(t.easy, CURLOPT_CONNECTTIMEOUT_MS, (long)DIAL_CONNECT_MS);
    transfer_start(&t);
    while (!t.done)
        TRY(transfer_wait(&t, DIAL_CONNECT_MS, buf_c(&where), "connection"));
    TRY(transfer_outcome(&t, buf_c(&where)));
    curl_easy_getinfo(t.easy, CURLINFO_ACTIVESOCKET, &raw);
    /* libcurl closes its own when the transfer ends. */
    int ours = raw == CURL_SOCKET_BAD ? -1 : fcntl(raw, F_DUPFD_CLOEXEC, 0);

    if (ours < 0)
        return failed(ERR_IO, "%s: %s", buf_c(&where), strerror(errno));
    *out = (struct transport){ .fd = fd_open(ours) };
    return OK;
}

enum err dial_tls(struct transport *t, const char *host)
{
    if (!tls_context)
        TRY(tls_client_context(NULL, &tls_context));
    return transport_connect_tls(t, tls_context, host);
}

enum err dial_tls_as(struct transport *t, const char *host, const char *cert_file, const char *key_file)
{
    struct ssl_ctx_st *ctx = NULL;

    TRY(tls_client_context(NULL, &ctx));
    enum err e = tls_client_identity(ctx, cert_file, key_file);

    if (e == OK)
        e = transport_connect_tls(t, ctx, host);
    tls_context_free(ctx);
    return e;
}
