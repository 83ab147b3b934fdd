// SPDX-License-Identifier: Apache-2.0
/* announcement.h: a message that the assistant sends by itself.
 *
 * It is stored as the answer to a message without words and sender, so that whatever shows, keeps or delivers answers does the same
 * with it.  That message's external id is unique: the same id once more sends nothing. */
#pragma once
#include "base/random.h"
#include "channel/reply_rows.h"
#include "gateway/recipient.h"

struct channel;

struct announcement {
    struct gateway *gateway;
    struct arena   *arena;              /* keeps what is added */
    struct recipient to;
    str             text;               /* Markdown; "" with a file */
    struct { str blob, name, mime; } file;      /* sent behind the text; blob "": none */
    str             external_id;
    str             taint;              /* whose words are in it besides the owner's; "": nobody's */
    const struct channel *channel;      /* private from here; NULL: it is fetched from the store */
    struct reply_rows rows;
    char            message_id[UUID_SIZE];
    size_t          inbox_at, reply_at;
};

/* First.  ERR_NOT_FOUND: that platform is not configured here. */
enum err announcement_reach(struct announcement *) AWAITS MUST_USE;
void     announcement_add(struct announcement *, struct batch *);
/* After the commit: it goes its way.  False: it had been stored before. */
bool     announcement_stored(const struct announcement *, const struct batch *);
