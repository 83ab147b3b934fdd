// SPDX-License-Identifier: Apache-2.0
/* reply_rows.h: a reply as the outbox rows that carry it: pieces that fit, or, where that would be too many
 * (delivery.file_above), its beginning and all of it as a file. */
#pragma once
#include "base/json.h"
#include "domain/channel.h"

struct reply_rows { size_t n; const str *body; };       /* JSON, as deliver.h has it */

/* channel: NULL or one that is not sent to: one row.  At least one row.  ERR_CANCELLED only: a file that cannot be kept becomes pieces. */
enum err reply_rows_make(struct arena *, const struct channel *, str text, bool chinese, struct reply_rows *out) AWAITS MUST_USE;
