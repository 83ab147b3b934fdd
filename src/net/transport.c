// SPDX-License-Identifier: Apache-2.0
#include "net/transport.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/fault.h"
#include "base/mem.h"

enum { PARTS_MAX = 3 };

/* What SSL_get_error() says, as ours: OK with *ret_wait set when the operation is to be tried again. */
static enum err tls_result(struct transport *t, int result, const char *what, int *ret_wait)
{
    int saved = errno;
    long verify = SSL_get_verify_result(t->ssl);

    *ret_wait = 0;
    switch (SSL_get_error(t->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        *ret_wait = FD_READ;
        return OK;
    case SSL_ERROR_WANT_WRITE:
        *ret_wait = FD_WRITE;
        return OK;
    case SSL_ERROR_SYSCALL:
        return failed(ERR_NET, "TLS %s: %s", what, saved ? strerror(saved) : "the connection ended");
    case SSL_ERROR_SSL:
        if (verify != X509_V_OK)
            return failed(ERR_NET, "TLS %s: %s", what, X509_verify_cert_error_string(verify));
        const char *reason = ERR_reason_error_string(ERR_peek_error());

        return failed(ERR_NET, "TLS %s: %s", what, reason ? reason : "protocol error");
    default:
        return failed(ERR_NET, "TLS %s: the other side ended the session", what);
    }
}

/* --- reading --- */

char *transport_scratch(void)
{
    static char scratch[SCRATCH_SIZE];

    return scratch;
}

enum err transport_wait(struct transport *t, struct waiters *also, bool *ret_readable)
{
    int events;

    if (t->ssl && !t->drained && SSL_has_pending(t->ssl)) {
        *ret_readable = true;
        return fiber_check();
    }
    if (also)
        TRY(fd_wait_or(t->fd, FD_READ, also, &events));
    else
        TRY(fd_wait(t->fd, FD_READ, &events));
    *ret_readable = events != 0;
    return OK;
}

static enum err take_tls(struct transport *t, void *p, size_t n, size_t *ret_n, bool *ret_end)
{
    ERR_clear_error();
    errno = 0;
    int want, r = SSL_read_ex(t->ssl, p, n, ret_n);

    t->drained = r != 1;
    *ret_end = false;
    if (r == 1)
        return OK;
    *ret_n = 0;
    if (SSL_get_error(t->ssl, r) == SSL_ERROR_ZERO_RETURN) {
        *ret_end = true;
        return OK;
    }
    /* It may want to write (the answer to a key update): the next write does that, since another fiber may be the
     * one that waits to write. */
    return tls_result(t, r, "read", &want);
}

enum err transport_take(struct transport *t, void *p, size_t n, size_t *ret_n, bool *ret_end)
{
    if (FAULT(net_read))
        return failed(ERR_NET, "read: as told by a fault point");
    if (t->ssl)
        return take_tls(t, p, n, ret_n, ret_end);
    ssize_t got = recv(fd_raw(t->fd), p, n, 0);

    *ret_n = got > 0 ? (size_t)got : 0;
    *ret_end = got == 0;
    if (got < 0 && errno != EAGAIN && errno != EINTR)
        return failed(ERR_NET, "read: %s", strerror(errno));
    return OK;
}

/* --- writing --- */

static enum err wait_for(struct transport *t, int want) AWAITS
{
    int events;

    return fd_wait(t->fd, want, &events);
}

static enum err write_tls(struct transport *t, str s) AWAITS
{
    while (s.len) {
        size_t n;
        int want;

        ERR_clear_error();
        errno = 0;
        int r = SSL_write_ex(t->ssl, s.p, s.len, &n);

        if (r == 1) {
            s = str_skip(s, n);
            continue;
        }
        TRY(tls_result(t, r, "write", &want));
        if (want == FD_READ)    /* only a renegotiation asks for that */
            return failed(ERR_NET, "TLS write: the other side wants a new handshake");
        TRY(wait_for(t, FD_WRITE));
    }
    return OK;
}

/* Drops n bytes from the front of the parts. */
static void advance(struct msghdr *m, size_t n)
{
    while (m->msg_iovlen && n >= m->msg_iov->iov_len) {
        n -= m->msg_iov->iov_len;
        m->msg_iov++;
        m->msg_iovlen--;
    }
    if (n) {
        m->msg_iov->iov_base = (char *)m->msg_iov->iov_base + n;
        m->msg_iov->iov_len -= n;
    }
}

static enum err write_plain(struct transport *t, const str *parts, size_t n_parts) AWAITS
{
    struct iovec iov[PARTS_MAX];
    struct msghdr m = { .msg_iov = iov, .msg_iovlen = n_parts };

