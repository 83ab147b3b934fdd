// SPDX-License-Identifier: Apache-2.0
/* record.h: what the gateway itself writes into the audit log, and the log's head in the program's log: whoever keeps that
 * elsewhere can see later whether the audit log was written anew (`clawdbot audit verify --head`). */
#pragma once
#include "base/json.h"
#include "gateway/gateway.h"

/* "gateway.started", "config.reloaded"...; along with the next commit.  detail: taken over; may be NULL. */
void     record_event(struct gateway *, const char *event, json_t *detail);
/* A service: logs the head now and every day. */
enum err record_run(void *gateway) AWAITS;
