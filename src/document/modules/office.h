// SPDX-License-Identifier: Apache-2.0
/* modules/office.h: the module that reads what Word (DOCX, ECMA-376) and LibreOffice (ODT, OpenDocument 1.2) write: paragraphs,
 * headings, lists and tables, in order; libarchive unpacks the ZIP, expat takes the XML apart.  Headers, footers, comments, deleted
 * text and tables of contents are left out.
 *
 * Nothing is unpacked whole: a file that blows up, is nested too deeply or has a document type (where entities are declared) is an
 * error.  It blocks. */
#pragma once
#include "base/str.h"

enum {
    OFFICE_ENTRIES_MAX = 10000, OFFICE_INFLATED_MAX = 128 << 20, OFFICE_RATIO_MAX = 250, OFFICE_DEPTH_MAX = 256, OFFICE_CELLS_MAX = 1024,
};

enum office_format { OFFICE_DOCX, OFFICE_ODT };
enum office_paragraph { OFFICE_BODY, OFFICE_ITEM, OFFICE_HEADING };

/* Callbacks, whose strings are UTF-8 and die on return; an error ends the reading and is returned. */
struct office_reader {
    void     *arg;
    void     (*on_title)(void *arg, str);
    enum err (*on_paragraph)(void *arg, enum office_paragraph, unsigned level, str text);  /* level: of a heading, from 1 */
    enum err (*on_row)(void *arg, const str *cells, size_t n);      /* a table in a cell is text of that cell */
    enum err (*on_table_end)(void *arg);
};

/* ERR_INPUT: it is broken; ERR_LIMIT: it is made to be too large. */
struct office_module { enum err (*read)(str bytes, enum office_format, const struct office_reader *); };
extern const struct office_module clawdbot_module_office;
