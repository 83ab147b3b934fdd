// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the XML of a DOCX (the first byte even) or of an ODT, in a sound ZIP; and as a ZIP.  What comes out is UTF-8 and within
 * its limits, and an XML that is broken comes to an error. */
#include <assert.h>

#include "base/utf8.h"
#include "document/modules/office.h"
#include "document/test_zip.h"

static void on_title(void *arg, str s)
{
    (void)arg;
    assert(s.len && utf8_valid(s));
}

static enum err on_paragraph(void *arg, enum office_paragraph kind, unsigned level, str s)
{
    (void)arg;
    assert(s.len && utf8_valid(s) && (kind == OFFICE_HEADING) == (level > 0) && level <= 9);
    return OK;
}

static enum err on_row(void *arg, const str *cells, size_t n)
{
    *(bool *)arg = true;
    assert(n <= OFFICE_CELLS_MAX);
    for (size_t i = 0; i < n; i++)
        assert(utf8_valid(cells[i]));
    return OK;
}

static enum err on_table_end(void *arg)
{
    *(bool *)arg = false;
    return OK;
}

static enum err read_it(str zip, enum office_format format)
{
    bool in_table = false;
    const struct office_reader reader = { &in_table, on_title, on_paragraph, on_row, on_table_end };
    enum err e = clawdbot_module_office.read(zip, format, &reader);

    assert(e == OK || e == ERR_INPUT || e == ERR_LIMIT);
    assert(e || !in_table);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static const char *const files[] = { "word/document.xml", "content.xml", "word/styles.xml", "meta.xml", "word/footnotes.xml" };
    CLEANUP(test_zip_done) struct test_zip zip = {0};
    str bytes = str_of(p, n);

    if (n < 2)
        return 0;
    if (read_it(bytes, *p % 2 ? OFFICE_ODT : OFFICE_DOCX) == OK)
        assert(str_find(bytes, S("PK\1\2")) != STR_NONE || str_find(bytes, S("PK\3\4")) != STR_NONE);
    size_t which = *p % N_ELEMENTS(files);

    test_zip_add(&zip, str_from(files[which]), str_skip(bytes, 1));
    if (which > 1)
        test_zip_add(&zip, str_from(files[which == 3]), S("<document><p><pStyle val='H1'/><t>x</t></p></document>"));
    test_zip_end(&zip);
    enum err e = read_it(buf_str(&zip.files), which == 1 || which == 3 ? OFFICE_ODT : OFFICE_DOCX);

    assert(e || str_find_char(bytes, '<') != STR_NONE);
    return 0;
}
