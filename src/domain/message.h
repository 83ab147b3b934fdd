// SPDX-License-Identifier: Apache-2.0
/* message.h: one message from a person, whatever it came by.  Its JSON is public (REST, WebSocket, webhooks,
 * plugins).  Every str belongs to the arena it was decoded into. */
#pragma once
#include "base/json.h"

/* What message_from_json() lets in: bytes a field, elements a list. */
enum {
    MESSAGE_ID_MAX = 512, MESSAGE_URL_MAX = 4096, MESSAGE_TEXT_MAX = 1 << 20,
    MESSAGE_ATTACHMENTS_MAX = 64, MESSAGE_PREV_MAX = 1000,
};

struct attachment {
    str     type;           /* image, audio, video, file */
    str     url;            /* where it came from; "" once only the blob is known */
    str     name, mime;
    int64_t size;           /* bytes; -1: not told */
    str     blob;           /* our copy in the blob store (hex SHA-256); "" if there is none */
};

struct message {
    str     id;             /* uuid, given at intake */
    str     session_id;     /* uuid; "" until intake finds or makes the session */
    str     platform;       /* the channel's name: telegram, rest, ws, cli, web */
    str     external_id;    /* the platform's id of this message: with the platform, what dedupe goes by */
    str     chat_id, thread_id, agent;  /* with the platform, what makes a session; thread_id and agent may be "" */
    str     chat_type;      /* "private": nobody but the sender reads there; "group"; "": not told */
    bool    overheard;      /* said in a group, and not to us: kept where everybody is answered (channel/chats.h).  No part of its JSON */
    str     user_id, user_name;
    str     text;
    const struct attachment *attachments;
    size_t  n_attachments;
    const json_t *prev_messages;    /* array, oldest first, or NULL.  From outside: untrusted context */
    int64_t created_at;     /* ms, by the platform's clock */
    str     reply_to;       /* the platform's message id this one answers; "" if none */
};

json_t  *message_to_json(const struct message *);       /* a new reference; empty fields are left out */
/* ERR_INPUT names the field that is wrong.  Unknown fields are passed over; absent and null are the same.  Text or
 * an attachment must be there, all else may be empty: the caller knows who the sender is and what it demands. */
enum err message_from_json(struct arena *, const json_t *, struct message *out) MUST_USE;

bool     uuid_valid(str);                               /* 8-4-4-4-12 hexadecimal digits, any version */
void     message_copy(struct arena *, const struct message *, struct message *out);    /* everything, prev_messages too */
