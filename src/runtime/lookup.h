// SPDX-License-Identifier: Apache-2.0
/* lookup.h: the addresses of a name, from the system's resolver (files, DNS, whatever nsswitch.conf says), awaited.  It
 * takes at most half of the pool's threads, and whoever is cancelled or out of time leaves at once: a resolver that
 * does not answer holds up neither files nor the end of what asked. */
#pragma once
#include <netinet/in.h>

#include "runtime/fiber.h"

union address { struct sockaddr any; struct sockaddr_in v4; struct sockaddr_in6 v6; };

enum { LOOKUP_MAX = 16 };
struct addresses { size_t n; union address items[LOOKUP_MAX]; };

/* In the order in which they are to be tried (RFC 6724), each with this port.  A numeric host is read, nobody is asked.
 * ERR_NOT_FOUND: there is no such name, or it has no address; ERR_NET: the resolver could not say. */
enum err fiber_lookup(const char *host, unsigned port, struct addresses *out) AWAITS MUST_USE;
