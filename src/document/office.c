// SPDX-License-Identifier: Apache-2.0
/* DOCX and ODT: what the module says becomes sections: paragraphs together under their heading, tables as rows. */
#include <stdio.h>

#include "base/utf8.h"
#include "document/modules/office.h"
#include "document/table.h"
#include "runtime/module.h"

struct office {
    struct reading *out;
    struct outline  outline;
    unsigned        level;                  /* of the heading that nothing stands below yet; 0: none */
    struct buf      text;                   /* paragraphs that wait for more */
    bool            after_item;
    struct table    table;
    struct buf      first_row;              /* kept: a table of one row is a box around text */
    uint32_t        n_tables, n_rows;
    char            heading[SECTION_HEADING_MAX];
};

static void office_done(struct office *o)
{
    buf_done(&o->text);
    buf_done(&o->first_row);
    table_done(&o->table);
}

static enum err put(struct office *o, str text)
{
    return reading_put(o->out, &(struct section){ .heading = outline_path(&o->outline), .text = text, .place.kind = PLACE_PART });
}

static enum err flush(struct office *o)
{
    enum err e = put(o, buf_str(&o->text));

    buf_clear(&o->text);
    o->after_item = false;
    return e;
}

static void on_title(void *arg, str title)
{
    struct office *o = arg;

    if (o->out->document->title.len == 0)
        buf_add(&o->out->document->title, utf8_take(title, OUTLINE_TITLE_MAX));
}

/* A heading over nothing, which no deeper one mentions, stands for itself. */
static enum err end_heading(struct office *o, unsigned next_level)
{
    unsigned level = o->level;

    o->level = 0;
    return level && next_level <= level ? put(o, str_from(o->outline.titles[level - 1].text)) : OK;
}

static enum err on_heading(struct office *o, unsigned level, str title)
{
    level = level > OUTLINE_LEVELS ? OUTLINE_LEVELS : level;
    TRY(flush(o));
    TRY(end_heading(o, level));
    outline_set(&o->outline, level, title);
    o->level = level;
    return OK;
}

static enum err add_paragraph(struct office *o, bool item, str text)
{
    o->level = 0;
    o->text.max = DOCUMENT_TEXT_MAX;
    if (o->text.len && o->text.len + text.len + 4 > SECTION_TEXT_MAX)
        TRY(flush(o));
    if (o->text.len)
        buf_add(&o->text, item && o->after_item ? S("\n") : S("\n\n"));
    if (item)
        buf_add(&o->text, S("- "));
    buf_add(&o->text, text);
    o->after_item = item;
    return OK;
}

static enum err on_paragraph(void *arg, enum office_paragraph kind, unsigned level, str text)
{
    struct office *o = arg;

    return kind == OFFICE_HEADING ? on_heading(o, level, text) : add_paragraph(o, kind == OFFICE_ITEM, text);
}

/* --- tables --- */

struct row { const str *cells; size_t n; };

static str cell(const void *arg, size_t i)
{
    const struct row *row = arg;

    return i < row->n ? row->cells[i] : S("");
}

static void begin_table(struct office *o)
{
    str path = outline_path(&o->outline);

    o->n_tables++;
    snprintf(o->heading, sizeof o->heading, "%.*s%sTable %u", STR(utf8_take(path, SECTION_HEADING_MAX - 32)), path.len ? " > " : "",
             o->n_tables);
    o->table.out = o->out;
    o->table.heading = str_from(o->heading);
}

static enum err on_row(void *arg, const str *cells, size_t n)
{
    struct office *o = arg;
    size_t filled = 0;

    for (size_t i = 0; i < n; i++)
        filled += cells[i].len > 0;
    if (filled == 0)
        return OK;
    if (o->n_rows++ == 0) {
        TRY(flush(o));
        o->level = 0;
        begin_table(o);
        buf_clear(&o->first_row);
        o->first_row.max = DOCUMENT_TEXT_MAX;
        for (size_t i = 0; i < n; i++) {
            buf_add(&o->first_row, cells[i]);
            buf_add(&o->first_row, cells[i].len ? S("\n\n") : S(""));
        }
    }
    return table_row(&o->table, o->n_rows, n, cell, &(struct row){ cells, n });
}

static enum err on_table_end(void *arg)
{
    struct office *o = arg;
    bool box = o->table.header_alone;

    o->n_rows = 0;
    table_done(&o->table);
    return box ? put(o, buf_str(&o->first_row)) : OK;
}

enum err reading_office(struct reading *r, enum document_kind kind)
{
    CLEANUP(office_done) struct office o = { .out = r };
    const struct office_reader reader = { &o, on_title, on_paragraph, on_row, on_table_end };
    const void *table = NULL;

    TRY(module_load("office", &table));
    TRY(((const struct office_module *)table)->read(r->document->bytes, kind == DOCUMENT_DOCX ? OFFICE_DOCX : OFFICE_ODT, &reader));
    TRY(flush(&o));
    return end_heading(&o, 0);
}
