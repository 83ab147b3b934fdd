// SPDX-License-Identifier: Apache-2.0
/* egress.h: what the gateway lends to the proxies of commands (tool/egress.h): the audit log, and the secrets. */
#pragma once
#include "gateway/gateway.h"

/* ERR_INPUT: sandbox.network is written wrong.  Store and secrets are open, and stay so until egress_stop(). */
enum err egress_start(struct gateway *) MUST_USE;
void     egress_stop(void);
