// SPDX-License-Identifier: Apache-2.0
/* dingtalk.h: the parts of the DingTalk (钉钉) channel.  dingtalk.c: calls, the answers' addresses, the webhook;
 * dingtalk_stream.c: Stream mode; dingtalk_update.c: what comes in; dingtalk_send.c: what goes out.  The API is described at
 * open.dingtalk.com/document. */
#pragma once
#include "channel/hook.h"
#include "channel/platform_api.h"

enum { DINGTALK_TEXT_BYTES = 5000, DINGTALK_FILE_BYTES = 20 << 20 };

/* ---- what comes in ---- */

/* Where a conversation may be answered for some two hours, without asking for rights. */
struct dingtalk_session { str url; int64_t until_ms; };

/* A robot's message; *ret_wanted false: nothing for us.  ERR_INPUT: it is none. */
enum err dingtalk_decode(struct arena *, const json_t *, struct hook_message *out, struct dingtalk_session *ret_session, bool *ret_wanted)
        MUST_USE;
/* Decodes, fetches, stores: what Stream mode and webhook do alike.  OK also for what is odd or not for us. */
enum err dingtalk_take(const struct channel_host *, struct arena *, const json_t *) AWAITS MUST_USE;
/* The header `sign`: base64 of HMAC-SHA256 over the timestamp, a line break and the secret, by the secret. */
bool     dingtalk_signed(struct arena *, str secret, str timestamp, str sign);

/* ---- what goes out ---- */

/* Errors in our words, of either API: {code, message} or {errcode, errmsg}.  *ret_expired: the token is no longer one. */
enum err dingtalk_result(const struct http_response *, const json_t *, bool *ret_expired) MUST_USE;

/* Pictures, and of files the few kinds that a robot may send. */
bool     dingtalk_takes_file(str chat_id, str name, str mime);
enum err dingtalk_prepare(struct arena *, struct outgoing *) AWAITS;
enum err dingtalk_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err dingtalk_decode_sent(struct arena *, const struct http_response *, struct sent *out);

/* ---- the connection ---- */

const char *dingtalk_url(struct arena *, const char *path);             /* api.dingtalk.com */
const char *dingtalk_old_url(struct arena *, const char *path);         /* oapi.dingtalk.com */
str      dingtalk_robot_code(void);
enum err dingtalk_token(struct arena *, str *out) AWAITS MUST_USE;
void     dingtalk_token_forget(void);
/* Where the chat is answered, also after a restart; "" where that is not known, or has ended. */
enum err dingtalk_session_of(struct arena *, str chat_id, str *ret_url) AWAITS MUST_USE;
/* One connection in Stream mode, until it falls down. */
enum err dingtalk_stream(const struct channel_host *) AWAITS MUST_USE;
