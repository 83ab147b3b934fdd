// SPDX-License-Identifier: Apache-2.0
/* live_edit.h: a reply that a chat platform shows while it is written: typing at first, then a message that grows by
 * edits (channel/deliver.h).  Decoration, but for one thing: the message it began is the one that the reply ends in. */
#pragma once
#include "gateway/gateway.h"

struct live_edit;

/* NULL where the platform can neither, or nobody wants it (platforms.telegram.stream). */
struct live_edit *live_edit_start(const struct message *, int64_t inbox_id);
void              live_edit_add(struct live_edit *, str text);     /* never waits; NULL is fine */
/* Nothing is sent any more.  True: a message was begun, or may have been; outbox rows of this inbox row tell. */
bool              live_edit_end(struct live_edit *) AWAITS;
