// SPDX-License-Identifier: Apache-2.0
/* expat does the XML; a stanza's nodes are made as its events come, in an arena that goes with the stanza. */
#include "channel/xmpp_xml.h"

#include <expat.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"

#define STREAMS "http://etherx.jabber.org/streams"
enum { NODE_COST = 100, SEPARATOR = '\n' };     /* no namespace has a line break: XML makes a space of it */

/* From 2.6 on (and in what distributions made of 2.5) expat holds back a token that came in small pieces until more comes; a
 * stanza's end would wait for the next stanza.  What that is against, one token of megabytes, is cut off here anyway.  Weak:
 * an older expat does not have it, nor holds back. */
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser, XML_Bool) __attribute__((weak));

struct open { struct xml_node *node; struct buf text; };

struct xmpp_parser {
    XML_Parser     expat;
    struct stanza *first, *last;            /* whole */
    struct stanza *now;                     /* being read */
    struct open    open[XMPP_DEPTH_MAX];    /* from the stanza down */
    unsigned       depth;                   /* of the element at hand; the stream itself is 1 */
    size_t         cost, nodes;             /* of the stanza at hand */
    size_t         silent;                  /* bytes since something was whole */
    bool           begun, ended;
    enum err       error;
};

static void stop(struct xmpp_parser *p, enum err e)
{
    if (p->error)
        return;
    p->error = e;
    XML_StopParser(p->expat, XML_FALSE);
}

static bool afford(struct xmpp_parser *p, size_t bytes)
{
    p->cost += bytes;
    if (p->cost <= XMPP_STANZA_MAX)
        return true;
    stop(p, failed(ERR_LIMIT, "the server sent a stanza above %d KiB", XMPP_STANZA_MAX >> 10));
    return false;
}

static void split_name(const char *both, str *ret_ns, str *ret_name)
{
    str s = str_from(both);
    size_t at = str_find_char(s, SEPARATOR);

    *ret_ns = at == STR_NONE ? S("") : str_take(s, at);
    *ret_name = at == STR_NONE ? s : str_skip(s, at + 1);
}

static size_t take_attributes(struct arena *a, const char **from, struct xml_node *out)
{
    size_t n = 0, cost = 0;
    str ns, name;

    while (from[2 * n])
        n++;
    out->attributes = arena_alloc(a, (n + 1) * sizeof *out->attributes);
    for (size_t i = 0; i < n; i++) {
        split_name(from[2 * i], &ns, &name);
        if (ns.len)
            continue;
        out->attributes[out->n_attributes] = (struct xml_attribute){ arena_str(a, name), arena_str(a, str_from(from[2 * i + 1])) };
        cost += NODE_COST + name.len + out->attributes[out->n_attributes].value.len;
        out->n_attributes++;
    }
    return cost;
}

