// SPDX-License-Identifier: Apache-2.0
/* guard.h: a process that stays, to end the command with all that it started.  It does so when the command ends, and when
 * nobody holds the other end of the lifeline any more: then the gateway wants it ended, or is gone itself. */
#pragma once

/* Returns 0 in the process that is to become the command.  In the one that stays it does not return: it exits as the command
 * did, 128 + n when signal n ended it.  As the first process of a process namespace it ends everything by ending; elsewhere
 * it is the parent of all that lose theirs, and ends them one after another.  -1 with errno: no process can be had.
 * `at_end` is called first of all when the command has ended by itself. */
int guard_fork(int lifeline, void (*at_end)(void *), void *arg);
