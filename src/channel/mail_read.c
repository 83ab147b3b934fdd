// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/utf8.h"
#include "channel/mail.h"
#include "document/charset.h"
#include "document/modules/mail.h"
#include "document/page.h"
#include "runtime/module.h"

enum { HEADER_VALUE_MAX = 16 << 10, NAME_BYTES_MAX = 255 };

struct reading { struct arena *arena; struct mail *mail; struct buf text; uint64_t file_max; };

static void reading_done(struct reading *r)
{
    buf_done(&r->text);
}

/* ---- the head ---- */

/* UTF-8 on one line. */
static str one_line(struct arena *a, str s, size_t max)
{
    CLEANUP(buf_done) struct buf clean = {0}, line = {0};

    utf8_add_repaired(&clean, str_take(s, max * 4));
    for (size_t i = 0; i < clean.len; i++)
        buf_add_char(&line, (unsigned char)clean.p[i] < ' ' || clean.p[i] == 0x7f ? ' ' : clean.p[i]);
    return arena_str(a, str_trim(utf8_take(buf_str(&line), max)));
}

static void on_field(void *arg, enum mail_field field, str value)
{
    struct reading *r = arg;

    if (field == MAIL_SUBJECT)
        r->mail->subject = one_line(r->arena, value, MAIL_SUBJECT_MAX);
}

static void on_header(void *arg, str name, str value)
{
    struct reading *r = arg;
    struct mail *m = r->mail;

    if (m->n_headers == MAIL_HEADERS_MAX)
        return;
    m->headers[m->n_headers++] = (struct mail_header){ arena_str(r->arena, str_take(name, NAME_BYTES_MAX)),
                                                       one_line(r->arena, value, HEADER_VALUE_MAX) };
}

static void on_mailbox(void *arg, enum mail_field field, str name, str address)
{
    struct reading *r = arg;

    if (field != MAIL_FROM || r->mail->n_from++ > 0)
        return;
    char *lower = arena_c(r->arena, one_line(r->arena, address, NAME_BYTES_MAX));

    for (char *c = lower; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    r->mail->from = str_from(lower);
    r->mail->from_name = one_line(r->arena, name, NAME_BYTES_MAX);
}

/* ---- its text and files ---- */

/* Lines end in LF alone, and what moves cursors is gone. */
static void add_clean(struct buf *out, str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.p[i] >= ' ' || s.p[i] == '\n' || s.p[i] == '\t')
            buf_add_char(out, s.p[i]);
}

static enum err add_html(struct buf *out, str bytes, str charset)
{
    CLEANUP(buf_done) struct buf type = {0};
    CLEANUP(page_done) struct page page = { .url = S(""), .body = bytes };

    buf_add(&type, S("text/html"));
    if (charset.len)
        buf_addf(&type, "; charset=\"%.*s\"", STR(charset));
    page.content_type = buf_str(&type);
    TRY(page_read(&page));
    add_clean(out, buf_str(&page.text));
    return OK;
}

static enum err on_text(void *arg, str bytes, str charset, bool html)
{
    struct reading *r = arg;
    CLEANUP(buf_done) struct buf utf8 = { .max = MAIL_TEXT_MAX * 4 };
    const char *name;
    enum err e;

    if (r->text.len && !str_ends(buf_str(&r->text), S("\n")))
        buf_add_char(&r->text, '\n');
    e = html ? add_html(&r->text, bytes, charset) : charset_to_utf8(bytes, charset, CHARSET_OF_TEXT, &utf8, &name);
    if (e == OK)
        add_clean(&r->text, buf_str(&utf8));
    else
        buf_addf(&r->text, "[A part of this mail cannot be read: %s]\n", failed_text());
    return OK;
}

static const char *type_of(str mime)
{
    static const char *const types[] = { "image", "audio", "video" };

    for (size_t i = 0; i < N_ELEMENTS(types); i++)
        if (str_starts(mime, str_from(types[i])) && str_starts(str_skip(mime, 5), S("/")))
            return types[i];
    return "file";
}

