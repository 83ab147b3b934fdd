// SPDX-License-Identifier: Apache-2.0
/* sockets.h: who listens on this machine: /proc/net (proc(5)), and whose descriptors the sockets are.  It blocks: call it in
 * fiber_offload. */
#pragma once
#include "tool/machine.h"

struct listener {
    const char *protocol;       /* "tcp", "tcp6", "udp", "udp6" */
    str         address;        /* "127.0.0.1", "::" */
    unsigned    port, uid;
    uint64_t    inode;
    int64_t     pid;            /* 0: not to be seen, for it is another user's */
};

struct listeners { struct listener *items; size_t n; };

/* Adds what a file of /proc/net says; of TCP what listens, of UDP what is not connected to anybody. */
void     listeners_parse(struct arena *, const char *protocol, str text, struct listeners *);
/* All, by port.  ERR_IO: /proc cannot be read. */
enum err listeners_read(struct arena *, const char *proc, struct listeners *out) MUST_USE;
