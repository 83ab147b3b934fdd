// SPDX-License-Identifier: Apache-2.0
#include "document/modules/office_xml.h"

#include <expat.h>
#include <string.h>

#include "document/modules/office.h"
#include "document/modules/office_zip.h"

struct parse { XML_Parser parser; const struct office_xml *x; const char *file; unsigned depth; enum err error; };

static void parser_freep(XML_Parser *p)
{
    if (*p)
        XML_ParserFree(*p);
}

static const char *without_prefix(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon ? colon + 1 : name;
}

static void stop_on(struct parse *p, enum err e)
{
    if (e == OK || p->error)
        return;
    p->error = e;
    XML_StopParser(p->parser, XML_FALSE);
}

static void on_start(void *arg, const char *name, const char **attributes)
{
    struct parse *p = arg;

    if (p->error)
        return;
    if (++p->depth > OFFICE_DEPTH_MAX)
        stop_on(p, failed(ERR_LIMIT, "its %s is nested more than %d deep, which no document is", p->file, OFFICE_DEPTH_MAX));
    else
        stop_on(p, p->x->on_start(p->x->arg, without_prefix(name), attributes));
}

static void on_end(void *arg, const char *name)
{
    struct parse *p = arg;

    if (p->error)
        return;
    p->depth--;
    if (p->x->on_end)
        stop_on(p, p->x->on_end(p->x->arg, without_prefix(name)));
}

static void on_text(void *arg, const char *text, int len)
{
    struct parse *p = arg;

    if (!p->error && p->x->on_text)
        stop_on(p, p->x->on_text(p->x->arg, str_of(text, (size_t)len)));
}

/* Without a document type there are no entities to expand. */
static void on_doctype(void *arg, const char *name, const char *system, const char *public, int has_subset)
{
    struct parse *p = arg;

    (void)name, (void)system, (void)public, (void)has_subset;
    stop_on(p, failed(ERR_INPUT, "its %s has a document type, which no office program writes: it was not read", p->file));
}

static enum err feed(struct parse *p, str bytes, bool last)
{
    if (XML_Parse(p->parser, bytes.p, (int)bytes.len, last) != XML_STATUS_ERROR)
        return p->error;
    if (p->error)
        return p->error;
    return failed(ERR_INPUT, "its %s is broken, or encrypted (line %lu: %s): open it and save it anew, without a password", p->file,
                  XML_GetCurrentLineNumber(p->parser), XML_ErrorString(XML_GetErrorCode(p->parser)));
}

static enum err on_piece(void *arg, str bytes)
{
    return feed(arg, bytes, false);
}

enum err office_xml_read(str zip, const char *file, const struct office_xml *x, bool *ret_found)
{
    CLEANUP(parser_freep) XML_Parser parser = XML_ParserCreate(NULL);
    struct parse p = { .parser = parser, .x = x, .file = file };

    if (!parser)
        return failed(ERR_LIMIT, "no memory for reading XML");
    XML_SetUserData(parser, &p);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    TRY(office_unzip(zip, file, on_piece, &p, ret_found));
    return *ret_found ? feed(&p, S(""), true) : OK;
}

const char *office_attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (strcmp(without_prefix(*attributes), name) == 0)
            return attributes[1];
    return "";
}

unsigned office_number(const char **attributes, const char *name, unsigned max, unsigned otherwise)
{
    uint64_t n;

    if (str_u64(str_from(office_attribute(attributes, name)), &n) != OK || n == 0)
        return otherwise;
    return n > max ? max : (unsigned)n;
}
