// SPDX-License-Identifier: Apache-2.0
/* HTML, by way of the Markdown that page.h makes of it. */
#include <string.h>

#include "base/utf8.h"
#include "document/page.h"
#include "document/reading.h"

/* page.h takes a NUL for a sign that this is no page.  A blank is one in every charset but UTF-16. */
static str without_nul(struct document *d, str bytes, struct buf *room)
{
    bool wide = str_starts(bytes, S("\xff\xfe")) || str_starts(bytes, S("\xfe\xff"));

    if (wide || str_find_char(bytes, '\0') == STR_NONE)
        return bytes;
    room->max = bytes.len + 1;
    buf_add(room, bytes);
    for (char *p = room->p, *end = p + room->len; (p = memchr(p, '\0', (size_t)(end - p))); d->n_repaired++)
        *p = ' ';
    return buf_str(room);
}

enum err reading_put_html(struct reading *r, str bytes, str content_type, str heading)
{
    struct document *d = r->document;
    CLEANUP(buf_done) struct buf room = {0}, plain = {0};
    CLEANUP(page_done) struct page p = { .url = d->name, .content_type = content_type, .body = without_nul(d, bytes, &plain) };
    str text;

    TRY(page_read(&p));
    d->cut |= p.cut;
    d->n_repaired += reading_count_replaced(buf_str(&p.text));
    if (d->title.len == 0)
        buf_add(&d->title, utf8_take(buf_str(&p.title), SECTION_HEADING_MAX));
    TRY(reading_text(d, buf_str(&p.text), S("utf-8"), &room, &text));
    return reading_markdown(r, text, PLACE_PART, heading);
}

/* page.h goes by the type, we went by the name too. */
enum err reading_html(struct reading *r)
{
    struct document *d = r->document;
    bool said = document_kind(&(struct document){ .content_type = d->content_type, .bytes = S("x") }) == DOCUMENT_HTML;

    return reading_put_html(r, d->bytes, said ? d->content_type : S("text/html"), NO_STR);
}
