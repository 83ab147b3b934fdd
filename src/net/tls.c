// SPDX-License-Identifier: Apache-2.0
#include "net/tls.h"

#include <signal.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/mem.h"

static void context_freep(SSL_CTX **ctx)
{
    SSL_CTX_free(*ctx);
    ERR_clear_error();
}

void tls_context_free(SSL_CTX *ctx)
{
    SSL_CTX_free(ctx);
}

static SSL_CTX *new_context(const SSL_METHOD *method)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    if (ctx == NULL)
        mem_die("clawdbot: out of memory\n");
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE
                                 | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(ctx, 1);     /* one read(2) a record instead of two */
    /* OpenSSL writes with write(2), which has no MSG_NOSIGNAL. */
    signal(SIGPIPE, SIG_IGN);
    return ctx;
}

/* RFC 7301: a client that offers protocols, but not ours, must not go on. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl, (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/* Without this OpenSSL asks the terminal. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static enum err cannot_use(const char *file, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    if (access(file, R_OK) != 0)
        return failed(ERR_IO, "%s: cannot be read", file);
    return failed(ERR_INPUT, "%s: %s: %s", file, what, reason ? reason : "unknown reason");
}

static enum err use_files(SSL_CTX *ctx, const char *cert_file, const char *key_file)
{
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, cert_file) != 1)
        return cannot_use(cert_file, "no certificate chain");
    if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1)
        return cannot_use(key_file, "no private key for that certificate");
    return OK;
}

enum err tls_client_identity(SSL_CTX *ctx, const char *cert_file, const char *key_file)
{
    return use_files(ctx, cert_file, key_file);
}

enum err tls_server_context(const char *cert_file, const char *key_file, SSL_CTX **out)
{
    CLEANUP(context_freep) SSL_CTX *ctx = new_context(TLS_server_method());

    TRY(use_files(ctx, cert_file, key_file));
    /* Resumption by tickets only: a cache would keep every session that ever was. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    *out = ctx;
    ctx = NULL;
    return OK;
}

enum err tls_client_context(const char *ca_file, SSL_CTX **out)
{
    CLEANUP(context_freep) SSL_CTX *ctx = new_context(TLS_client_method());

    ERR_clear_error();
    if (SSL_CTX_set_default_verify_paths(ctx) != 1)
        return failed(ERR_IO, "the system's certificates cannot be loaded");
    if (ca_file && SSL_CTX_load_verify_locations(ctx, ca_file, NULL) != 1)
        return cannot_use(ca_file, "no certificates");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    *out = ctx;
    ctx = NULL;
    return OK;
}
