// SPDX-License-Identifier: Apache-2.0
/* feishu.h: the parts of the Feishu (飞书, Lark) channel.  feishu.c: calls and webhook; feishu_socket.c: the long connection;
 * feishu_update.c: what comes in; feishu_send.c: what goes out.  The API is described at open.feishu.cn/document. */
#pragma once
#include "base/json.h"
#include "channel/incoming.h"
#include "channel/platform_api.h"
#include "domain/channel.h"
#include "domain/message.h"
#include "net/client.h"

enum { FEISHU_FILES_MAX = 8, FEISHU_TEXT_BYTES = 12000, FEISHU_FILE_BYTES = 30 << 20 };

/* ---- what comes in ---- */

/* X-Lark-Signature: SHA-256 over timestamp, nonce, encrypt key and body, hexadecimal. */
bool     feishu_signed(struct arena *, str encrypt_key, str timestamp, str nonce, str body, str signature);
/* The value of a body's "encrypt".  ERR_INPUT: another key, or broken. */
enum err feishu_decrypt(struct arena *, str encrypt_key, str sealed, str *ret_json) MUST_USE;

struct feishu_message {
    struct message       message;
    struct incoming_file files[FEISHU_FILES_MAX];       /* id "MESSAGE/KEY?type=TYPE" */
    size_t               n_files;
    bool                 pressed;
};

/* An event of version 2 (schema, header, event).  A pressed button is a message with the button's reply as its text.
 * bot: our open_id.  *ret_wanted false: nothing for us.  ERR_INPUT: no event. */
enum err feishu_decode(struct arena *, const json_t *event, str bot, struct feishu_message *out, bool *ret_wanted) MUST_USE;

/* Decodes, fetches, stores: what webhook and long connection do alike.  OK also for what is odd or not for us;
 * *ret_reply (may be a press's toast) is JSON to answer with. */
enum err feishu_take(const struct channel_host *, struct arena *, const json_t *event, str *ret_reply) AWAITS MUST_USE;

/* ---- what goes out ---- */

/* Errors are Feishu's code in our words; *ret_expired: the access token is no longer one. */
enum err feishu_result(int status, const json_t *, bool *ret_expired) MUST_USE;

enum err feishu_prepare(struct arena *, struct outgoing *) AWAITS;
enum err feishu_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err feishu_decode_sent(struct arena *, const struct http_response *, struct sent *out);

/* "#group", "@address@example.org", "@number", or an id (oc_..., ou_...). */
enum err feishu_resolve(struct arena *, str name, str *ret_chat_id) AWAITS MUST_USE;

/* ---- the connection ---- */

const char *feishu_url(struct arena *, const char *path);
enum err feishu_token(struct arena *, str *out) AWAITS MUST_USE;
void     feishu_token_forget(void);
/* With the access token, anew when it has ended.  *ret_json is a new reference or NULL (a file). */
enum err feishu_call(struct arena *, const struct platform_call *, struct http_response *out, json_t **ret_json) AWAITS MUST_USE;
/* One long connection, until it falls down. */
enum err feishu_socket(const struct channel_host *) AWAITS MUST_USE;
