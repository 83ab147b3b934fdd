// SPDX-License-Identifier: Apache-2.0
/* teams.h: the parts of the Microsoft Teams channel that are tried alone.  Bot Framework: activities (learn.microsoft.com,
 * bot-service/rest-api/bot-framework-rest-connector-api-reference), authentication (…-connector-authentication). */
#pragma once
#include "channel/hook.h"

/* An activity.  chat_id is the conversation without its thread, thread_id the message that the thread hangs on.  *ret_wanted false:
 * nothing for us (not a message).  ERR_INPUT: it is no activity. */
enum err teams_decode(struct arena *, const json_t *activity, struct hook_message *out, bool *ret_wanted) MUST_USE;
/* m->prepared: the service's address, a blank, the Authorization field. */
enum err teams_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err teams_decode_sent(struct arena *, const struct http_response *, struct sent *out);
