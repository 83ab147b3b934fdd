// SPDX-License-Identifier: Apache-2.0
/* egress.h: the job's end of the gateway's proxy: a listening socket on this network namespace's own loopback, made here and
 * handed over, so that the gateway accepts from it.  Nothing of it stays here: no process, no descriptor. */
#pragma once
#include <stdbool.h>

enum { INSIDE_EGRESS_PORT = 3128 };     /* src/tool/egress.h says the same */

/* A connection to the gateway's socket in the folder of a container; -1 with errno. */
int egress_call(const char *path);
/* Through the unix socket `to`, which is closed.  False, with errno: there is no loopback, or the port is taken. */
bool egress_hand_over(int to);
/* Tells the command where the proxy is, as far as nobody else did: HTTP_PROXY and its kin. */
void egress_environment(void);
