// SPDX-License-Identifier: Apache-2.0
/* ssh_target.h: a host of ssh.hosts as the module wants it. */
#pragma once
#include "tool/modules/ssh.h"
#include "tool/remote.h"

/* Texts live as long as the arena and the configuration in force.  ERR_INPUT says what is wrong with the settings. */
enum err ssh_target_from(struct arena *, const struct remote_host *, struct ssh_target *out) MUST_USE;
/* "deploy@10.0.0.5 port 22, with the key /home/me/.ssh/id_ed25519" */
const char *ssh_target_text(struct arena *, const struct ssh_target *);
