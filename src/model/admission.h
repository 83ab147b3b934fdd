// SPDX-License-Identifier: Apache-2.0
/* admission.h: who may go next where only so many can at a time.  Who waits stands in the line of their session, and the lines take
 * turns: a session with twenty calls delays another one's call by one of them, not by twenty (round-robin scheduling;
 * J. Nagle, "On Packet Switches with Infinite Storage", RFC 970, 1985).  The loop thread's. */
#pragma once
#include "base/list.h"
#include "base/str.h"
#include "runtime/fiber.h"

struct admission {
    size_t      places, inside, waiting;    /* how many may be in, are, and wait */
    struct list lines;                      /* private from here: of those who wait, the next one first */
};

void     admission_init(struct admission *, size_t places);
/* Waits for a place; session: whose line to stand in.  ERR_CANCELLED and ERR_TIMEOUT, as of every wait: no place was taken. */
enum err admission_enter(struct admission *, str session) AWAITS MUST_USE;
void     admission_leave(struct admission *);
