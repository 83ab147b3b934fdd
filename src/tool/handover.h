// SPDX-License-Identifier: Apache-2.0
/* handover.h: what goes between us and clawdbot-inside in a container, whose engine hands no descriptor on: a folder of our
 * own, of which the container sees the part `folder`, read-only.  In it lie the system call filter, a fifo for the status and one
 * for the lifeline.  Whoever is in the container may be a user of another number, so what is in there is open to all; what it
 * lies in is open to us alone.  The lifeline can be opened for reading only: nobody in there can take our place at its end. */
#pragma once
#include "base/arena.h"

#define HANDOVER_FILTER   "filter"
#define HANDOVER_STATUS   "status"
#define HANDOVER_LIFELINE "lifeline"
#define HANDOVER_EGRESS   "egress"      /* a socket, where the job has a network (egress_open_at()) */

enum { HANDOVER_PATH = 128 };

struct handover { char root[HANDOVER_PATH - 8], folder[HANDOVER_PATH]; };  /* "" when there is none */

/* Both descriptors are the caller's: the status to read from, the lifeline to hold. */
enum err handover_open(struct handover *, str filter, int *ret_status, int *ret_lifeline) MUST_USE;
/* Where a part of that name lies, in the arena. */
const char *handover_path(struct arena *, const struct handover *, const char *name);
void     handover_close(struct handover *);     /* removes it */
void     handover_sweep(void);                  /* removes those of gateways of ours that were killed */
