// SPDX-License-Identifier: Apache-2.0
/* qq.h: the parts of the QQ bot channel.  qq.c: calls and webhook; qq_gateway.c: the WebSocket; qq_update.c: what comes in;
 * qq_send.c: what goes out.  The API is described at bot.q.qq.com/wiki.
 *
 * A chat's id says its kind: "c2c:OPENID", "group:OPENID", "channel:ID", "dm:GUILD". */
#pragma once
#include "channel/hook.h"
#include "channel/platform_api.h"

enum { QQ_TEXT_CHARACTERS = 1500, QQ_FILE_BYTES = 10 << 20 };

/* ---- what comes in ---- */

/* Callbacks are signed by a key made of the bot's secret: so is what we answer to the challenge.  Hexadecimal. */
str      qq_signature(struct arena *, str secret, str timestamp, str text);
bool     qq_signed(struct arena *, str secret, str timestamp, str body, str signature);

/* The payload of a dispatch (op 0): type t, data d.  *ret_press: the id of a pressed button, to be told; "".  *ret_wanted false: nothing
 * for us.  ERR_INPUT: no dispatch. */
enum err qq_decode(struct arena *, const json_t *payload, struct hook_message *out, str *ret_press, bool *ret_wanted) MUST_USE;
/* Decodes, fetches, stores: what gateway and webhook do alike.  OK also for what is odd or not for us. */
enum err qq_take(const struct channel_host *, struct arena *, const json_t *payload) AWAITS MUST_USE;

/* ---- what goes out ---- */

/* Errors are QQ's code in our words; *ret_expired: the access token is no longer one. */
enum err qq_result(const struct http_response *, const json_t *, bool *ret_expired) MUST_USE;

/* Pictures, videos and voices, to people and groups. */
bool     qq_takes_file(str chat_id, str name, str mime);
enum err qq_prepare(struct arena *, struct outgoing *) AWAITS;
enum err qq_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err qq_decode_sent(struct arena *, const struct http_response *, struct sent *out);

/* ---- the connection ---- */

const char *qq_url(struct arena *, const char *path);
enum err qq_token(struct arena *, str *out) AWAITS MUST_USE;
void     qq_token_forget(void);
/* With the access token, anew when it has ended.  *ret_json is a new reference or NULL. */
enum err qq_call(struct arena *, const struct platform_call *, json_t **ret_json) AWAITS MUST_USE;
/* One connection to the gateway, until it falls down. */
enum err qq_gateway(const struct channel_host *) AWAITS MUST_USE;
