// SPDX-License-Identifier: Apache-2.0
/* target.h: what a request line's target says (RFC 9112 section 3.2, RFC 3986).  Pure. */
#pragma once
#include "base/arena.h"

struct http_target { str path, query, host; };  /* host: NO_STR unless the target was absolute */

/* Splits "/path?query", "http://host/path?query" or "*"; the path decoded and without dot segments.
 * NULL, or the reason why it is refused. */
const char *http_target_parse(struct arena *a, str method, str target, struct http_target *out);
bool        http_host_ok(str);              /* name, IPv4 or [IPv6], maybe :port; or empty */
/* The first parameter of that name in "a=1&b=2", decoded ('+' is a space) into `a`; false if absent or malformed. */
bool        http_query_find(struct arena *a, str query, str name, str *ret_value);
