// SPDX-License-Identifier: Apache-2.0
/* XEP-0363: the server lends a place, we put the file there by HTTP, and people get its address. */
#include "base/mem.h"
#include "channel/platform_api.h"
#include "channel/xmpp.h"
#include "net/url.h"
#include "runtime/fiber.h"

enum { UPLOAD_MS = 50 * 1000, FIELDS_MAX = 4, FIELD_BYTES_MAX = 2048 };

/* Of the server that was asked last. */
static struct { char *service; uint64_t max; bool looked; } u;

void xmpp_upload_forget(void)
{
    mem_freep(&u.service);
    u.service = NULL;
    u.looked = false;
}

static bool has_feature(const struct xml_node *query)
{
    for (const struct xml_node *f = query ? query->first : NULL; f; f = f->next)
        if (xml_is(f, "feature", NULL) && str_eq(xml_attribute(f, "var"), S(XMPP_NS_UPLOAD)))
            return true;
    return false;
}

/* The form beside the features says how large a file may be (XEP-0363 section 4). */
static uint64_t largest(const struct xml_node *query)
{
    uint64_t n = 0;

    for (const struct xml_node *x = query->first; x; x = x->next)
        for (const struct xml_node *f = xml_is(x, "x", "jabber:x:data") ? x->first : NULL; f; f = f->next)
            if (str_eq(xml_attribute(f, "var"), S("max-file-size")) && str_u64(xml_child_text(f, "value", NULL), &n))
                n = 0;
    return n;
}

/* Is it this one? */
static void look_at(str jid) AWAITS
{
    CLEANUP(stanza_freep) struct stanza *answer = NULL;

    if (u.service || xmpp_ask("get", jid, S("<query xmlns='" XMPP_NS_DISCO "#info'/>"), &answer))
        return;
    const struct xml_node *query = xml_child(answer->node, "query", NULL);

    if (!has_feature(query) || u.service)
        return;
    u.service = str_dup_c(jid);
    u.max = largest(query);
}

static enum err find_service(str domain) AWAITS
{
    CLEANUP(stanza_freep) struct stanza *answer = NULL;

    if (!u.looked) {
        look_at(domain);
        TRY(xmpp_ask("get", domain, S("<query xmlns='" XMPP_NS_DISCO "#items'/>"), &answer));
        const struct xml_node *query = xml_child(answer->node, "query", NULL);
        const struct xml_node *item = query ? query->first : NULL;

        for (unsigned i = 0; item && i < 20; item = item->next, i++)
            look_at(xml_attribute(item, "jid"));
        u.looked = true;
    }
    return u.service ? OK : failed(ERR_NOT_FOUND, "the XMPP server has no service for files (HTTP File Upload)");
}

static enum err ask_slot(const struct outgoing *m, struct stanza **out) AWAITS
{
    CLEANUP(buf_done) struct buf b = {0};
    CLEANUP(mem_freep) char *service = str_dup_c(str_from(u.service));
    char size[24];

    snprintf(size, sizeof size, "%zu", m->bytes.len);
    xml_addf(&b, "<request xmlns='" XMPP_NS_UPLOAD "' filename='%s' size='%s' content-type='%s'/>", m->name.len ? m->name : S("file"),
             str_from(size), m->mime.len ? m->mime : S("application/octet-stream"));
    return xmpp_ask("get", str_from(service), buf_str(&b), out);
}

/* Of the fields that the server asks for, those that the standard allows (XEP-0363 section 5). */
static size_t take_fields(const struct xml_node *put, struct http_field *out)
{
    size_t n = 0;

    for (const struct xml_node *h = put->first; h && n < FIELDS_MAX; h = h->next) {
        str name = xml_attribute(h, "name");
        bool allowed = str_eq_nocase(name, S("Authorization")) || str_eq_nocase(name, S("Cookie")) || str_eq_nocase(name, S("Expires"));

        if (xml_is(h, "header", NULL) && allowed && h->text.len <= FIELD_BYTES_MAX)
            out[n++] = (struct http_field){ name, h->text };
    }
    return n;
}

static enum err put_there(struct arena *a, const struct xml_node *put, const struct outgoing *m) AWAITS
{
    CLEANUP(deadline_clear) struct deadline limit;
    struct http_field fields[FIELDS_MAX + 1];
    struct http_response answer;
    struct url url;
    size_t n = take_fields(put, fields);

    TRY(url_parse(xml_attribute(put, "url"), &url));
    if (!url.tls && !url_is_loopback(&url))
        return failed(ERR_REMOTE, "the XMPP server's upload service takes files without TLS only");
    fields[n++] = (struct http_field){ S("Content-Type"), m->mime.len ? m->mime : S("application/octet-stream") };
    deadline_set(&limit, UPLOAD_MS);
    TRY(channel_fetch(a, &(struct http_request){ .method = "PUT", .url = arena_c(a, xml_attribute(put, "url")), .fields = fields,
                                                 .n_fields = n, .body = m->bytes }, &answer, NULL));
    return platform_error("The XMPP server's upload service", answer.status, S(""));
}

enum err xmpp_upload(struct arena *a, str domain, const struct outgoing *m, str *ret_url)
{
    CLEANUP(stanza_freep) struct stanza *answer = NULL;

    TRY(find_service(domain));
    if (u.max && m->bytes.len > u.max)
        return failed(ERR_TOO_LONG, "the XMPP server takes no file above %llu bytes", (unsigned long long)u.max);
    TRY(ask_slot(m, &answer));
    const struct xml_node *slot = xml_child(answer->node, "slot", NULL), *put = xml_child(slot, "put", NULL), *get = xml_child(slot, "get",
            NULL);

    if (!put || !get)
        return failed(ERR_REMOTE, "the XMPP server lends no place for a file");
    TRY(put_there(a, put, m));
    *ret_url = arena_str(a, xml_attribute(get, "url"));
    return OK;
}
