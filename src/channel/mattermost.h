// SPDX-License-Identifier: Apache-2.0
/* mattermost.h: the parts of the Mattermost channel.  mattermost.c: the socket, and what was missed; mattermost_post.c: posts in and
 * out.  Mattermost describes its API at developers.mattermost.com/api-documentation. */
#pragma once
#include "base/json.h"
#include "channel/incoming.h"
#include "domain/channel.h"

struct mattermost_self { str id, username; };

struct mattermost_message {
    struct message       message;
    struct incoming_file files[INCOMING_FILES_MAX];
    size_t               n_files;
    str                  root_id;       /* of the thread it stands in; "" */
};

/* What comes with a post: of the event it came in, or of the channel it was found in. */
struct mattermost_place { str channel_type, sender_name; };

/* ERR_INPUT: that is no post.  *ret_wanted false: nothing for us whoever is addressed (our own, a bot's, a system message).
 * Whether an overheard one stands in a thread of ours is for the caller to see. */
enum err mattermost_decode(struct arena *, const json_t *post, const struct mattermost_place *, const struct mattermost_self *,
                           struct mattermost_message *out, bool *ret_wanted) MUST_USE;

const char *mattermost_url(struct arena *, const char *path);       /* below platforms.mattermost.url */
const char *mattermost_authorization(struct arena *);
enum err mattermost_get(struct arena *, const char *path, json_t **ret_json) AWAITS MUST_USE;

bool     mattermost_is_id(str);
/* "#alerts", "#team/alerts", "@anna" or a channel's id. */
enum err mattermost_resolve(struct arena *, str name, str *ret_chat_id) AWAITS MUST_USE;

enum err mattermost_prepare(struct arena *, struct outgoing *) AWAITS;
enum err mattermost_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err mattermost_encode_typing(struct arena *, str chat_id, str thread_id, struct http_request *out);
enum err mattermost_decode_sent(struct arena *, const struct http_response *, struct sent *out);
