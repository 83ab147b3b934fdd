// SPDX-License-Identifier: Apache-2.0
/* sms.h: the parts of the SMS channel.  sms.c: the channel; sms_twilio.c: Twilio's API; sms_gateway.c: any other provider, described by
 * an endpoint like the generic webhook's.
 * A chat is a number, "+491511234567". */
#pragma once
#include "channel/webhook.h"

enum { SMS_FIELDS_MAX = 200 };

/* A form's fields, decoded, in the arena. */
struct sms_form { str names[SMS_FIELDS_MAX], values[SMS_FIELDS_MAX]; size_t n; };
void     sms_form_read(struct arena *, str body, struct sms_form *out);     /* those past the maximum are left out */
str      sms_form_get(const struct sms_form *, const char *name);           /* "" if absent */

/* Whether Twilio is configured; else it is the gateway. */
bool     sms_by_twilio(void);

/* twilio.com/docs/usage/webhooks/webhooks-security */
bool     sms_twilio_signed(struct arena *, str auth_token, str url, const struct sms_form *, str claimed);
/* *ret_wanted false: it is news of one of ours, or nothing is said in it. */
enum err sms_twilio_decode(struct arena *, const struct sms_form *, struct hook_message *out, bool *ret_wanted) MUST_USE;
enum err sms_twilio_check(struct arena *, str *ret_who) AWAITS MUST_USE;
enum err sms_twilio_encode(struct arena *, const struct outgoing *, struct http_request *out) MUST_USE;
enum err sms_twilio_decode_sent(struct arena *, const struct http_response *, struct sent *out) MUST_USE;

/* platforms.sms.gateway */
enum err sms_gateway_endpoint(struct arena *, struct webhook_endpoint *out) MUST_USE;
/* A call's JSON, or its form as an object of texts; a new reference. */
enum err sms_gateway_read(struct arena *, str content_type, str body, json_t **out) MUST_USE;
enum err sms_gateway_decode(struct arena *, const struct webhook_endpoint *, const json_t *call, struct hook_message *out, bool *ret_wanted)
    MUST_USE;
enum err sms_gateway_encode(struct arena *, const struct outgoing *, struct http_request *out) MUST_USE;
enum err sms_gateway_decode_sent(struct arena *, const struct http_response *, struct sent *out) MUST_USE;
