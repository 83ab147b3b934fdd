// SPDX-License-Identifier: Apache-2.0
/* wecom.h: the parts of the WeCom (企业微信) channel.  wecom.c: the connection; wecom_crypto.c: the envelope of callbacks;
 * wecom_update.c: what comes in; wecom_send.c: what goes out.  The API is described at developer.work.weixin.qq.com. */
#pragma once
#include "base/json.h"
#include "channel/incoming.h"
#include "domain/channel.h"
#include "domain/message.h"
#include "net/client.h"

enum { WECOM_FILES_MAX = 1, WECOM_TEXT_BYTES = 2048, WECOM_FILE_BYTES = 20 << 20, WECOM_KEY_SIZE = 32 };

/* ---- the envelope ---- */

/* What a callback's sender and we share; receiver: the corp id, which stands behind every message. */
struct wecom_keys { str token, aes_key, receiver; };
struct wecom_sealed { str signature, timestamp, nonce, text; };

/* The signature first, in constant time, then the rest.  ERR_AUTH: not from WeCom (or our settings are wrong);
 * ERR_INPUT: signed, but no message of ours. */
enum err wecom_unseal(struct arena *, const struct wecom_keys *, const struct wecom_sealed *, str *ret_plain) MUST_USE;
str      wecom_signature(struct arena *, str token, str timestamp, str nonce, str text);        /* hexadecimal */

/* ---- what comes in ---- */

/* The children of a message's root that hold text alone. */
enum { WECOM_FIELDS_MAX = 64 };
struct wecom_xml { struct { str name, text; } fields[WECOM_FIELDS_MAX]; size_t n; };

enum err wecom_xml_parse(struct arena *, str xml, struct wecom_xml *out) MUST_USE;     /* ERR_INPUT: broken, or with a DTD */
str      wecom_xml_text(const struct wecom_xml *, const char *name);                   /* "" if absent */

struct wecom_message {
    struct message       message;
    struct incoming_file files[WECOM_FILES_MAX];
    size_t               n_files;
    str                  pressed;       /* a button was pressed: the code by which its card is changed; "" */
};

/* A pressed button is a message with the button's reply as its text.  *ret_wanted false: nothing for us. */
enum err wecom_decode(struct arena *, str xml, struct wecom_message *out, bool *ret_wanted) MUST_USE;

/* ---- what goes out ---- */

/* Errors are WeCom's errcode in our words; *ret_expired: the access token is no longer one. */
enum err wecom_result(int status, const json_t *, bool *ret_expired) MUST_USE;
const char *wecom_url(struct arena *, const char *path, str access_token);

enum err wecom_prepare(struct arena *, struct outgoing *) AWAITS;
enum err wecom_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err wecom_decode_sent(struct arena *, const struct http_response *, struct sent *out);

/* ---- the connection's, for wecom_send.c ---- */
enum err wecom_token(struct arena *, str *out) AWAITS MUST_USE;
void     wecom_token_forget(void);
