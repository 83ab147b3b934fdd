// SPDX-License-Identifier: Apache-2.0
/* DOCX, ECMA-376 part 1, 17: word/document.xml, with word/styles.xml for which styles are headings. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "document/modules/office_flow.h"
#include "document/modules/office_xml.h"

enum { STYLES_MAX = 4096, CONTENTS = 100, LEVEL_MAX = 9 };       /* CONTENTS: a table of contents' line, which is left out */

/* --- styles (17.7) --- */

struct style { char id[64]; unsigned level; };
struct styles { struct style *all; size_t n; struct style *now; };

static void styles_done(struct styles *s)
{
    free(s->all);
}

static unsigned level_of_style(const struct styles *s, const char *id)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->all[i].id, id) == 0)
            return s->all[i].level;
    return 0;
}

/* Word's own styles have their English names in every language. */
static unsigned level_of_name(str name)
{
    bool heading = str_eq_nocase(str_take(name, 8), S("heading "));
    uint64_t n;

    if (str_eq_nocase(str_take(name, 4), S("toc ")))
        return CONTENTS;
    return heading && str_u64(str_skip(name, 8), &n) == OK && n >= 1 && n <= LEVEL_MAX ? (unsigned)n : 0;
}

static void add_style(struct styles *s, const char *id)
{
    s->now = NULL;
    if (s->n == STYLES_MAX || strlen(id) >= sizeof s->all->id)
        return;
    s->now = &s->all[s->n++];
    memcpy(s->now->id, id, strlen(id) + 1);
    s->now->level = 0;
}

static unsigned outline_level(const char **attributes)
{
    uint64_t n;

    return str_u64(str_from(office_attribute(attributes, "val")), &n) == OK && n < LEVEL_MAX ? (unsigned)n + 1 : 0;
}

static enum err style_start(void *arg, const char *name, const char **attributes)
{
    struct styles *s = arg;
    const char *val = office_attribute(attributes, "val");

    if (strcmp(name, "style") == 0)
        add_style(s, office_attribute(attributes, "styleId"));
    else if (!s->now)
        return OK;
    else if (strcmp(name, "name") == 0)
        s->now->level = level_of_name(str_from(val));
    else if (strcmp(name, "basedOn") == 0 && !s->now->level && level_of_style(s, val) != CONTENTS)
        s->now->level = level_of_style(s, val);
    else if (strcmp(name, "outlineLvl") == 0)
        s->now->level = outline_level(attributes);
    return OK;
}

static enum err read_styles(str zip, struct styles *s)
{
    struct office_xml x = { .arg = s, .on_start = style_start };
    bool found;

    s->all = mem_alloc(STYLES_MAX * sizeof *s->all);
    return office_xml_read(zip, "word/styles.xml", &x, &found);
}

/* --- the text (17.2, 17.3, 17.4) --- */

struct docx {
    struct office_flow   flow;
    const struct styles *styles;
    bool                 in_text;       /* a <w:t> */
    unsigned             span;          /* columns of this cell */
};

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

/* Elements whose text is another's, or nobody's. */
static bool is_left_out(const char *name)
{
    return is_one_of(name, (const char *const[]){ "Fallback", "del", "moveFrom", "comment", NULL });
}

static void paragraph_property(struct docx *d, const char *name, const char **attributes)
{
    unsigned level = strcmp(name, "pStyle") == 0       ? level_of_style(d->styles, office_attribute(attributes, "val"))
                     : strcmp(name, "outlineLvl") == 0 ? outline_level(attributes)
                                                       : 0;

    if (level) {
        d->flow.kind = OFFICE_HEADING;
        d->flow.level = level;
    } else if (strcmp(name, "numPr") == 0 && d->flow.kind == OFFICE_BODY) {
        d->flow.kind = OFFICE_ITEM;
    }
}

static enum err docx_start(void *arg, const char *name, const char **attributes)
{
    struct docx *d = arg;
    struct office_flow *f = &d->flow;

    f->left_out += is_left_out(name);
    if (f->left_out)
        return OK;
    d->in_text = strcmp(name, "t") == 0;
    if (strcmp(name, "p") == 0)
        office_paragraph_start(f, OFFICE_BODY, 0);
    else if (strcmp(name, "tab") == 0 || strcmp(name, "br") == 0 || strcmp(name, "cr") == 0)
        office_text(f, strcmp(name, "tab") == 0 ? S("\t") : S("\n"));
    else if (strcmp(name, "noBreakHyphen") == 0)
        office_text(f, S("-"));
    else if (strcmp(name, "tbl") == 0)
        office_table_start(f);
    else if (strcmp(name, "tc") == 0)
        office_cell_start(f);
    else if (strcmp(name, "gridSpan") == 0 && f->tables == 1)
        d->span = office_number(attributes, "val", OFFICE_CELLS_MAX, 1);
    else if (f->open == 1)
        paragraph_property(d, name, attributes);
    if (strcmp(name, "tc") == 0 && f->tables == 1)
        d->span = 1;
    return OK;
}

static enum err docx_end(void *arg, const char *name)
{
    struct docx *d = arg;
    struct office_flow *f = &d->flow;

    if (f->left_out) {
        f->left_out -= is_left_out(name);
        return OK;
    }
    d->in_text = false;
    if (strcmp(name, "p") == 0) {
        if (f->open == 1 && f->level == CONTENTS)
            buf_clear(&f->text);
        return office_paragraph_end(f);
    }
    if (strcmp(name, "tc") == 0)
        office_cell_end(f, d->span);
    if (strcmp(name, "tr") == 0)
        return office_row_end(f);
    return strcmp(name, "tbl") == 0 ? office_table_end(f) : OK;
}

static enum err docx_text(void *arg, str text)
{
    struct docx *d = arg;

    if (d->in_text)
        office_text(&d->flow, text);
    return OK;
}

static enum err read_part(str zip, const char *file, const struct styles *styles, const struct office_reader *reader, bool *ret_found)
{
    struct docx *d = NEW(struct docx);
    struct office_xml x = { .arg = d, .on_start = docx_start, .on_end = docx_end, .on_text = docx_text };

    d->flow.reader = reader;
    d->styles = styles;
    enum err e = office_xml_read(zip, file, &x, ret_found);

    office_flow_done(&d->flow);
    free(d);
    return e;
}

enum err office_read_docx(str zip, const struct office_reader *reader)
{
    CLEANUP(styles_done) struct styles styles = {0};
    bool found;

    TRY(office_read_title(zip, "docProps/core.xml", reader));
    TRY(read_styles(zip, &styles));
    TRY(read_part(zip, "word/document.xml", &styles, reader, &found));
    if (!found)
        return failed(ERR_INPUT, "it has no word/document.xml: it is not a Word document, or not a whole one");
    TRY(read_part(zip, "word/footnotes.xml", &styles, reader, &found));
    return read_part(zip, "word/endnotes.xml", &styles, reader, &found);
}
