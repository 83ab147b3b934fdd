// SPDX-License-Identifier: Apache-2.0
/* channel.h: the slot for a chat platform.  A channel translates: updates into messages, replies into requests.
 * Intake stores what it decoded before the platform is told; channel/deliver.c splits, sends, limits, retries. */
#pragma once
#include "domain/message.h"

struct http_request;        /* net/client.h */
struct http_response;
struct http_exchange;       /* net/server.h */
struct channel_host;

/* How a platform writes bold and the like (channel/markup.h). */
enum markup {
    MARKUP_PLAIN, MARKUP_MARKDOWN, MARKUP_TELEGRAM_HTML, MARKUP_HTML, MARKUP_DISCORD, MARKUP_SLACK, MARKUP_WHATSAPP, MARKUP_GOOGLE_CHAT,
    MARKUP_WECOM, MARKUP_DINGTALK, MARKUP_FEISHU, MARKUP_TEAMS, MARKUP_XMPP, MARKUP_IRC,
};
/* What a platform counts: UTF-16 code units, Unicode characters (code points), bytes of UTF-8. */
enum text_unit { UNIT_UTF16, UNIT_CHARACTER, UNIT_BYTE };

/* One piece of a reply on its way out: what an outbox row holds. */
struct outgoing {
    int64_t   id;               /* the row's */
    str       session_id, chat_id, thread_id;
    str       reply_to;         /* the platform's id of the message it answers; "" */
    str       text;             /* Markdown, split to fit already */
    str       blob, name, mime; /* a file to send instead of text; "" */
    str       link_of;          /* the file to which the text is a link, in its place: another one each time; "" */
    str       bytes;            /* the file's content */
    str       remote_id;        /* set: edit this message rather than send a new one */
    const json_t *choices;      /* answers to choose from, an array of {label, reply}: a choice comes back as a message with the
                                 * reply as its text.  NULL: none; a platform without buttons shows the text alone, which says them */
    str       prepared;         /* what `prepare` found (a token, an upload's id), in the arena; "" */
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
    bool      again;            /* with an error: tried once more at once (a token had ended, and is forgotten) */
};

/* What a channel's `run` and webhook use of the floors above; given at start. */
struct channel_host {
    const struct channel *channel;
    /* Stores decoded messages, all or none, and returns only when they are durable.  Duplicates are dropped in it, and
     * what is `overheard` where not everybody is answered.
     * ERR_IO, ERR_LIMIT: not stored; do not tell the platform it was received. */
    enum err (*receive)(const struct channel_host *, const struct message *, size_t n) /* AWAITS */;
    /* Is this a person the assistant talks to?  Nothing is fetched for anybody else.  NULL: everybody is. */
    bool     (*knows)(const struct channel_host *, str user_id);
    /* A small durable memory: an update offset, a resume token.  Missing: "". */
    enum err (*remember)(const struct channel_host *, str key, str value) /* AWAITS */;
    enum err (*recall)(const struct channel_host *, struct arena *, str key, str *out) /* AWAITS */;
    /* Keeps an attachment's bytes; *ret_blob is its name.  ERR_LIMIT: too large; ERR_AUTH: the scanner refused it.
     * Use channel/incoming.h, which fetches too. */
    enum err (*keep_file)(const struct channel_host *, struct arena *, str bytes, str name, str mime, str *ret_blob) /* AWAITS */;
    void      (*health)(const struct channel_host *, enum err, const char *text);   /* how the connection is, for status */
    void      *arg;
};

/* A setting that `clawdbot channels add` asks for. */
struct channel_key {
    const char *option;             /* "platforms.telegram.token" */
    const char *ask_en, *ask_zh;    /* the question, and where the answer is found */
    bool        optional;           /* an empty answer is one */
};

struct channel {
    const char *name;
    const char *title;              /* "Telegram" */
    const char *proven_by;          /* what drove its double or is its real counterpart in the tests ("discord.js 14"); NULL: unproven */
    const struct channel_key *keys; /* n_keys, in the order of asking */
    size_t      n_keys;

