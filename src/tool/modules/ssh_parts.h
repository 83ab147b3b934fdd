// SPDX-License-Identifier: Apache-2.0
/* ssh_parts.h: what the files of the module share. */
#pragma once
#include <libssh/libssh.h>

#include "tool/modules/ssh.h"

/* Writes call->error.  Returns false, to be returned. */
bool ssh_refuse(struct ssh_call *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ssh_login.c: greets, makes sure who the host is, and is let in.  Sets SSH_OPTIONS_FD: the session owns call->fd then. */
bool ssh_login(struct ssh_call *, ssh_session);
bool ssh_check(struct ssh_call *, ssh_session);     /* what can be seen without a connection */
/* ssh_files.c */
void ssh_put(struct ssh_call *, ssh_session);
void ssh_get(struct ssh_call *, ssh_session);
