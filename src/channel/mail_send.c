// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "channel/mail.h"
#include "channel/smtp.h"
#include "config/config.h"
#include "net/signature.h"
#include "runtime/clock.h"

enum { SUBJECTS_MAX = 4096, SUBJECT_FROM_TEXT = 60 };

/* ---- the subject of a thread ---- */

/* One of SUBJECTS_MAX places, so that what is kept has an end; who stands there is told by the whole hash. */
static void place_of(struct arena *a, str chat_id, str thread_id, str *ret_key, str *ret_whose)
{
    CLEANUP(buf_done) struct buf hex = {0};
    str hash = sha256_of(a, (const str[]){ chat_id, S("\n"), thread_id }, 3);
    unsigned place = ((unsigned char)hash.p[0] << 8 | (unsigned char)hash.p[1]) % SUBJECTS_MAX;

    buf_add_hex(&hex, str_take(hash, 16));
    *ret_key = str_from(arena_printf(a, "subject.%u", place));
    *ret_whose = arena_str(a, buf_str(&hex));
}

enum err mail_remember_subject(const struct channel_host *host, str chat_id, str thread_id, str subject)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str key, whose, known;

    if (!subject.len)
        return OK;
    place_of(a, chat_id, thread_id, &key, &whose);
    TRY(mail_recall_subject(host, a, chat_id, thread_id, &known));
    if (str_eq(known, subject))
        return OK;
    return host->remember(host, key, str_from(arena_printf(a, "%.*s %.*s", STR(whose), STR(subject))));
}

enum err mail_recall_subject(const struct channel_host *host, struct arena *a, str chat_id, str thread_id, str *out)
{
    str key, whose, value;

    place_of(a, chat_id, thread_id, &key, &whose);
    TRY(host->recall(host, a, key, &value));
    *out = str_eat(&value, whose) && str_eat(&value, S(" ")) ? value : S("");
    return OK;
}

/* ---- a mail ---- */

/* What starts a conversation gets the first line that it says. */
static str subject_from_text(struct arena *a, str text)
{
    CLEANUP(buf_done) struct buf b = {0};
    str line = str_trim(str_take(str_trim(text), str_find_char(str_trim(text), '\n')));

    while (str_eat(&line, S("#")) || str_eat(&line, S(" ")) || str_eat(&line, S("*")))
        ;
    buf_add(&b, str_take(line, SUBJECT_FROM_TEXT * 4));
    return arena_str(a, line.len ? utf8_take(buf_str(&b), SUBJECT_FROM_TEXT * 2) : S("Clawdbot"));
}

static str with_re(struct arena *a, str subject)
{
    bool has = str_eq_nocase(str_take(subject, 3), S("Re:")) || str_starts(subject, S("\xe5\x9b\x9e\xe5\xa4\x8d"))
               || str_eq_nocase(str_take(subject, 3), S("AW:"));

    return has ? subject : str_from(arena_printf(a, "Re: %.*s", STR(subject)));
}

struct going { void (*begun)(void *); struct outgoing *message; };

static void tell_begun(void *arg)
{
    struct going *g = arg;

    g->begun(g->message);
}

/* reply_to may be an id that we made up where the mail had none. */
static str message_id_of(str external_id)
{
    return str_find_char(external_id, '@') != STR_NONE ? external_id : S("");
}

static enum err describe(const struct channel_host *host, struct arena *a, const struct outgoing *m, struct mail_out *out) AWAITS
{
    const struct config *c = config_now();
    str subject = S("");

    if (m->thread_id.len || m->reply_to.len)
        TRY(mail_recall_subject(host, a, m->chat_id, m->thread_id, &subject));
    *out = (struct mail_out){
        .from = c->platforms_mail_address, .from_name = c->platforms_mail_name, .to = arena_c(a, m->chat_id),
        .subject = subject.len ? with_re(a, subject) : subject_from_text(a, m->text.len ? m->text : m->name),
        .id = mail_row_id(a, m, c->platforms_mail_address), .parent = message_id_of(m->reply_to),
        .root = message_id_of(m->thread_id), .date_ms = clock_wall_ms(), .text = m->text, .plain = m->plain,
        .file = m->blob.len ? m->bytes : NO_STR, .file_name = m->name, .file_mime = m->mime,
    };
    return OK;
}

enum err mail_send(const struct channel_host *host, struct arena *a, struct outgoing *m, void (*begun)(void *), struct sent *out)
{
    CLEANUP(buf_done) struct buf text = { .max = m->text.len * 16 + m->bytes.len * 2 + (1 << 20) };
    struct going going = { begun, m };
    struct smtp_outcome outcome;
    struct mail_server server;
    struct mail_out mail;

    *out = (struct sent){ .remote_id = S("") };
    TRY(describe(host, a, m, &mail));
    mail_compose(a, &text, &mail);
    TRY(buf_check(&text, "a mail"));
    TRY(mail_smtp_server(a, &server));
    enum err e = smtp_send(&server, &(struct smtp_mail){ mail.from, mail.to, buf_str(&text), tell_begun, &going }, &outcome);

    out->unknown = outcome.unknown;
    out->gone = outcome.gone;
    out->remote_id = mail.id;
    return e;
}
