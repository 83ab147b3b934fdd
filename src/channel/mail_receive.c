// SPDX-License-Identifier: Apache-2.0
/* From a mailbox to messages.  How far it was read is stored after what was read was, so that a death in between reads a mail twice,
 * which its id tells, and never not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "channel/imap.h"
#include "channel/mail.h"
#include "config/config.h"
#include "net/signature.h"
#include "runtime/clock.h"
#include "runtime/offload.h"

enum { IDLE_MS = 9 * 60 * 1000, SENDERS_MAX = 4096, HOUR_MS = 60 * 60 * 1000 };

/* ---- how far it was read ---- */

struct place {
    uint32_t  validity, uid;
    char      day[16];          /* of the last look: "22-Nov-2026" */
    int64_t  started_ms;        /* what came before is not answered */
    bool      again;            /* what lies there is looked at again */
};

static void day_now(char out[16])
{
    static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t t = (time_t)(clock_wall_ms() / 1000);
    struct tm tm;

    gmtime_r(&t, &tm);
    snprintf(out, 16, "%u-%s-%u", (unsigned)tm.tm_mday % 100, months[tm.tm_mon], (unsigned)(tm.tm_year + 1900) % 10000);
}

static enum err keep_place(const struct channel_host *host, struct place *p) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    day_now(p->day);
    CLEANUP(json_decrefp) json_t *j = json_pack("{s:I, s:I, s:s, s:I, s:b}", "validity", (json_int_t)p->validity, "uid", (json_int_t)p->uid,
                                                "day", p->day, "started", (json_int_t)p->started_ms, "again", p->again);

    return host->remember(host, S("place"), json_print(a, j));
}

static enum err recall_place(const struct channel_host *host, struct place *out) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    str text;

    *out = (struct place){0};
    TRY(host->recall(host, a, S("place"), &text));
    if (!text.len || json_parse(text, &j))
        return OK;
    *out = (struct place){ (uint32_t)json_int(j, "validity", 0), (uint32_t)json_int(j, "uid", 0), .started_ms = json_int(j, "started", 0),
                           .again = json_flag(j, "again") };
    snprintf(out->day, sizeof out->day, "%s", json_text(j, "day"));
    return OK;
}

/* ---- how often a sender may ask ---- */

struct asked { int64_t hour; unsigned n; };
static struct map senders;

static void forget_senders(void)
{
    const struct map_entry *e;

    for (size_t i = 0; map_next(&senders, &i, &e);)
        free(e->value);
    map_done(&senders);
}

static bool asks_too_often(str from)
{
    uint64_t most = config_now()->platforms_mail_answers_per_hour;
    int64_t hour = clock_wall_ms() / HOUR_MS;
    struct asked *s = map_get(&senders, from);

    if (!s && senders.n >= SENDERS_MAX)
        forget_senders();
    if (!s) {
        s = NEW(struct asked);
        map_put(&senders, from, s);
    }
    if (s->hour != hour)
        *s = (struct asked){ .hour = hour };
    return most && ++s->n > most;
}

/* ---- a mail ---- */

struct read_job { struct arena *arena; str bytes; uint64_t file_max; struct mail *mail; };

static enum err read_mail(void *arg)
{
    struct read_job *j = arg;

    return mail_read(j->arena, j->bytes, j->file_max, j->mail);
}

/* A first mail's subject is a part of what it says; an answer's is not, and a command stands alone. */
static str text_of(struct arena *a, const struct mail *m)
{
    str own = mail_own_words(m->text, mail_is_reply(m));

    if (!own.len)
        return arena_str(a, m->subject);
    if (!m->subject.len || mail_is_reply(m) || str_starts(own, S("/")))
        return arena_str(a, own);
    return str_from(arena_printf(a, "%.*s\n\n%.*s", STR(m->subject), STR(own)));
}

void mail_to_message(struct arena *a, const struct mail *m, str external_id, int64_t date_ms, struct message *out)
{
    str id = mail_id(m), root = mail_root(m), own = str_from(config_now()->platforms_mail_address);

    *out = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("mail"), .agent = S(""), .chat_type = S("private"),
        .external_id = arena_str(a, id.len ? id : external_id), .chat_id = m->from, .user_id = m->from, .user_name = m->from_name,
        .thread_id = mail_id_is_without_thread(root, own.p) ? S("") : arena_str(a, root.len ? root : external_id),
        .text = text_of(a, m), .created_at = date_ms, .reply_to = arena_str(a, mail_parent(m)),
    };
}

static void say_what_is_missing(struct arena *a, const struct mail *m, uint64_t size, bool whole, struct message *out)
{
    CLEANUP(buf_done) struct buf b = {0};

    buf_add(&b, out->text);
    if (m->text_cut)
        buf_add(&b, S("\n[The mail's text is longer than this.]"));
    if (m->n_files_left_out)
        buf_addf(&b, "\n[%zu attachments are not here: empty, too large or too many.]", m->n_files_left_out);
    if (!whole)
        buf_addf(&b, "\n[The mail has %llu bytes, more than platforms.mail.max_size: its end and its attachments are not here.]",
                 (unsigned long long)size);
    out->text = arena_str(a, str_trim(buf_str(&b)));
}

static bool may_write(const struct channel_host *host, str from)
{
    const struct config *c = config_now();

    return !host->knows || host->knows(host, from) || c->platforms_mail_pairing || host->channel->allows(from);
}