static enum err on_attached(void *arg, str name, str type, str bytes)
{
    struct reading *r = arg;
    struct mail *m = r->mail;
    bool mail = str_eq_nocase(type, S("message/rfc822"));
    str shown = one_line(r->arena, name, NAME_BYTES_MAX - 4);

    if (m->n_files == INCOMING_FILES_MAX || bytes.len > r->file_max || bytes.len == 0) {
        m->n_files_left_out++;
        return OK;
    }
    if (mail)
        shown = str_from(arena_printf(r->arena, "%.*s.eml", STR(shown.len ? shown : S("mail"))));
    str mime = one_line(r->arena, type, NAME_BYTES_MAX);

    m->files[m->n_files++] = (struct incoming_file){
        .type = type_of(mime), .name = shown, .mime = mime, .size = (int64_t)bytes.len, .bytes = arena_str(r->arena, bytes),
    };
    return OK;
}

static void on_left_out(void *arg)
{
    struct reading *r = arg;

    r->mail->n_files_left_out++;
}

enum err mail_read(struct arena *a, str bytes, uint64_t file_max, struct mail *out)
{
    CLEANUP(reading_done) struct reading r = { .arena = a, .mail = out, .text.max = MAIL_TEXT_MAX * 4, .file_max = file_max };
    const struct mail_reader reader = {
        .arg = &r, .on_field = on_field, .on_text = on_text, .on_attached = on_attached, .on_left_out = on_left_out,
        .on_header = on_header, .on_mailbox = on_mailbox, .wants_bytes = true,
    };
    const void *table = NULL;

    *out = (struct mail){ .from = S(""), .from_name = S(""), .subject = S(""), .text = S("") };
    out->headers = arena_alloc(a, MAIL_HEADERS_MAX * sizeof *out->headers);
    TRY(module_load("mail", &table));
    TRY(((const struct mail_module *)table)->read(bytes, &reader));
    out->text_cut = r.text.len > MAIL_TEXT_MAX;
    out->text = arena_str(a, utf8_take(buf_str(&r.text), MAIL_TEXT_MAX));
    return OK;
}

/* ---- ids ---- */

str mail_header(const struct mail *m, const char *name)
{
    for (size_t i = 0; i < m->n_headers; i++)
        if (str_eq_nocase(m->headers[i].name, str_from(name)))
            return m->headers[i].value;
    return NO_STR;
}

/* The next "<left@right>", and what stands behind it. */
static str take_id(str *rest)
{
    for (;;) {
        size_t open = str_find_char(*rest, '<');
        str inside = open == STR_NONE ? S("") : str_skip(*rest, open + 1);
        size_t close = str_find_char(inside, '>');
        bool good = close != STR_NONE && close > 0 && close <= MAIL_ID_MAX;

        if (open == STR_NONE || close == STR_NONE)
            return S("");
        *rest = str_skip(inside, close + 1);
        for (size_t i = 0; i < close && good; i++)
            good = inside.p[i] > ' ' && inside.p[i] <= '~' && inside.p[i] != '<';
        if (good)
            return str_take(inside, close);
    }
}

static str first_id(const struct mail *m, const char *header)
{
    str rest = mail_header(m, header);

    return take_id(&rest);
}

str mail_id(const struct mail *m)
{
    return first_id(m, "Message-ID");
}

str mail_parent(const struct mail *m)
{
    str rest = mail_header(m, "References"), parent = first_id(m, "In-Reply-To"), last = S(""), id;

    while ((id = take_id(&rest)).len)
        last = id;
    return parent.len ? parent : last;
}

str mail_root(const struct mail *m)
{
    static const char *const headers[] = { "References", "In-Reply-To", "Message-ID" };

    for (size_t i = 0; i < N_ELEMENTS(headers); i++)
        if (first_id(m, headers[i]).len)
            return first_id(m, headers[i]);
    return S("");
}

bool mail_is_reply(const struct mail *m)
{
    return mail_parent(m).len > 0;
}
