// SPDX-License-Identifier: Apache-2.0
#include "document/modules/mail.h"

#include <gmime/gmime.h>
#include <pthread.h>

#include "runtime/module.h"

struct walk { const struct mail_reader *reader; unsigned n_parts; bool left_out; };

static void unrefp(void *object)
{
    if (*(GObject **)object)
        g_object_unref(*(GObject **)object);
}

/* --- the head --- */

static void put_field(const struct mail_reader *r, enum mail_field field, const char *value)
{
    str s = str_trim(str_from(value));

    if (s.len)
        r->on_field(r->arg, field, s);
}

static void put_addresses(const struct mail_reader *r, enum mail_field field, InternetAddressList *list)
{
    char *text = list ? internet_address_list_to_string(list, NULL, FALSE) : NULL;

    put_field(r, field, text);
    g_free(text);
}

static void put_mailboxes(const struct mail_reader *r, enum mail_field field, InternetAddressList *list, unsigned depth)
{
    int n = list && r->on_mailbox && depth < MAIL_NESTED_MAX ? internet_address_list_length(list) : 0;

    for (int i = 0; i < n; i++) {
        InternetAddress *a = internet_address_list_get_address(list, i);
        const char *name = internet_address_get_name(a);
        const char *address = INTERNET_ADDRESS_IS_MAILBOX(a) ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(a)) : NULL;

        if (INTERNET_ADDRESS_IS_GROUP(a))
            put_mailboxes(r, field, internet_address_group_get_members(INTERNET_ADDRESS_GROUP(a)), depth + 1);
        else if (address)
            r->on_mailbox(r->arg, field, name ? str_from(name) : S(""), str_from(address));
    }
}

static void put_headers(const struct mail_reader *r, GMimeObject *head)
{
    GMimeHeaderList *list = g_mime_object_get_header_list(head);
    int n = list && r->on_header ? g_mime_header_list_get_count(list) : 0;

    for (int i = 0; i < n; i++) {
        GMimeHeader *h = g_mime_header_list_get_header_at(list, i);
        const char *value = g_mime_header_get_value(h);

        r->on_header(r->arg, str_from(g_mime_header_get_name(h)), value ? str_trim(str_from(value)) : S(""));
    }
}

static void put_date(const struct mail_reader *r, GMimeMessage *m)
{
    GDateTime *date = g_mime_message_get_date(m);
    char *text = date ? g_date_time_format(date, "%Y-%m-%d %H:%M %z") : NULL;

    put_field(r, MAIL_DATE, text ? text : g_mime_object_get_header(GMIME_OBJECT(m), "Date"));
    g_free(text);
}

static enum err put_head(const struct mail_reader *r, GMimeMessage *m)
{
    GMimeObject *head = GMIME_OBJECT(m);

    if (!g_mime_object_get_header(head, "From") && !g_mime_object_get_header(head, "Date") && !g_mime_object_get_header(head, "Subject")
        && !g_mime_object_get_header(head, "Received"))
        return failed(ERR_INPUT, "this is no mail: it has neither From nor Date nor Subject; save the message with its head (.eml)");
    put_addresses(r, MAIL_FROM, g_mime_message_get_from(m));
    put_addresses(r, MAIL_TO, g_mime_message_get_to(m));
    put_addresses(r, MAIL_CC, g_mime_message_get_cc(m));
    put_date(r, m);
    put_field(r, MAIL_SUBJECT, g_mime_message_get_subject(m));
    put_headers(r, head);
    if (g_mime_message_get_mime_part(m))    /* which is where gmime puts Content-Type and the like */
        put_headers(r, g_mime_message_get_mime_part(m));
    put_mailboxes(r, MAIL_FROM, g_mime_message_get_from(m), 0);
    put_mailboxes(r, MAIL_TO, g_mime_message_get_to(m), 0);
    put_mailboxes(r, MAIL_CC, g_mime_message_get_cc(m), 0);
    return OK;
}

/* --- its parts --- */

static bool is_type(GMimeObject *o, const char *type, const char *subtype)
{
    GMimeContentType *t = g_mime_object_get_content_type(o);

    return t && g_mime_content_type_is_type(t, type, subtype);
}

static bool is_text(GMimeObject *o)
{
    GMimeContentDisposition *d = g_mime_object_get_content_disposition(o);

    return GMIME_IS_PART(o) && (is_type(o, "text", "plain") || is_type(o, "text", "html"))
           && !(d && g_mime_content_disposition_is_attachment(d));
}

static enum err put_text(struct walk *w, GMimeObject *o)
{
    GMimeDataWrapper *content = g_mime_part_get_content(GMIME_PART(o));
    const char *charset = g_mime_object_get_content_type_parameter(o, "charset");

