// SPDX-License-Identifier: Apache-2.0
/* discord.h: the parts of the Discord channel.  discord.c: who we are, interactions by webhook, commands; discord_gateway.c: the
 * socket; discord_chats.c: which channels we know, and what was missed in them; discord_update.c: what comes in;
 * discord_send.c: what goes out.  Discord describes it at discord.com/developers/docs. */
#pragma once
#include "base/json.h"
#include "channel/incoming.h"
#include "domain/channel.h"

enum { DISCORD_ID_SIZE = 24, DISCORD_FILES_MAX = INCOMING_FILES_MAX, DISCORD_TOKEN_LIFE_MS = 14 * 60 * 1000 };

/* ---- who we are ---- */

struct discord_self { char id[DISCORD_ID_SIZE], app_id[DISCORD_ID_SIZE], username[100]; };
const struct discord_self *discord_self(void);      /* its id is "" until discord_ask_self() went well */
enum err discord_ask_self(void) AWAITS MUST_USE;
/* A call below platforms.discord.api_url with the bot's token; waits as long as a 429 says.  *ret_json may be NULL in and out. */
enum err discord_call(struct arena *, const char *method, const char *path, const json_t *body, json_t **ret_json) AWAITS MUST_USE;
const char *discord_url(struct arena *, const char *path);
const char *discord_authorization(struct arena *);

/* ---- what comes in ---- */

enum discord_ack { DISCORD_NO_ACK, DISCORD_PONG = 1, DISCORD_LATER = 5, DISCORD_HEARD = 6, DISCORD_CHOICES = 8 };

struct discord_message {
    struct message       message;           /* chat_id: the channel it stands in, also when that is a thread */
    struct incoming_file files[DISCORD_FILES_MAX];
    size_t               n_files;
    str                  guild_id;          /* "": a direct message */
    str                  parent_id;         /* of a thread, where the event tells; "" */
    bool                 in_thread;
    str                  interaction_id, interaction_token;     /* it is one: how to acknowledge it */
    enum discord_ack     ack;
};

/* A MESSAGE_CREATE, or a message out of a channel's history.  ERR_INPUT: it is none.  *ret_wanted false: nothing for us. */
enum err discord_decode(struct arena *, const json_t *, const struct discord_self *, struct discord_message *out, bool *ret_wanted)
        MUST_USE;
/* An interaction: a slash command or a pressed button is a message.  `ack` says what it is answered with, wanted or not. */
enum err discord_decode_interaction(struct arena *, const json_t *, struct discord_message *out, bool *ret_wanted) MUST_USE;
int64_t  discord_time(str id);              /* ms since 1970, as every id says; 0: that is none */
void     discord_id_at(int64_t ms, char out[DISCORD_ID_SIZE]);     /* the least id of that time */

/* Filter, thread, files, intake: all of the way of a decoded message. */
enum err discord_take(const struct channel_host *, struct arena *, struct discord_message *) AWAITS MUST_USE;
enum err discord_take_message(const struct channel_host *, struct arena *, const json_t *, str guild_id) AWAITS MUST_USE;
/* Interactions that come by the gateway are acknowledged here. */
enum err discord_take_interaction(const struct channel_host *, struct arena *, const json_t *) AWAITS MUST_USE;

/* ---- the channels we talk in ---- */

struct discord_chat { char id[DISCORD_ID_SIZE], guild_id[DISCORD_ID_SIZE], parent_id[DISCORD_ID_SIZE]; };
const struct discord_chat *discord_chat(str id);        /* NULL: never heard of */
enum err discord_chats_load(const struct channel_host *) AWAITS MUST_USE;
/* *m is in a channel we answer in from now on; fills in its thread. */
enum err discord_chat_note(const struct channel_host *, struct arena *, struct discord_message *m) AWAITS MUST_USE;
/* Is it kept?  A thread is answered as its channel is. */
enum err discord_chat_wants(struct arena *, struct discord_message *m, bool *ret) AWAITS MUST_USE;
/* What was written in those channels after the message of that id, oldest first. */
enum err discord_catch_up(const struct channel_host *, str after_id) AWAITS MUST_USE;

/* "#alerts", "@anna", "@USER_ID" or a channel's id. */
enum err discord_resolve(struct arena *, str name, str *ret_chat_id) AWAITS MUST_USE;

/* ---- the socket ---- */

/* One connection after another, until it cannot go on. */
enum err discord_gateway(const struct channel_host *) AWAITS MUST_USE;

/* ---- what goes out ---- */

enum err discord_prepare(struct arena *, struct outgoing *) AWAITS;
enum err discord_encode(struct arena *, const struct outgoing *, struct http_request *out);
enum err discord_encode_typing(struct arena *, str chat_id, str thread_id, struct http_request *out);
enum err discord_decode_sent(struct arena *, const struct http_response *, struct sent *out);

/* ---- slash commands ---- */

json_t  *discord_commands(void);            /* what is registered: a new reference */
enum err discord_register_commands(const struct channel_host *) AWAITS MUST_USE;
/* The first row that asks is the reply to that command, for good. */
enum err discord_claim(str interaction_id, int64_t row, bool *ret_ours) AWAITS MUST_USE;
