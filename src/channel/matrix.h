// SPDX-License-Identifier: Apache-2.0
/* matrix.h: the parts of the Matrix channel.  matrix.c: the sync; matrix_event.c: what comes in; matrix_room.c: what a room is and
 * whose messages are answered; matrix_api.c: calls and the login; matrix_send.c: what goes out.  The client-server API is described
 * at spec.matrix.org.  Rooms with encryption are told that they are not understood; nothing is ever sent into one but that. */
#pragma once
#include "base/json.h"
#include "channel/hook.h"
#include "channel/platform_api.h"
#include "domain/channel.h"

enum { MATRIX_FILES_MAX = 1 };

struct matrix_bot { str user_id, name; };       /* "@clawdbot:example.org"; its display name, "" for none */

/* ---- what comes in (pure) ---- */

struct matrix_message {
    struct hook_message hook;       /* chat_type is for who knows the room */
    bool mentioned;
    str  answers, root;             /* events: the one it answers, the first of its thread; "" */
};

/* An m.room.message of a person.  False: it is none for us (an edit, a notice, our own, what we do not know). */
bool     matrix_decode(struct arena *, const json_t *event, str room, const struct matrix_bot *, struct matrix_message *out);
/* An invitation as sync tells it: who invites, and into a conversation of two?  False: it is none of us. */
bool     matrix_decode_invite(const json_t *invite, const struct matrix_bot *, str *ret_inviter, bool *ret_direct);
bool     matrix_is_encryption(const json_t *event);      /* the room is encrypted, or this message is */

/* ---- calls ---- */

struct matrix_call { const char *method; str path; const json_t *body; uint64_t timeout_ms; size_t max_body; };
/* path: from "/_matrix" on, encoded.  Errors in the server's words; ERR_AUTH: the login is no more.  *ret_retry_ms may be NULL. */
enum err matrix_fetch(struct arena *, const struct matrix_call *, json_t **ret_json, uint64_t *ret_retry_ms) AWAITS MUST_USE;
enum err matrix_result(const struct http_response *, const json_t *j, struct sent *out) MUST_USE;
/* Logs in where there is a password; else the access token. */
enum err matrix_login(struct arena *) AWAITS MUST_USE;
void     matrix_forget_login(void);
bool     matrix_may_login_again(void);      /* there is a password to do it with */
bool     matrix_bot_now(struct matrix_bot *out);        /* of the running channel; false: it does not run */
enum err matrix_who(struct arena *, struct matrix_bot *out) AWAITS MUST_USE;
/* A request with the login of now; ERR_AUTH before there is one. */
enum err matrix_request(struct arena *, const struct platform_call *, struct http_request *out) MUST_USE;
/* begin, one encoded, middle, two encoded. */
str      matrix_path(struct arena *, const char *begin, str one, const char *middle, str two);
enum err matrix_locate(const struct channel_host *, struct arena *, struct incoming_file *) AWAITS MUST_USE;

/* ---- rooms ---- */

struct matrix_room { bool direct, encrypted; };
enum err matrix_room(struct arena *, str room, struct matrix_room *out) AWAITS MUST_USE;    /* asked once, kept */
bool     matrix_room_known_direct(str room);
void     matrix_room_changed(str room);                 /* ask anew */
void     matrix_room_encrypted(str room);
void     matrix_rooms_forget(void);
/* Is an event ours, or one that spoke to us?  Asked once, kept. */
enum err matrix_event_is_ours(struct arena *, const struct matrix_bot *, str room, str event_id, bool *out) AWAITS MUST_USE;
/* "#alerts:example.org" is "!abc:example.org". */
enum err matrix_room_of(struct arena *, str name, str *out) AWAITS MUST_USE;

/* "#alerts:example.org", "@anna:example.org" (the room with her alone, which is made where there is none) or a room's id. */
enum err matrix_resolve(struct arena *, str name, str *ret_chat_id) AWAITS MUST_USE;

/* ---- what goes out ---- */

enum err matrix_prepare(struct arena *, struct outgoing *) AWAITS;
enum err matrix_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err matrix_encode_typing(struct arena *, str chat_id, str thread_id, struct http_request *out);
enum err matrix_decode_sent(struct arena *, const struct http_response *, struct sent *out);
