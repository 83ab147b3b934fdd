// SPDX-License-Identifier: Apache-2.0
/* address.h: which internet addresses lead out into the public internet, and which to this machine, its networks and
 * its cloud's own services.  Who connects somewhere on somebody else's word (a tool, the egress proxy) asks here for
 * each resolved address, and connects to the very address that was checked: a name looked up twice may lead to two places. */
#pragma once
#include "base/str.h"

struct sockaddr;

/* May a stranger's address be connected to?  False for all that IANA's special-purpose registries call not globally
 * reachable (this host, private, loopback, link-local with the clouds' 169.254.169.254, shared 100.64.0.0/10, documentation,
 * benchmarks, multicast, reserved; in IPv6 whatever is not 2000::/3, and of that the protocols' own), for 6to4 and Teredo,
 * which hide an IPv4 address, for Azure's 168.63.129.16, and for families that are not IP.  An IPv4 address in an IPv6 one
 * (::ffff:0:0/96, NAT64's 64:ff9b::/96) is judged as that IPv4 address.  False too for this machine's own, whatever they are:
 * from here, what a firewall keeps from the world is open. */
bool address_is_public(const struct sockaddr *);
/* Has a network interface of this machine this address?  Asks the kernel each time, for they change. */
bool address_is_ours(const struct sockaddr *);

enum { ADDRESS_TEXT_SIZE = 46 };
/* "127.0.0.1", "::1"; "" for a family that is not IP. */
void address_text(const struct sockaddr *, char text[ADDRESS_TEXT_SIZE]);
