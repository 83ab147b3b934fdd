// SPDX-License-Identifier: Apache-2.0
/* hook.h: what platforms that call us by HTTP do alike: who may call, what is stored before the call is answered, and the
 * few words of the answer. */
#pragma once
#include "channel/incoming.h"
#include "net/server.h"

enum { HOOK_CLOCK_SKEW_MS = 5 * 60 * 1000 };

/* What one call brought, of one message. */
struct hook_message {
    struct message       message;
    struct incoming_file files[INCOMING_FILES_MAX];
    size_t               n_files;
};

/* No further from now than HOOK_CLOCK_SKEW_MS.  Replays of older calls are refused by it, of younger ones dropped as duplicates. */
bool hook_is_fresh(int64_t at_ms);
bool hook_seconds_are_fresh(str seconds);       /* the same of a decimal number of seconds since 1970; false for what is none */
/* HMAC-SHA256 of the parts, one behind the other, against what the caller claims: 64 hexadecimal digits, or base64.  False
 * for an empty secret. */
bool hook_signed(struct arena *, str secret, const str *parts, size_t n_parts, str claimed);

/* Room for one more file.  False: there is none, or its type is "". */
bool hook_add_file(struct hook_message *, const struct incoming_file *);

/* Fetches what is attached and stores all of them, or none.  ERR_IO, ERR_LIMIT, ERR_CANCELLED: the caller is to come again.
 * locate may be NULL. */
enum err hook_store(const struct channel_host *, struct arena *, struct hook_message *const *, size_t n, incoming_locate locate)
    AWAITS MUST_USE;
/* An answer of plain text. */
enum err hook_answer(struct http_exchange *, int status, const char *text) AWAITS MUST_USE;
/* 200 after hook_store() was OK; else a line in the log and 503, so that the platform repeats the call. */
enum err hook_answer_stored(const struct channel_host *, struct http_exchange *, enum err stored) AWAITS MUST_USE;

/* The text of a reply as the channel writes it, in the arena; without marks when m->plain. */
str hook_text(struct arena *, const struct outgoing *, enum markup);
/* image, audio, video or file, by the MIME type. */
const char *hook_type_of(str mime);
/* Asks the platform who we are, tells its health, and again every ten minutes, for ever: what `run` is where a platform calls.
 * Other errors than ERR_CANCELLED end it. */
enum err hook_watch(const struct channel_host *) AWAITS MUST_USE;
