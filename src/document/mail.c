// SPDX-License-Identifier: Apache-2.0
/* A mail: its head is the first section, its text the next ones, the names of what is attached the last. */
#include "base/utf8.h"
#include "document/modules/mail.h"
#include "document/reading.h"
#include "runtime/module.h"

enum { HEAD_MAX = 64 << 10, ATTACHED_MAX = 256 << 10, TITLE_MAX = 200, NAME_MAX_SHOWN = 255 };

struct mail { struct reading *out; struct buf head, attached; bool head_given; };

static void mail_done(struct mail *m)
{
    buf_done(&m->head);
    buf_done(&m->attached);
}

/* On one line, UTF-8 without control characters. */
static void add_line(struct buf *out, str s)
{
    CLEANUP(buf_done) struct buf clean = {0};

    utf8_add_repaired(&clean, s);
    for (size_t i = 0; i < clean.len; i++)
        buf_add_char(out, (unsigned char)clean.p[i] < ' ' ? ' ' : clean.p[i]);
}

static enum err put(struct mail *m, str text)
{
    str title = buf_str(&m->out->document->title);

    return reading_put(m->out, &(struct section){ .heading = title, .text = text, .place.kind = PLACE_PART });
}

static void on_field(void *arg, enum mail_field field, str value)
{
    static const char *const names[] = { "From", "To", "Cc", "Date", "Subject" };
    struct mail *m = arg;

    buf_addf(&m->head, "%s: ", names[field]);
    add_line(&m->head, value);
    buf_add_char(&m->head, '\n');
    if (field == MAIL_SUBJECT) {
        CLEANUP(buf_done) struct buf line = {0};

        add_line(&line, value);
        buf_add(&m->out->document->title, utf8_take(buf_str(&line), TITLE_MAX));
    }
}

static enum err put_head(struct mail *m)
{
    if (m->head_given)
        return OK;
    m->head_given = true;
    return put(m, utf8_take(buf_str(&m->head), HEAD_MAX));
}

static enum err put_html(struct mail *m, str bytes, str charset)
{
    CLEANUP(buf_done) struct buf type = {0};

    buf_add(&type, S("text/html"));
    if (charset.len)
        buf_addf(&type, "; charset=\"%.*s\"", STR(charset));
    return reading_put_html(m->out, bytes, buf_str(&type), buf_str(&m->out->document->title));
}

static enum err on_text(void *arg, str bytes, str charset, bool html)
{
    CLEANUP(buf_done) struct buf room = {0};
    struct mail *m = arg;
    str text;

    TRY(put_head(m));
    if (bytes.len == 0)
        return OK;
    if (html)
        return put_html(m, bytes, charset);
    TRY(reading_text(m->out->document, bytes, charset, &room, &text));
    return put(m, text);
}

static enum err on_attached(void *arg, str name, str type, str bytes UNUSED)
{
    struct mail *m = arg;

    buf_add(&m->attached, m->attached.len ? S("\n") : S("Attached:\n"));
    add_line(&m->attached, name.len ? str_take(name, NAME_MAX_SHOWN) : S("without a name"));
    buf_add(&m->attached, S(" ("));
    add_line(&m->attached, str_take(type, NAME_MAX_SHOWN));
    buf_add(&m->attached, S(")"));
    return OK;
}

static void on_left_out(void *arg)
{
    struct mail *m = arg;

    reading_skipped(m->out, "parts nested more than %d deep, or beyond the %dth, were left out", MAIL_NESTED_MAX, MAIL_PARTS_MAX);
}

enum err reading_mail(struct reading *r)
{
    CLEANUP(mail_done) struct mail m = { .out = r, .head.max = HEAD_MAX, .attached.max = ATTACHED_MAX };
    const struct mail_reader reader = {
        .arg = &m, .on_field = on_field, .on_text = on_text, .on_attached = on_attached, .on_left_out = on_left_out,
    };
    const void *table = NULL;

    TRY(module_load("mail", &table));
    TRY(((const struct mail_module *)table)->read(r->document->bytes, &reader));
    TRY(put_head(&m));
    return put(&m, utf8_take(buf_str(&m.attached), ATTACHED_MAX));
}
