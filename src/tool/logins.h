// SPDX-License-Identifier: Apache-2.0
/* logins.h: who is logged in to this machine: utmp(5), or where there is none the sessions that systemd-logind keeps.  It blocks: call it
 * in fiber_offload. */
#pragma once
#include "base/arena.h"

struct login { str user, where, from; int64_t since_ms; };      /* where: "tty1", "pts/0"; from: "" or another machine; repaired */
struct logins { struct login *items; size_t n; };

/* Adds those of the records of utmp whose process is still there, in the folder `proc`. */
void     logins_parse_utmp(struct arena *, str records, const char *proc, struct logins *);
void     logins_parse_session(struct arena *, str text, struct logins *);      /* one file of logind: lines NAME=value */
/* root: "", or a folder like / for tests.  ERR_NOT_FOUND: nobody keeps a list here. */
enum err logins_read(struct arena *, const char *root, const char *proc, struct logins *out) MUST_USE;
