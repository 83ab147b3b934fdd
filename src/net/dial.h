// SPDX-License-Identifier: Apache-2.0
/* dial.h: a connection for a protocol of our own (WebSocket, IMAP, SMTP, IRC, XMPP).  libcurl looks the name up, connects,
 * and gets through a proxy where the environment names one (never to this machine itself); then the socket is ours. */
#pragma once
#include "net/transport.h"

enum { DIAL_CONNECT_MS = 10000 };

/* Whose proxy: that of http:// (as libcurl has it), of https:// (https_proxy, all_proxy), or of neither (all_proxy). */
enum dial_proxy { DIAL_AS_HTTP, DIAL_AS_HTTPS, DIAL_AS_OTHER };

/* host: a name or an address, IPv6 without brackets.  *out is set up on success only. */
enum err dial(const char *host, unsigned port, enum dial_proxy, struct transport *out) AWAITS MUST_USE;
/* Our side of a TLS handshake over it, at once or after a STARTTLS; trusts what the system trusts.  Times are the caller's. */
enum err dial_tls(struct transport *, const char *host) AWAITS MUST_USE;
/* The same as who the certificate (PEM, with its chain) and key say we are; a context of its own, made each time. */
enum err dial_tls_as(struct transport *, const char *host, const char *cert_file, const char *key_file) AWAITS MUST_USE;
/* localhost, 127.0.0.0/8, ::1; by the text alone, no lookup. */
bool     dial_is_loopback(const char *host);
void     dial_stop(void);           /* forgets the certificates that were loaded; the next handshake loads them anew */
