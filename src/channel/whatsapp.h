// SPDX-License-Identifier: Apache-2.0
/* whatsapp.h: the parts of the WhatsApp channel.  whatsapp.c: the connection; whatsapp_update.c: what comes in; whatsapp_send.c:
 * what goes out.  The Cloud API is described at developers.facebook.com/docs/whatsapp/cloud-api. */
#pragma once
#include "channel/hook.h"
#include "channel/platform_api.h"

enum { WHATSAPP_MESSAGES_MAX = 100 };

/* A message that we sent and that did not arrive. */
struct whatsapp_failure { str id, chat_id, why; int64_t code; };

/* What one call brought.  Everything in it is the arena's. */
struct whatsapp_update {
    struct hook_message    *messages[WHATSAPP_MESSAGES_MAX];
    size_t                  n_messages;
    struct whatsapp_failure failures[WHATSAPP_MESSAGES_MAX];
    size_t                  n_failures;
};

/* Of the phone number with that id only.  ERR_INPUT: not a call of the Cloud API. */
enum err whatsapp_decode(struct arena *, const json_t *call, str phone_number_id, struct whatsapp_update *out) MUST_USE;

/* A group's chat: this and the API's id of it. */
#define WHATSAPP_GROUP S("group:")

/* ID below the API's address, and what proves who we are. */
void     whatsapp_call(struct arena *, const char *path, struct platform_call *out);
/* OK, or an error in WhatsApp's words; out may be NULL. */
enum err whatsapp_result(const struct http_response *, struct sent *out) MUST_USE;

enum { WHATSAPP_OUTSIDE_WINDOW = 131047 };
/* m->prepared: an uploaded file's id, or this: the person has not written for a day, so that only a template is taken. */
#define WHATSAPP_TEMPLATE S("template")
/* What the media endpoint takes; any text goes as plain text. */
bool     whatsapp_takes_file(str chat_id, str name, str mime);
enum err whatsapp_upload(struct arena *, struct outgoing *) AWAITS MUST_USE;
enum err whatsapp_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err whatsapp_decode_sent(struct arena *, const struct http_response *, struct sent *out);
