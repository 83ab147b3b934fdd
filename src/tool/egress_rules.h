// SPDX-License-Identifier: Apache-2.0
/* egress_rules.h: what the configuration lets commands reach (sandbox.network.*), and whether a request is within it.
 * Pure.  Hosts are compared as names, in lower case and without a last dot: what they resolve to is another question. */
#pragma once
#include "base/arena.h"
#include "base/json.h"

/* "api.github.com" (ports 80 and 443), "example.org:8443", "*.pypi.org" (whatever is below it, not itself), "[2001:db8::1]",
 * "*" (every host; "*:8443" on that port). */
struct egress_rule { str host; bool below; unsigned port; };    /* port 0: 80 and 443; host "" and below: every host */

/* A header that the proxy adds where it speaks TLS itself: {name: NAME, host: api.example.com, header: Authorization,
 * prefix: "Bearer "}.  header is Authorization and prefix "" when absent.  A port of the host is that of its TLS; 443 else. */
struct egress_secret { str host; unsigned port; str header, prefix, name; };

struct egress_policy {
    struct egress_rule *allow, *private_hosts;  /* private_hosts: names, or addresses as text; their ports say nothing */
    size_t   n_allow, n_private;
    struct egress_secret *secrets;
    size_t   n_secrets;
    uint64_t connections, bytes, idle_ms;       /* of one command; idle_ms: of one connection */
};

/* ERR_INPUT: the text says what is wrong with it. */
enum err egress_rule_parse(struct arena *, str text, struct egress_rule *out) MUST_USE;
/* list: an array of maps, or NULL. */
enum err egress_secrets_parse(struct arena *, const json_t *list, struct egress_secret **out, size_t *ret_n) MUST_USE;

/* "host", "host:port", "[::1]:port" as it stands in a request: the host in lower case without brackets and last dot, fit to be
 * looked up; *ret_port stays as it was when there is none. */
enum err egress_authority(struct arena *, str text, str *ret_host, unsigned *ret_port) MUST_USE;

/* The first rule that lets this host and port through; NULL: none. */
const struct egress_rule *egress_allows(const struct egress_policy *, str host, unsigned port);
/* May `host`, which resolved to this address, be reached even though the address is not public? */
bool egress_allows_private(const struct egress_policy *, str host, str address);
/* Whose header a plain request to http://host:port/ gets; NULL: nobody's.  has_port: it was written. */
const struct egress_secret *egress_secret_for(const struct egress_policy *, str host, unsigned port, bool has_port);
