// SPDX-License-Identifier: Apache-2.0
/* webhook.h: the parts of the generic webhook, by which any program can be a chat platform.  webhook.c: the channel;
 * webhook_endpoint.c: its settings; webhook_update.c: what comes in; webhook_send.c: what goes out; webhook_wait.c: calls
 * that wait for their answer.
 * An endpoint has a name.  Ids of chats, people and messages are "NAME/id", so that two systems never mean the same one. */
#pragma once
#include "channel/hook.h"

/* What a call's JSON is asked for; `in` of an endpoint names each by one or more JSON pointers. */
enum webhook_field {
    WEBHOOK_TEXT, WEBHOOK_USER, WEBHOOK_USER_NAME, WEBHOOK_CHAT, WEBHOOK_CHAT_TYPE, WEBHOOK_THREAD, WEBHOOK_ID, WEBHOOK_TIME,
    WEBHOOK_REPLY_TO, WEBHOOK_CONTEXT, WEBHOOK_CHALLENGE,
    WEBHOOK_FILES, WEBHOOK_FILE_URL, WEBHOOK_FILE_NAME, WEBHOOK_FILE_MIME, WEBHOOK_FILE_TYPE,      /* the latter four within a file */
    WEBHOOK_N_FIELDS
};
enum { WEBHOOK_POINTERS_MAX = 4 };

struct webhook_endpoint {
    str     name, secret;
    str     header;             /* the field that holds the signature */
    bool    timestamp;          /* the signature covers "timestamp.body" */
    bool    sync;               /* a call is answered with the reply */
    bool    private_files;      /* attachments may lie in private networks */
    str     in[WEBHOOK_N_FIELDS][WEBHOOK_POINTERS_MAX];     /* unused ones have .p NULL */
    str     url, out_secret;    /* where replies are posted; "" for nowhere */
    str     out_id;             /* pointer to the message's id in the answer; "" for none */
    enum markup format;
    const json_t *headers, *body;       /* borrowed from the settings, or NULL */
};

/* Of these settings (platforms.webhook.endpoints), or of those in force.  ERR_NOT_FOUND: there is none of that name; ERR_INPUT says
 * what is wrong with it. */
enum err webhook_endpoint_read(struct arena *, const json_t *endpoints, str name, struct webhook_endpoint *out) MUST_USE;
enum err webhook_endpoint(struct arena *, str name, struct webhook_endpoint *out) MUST_USE;
/* "NAME/rest" taken apart; false where there is no slash. */
bool     webhook_split(str id, str *ret_name, str *ret_rest);

/* What a call claims; once verified, the signature is the hexadecimal one, however it was written. */
struct webhook_proof { str signature, timestamp; };
enum err webhook_verify(struct arena *, const struct webhook_endpoint *, struct webhook_proof *, str body) MUST_USE;   /* ERR_AUTH */
/* The signature of a body, hexadecimal; of "timestamp.body" with a timestamp. */
str      webhook_sign(struct arena *, str secret, str timestamp, str body);

/* *ret_wanted false: nothing is said in it.  ERR_INPUT: nobody can tell who says it.  proof: without an id of its own, a signed time
 * makes the message's. */
enum err webhook_decode(struct arena *, const struct webhook_endpoint *, const json_t *call, const struct webhook_proof *proof,
                        struct hook_message *out, bool *ret_wanted) MUST_USE;

/* The body that a reply is posted as.  ERR_INPUT: the template has no place for it. */
enum err webhook_body(struct arena *, const struct webhook_endpoint *, const struct outgoing *, str *out) MUST_USE;
/* ERR_INPUT: a placeholder in it is none of ours. */
enum err webhook_check_template(const json_t *) MUST_USE;
enum err webhook_send(const struct channel_host *, struct arena *, struct outgoing *, void (*begun)(void *), struct sent *out) AWAITS;

/* A call that waits for its answer.  One at a time a call; on its stack. */
struct webhook_waiter {
    struct webhook_waiter *next;
    str    chat, id;            /* with the endpoint's name */
    struct handover *taken;     /* what it is to answer with */
    struct waiters woken;
};
void     webhook_wait_begin(struct webhook_waiter *, str chat, str id);
void     webhook_wait_done(struct webhook_waiter *);
/* What a call of that message was answered with, of the last ones of this run; else NO_STR. */
str      webhook_answered(struct arena *, str chat, str id);
/* Answers the call with what comes for it, or after the timeout with 202. */
enum err webhook_wait_answer(struct webhook_waiter *, struct http_exchange *, uint64_t timeout_ms) AWAITS MUST_USE;
/* To the call that waits for an answer to m->reply_to, else to one of the same chat; without one waits up to ms for such a call.
 * *ret_given: it was answered. */
enum err webhook_hand_over(const struct outgoing *, str body, uint64_t ms, void (*begun)(void *), bool *ret_given) AWAITS MUST_USE;
