// SPDX-License-Identifier: Apache-2.0
/* What comes in: flat XML to a message.  An app hears its members alone, so every chat is a private one. */
#include "channel/wecom.h"

#include <expat.h>
#include <string.h>

#include "base/utf8.h"

enum { DEPTH_MAX = 16, NAME_MAX_BYTES = 255 };

/* ---- XML ---- */

struct parse {
    XML_Parser        parser;
    struct arena     *arena;
    struct wecom_xml *out;
    unsigned          depth;
    bool              flat;         /* the field has no children so far */
    struct buf        text;
    enum err          error;
};

static void parser_freep(XML_Parser *p)
{
    if (*p)
        XML_ParserFree(*p);
}

static void stop(struct parse *p, enum err e)
{
    if (p->error)
        return;
    p->error = e;
    XML_StopParser(p->parser, XML_FALSE);
}

static void on_start(void *arg, const char *name, const char **attributes UNUSED)
{
    struct parse *p = arg;

    if (++p->depth > DEPTH_MAX) {
        stop(p, failed(ERR_INPUT, "the XML is nested too deep"));
    } else if (p->depth == 2) {
        buf_clear(&p->text);
        p->flat = true;
        if (p->out->n < WECOM_FIELDS_MAX)
            p->out->fields[p->out->n].name = arena_str(p->arena, str_from(name));
    } else {
        p->flat = false;
    }
}

static void on_end(void *arg, const char *name UNUSED)
{
    struct parse *p = arg;

    if (p->depth-- != 2 || !p->flat || p->out->n == WECOM_FIELDS_MAX)
        return;
    p->out->fields[p->out->n++].text = arena_str(p->arena, buf_str(&p->text));
}

static void on_text(void *arg, const char *text, int len)
{
    struct parse *p = arg;

    if (p->depth == 2)
        buf_add(&p->text, str_of(text, (size_t)len));
}

/* Without a document type there are no entities to expand. */
static void on_doctype(void *arg, const char *name UNUSED, const char *system UNUSED, const char *public UNUSED, int subset UNUSED)
{
    stop(arg, failed(ERR_INPUT, "the XML has a document type, which WeCom's never has"));
}

enum err wecom_xml_parse(struct arena *a, str xml, struct wecom_xml *out)
{
    CLEANUP(parser_freep) XML_Parser parser = XML_ParserCreate("UTF-8");
    struct parse p = { .parser = parser, .arena = a, .out = out, .text = { .max = MESSAGE_TEXT_MAX } };
    bool read;

    if (!parser || xml.len > MESSAGE_TEXT_MAX)
        return failed(ERR_INPUT, "the XML is too large");
    out->n = 0;
    XML_SetUserData(parser, &p);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    read = XML_Parse(parser, xml.p, (int)xml.len, 1) != XML_STATUS_ERROR;
    buf_done(&p.text);
    if (p.error)
        return p.error;
    return read ? OK : failed(ERR_INPUT, "the XML is broken: %s", XML_ErrorString(XML_GetErrorCode(parser)));
}

str wecom_xml_text(const struct wecom_xml *x, const char *name)
{
    for (size_t i = 0; i < x->n; i++)
        if (str_eq(x->fields[i].name, str_from(name)))
            return x->fields[i].text;
    return S("");
}

/* ---- the message ---- */

static void add_file(struct wecom_message *m, const char *type, const char *name, const char *mime, str id)
{
    if (!id.len)
        return;
    m->files[m->n_files++] = (struct incoming_file){ .type = type, .name = str_from(name), .mime = str_from(mime), .size = -1, .id = id };
}

static void take_text(struct arena *a UNUSED, const struct wecom_xml *x, struct wecom_message *m)
{
    m->message.text = wecom_xml_text(x, "Content");
}

static void take_image(struct arena *a UNUSED, const struct wecom_xml *x, struct wecom_message *m)
{
    add_file(m, "image", "photo.jpg", "image/jpeg", wecom_xml_text(x, "MediaId"));
}

static void take_voice(struct arena *a UNUSED, const struct wecom_xml *x, struct wecom_message *m)
{
    bool speex = str_eq_nocase(wecom_xml_text(x, "Format"), S("speex"));

    add_file(m, "audio", speex ? "voice.spx" : "voice.amr", speex ? "audio/x-speex" : "audio/amr", wecom_xml_text(x, "MediaId"));
}

