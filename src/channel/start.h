// SPDX-License-Identifier: Apache-2.0
/* start.h: runs every configured channel, starts again what fell down, and knows how each is. */
#pragma once
#include "base/json.h"
#include "domain/channel.h"
#include "store/store.h"

struct blobs;

/* receive, knows: see struct channel_host; host->arg is `arg`.  Also gives deliver.h the blobs. */
enum err channels_start(struct store *, struct blobs *,
                        enum err (*receive)(const struct channel_host *, const struct message *, size_t n) /* AWAITS */,
                        bool (*knows)(const struct channel_host *, str user_id), void *arg) AWAITS MUST_USE;
void     channels_stop(void) AWAITS;

const struct channel_host *channels_host(const struct channel *);   /* NULL: not configured, or not started */
/* [{"name", "state": "starting|ok|failing|stopped", "text", "since": RFC 3339}], a new reference */
json_t  *channels_status(void);
