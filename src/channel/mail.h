// SPDX-License-Identifier: Apache-2.0
/* mail.h: what the files of the mail channel share.  A mail read by gmime (document/modules/mail.h) becomes a struct mail; what it
 * says about itself decides whether it is answered; its own words, without what it quotes, are the message. */
#pragma once
#include "channel/incoming.h"

enum { MAIL_HEADERS_MAX = 1000, MAIL_ID_MAX = 255, MAIL_SUBJECT_MAX = 500, MAIL_TEXT_MAX = 512 << 10 };

struct mail_header { str name, value; };
struct mail {
    struct mail_header *headers;        /* from the top, at most MAIL_HEADERS_MAX */
    size_t   n_headers;
    size_t   n_from;                    /* mailboxes in From */
    str      from, from_name;           /* the first of them; lower case */
    str      subject;                   /* one line */
    str      text;                      /* UTF-8, lines end in LF; HTML as Markdown */
    struct incoming_file files[INCOMING_FILES_MAX];
    size_t   n_files, n_files_left_out;
    bool     text_cut;
};

/* mail_read.c.  Blocks (it loads modules): in a pool thread.  file_max: larger files are left out, and counted. */
enum err mail_read(struct arena *, str bytes, uint64_t file_max, struct mail *out) MUST_USE;
str      mail_header(const struct mail *, const char *name);        /* the topmost; NO_STR */
bool     mail_is_reply(const struct mail *);

/* Message ids, without their brackets; "": there is none that can be written into a head again. */
str      mail_id(const struct mail *);                  /* its own */
str      mail_parent(const struct mail *);              /* the one it answers */
str      mail_root(const struct mail *);                /* the first of its thread: maybe its own */
/* mail_judge.c: NULL: it is to be answered.  Else why not. */
struct mail_rules { str own; str authserv_id; bool require_dkim; };
const char *mail_refused(const struct mail *, const struct mail_rules *);
/* Is what signed it (DKIM) or where it came from (DMARC) of the domain that From claims, by the server that `authserv_id` names? */
struct mail_proof { bool told, passed, failed; };
struct mail_proof mail_proof(const struct mail *, str authserv_id);
bool     mail_matches(str address, str pattern);        /* "ann@example.org", "*@example.org", "*" */

/* mail_quote.c: without the history below, the line that introduces it, and the signature.  Points into text. */
str      mail_own_words(str text, bool is_reply);

/* mail_compose.c */
struct mail_out {
    const char *from, *from_name, *to;
    str      subject;                   /* UTF-8; "" */
    str      id, parent, root;          /* of messages, without brackets; "" */
    int64_t  date_ms;
    str      text;                      /* Markdown; "" */
    bool     plain;                     /* no HTML beside it */
    str      file, file_name, file_mime;        /* file.p NULL: none */
};
void     mail_compose(struct arena *, struct buf *, const struct mail_out *);
/* The id of an outbox row's mail; the same however often it is asked for.  A thread that has no mail of a person yet is told in it. */
str      mail_row_id(struct arena *, const struct outgoing *, const char *from);
bool     mail_id_is_without_thread(str id, const char *from);

/* mail_receive.c, mail_send.c */
enum err mail_run(const struct channel_host *) AWAITS MUST_USE;
enum err mail_send(const struct channel_host *, struct arena *, struct outgoing *, void (*begun)(void *), struct sent *) AWAITS MUST_USE;
/* What a mail says, as a message; external_id where it names none. */
void     mail_to_message(struct arena *, const struct mail *, str external_id, int64_t date_ms, struct message *out);
/* The subject of a thread, as long as one of the last 4096 threads. */
enum err mail_remember_subject(const struct channel_host *, str chat_id, str thread_id, str subject) AWAITS MUST_USE;
enum err mail_recall_subject(const struct channel_host *, struct arena *, str chat_id, str thread_id, str *out) AWAITS MUST_USE;
