// SPDX-License-Identifier: Apache-2.0
/* google_chat.h: the parts of the Google Chat channel that are tried alone.  developers.google.com/workspace/chat: interaction
 * events (receive-respond-interactions), the REST resource spaces.messages, verifying requests (verify-requests-from-chat). */
#pragma once
#include "channel/hook.h"

/* An interaction event.  *ret_wanted false: nothing for us (added to a space, another bot).  A pressed button is a message with
 * its reply as the text.  ERR_INPUT: it is no event. */
enum err google_chat_decode(struct arena *, const json_t *event, struct hook_message *out, bool *ret_wanted) MUST_USE;
enum err google_chat_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err google_chat_decode_sent(struct arena *, const struct http_response *, struct sent *out);