    enum markup markup;
    enum text_unit unit;
    size_t      text_max;           /* units a message, as the platform counts what it is sent (Telegram: what is seen) */
    size_t      file_max;           /* bytes a file that is sent; 0: as `files` says.  A larger one becomes a link */
    /* Of the files that are not too large: does the platform take one of this name and type in this chat ("": in some)?  Any other
     * becomes a link.  NULL: all. */
    bool      (*takes_file)(str chat_id, str name, str mime);
    unsigned    global_per_second;      /* the platform's documented limits; 0: none */
    unsigned  (*chat_per_minute)(str chat_id);          /* NULL: none */
    unsigned    edit_every_ms;                          /* between two edits of a growing reply; 0: 1000 */
    unsigned    edits : 1, typing : 1, files : 1;
    unsigned    called : 1;         /* messages come by webhook alone: `run` only watches how that goes */
    unsigned    idempotent : 1;     /* what is sent again under the same platform_send_id() is shown once: no reply is ever unknown */

    bool      (*configured)(void);
    bool      (*streams)(void);     /* does the owner want replies shown while they grow?  NULL: no */
    /* May this person write without pairing, by the channel's own settings?  NULL: nobody may. */
    bool      (*allows)(str user_id);
    /* Asks the platform who we are: credentials and reach.  *ret_who: "@name (id)".  NULL: nobody can be asked. */
    enum err  (*check)(struct arena *, str *ret_who) /* AWAITS */;
    /* The chat that is meant by what somebody wrote behind "PLATFORM:": a name ("#alerts") is looked up, an id stays what it is.
     * ERR_NOT_FOUND: there is none; ERR_CONFLICT: there are several.  NULL: whatever it is, it is the address. */
    enum err  (*resolve)(struct arena *, str name, str *ret_chat_id) /* AWAITS */;
    const char *addresses;          /* with `resolve`, what may be written: "#channel, @user or a channel's id" */
    /* For platforms that are polled or hold a socket: one connection; returns when it fell down and is called again, later and
     * later (not after ERR_AUTH, nor ERR_INPUT). */
    enum err  (*run)(const struct channel_host *) /* AWAITS */;
    /* For platforms that call: checks the caller, decodes, stores through the host, answers.  Also called for GET
     * (a handshake), and with x->webhook_name for /webhook/CHANNEL/NAME. */
    enum err  (*webhook)(const struct channel_host *, struct http_exchange *) /* AWAITS */;

    /* A reply leaves by one request (prepare, encode, decode_sent) or, where there is none a message, by `send`.
     * prepare: before every try, what may be done twice without anybody seeing it: a token, an upload.  Into m->prepared.  NULL: nothing.
     * Both are called of a channel only while it runs. */
    enum err  (*prepare)(struct arena *, struct outgoing *) /* AWAITS */;
    enum err  (*encode)(struct arena *, const struct outgoing *, struct http_request *out);
    enum err  (*encode_typing)(struct arena *, str chat_id, str thread_id, struct http_request *out);
    enum err  (*show_typing)(const struct channel_host *, str chat_id, str thread_id) /* AWAITS */;    /* the same without a request */
    /* OK: delivered.  ERR_LIMIT, ERR_REMOTE, ERR_AUTH: not now.  Anything else: never.  Whether a request without
     * an answer was delivered is for the caller to decide. */
    enum err  (*decode_sent)(struct arena *, const struct http_response *, struct sent *out);
    /* Over the connection that `run` holds, or one of its own.  Calls begun(m) right before the first byte that could deliver it.
     * Errors as above, ERR_NET and ERR_TIMEOUT too: not now; out->unknown where nobody can say. */
    enum err  (*send)(const struct channel_host *, struct arena *, struct outgoing *, void (*begun)(void *message), struct sent *out) /*
            AWAITS */;
};
