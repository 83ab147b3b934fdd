// SPDX-License-Identifier: Apache-2.0
/* channel.h: the slot for a chat platform.  A channel translates: updates into messages, replies into requests.
 * Intake stores what it decoded before the platform is told; channel/deliver.c splits, sends, limits, retries. */
#pragma once
#include "domain/message.h"

struct http_request;        /* net/client.h */
struct http_exchange;       /* net/server.h */

enum markup { MARKUP_PLAIN, MARKUP_MARKDOWN, MARKUP_TELEGRAM_HTML };

/* One piece of a reply on its way out: what an outbox row holds. */
struct outgoing {
    int64_t   id;               /* the row's */
    str       session_id, chat_id, thread_id;
    str       reply_to;         /* the platform's id of the message it answers; "" */
    str       text;             /* Markdown, split to fit already */
    str       blob, name, mime; /* a file to send instead of text; "" */
    str       bytes;            /* the file's content */
    str       remote_id;        /* set: edit this message rather than send a new one */
    const json_t *choices;      /* answers to choose from, an array of {label, reply}: a choice comes back as a message with the
                                 * reply as its text.  NULL: none; a platform without buttons shows the text alone, which says them */
    bool      final;            /* false: a streamed text that will be edited again */
    bool      plain;            /* the platform refused the markup: send the text without */
};

/* What the platform answered to a send. */
struct sent {
    str       remote_id;
    uint64_t  retry_after_ms;   /* with ERR_LIMIT: when to try again */
    bool      gone;             /* with an error: trying again is useless (chat deleted, bot blocked) */
    bool      unknown;          /* with an error: whoever answered (a proxy, say) does not tell whether it was delivered */
    bool      edit_lost;        /* with an error: the message to edit is no more; it is sent as a new one */
    bool      bad_markup;       /* with an error: it is the markup; tried once more with `plain` */
};

/* What a channel's `run` and webhook use of the floors above; given at start. */
struct channel_host {
    const struct channel *channel;
    /* Stores decoded messages, all or none, and returns only when they are durable.  Duplicates are dropped in it.
     * ERR_IO, ERR_LIMIT: not stored; do not tell the platform it was received. */
    enum err (*receive)(const struct channel_host *, const struct message *, size_t n) /* AWAITS */;
    /* Is this a person the assistant talks to?  Nothing is fetched for anybody else.  NULL: everybody is. */
    bool     (*knows)(const struct channel_host *, str user_id);
    /* A small durable memory: an update offset, a resume token.  Missing: "". */
    enum err (*remember)(const struct channel_host *, str key, str value) /* AWAITS */;
    enum err (*recall)(const struct channel_host *, struct arena *, str key, str *out) /* AWAITS */;
    /* Keeps an attachment's bytes; *ret_blob is its name.  ERR_LIMIT: too large. */
    enum err (*keep_file)(const struct channel_host *, struct arena *, str bytes, str name, str mime, str *ret_blob) /* AWAITS */;
    void      (*health)(const struct channel_host *, enum err, const char *text);   /* how the connection is, for status */
    void      *arg;
};

struct channel {
    const char *name;
    enum markup markup;
    size_t      text_max;           /* characters a message, counted as the platform does (UTF-16 units) */
    unsigned    global_per_second;      /* the platform's documented limits; 0: none */
    unsigned  (*chat_per_minute)(str chat_id);          /* NULL: none */
    unsigned    edits : 1, typing : 1, files : 1;

    bool      (*configured)(void);
    /* For platforms that are polled or hold a socket: runs until cancelled, reconnecting by itself. */
    enum err  (*run)(const struct channel_host *) /* AWAITS */;
    /* For platforms that call: checks the caller, decodes, stores through the host, answers. */
    enum err  (*webhook)(const struct channel_host *, struct http_exchange *) /* AWAITS */;
    enum err  (*encode)(struct arena *, const struct outgoing *, struct http_request *out);
    enum err  (*encode_typing)(struct arena *, str chat_id, str thread_id, struct http_request *out);
    /* OK: delivered.  ERR_LIMIT, ERR_REMOTE, ERR_AUTH: not now.  Anything else: never.  Whether a request without
     * an answer was delivered is for the caller to decide. */
    enum err  (*decode_sent)(struct arena *, int status, str body, struct sent *out);
};
