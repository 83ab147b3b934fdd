// SPDX-License-Identifier: Apache-2.0
/* line.h: the parts of the LINE channel.  line.c: the connection; line_update.c: what comes in; line_send.c: what goes out.  The
 * Messaging API is described at developers.line.biz/en/reference/messaging-api. */
#pragma once
#include "channel/hook.h"
#include "channel/platform_api.h"

enum { LINE_EVENTS_MAX = 100 };

struct line_update {
    struct hook_message *messages[LINE_EVENTS_MAX];
    size_t               n;
};

/* ERR_INPUT: not a call of the Messaging API. */
enum err line_decode(struct arena *, const json_t *call, struct line_update *out) MUST_USE;

/* A path below the API's address (or, for line_data_call, below that of files), and what proves who we are. */
void     line_call(struct arena *, const char *path, struct platform_call *out);
void     line_data_call(struct arena *, const char *path, struct platform_call *out);
bool     line_is_person(str chat_id);

enum err line_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err line_encode_typing(struct arena *, str chat_id, str thread_id, struct http_request *out);
enum err line_decode_sent(struct arena *, const struct http_response *, struct sent *out);
