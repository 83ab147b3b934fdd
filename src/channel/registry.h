// SPDX-License-Identifier: Apache-2.0
/* registry.h: the chat platforms of channels.def.  What is fetched from us (rest, ws, web, cli) is no channel. */
#pragma once
#include "domain/channel.h"

const struct channel *channel_find(str name);           /* NULL if there is none of that name */
bool channel_sends(const struct channel *);            /* replies are sent there, rather than fetched; NULL: no */
const struct channel *channel_at(size_t index);         /* NULL past the last */
void channel_add_for_test(const struct channel *);      /* one of that name added before is replaced; NULL takes all away */
