// SPDX-License-Identifier: Apache-2.0
#include "document/modules/office.h"

#include <string.h>

#include "base/buf.h"
#include "document/modules/office_flow.h"
#include "document/modules/office_xml.h"
#include "runtime/module.h"

/* --- the title, which both keep in the same element of the Dublin Core --- */

struct title { struct buf text; bool within; };

static void title_done(struct title *t)
{
    buf_done(&t->text);
}

static enum err title_start(void *arg, const char *name, const char **attributes)
{
    struct title *t = arg;

    (void)attributes;
    t->within = strcmp(name, "title") == 0;
    return OK;
}

static enum err title_end(void *arg, const char *name)
{
    struct title *t = arg;

    (void)name;
    t->within = false;
    return OK;
}

static enum err title_text(void *arg, str text)
{
    struct title *t = arg;

    if (t->within)
        buf_add(&t->text, text);
    return OK;
}

enum err office_read_title(str zip, const char *file, const struct office_reader *reader)
{
    CLEANUP(title_done) struct title t = { .text.max = 4096 };
    struct office_xml x = { .arg = &t, .on_start = title_start, .on_end = title_end, .on_text = title_text };
    bool found;

    TRY(office_xml_read(zip, file, &x, &found));
    if (str_trim(buf_str(&t.text)).len)
        reader->on_title(reader->arg, str_trim(buf_str(&t.text)));
    return OK;
}

static enum err read_office(str bytes, enum office_format format, const struct office_reader *reader)
{
    return format == OFFICE_DOCX ? office_read_docx(bytes, reader) : office_read_odt(bytes, reader);
}

MODULE_TABLE const struct office_module clawdbot_module_office = { .read = read_office };