static void take_video(struct arena *a UNUSED, const struct wecom_xml *x, struct wecom_message *m)
{
    add_file(m, "video", "video.mp4", "video/mp4", wecom_xml_text(x, "MediaId"));
}

static void take_file(struct arena *a UNUSED, const struct wecom_xml *x, struct wecom_message *m)
{
    str name = wecom_xml_text(x, "FileName");

    add_file(m, "file", "document", "application/octet-stream", wecom_xml_text(x, "MediaId"));
    if (m->n_files && name.len)
        m->files[0].name = utf8_take(name, NAME_MAX_BYTES);
}

static void take_location(struct arena *a, const struct wecom_xml *x, struct wecom_message *m)
{
    str label = wecom_xml_text(x, "Label"), north = wecom_xml_text(x, "Location_X"), east = wecom_xml_text(x, "Location_Y");

    if (north.len && east.len)
        m->message.text = str_trim(str_from(arena_printf(a, "%.*s (%.*s, %.*s)", STR(label), STR(north), STR(east))));
}

static void take_link(struct arena *a, const struct wecom_xml *x, struct wecom_message *m)
{
    str title = wecom_xml_text(x, "Title"), text = wecom_xml_text(x, "Description"), url = wecom_xml_text(x, "Url");

    m->message.text = str_trim(str_from(arena_printf(a, "%.*s\n%.*s\n%.*s", STR(title), STR(text), STR(url))));
}

/* Cards stand in our own messages only.  WeCom gives the event no id: card, person and moment make one. */
static void take_event(struct arena *a, const struct wecom_xml *x, struct wecom_message *m)
{
    str card = wecom_xml_text(x, "TaskId");

    if (!str_eq_nocase(wecom_xml_text(x, "Event"), S("template_card_event")) || !card.len)
        return;
    m->message.text = wecom_xml_text(x, "EventKey");
    m->pressed = wecom_xml_text(x, "ResponseCode");
    m->message.external_id = str_from(arena_printf(a, "card:%.*s:%.*s:%.*s", STR(card), STR(m->message.user_id),
                                                   STR(wecom_xml_text(x, "CreateTime"))));
}

static const struct { const char *type; void (*take)(struct arena *, const struct wecom_xml *, struct wecom_message *); } kinds[] = {
    { "text", take_text }, { "image", take_image }, { "voice", take_voice }, { "video", take_video }, { "file", take_file },
    { "location", take_location }, { "link", take_link }, { "event", take_event },
};

static void fill(const struct wecom_xml *x, struct wecom_message *m)
{
    int64_t seconds = 0;

    if (str_i64(wecom_xml_text(x, "CreateTime"), &seconds) || seconds < 0 || seconds > INT32_MAX)
        seconds = 0;
    *m = (struct wecom_message){ .pressed = S("") };
    m->message = (struct message){
        .id = S(""), .session_id = S(""), .platform = S("wecom"), .agent = S(""), .chat_type = S("private"), .thread_id = S(""),
        .external_id = wecom_xml_text(x, "MsgId"), .chat_id = wecom_xml_text(x, "FromUserName"),
        .user_id = wecom_xml_text(x, "FromUserName"), .user_name = S(""), .text = S(""), .created_at = seconds * 1000, .reply_to = S(""),
    };
}

enum err wecom_decode(struct arena *a, str xml, struct wecom_message *out, bool *ret_wanted)
{
    struct wecom_xml *x = ARENA_NEW(a, struct wecom_xml);
    const struct message *m = &out->message;

    TRY(wecom_xml_parse(a, xml, x));
    fill(x, out);
    if (!wecom_xml_text(x, "MsgType").len || !m->user_id.len)
        return failed(ERR_INPUT, "WeCom sent something that is not a message");
    for (size_t i = 0; i < N_ELEMENTS(kinds); i++)
        if (str_eq(wecom_xml_text(x, "MsgType"), str_from(kinds[i].type)))
            kinds[i].take(a, x, out);
    *ret_wanted = m->external_id.len && (m->text.len || out->n_files);
    return OK;
}
