// SPDX-License-Identifier: Apache-2.0
/* telegram.h: the parts of the Telegram channel.  telegram.c: the connection; telegram_update.c: what comes in;
 * telegram_send.c: what goes out.  The Bot API is described at core.telegram.org/bots/api. */
#pragma once
#include "base/json.h"
#include "channel/incoming.h"
#include "domain/channel.h"
#include "domain/message.h"
#include "net/client.h"

enum { TELEGRAM_FILES_MAX = 8, TELEGRAM_FILE_BYTES_MAX = 20 << 20 };    /* the Bot API serves no larger files */

struct telegram_bot {
    int64_t id;
    str     username;
};

struct telegram_message {
    struct message       message;
    struct incoming_file files[TELEGRAM_FILES_MAX];
    size_t               n_files;
    str                  callback;      /* a button was pressed: the id by which Telegram is told so; "" */
};

/* A pressed button is a message with the button's reply as its text.
 * ERR_INPUT: not an update.  *ret_wanted false: nothing for us (an edit, a channel's post, a command for another bot).
 * Photos are taken at the largest size that is no more than max_file bytes. */
enum err telegram_decode(struct arena *, const json_t *update, const struct telegram_bot *, int64_t max_file,
                         struct telegram_message *out, bool *ret_wanted) MUST_USE;

/* A call of a method with a JSON object, in the arena. */
void     telegram_request(struct arena *, const char *method, json_t *body, struct http_request *out);
/* Reads an answer: OK and *ret_result (borrowed from *ret_json, a new reference), or an error in Telegram's words.
 * ERR_AUTH: the token; ERR_LIMIT: too fast; ERR_CONFLICT: another poller; ERR_REMOTE: a failure there. */
enum err telegram_result(int status, str body, json_t **ret_json, const json_t **ret_result) MUST_USE;
const char *telegram_file_url(struct arena *, str file_path);

enum err telegram_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err telegram_encode_typing(struct arena *, str chat_id, str thread_id, struct http_request *out);
enum err telegram_decode_sent(struct arena *, const struct http_response *, struct sent *out);