static void add_child(struct xml_node *parent, struct xml_node *child)
{
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

static void begin_stream(struct xmpp_parser *p, str ns, str name)
{
    if (!str_eq(ns, S(STREAMS)) || !str_eq(name, S("stream")))
        stop(p, failed(ERR_INPUT, "what answers there does not speak XMPP"));
    p->begun = true;
    p->silent = 0;
}

static void on_start(void *arg, const char *both, const char **attributes)
{
    struct xmpp_parser *p = arg;
    struct xml_node *node;
    str ns, name;

    if (p->error)
        return;
    split_name(both, &ns, &name);
    if (++p->depth == 1) {
        begin_stream(p, ns, name);
        return;
    }
    if (p->depth - 2 >= XMPP_DEPTH_MAX || (p->depth > 2 && ++p->nodes > XMPP_NODES_MAX)) {
        stop(p, failed(ERR_LIMIT, "the server sent a stanza that is nested too deep, or of too many elements"));
        return;
    }
    if (p->depth == 2) {
        p->now = NEW(struct stanza);
        p->now->arena = arena_new();
        p->cost = p->nodes = 0;
    }
    node = ARENA_NEW(p->now->arena, struct xml_node);
    node->ns = arena_str(p->now->arena, ns);
    node->name = arena_str(p->now->arena, name);
    node->text = S("");
    if (!afford(p, NODE_COST + ns.len + name.len + take_attributes(p->now->arena, attributes, node)))
        return;
    if (p->depth == 2)
        p->now->node = node;
    else
        add_child(p->open[p->depth - 3].node, node);
    p->open[p->depth - 2].node = node;
    buf_clear(&p->open[p->depth - 2].text);
}

static void stanza_is_whole(struct xmpp_parser *p)
{
    if (p->last)
        p->last->next = p->now;
    else
        p->first = p->now;
    p->last = p->now;
    p->now = NULL;
    p->silent = 0;
}

static void on_end(void *arg, const char *name)
{
    struct xmpp_parser *p = arg;
    struct open *o;

    (void)name;
    if (p->error)
        return;
    if (p->depth-- == 1) {
        p->ended = true;
        return;
    }
    o = &p->open[p->depth - 1];
    if (o->text.len)
        o->node->text = arena_str(p->now->arena, buf_str(&o->text));
    if (p->depth == 1)
        stanza_is_whole(p);
}

static void on_text(void *arg, const char *text, int len)
{
    struct xmpp_parser *p = arg;

    if (p->error)
        return;
    if (p->depth < 2)
        p->silent = 0;          /* white space that says "I am here" */
    else if (afford(p, (size_t)len))
        buf_add(&p->open[p->depth - 2].text, str_of(text, (size_t)len));
}

static void on_doctype(void *arg, const char *name, const char *system, const char *public, int has_subset)
{
    (void)name, (void)system, (void)public, (void)has_subset;
    stop(arg, failed(ERR_INPUT, "the server sent a document type, which XMPP forbids"));
}

static void on_instruction(void *arg, const char *target, const char *data)
{
    (void)target, (void)data;
    stop(arg, failed(ERR_INPUT, "the server sent a processing instruction, which XMPP forbids"));
}

static void on_comment(void *arg, const char *text)
{
    (void)text;
    stop(arg, failed(ERR_INPUT, "the server sent a comment, which XMPP forbids"));
}

struct xmpp_parser *xmpp_parser_new(void)
{
    struct xmpp_parser *p = NEW(struct xmpp_parser);

    p->expat = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (!p->expat)
        mem_die("clawdbot: out of memory\n");
    for (size_t i = 0; i < XMPP_DEPTH_MAX; i++)
        p->open[i].text.max = XMPP_STANZA_MAX;
    if (XML_SetReparseDeferralEnabled)
        XML_SetReparseDeferralEnabled(p->expat, XML_FALSE);
    XML_SetUserData(p->expat, p);
    XML_SetElementHandler(p->expat, on_start, on_end);
    XML_SetCharacterDataHandler(p->expat, on_text);
    XML_SetStartDoctypeDeclHandler(p->expat, on_doctype);
    XML_SetProcessingInstructionHandler(p->expat, on_instruction);
    XML_SetCommentHandler(p->expat, on_comment);
    return p;
}

void xmpp_parser_free(struct xmpp_parser *p)
{
    if (!p)
        return;
    for (struct stanza *s; (s = xmpp_parser_take(p));)
        stanza_free(s);
    if (p->now)
        stanza_free(p->now);
    for (size_t i = 0; i < XMPP_DEPTH_MAX; i++)
        buf_done(&p->open[i].text);
    XML_ParserFree(p->expat);
    free(p);
}

enum err xmpp_parser_feed(struct xmpp_parser *p, str bytes)
{
    if (p->error)
        return failed(p->error, "the XMPP stream is broken");
    p->silent += bytes.len;
    if (bytes.len && !p->ended && XML_Parse(p->expat, bytes.p, (int)bytes.len, 0) == XML_STATUS_ERROR && !p->error)
        p->error = failed(ERR_INPUT, "the server's XML is broken: %s", XML_ErrorString(XML_GetErrorCode(p->expat)));
    if (!p->error && p->silent > 2 * XMPP_STANZA_MAX)       /* a name or a value that never ends costs expat's memory */
        p->error = failed(ERR_LIMIT, "the server sent a stanza above %d KiB", XMPP_STANZA_MAX >> 10);
    return p->error;
}

struct stanza *xmpp_parser_take(struct xmpp_parser *p)
{
    struct stanza *s = p->first;

    if (!s)
        return NULL;
    p->first = s->next;
    if (!p->first)
        p->last = NULL;
    s->next = NULL;
    return s;
}

bool xmpp_parser_begun(const struct xmpp_parser *p)
{
    return p->begun;
}

bool xmpp_parser_ended(const struct xmpp_parser *p)
{
    return p->ended;
}

void stanza_free(struct stanza *s)
{
    if (!s)
        return;
    arena_free(s->arena);
    free(s);
}

void stanza_freep(struct stanza **s)
{
    stanza_free(*s);
}

/* ---- asking ---- */

bool xml_is(const struct xml_node *n, const char *name, const char *ns)
{
    return n && str_eq(n->name, str_from(name)) && (!ns || str_eq(n->ns, str_from(ns)));
}

str xml_attribute(const struct xml_node *n, const char *name)
{
    for (size_t i = 0; n && i < n->n_attributes; i++)
        if (str_eq(n->attributes[i].name, str_from(name)))
            return n->attributes[i].value;
    return S("");
}

struct xml_node *xml_child(const struct xml_node *n, const char *name, const char *ns)
{
    struct xml_node *c = n ? n->first : NULL;

    while (c && !xml_is(c, name, ns))
        c = c->next;
    return c;
}

str xml_child_text(const struct xml_node *n, const char *name, const char *ns)
{
    const struct xml_node *c = xml_child(n, name, ns);

    return c ? c->text : S("");
}

/* ---- writing ---- */

static bool xml_can_hold(uint32_t ch)      /* XML 1.0 section 2.2 */
{
    return ch == '\t' || ch == '\n' || ch == '\r' || (ch >= 0x20 && ch != 0xfffe && ch != 0xffff);
}

void xml_add_text(struct buf *b, str s)
{
    uint32_t ch;

    while (s.len) {
        size_t n = utf8_next(s, &ch);

        switch (n ? ch : 0) {
        case '<': buf_add(b, S("&lt;")); break;
        case '>': buf_add(b, S("&gt;")); break;
        case '&': buf_add(b, S("&amp;")); break;
        case '\'': buf_add(b, S("&apos;")); break;
        case '"': buf_add(b, S("&quot;")); break;
        case '\r': break;       /* it would come out as a line break of its own */
        default: buf_add(b, n && xml_can_hold(ch) ? str_take(s, n) : S("\xef\xbf\xbd"));
        }
        s = str_skip(s, n ? n : 1);
    }
}

void xml_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    str f = str_from(format);

    va_start(args, format);
    for (size_t at; (at = str_find(f, S("%s"))) != STR_NONE; f = str_skip(f, at + 2)) {
        buf_add(b, str_take(f, at));
        xml_add_text(b, va_arg(args, str));
    }
    va_end(args);
    buf_add(b, f);
}
