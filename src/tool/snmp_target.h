// SPDX-License-Identifier: Apache-2.0
/* snmp_target.h: a host of snmp.hosts as the module wants it. */
#pragma once
#include "tool/modules/snmp.h"
#include "tool/remote.h"

/* Texts live as long as the arena and the configuration in force.  ERR_INPUT says what is wrong with the settings. */
enum err snmp_target_from(struct arena *, const struct remote_host *, struct snmp_target *out) MUST_USE;
