// SPDX-License-Identifier: Apache-2.0
/* ODT, OpenDocument 1.2 part 1: content.xml; headings say their level themselves (5.1.2). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "document/modules/office_flow.h"
#include "document/modules/office_xml.h"

enum { SPACES_MAX = 100, REPEAT_MAX = 64, LEVEL_MAX = 9 };

struct odt {
    struct office_flow flow;
    unsigned           items;       /* lists' items that we are in */
    unsigned           repeat;      /* of this cell */
};

static bool is_left_out(const char *name)
{
    static const char *const names[] = { "tracked-changes", "annotation", "table-of-content", "forms", "note-citation" };

    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void start_text(struct odt *o, const char *name, const char **attributes)
{
    struct office_flow *f = &o->flow;

    if (strcmp(name, "p") == 0)
        office_paragraph_start(f, o->items ? OFFICE_ITEM : OFFICE_BODY, 0);
    else if (strcmp(name, "h") == 0)
        office_paragraph_start(f, OFFICE_HEADING, office_number(attributes, "outline-level", LEVEL_MAX, 1));
    else if (strcmp(name, "tab") == 0)
        office_text(f, S("\t"));
    else if (strcmp(name, "line-break") == 0)
        office_text(f, S("\n"));
    else if (strcmp(name, "list-item") == 0)
        o->items++;
    else if (strcmp(name, "s") == 0)
        for (unsigned n = office_number(attributes, "c", SPACES_MAX, 1); n; n--)
            office_text(f, S(" "));
}

static enum err odt_start(void *arg, const char *name, const char **attributes)
{
    struct odt *o = arg;
    struct office_flow *f = &o->flow;

    f->left_out += is_left_out(name);
    if (f->left_out)
        return OK;
    if (strcmp(name, "table") == 0)
        office_table_start(f);
    else if (strcmp(name, "table-cell") == 0 || strcmp(name, "covered-table-cell") == 0)
        office_cell_start(f);
    else
        start_text(o, name, attributes);
    if (f->tables == 1 && strstr(name, "table-cell"))
        o->repeat = office_number(attributes, "number-columns-repeated", REPEAT_MAX, 1);
    return OK;
}

static enum err odt_end(void *arg, const char *name)
{
    struct odt *o = arg;
    struct office_flow *f = &o->flow;

    if (f->left_out) {
        f->left_out -= is_left_out(name);
        return OK;
    }
    if (strcmp(name, "p") == 0 || strcmp(name, "h") == 0)
        return office_paragraph_end(f);
    if (strcmp(name, "list-item") == 0)
        o->items--;
    if (strcmp(name, "table-cell") == 0 || strcmp(name, "covered-table-cell") == 0)
        office_cell_end(f, o->repeat);
    if (strcmp(name, "table-row") == 0)
        return office_row_end(f);
    return strcmp(name, "table") == 0 ? office_table_end(f) : OK;
}

static enum err odt_text(void *arg, str text)
{
    struct odt *o = arg;

    office_text(&o->flow, text);
    return OK;
}

enum err office_read_odt(str zip, const struct office_reader *reader)
{
    struct odt *o = NEW(struct odt);
    struct office_xml x = { .arg = o, .on_start = odt_start, .on_end = odt_end, .on_text = odt_text };
    bool found = false;

    o->flow.reader = reader;
    enum err e = office_read_title(zip, "meta.xml", reader);

    if (e == OK)
        e = office_xml_read(zip, "content.xml", &x, &found);
    if (e == OK && !found)
        e = failed(ERR_INPUT, "it has no content.xml: it is not an OpenDocument text, or not a whole one");
    office_flow_done(&o->flow);
    free(o);
    return e;
}
