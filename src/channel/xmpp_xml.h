// SPDX-License-Identifier: Apache-2.0
/* xmpp_xml.h: an XMPP stream taken apart into stanzas (RFC 6120 section 4), and stanzas written.  No I/O: feed bytes, take
 * stanzas; however the bytes are cut, the stanzas are the same.  What XMPP forbids in XML (section 11.1: document types,
 * entities, comments, processing instructions) and what is too large or too deep ends the stream. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum { XMPP_STANZA_MAX = 256 << 10, XMPP_DEPTH_MAX = 32, XMPP_NODES_MAX = 4096 };

struct xml_attribute { str name, value; };      /* name without namespace: only "xml:lang" has one, and nobody asks for it */
struct xml_node {
    str     name, ns;
    str     text;                               /* all character data directly in it, in one piece */
    struct xml_attribute *attributes;
    size_t  n_attributes;
    struct xml_node *first, *last, *next;
};
/* A whole child of the stream; everything is in its arena. */
struct stanza { struct arena *arena; struct xml_node *node; struct stanza *next; };

struct xmpp_parser;

struct xmpp_parser *xmpp_parser_new(void);
void     xmpp_parser_free(struct xmpp_parser *);            /* accepts NULL */
/* After an error the stream is of no more use; what was whole before can still be taken. */
enum err xmpp_parser_feed(struct xmpp_parser *, str bytes) MUST_USE;
struct stanza *xmpp_parser_take(struct xmpp_parser *);      /* the oldest; NULL: none is whole */
bool     xmpp_parser_begun(const struct xmpp_parser *);     /* the stream's header was there */
bool     xmpp_parser_ended(const struct xmpp_parser *);     /* </stream:stream> was there */
void     stanza_free(struct stanza *);
void     stanza_freep(struct stanza **);

bool   xml_is(const struct xml_node *, const char *name, const char *ns);   /* NULL is nothing */
str    xml_attribute(const struct xml_node *, const char *name);            /* "" if absent, or the node NULL */
struct xml_node *xml_child(const struct xml_node *, const char *name, const char *ns);    /* the first, or NULL; ns NULL: any */
str    xml_child_text(const struct xml_node *, const char *name, const char *ns);         /* "" if absent */

void   xml_add_text(struct buf *, str);     /* escaped, for text and attributes; what XML cannot hold becomes U+FFFD */
/* printf for stanzas: %s takes a str by value, escaped; nothing else is known.  xml_addf(b, "<a b='%s'/>", str) */
void   xml_addf(struct buf *, const char *format, ...);
