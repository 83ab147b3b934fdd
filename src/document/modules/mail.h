// SPDX-License-Identifier: Apache-2.0
/* modules/mail.h: the module that takes a mail apart, RFC 5322 and MIME (RFC 2045 to 2049), by gmime: its head, its text (the plain
 * one where there is a choice, else HTML), and what is attached.  An attachment is named, and decoded for who asks; a mail within
 * is one of them.  It blocks. */
#pragma once
#include "base/buf.h"

enum { MAIL_NESTED_MAX = 64, MAIL_PARTS_MAX = 4096 };

enum mail_field { MAIL_FROM, MAIL_TO, MAIL_CC, MAIL_DATE, MAIL_SUBJECT };

/* Callbacks, whose strings die on return; an error ends the reading and is returned. */
struct mail_reader {
    void     *arg;
    void     (*on_field)(void *arg, enum mail_field, str value);     /* in that order, those there are; not all of it need be UTF-8 */
    enum err (*on_text)(void *arg, str bytes, str charset, bool html);      /* decoded, in its charset; "": none is named */
    enum err (*on_attached)(void *arg, str name, str type, str bytes);      /* name: "" where it has none */
    void     (*on_left_out)(void *arg);                             /* parts that are nested too deeply, or too many; once */
    /* For who answers mails; NULL: nobody asks.  Both before the text. */
    void     (*on_header)(void *arg, str name, str value);          /* each line of the head as it stands there, unfolded and decoded */
    void     (*on_mailbox)(void *arg, enum mail_field, str name, str address);      /* of MAIL_FROM, MAIL_TO, MAIL_CC; groups opened */
    bool      wants_bytes;                                          /* of what is attached; else they are "" */
};

/* ERR_INPUT: it is no mail. */
struct mail_module { enum err (*read)(str bytes, const struct mail_reader *); };
extern const struct mail_module clawdbot_module_mail;
