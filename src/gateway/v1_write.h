// SPDX-License-Identifier: Apache-2.0
/* v1_write.h: what writing an answer has in common in all dialects. */
#pragma once
#include "gateway/v1.h"

/* "event: NAME\ndata: {...}\n\n"; takes the reference. */
void v1_event(struct buf *, const char *name, json_t *);
/* What an API wants back as it gave it (struct reply's `kept`), as text that a caller hands back and does not read. */
str  v1_kept_to(struct arena *, str kept);