    assert(n_parts <= PARTS_MAX);
    for (size_t i = 0; i < n_parts; i++)
        iov[i] = (struct iovec){ (void *)parts[i].p, parts[i].len };
    advance(&m, 0);
    while (m.msg_iovlen) {
        ssize_t n = m.msg_iovlen == 1 ? send(fd_raw(t->fd), m.msg_iov->iov_base, m.msg_iov->iov_len, MSG_NOSIGNAL)
                                      : sendmsg(fd_raw(t->fd), &m, MSG_NOSIGNAL);

        if (n >= 0)
            advance(&m, (size_t)n);
        else if (errno == EAGAIN)
            TRY(wait_for(t, FD_WRITE));
        else if (errno != EINTR)
            return failed(ERR_NET, "write: %s", strerror(errno));
    }
    return OK;
}

enum err transport_write(struct transport *t, const str *parts, size_t n_parts)
{
    if (FAULT(net_write))
        return failed(ERR_NET, "write: as told by a fault point");
    if (t->ssl == NULL)
        return write_plain(t, parts, n_parts);
    for (size_t i = 0; i < n_parts; i++)
        TRY(write_tls(t, parts[i]));
    return OK;
}

void transport_try_write(struct transport *t, str s)
{
    size_t n;

    ERR_clear_error();
    if (t->ssl)
        (void)SSL_write_ex(t->ssl, s.p, s.len, &n);
    else if (send(fd_raw(t->fd), s.p, s.len, MSG_NOSIGNAL) < 0)
        return;     /* whoever parts does not care */
}

/* --- TLS from its beginning to its end --- */

static enum err handshake(struct transport *t) AWAITS
{
    for (;;) {
        int want;

        ERR_clear_error();
        errno = 0;
        int r = SSL_do_handshake(t->ssl);

        if (r == 1)
            return OK;
        TRY(tls_result(t, r, "handshake", &want));
        TRY(wait_for(t, want));
    }
}

static void begin_tls(struct transport *t, SSL_CTX *ctx)
{
    assert(t->ssl == NULL);
    t->ssl = SSL_new(ctx);
    if (t->ssl == NULL || SSL_set_fd(t->ssl, fd_raw(t->fd)) != 1)
        mem_die("clawdbot: out of memory\n");
}

enum err transport_accept_tls(struct transport *t, SSL_CTX *ctx)
{
    begin_tls(t, ctx);
    SSL_set_accept_state(t->ssl);
    return handshake(t);
}

static bool is_address(const char *host)
{
    unsigned char any[16];

    return inet_pton(AF_INET, host, any) == 1 || inet_pton(AF_INET6, host, any) == 1;
}

enum err transport_connect_tls(struct transport *t, SSL_CTX *ctx, const char *host)
{
    bool address = is_address(host);

    begin_tls(t, ctx);
    SSL_set_connect_state(t->ssl);
    SSL_set_verify(t->ssl, SSL_VERIFY_PEER, NULL);
    if ((address ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), host) : SSL_set1_host(t->ssl, host)) != 1
        || (!address && SSL_set_tlsext_host_name(t->ssl, host) != 1))
        return failed(ERR_INPUT, "'%s' is no name to expect in a certificate", host);
    return handshake(t);
}

void transport_close(struct transport *t)
{
    if (t->ssl) {
        ERR_clear_error();
        if (SSL_is_init_finished(t->ssl))
            SSL_shutdown(t->ssl);       /* one try: the descriptor does not block */
        SSL_free(t->ssl);
        ERR_clear_error();
    }
    fd_close(t->fd);
    *t = (struct transport){ 0 };
}