    if (!content)
        return OK;
    CLEANUP(unrefp) GMimeStream *stream = g_mime_stream_mem_new();

    g_mime_data_wrapper_write_to_stream(content, stream);
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));

    return w->reader->on_text(w->reader->arg, str_of(bytes->data, bytes->len), charset ? str_from(charset) : S(""),
                              is_type(o, "text", "html"));
}

/* What is encoded for the way is decoded; a mail within stays as it is. */
static GMimeStream *attached_bytes(GMimeObject *o)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    GMimeDataWrapper *content = GMIME_IS_PART(o) ? g_mime_part_get_content(GMIME_PART(o)) : NULL;
    GMimeMessage *within = GMIME_IS_MESSAGE_PART(o) ? g_mime_message_part_get_message(GMIME_MESSAGE_PART(o)) : NULL;

    if (content)
        g_mime_data_wrapper_write_to_stream(content, stream);
    else if (within)
        g_mime_object_write_to_stream(GMIME_OBJECT(within), NULL, stream);
    return stream;
}

static enum err put_attached(struct walk *w, GMimeObject *o)
{
    const char *name = GMIME_IS_PART(o) ? g_mime_part_get_filename(GMIME_PART(o)) : NULL;
    GMimeContentType *t = g_mime_object_get_content_type(o);
    char *type = t ? g_mime_content_type_get_mime_type(t) : NULL;

    if (GMIME_IS_MESSAGE_PART(o) && g_mime_message_part_get_message(GMIME_MESSAGE_PART(o)))
        name = g_mime_message_get_subject(g_mime_message_part_get_message(GMIME_MESSAGE_PART(o)));
    CLEANUP(unrefp) GMimeStream *stream = w->reader->wants_bytes ? attached_bytes(o) : g_mime_stream_mem_new();
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    enum err e = w->reader->on_attached(w->reader->arg, name ? str_from(name) : S(""), type ? str_from(type) : S(""),
                                        str_of(bytes->data ? (char *)bytes->data : "", bytes->len));

    g_free(type);
    return e;
}

/* RFC 2046 section 5.1.4: the same in several forms.  The plain text, else what holds HTML, else the last, which is the best. */
static GMimeObject *choose(GMimeMultipart *m)
{
    int n = g_mime_multipart_get_count(m);
    GMimeObject *best = NULL;

    for (int i = 0; i < n; i++) {
        GMimeObject *o = g_mime_multipart_get_part(m, i);

        if (is_type(o, "text", "plain"))
            return o;
        if (!best || is_type(o, "text", "html") || (GMIME_IS_MULTIPART(o) && !is_type(best, "text", "html")))
            best = o;
    }
    return best;
}

static enum err walk(struct walk *w, GMimeObject *o, unsigned depth);

static enum err walk_parts(struct walk *w, GMimeMultipart *m, unsigned depth)
{
    int n = g_mime_multipart_get_count(m);

    if (is_type(GMIME_OBJECT(m), "multipart", "alternative"))
        return n ? walk(w, choose(m), depth) : OK;
    for (int i = 0; i < n; i++)
        TRY(walk(w, g_mime_multipart_get_part(m, i), depth));
    return OK;
}

static enum err walk(struct walk *w, GMimeObject *o, unsigned depth)
{
    if (depth > MAIL_NESTED_MAX || w->n_parts++ > MAIL_PARTS_MAX) {
        if (!w->left_out)
            w->reader->on_left_out(w->reader->arg);
        w->left_out = true;
        return OK;
    }
    if (GMIME_IS_MULTIPART(o))
        return walk_parts(w, GMIME_MULTIPART(o), depth + 1);
    return is_text(o) ? put_text(w, o) : put_attached(w, o);
}

static void start_gmime(void)
{
    g_mime_init();
}

static enum err read_mail(str bytes, const struct mail_reader *reader)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct walk w = { .reader = reader };

    pthread_once(&once, start_gmime);
    CLEANUP(unrefp) GMimeStream *stream = g_mime_stream_mem_new_with_buffer(bytes.p, bytes.len);
    CLEANUP(unrefp) GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    CLEANUP(unrefp) GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);

    if (!message)
        return failed(ERR_INPUT, "this is no mail: it does not begin with a head; save the message as it came (.eml)");
    TRY(put_head(reader, message));
    return g_mime_message_get_mime_part(message) ? walk(&w, g_mime_message_get_mime_part(message), 0) : OK;
}

MODULE_TABLE const struct mail_module clawdbot_module_mail = { .read = read_mail };
