// SPDX-License-Identifier: Apache-2.0
/* memory_service.h: the assistant's memory as a part of the running gateway: HOME/memory.db.  After the secrets, which have the keys of
 * its texts when memory.encrypt is set. */
#pragma once
#include "gateway/gateway.h"

/* ERR_IO: memory.db is damaged; ERR_CONFLICT: a newer clawdbot wrote it.  The text says what to do. */
enum err memory_service_open(struct gateway *) AWAITS MUST_USE;
void     memory_service_start(struct gateway *);             /* its background work, among gateway->services */
void     memory_service_reload(struct gateway *) AWAITS;     /* the configuration changed: perhaps another embedder */
void     memory_service_close(struct gateway *) AWAITS;
