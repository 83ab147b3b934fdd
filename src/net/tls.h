// SPDX-License-Identifier: Apache-2.0
/* tls.h: what our TLS speaks: 1.2 and 1.3, ALPN "http/1.1", and as little memory for an idle connection as OpenSSL
 * can be talked into.  A context is shared by the connections it made; freeing it lets those go on. */
#pragma once
#include "base/err.h"

struct ssl_ctx_st;

/* ERR_IO: a file cannot be read.  ERR_INPUT: they are no certificate chain and key, or do not belong together. */
enum err tls_server_context(const char *cert_file, const char *key_file, struct ssl_ctx_st **out) MUST_USE;
/* Trusts the system's certificates, and those in ca_file (may be NULL). */
enum err tls_client_context(const char *ca_file, struct ssl_ctx_st **out) MUST_USE;
/* Who we are to servers that ask for a certificate.  Errors as tls_server_context(). */
enum err tls_client_identity(struct ssl_ctx_st *, const char *cert_file, const char *key_file) MUST_USE;
void     tls_context_free(struct ssl_ctx_st *);
