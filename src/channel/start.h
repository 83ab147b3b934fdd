// SPDX-License-Identifier: Apache-2.0
/* start.h: runs every configured channel by itself, starts again what fell down, and knows how each is.
 *
 *   connecting --> connected <--> degraded      what the last real exchange said: `health`, an answered call, a send
 *        ^------------'--------------'          `run` returned: again after a pause that grows (retry_at), with its reason
 *   any --> stopped                             the platform refuses our credentials, or the settings are wrong
 *
 * A channel's settings are those below platforms.NAME.; when a reload changed them it is started anew, the others are not touched. */
#pragma once
#include "base/json.h"
#include "domain/channel.h"
#include "store/store.h"

struct blobs;
struct waiters;

/* receive, knows: see struct channel_host; host->arg is `arg`.  Also gives deliver.h the blobs. */
enum err channels_start(struct store *, struct blobs *,
                        enum err (*receive)(const struct channel_host *, const struct message *, size_t n) /* AWAITS */,
                        bool (*knows)(const struct channel_host *, str user_id), void *arg) AWAITS MUST_USE;
/* The settings were read anew: starts, stops and restarts what they say. */
void     channels_reload(void) AWAITS;
void     channels_stop(void) AWAITS;

/* NULL: not configured, or not started.  Valid until channels_stop(), also when the channel is removed meanwhile. */
const struct channel_host *channels_host(const struct channel *);

/* Asks the platform who we are, now (channel->check).  A stopped channel that is let in again is started.
 * ERR_INPUT: it is not configured, or nobody can be asked. */
enum err channels_check(struct arena *, const struct channel *, str *ret_who) AWAITS MUST_USE;
/* For deliver.h: what became of a try to send; a new message, or an edit of one. */
enum send_kind { SEND_MESSAGE, SEND_EDIT };
void     channels_sent(const struct channel *, enum send_kind, enum err, str why);

/* {"name", "title", "configured", "state": "off|connecting|connected|degraded|stopped", "text", "who", "since", "last_in",
 * "last_out", "retry_at": RFC 3339 or null, "restarts", "proven_by": text or null}, a new reference. */
json_t  *channel_status(const struct channel *);
json_t  *channels_status(void);             /* of those that are configured, an array */
struct waiters *channels_changes(void);      /* woken whenever a state or its text changes */
/* Called then; NULL: no more. */
void     channels_watch(void (*changed)(void *arg, const struct channel *), void *arg);