/* NULL: it is taken. */
static const char *why_not(const struct channel_host *host, const struct mail *m)
{
    const struct config *c = config_now();
    struct mail_rules rules = { str_from(c->platforms_mail_address), str_from(c->platforms_mail_authserv_id),
                                c->platforms_mail_require_dkim };
    const char *why = mail_refused(m, &rules);

    if (why)
        return why;
    if (!may_write(host, m->from))
        return "its sender is nobody that may write (platforms.mail.allow, platforms.mail.pairing)";
    return asks_too_often(m->from) ? "its sender has had this hour's answers (platforms.mail.answers_per_hour)" : NULL;
}

/* For a mail that has no id of its own: its number in the mailbox would be another one when the numbers are given anew. */
static str id_of_bytes(struct arena *a, str bytes)
{
    CLEANUP(buf_done) struct buf hex = {0};

    buf_add_hex(&hex, str_take(sha256_of(a, &bytes, 1), 16));
    return str_from(arena_printf(a, "sha256:%s", buf_c(&hex)));
}

static enum err take_mail(const struct channel_host *host, struct arena *a, const struct imap_mail *raw, bool *ret_taken) AWAITS
{
    struct mail *m = ARENA_NEW(a, struct mail);
    struct read_job job = { a, raw->bytes, config_now()->blobs_max_size, m };
    bool whole = raw->size <= raw->bytes.len;
    struct message out;
    enum err e = fiber_offload(read_mail, &job);

    *ret_taken = false;
    if (e == ERR_CANCELLED || e == ERR_IO)
        return e;
    const char *why = e ? failed_text() : why_not(host, m);

    if (why) {
        log_event(LOG_INFO, "mail.ignored", F("from", m->from), F("why", why));
        return OK;
    }
    mail_to_message(a, m, id_of_bytes(a, raw->bytes), raw->date_ms, &out);
    say_what_is_missing(a, m, raw->size, whole, &out);
    TRY(incoming_files(host, a, &out, m->files, whole ? m->n_files : 0, NULL));
    if (!out.text.len && !out.n_attachments)
        return OK;
    TRY(mail_remember_subject(host, out.chat_id, out.thread_id, m->subject));
    TRY(host->receive(host, &out, 1));
    *ret_taken = true;
    return OK;
}

static enum err read_one(const struct channel_host *host, struct imap *im, const struct place *p, uint32_t uid) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct imap_mail raw;
    bool taken = false;

    TRY(imap_fetch(im, a, uid, config_now()->platforms_mail_max_size, &raw));
    if (!raw.bytes.p)
        return OK;      /* deleted meanwhile */
    if (p->again && raw.date_ms < p->started_ms)
        return OK;
    TRY(take_mail(host, a, &raw, &taken));
    if (taken && config_now()->platforms_mail_mark_seen)
        TRY(imap_mark_seen(im, uid));
    return OK;
}

/* ---- the mailbox ---- */

/* The first time nothing that lies there is answered.  Numbers that were given anew are no place any more: what came since the
 * day of the last look is looked at again, and known by its ids. */
static enum err find_place(const struct channel_host *host, struct imap *im, struct place *p) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint32_t *uids;
    size_t n;

    TRY(recall_place(host, p));
    if (p->validity == im->uid_validity)
        return OK;
    TRY(imap_search(im, a, p->validity ? arena_printf(a, "SINCE %s", p->day) : "ALL", &uids, &n));
    bool first = p->validity == 0;

    p->again = !first;
    p->started_ms = first ? clock_wall_ms() : p->started_ms;
    p->validity = im->uid_validity;
    p->uid = first ? (n ? uids[n - 1] : 0) : (n ? uids[0] - 1 : 0);
    if (!n && im->uid_next)
        p->uid = im->uid_next - 1;
    return keep_place(host, p);
}

static enum err catch_up(const struct channel_host *host, struct imap *im, struct place *p) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    uint32_t *uids;
    size_t n;

    im->news = false;
    TRY(imap_search(im, a, arena_printf(a, "UID %u:*", p->uid + 1), &uids, &n));
    for (size_t i = 0; i < n; i++) {
        if (uids[i] <= p->uid)
            continue;       /* "*" is the last one, however small its number */
        TRY(read_one(host, im, p, uids[i]));
        p->uid = uids[i];
        TRY(keep_place(host, p));
    }
    if (!p->again)
        return OK;
    p->again = false;
    return keep_place(host, p);
}

static enum err follow(const struct channel_host *host, struct imap *im) AWAITS
{
    struct place place;

    TRY(imap_select(im, str_from(config_now()->platforms_mail_imap_mailbox)));
    TRY(find_place(host, im, &place));
    im->idle &= config_now()->platforms_mail_imap_idle;
    for (;;) {
        TRY(catch_up(host, im, &place));
        host->health(host, OK, im->idle ? "connected" : "connected; the mailbox is asked now and then");
        if (!im->news && !im->idle)
            TRY(fiber_sleep(config_now()->platforms_mail_imap_poll));
        if (!im->news)
            TRY(imap_wait(im, IDLE_MS));
    }
}

enum err mail_run(const struct channel_host *host)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(imap_close) struct imap im = {0};
    struct mail_server server;
    enum err e = mail_imap_server(a, &server);

    if (e == OK)
        e = imap_open(&server, &im);
    if (e == OK)
        e = follow(host, &im);
    if (e != ERR_CANCELLED)
        host->health(host, e, failed_text());
    return e;
}
