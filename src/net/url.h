// SPDX-License-Identifier: Apache-2.0
/* url.h: absolute http(s) and ws(s) URLs taken apart, and parts put together.  Strict: spaces, control bytes,
 * backslashes and bad percent-encoding are errors, not repaired, so that two readers cannot differ about the host. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

struct url {
    str      scheme;            /* http, https, ws or wss, as written */
    str      userinfo;          /* "user:password", encoded; "" if none */
    str      host;              /* as written; IPv6 without its brackets */
    unsigned port;              /* the scheme's own if none is written */
    str      path;              /* with its '/', encoded; "" if none */
    str      query;             /* without '?', encoded; "" if none */
    bool     tls, has_port, is_ipv6;
};

enum err url_parse(str text, struct url *out) MUST_USE;     /* the parts point into `text`; the fragment is dropped */

/* "http://h/v1/" and "models" give "http://h/v1/models": one slash between the two, whatever each has. */
char    *url_join(struct arena *, str base, str path);
/* A reference of a page or a redirect made absolute, RFC 3986 section 5.2; without its fragment.  ERR_INPUT: no http(s)
 * address comes of it. */
enum err url_resolve(str base, str reference, struct buf *out) MUST_USE;
void     url_add_encoded(struct buf *, str);                /* for one path segment or query value */
/* "host:port" as it is dialled and as it stands in a Host field: brackets for IPv6, no port when it is the scheme's. */
void     url_add_authority(struct buf *, const struct url *);
bool     url_is_loopback(const struct url *);       /* localhost, 127.0.0.0/8, ::1; by the text alone, no lookup */
