// SPDX-License-Identifier: Apache-2.0
/* signal.h: the parts of the Signal channel, which is a client of signal-cli's daemon (signal-cli daemon --http): its JSON-RPC and its
 * Server-Sent Events, as signal-cli-jsonrpc(5) has them.  signal.c: the events, who we are, names; signal_update.c: what comes in;
 * signal_send.c: what goes out; signal_rpc.c: the calls. */
#pragma once
#include "base/json.h"
#include "channel/hook.h"
#include "domain/channel.h"

enum { SIGNAL_NUMBER_SIZE = 24, SIGNAL_UUID_SIZE = 40 };

/* The account's; "" for what is not known. */
struct signal_self { str number, uuid; };

/* An event of /api/v1/events.  ERR_INPUT: that is none.  *ret_wanted false: nothing for us (a receipt, a reaction, our
 * own). */
enum err signal_decode(struct arena *, const json_t *event, const struct signal_self *, struct hook_message *out,
                       bool *ret_wanted) MUST_USE;

/* A chat is a group's id (base64 of 16 or 32 bytes), or a person: a UUID (ACI), "+491234", "u:name.01". */
bool signal_is_number(str);
bool signal_is_group(str chat_id);
/* Puts who is meant into the parameters of a call.  ERR_INPUT: that is no chat. */
enum err signal_add_chat(json_t *params, str chat_id) MUST_USE;

/* A call with the account in its parameters, which NULL leaves out: a call to the daemon itself.  id: what the answer says again. */
void     signal_request(struct arena *, const char *method, json_t *params, const char *id, struct http_request *out);
const char *signal_url(struct arena *, const char *path);       /* below platforms.signal.url */
const char *signal_authorization(void);                         /* NULL: none */
/* The result of a call, a new reference.  ERR_NOT_FOUND: the daemon does not know the method.  params is taken; max_body 0: as
 * platform_call has it. */
enum err signal_call(struct arena *, const char *method, json_t *params, size_t max_body, json_t **ret_result) AWAITS MUST_USE;
/* What an error of JSON-RPC means. */
enum err signal_rpc_error(const json_t *error) MUST_USE;
/* What a status that is not 200 means, in words that say what to do. */
enum err signal_status_error(int status) MUST_USE;

/* Text with MARKUP_IRC's marks to text without, and its ranges as signal-cli wants them ("0:4:BOLD"), added to `styles`. */
str      signal_styled(struct arena *, str marked, json_t *styles);

enum err signal_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err signal_encode_typing(struct arena *, str chat_id, str thread_id, struct http_request *out);
enum err signal_decode_sent(struct arena *, const struct http_response *, struct sent *out);
