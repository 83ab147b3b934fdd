// SPDX-License-Identifier: Apache-2.0
/* Any text, cut into sections of any kind by the bytes 1 to 4: every word of it is in the passages, in its order, and once but for
 * what is said to be repeated; no passage is empty, too long, or of two headings. */
#include <assert.h>
#include <string.h>

#include "base/utf8.h"
#include "memory/chunk.h"

struct seen { struct buf all, last; size_t n; };

static void add_words(struct buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(" \t\r\n\f", s.p[i]))
            buf_add_char(b, s.p[i]);
}

static enum err on_passage(void *arg, const struct passage *p)
{
    struct seen *seen = arg;

    assert(p->text.len && str_trim(p->text).len == p->text.len && utf8_valid(p->text));
    assert(p->title.len && p->title.len <= ITEM_TITLE_MAX && utf8_valid(p->title) && p->place.len);
    assert(p->kind == ITEM_ROW || chunk_tokens(p->text) <= CHUNK_MAX + CHUNK_OVERLAP);
    assert(p->repeated < p->text.len && str_ends(buf_str(&seen->last), str_take(p->text, p->repeated)));
    if (p->kind == ITEM_ROW && p->fields.len) {
        CLEANUP(json_decrefp) json_t *fields = NULL;

        assert(json_parse(p->fields, &fields) == OK && json_is_object(fields));
    }
    add_words(&seen->all, str_skip(p->text, p->repeated));
    buf_clear(&seen->last);
    buf_add(&seen->last, p->text);
    seen->n++;
    return OK;
}

/* The next section of the bytes: up to one of 1 to 4, which says of what kind the next is. */
static str next_section(str *rest, char *kind)
{
    size_t end = 0;

    while (end < rest->len && end < SECTION_TEXT_MAX && (rest->p[end] < 1 || rest->p[end] > 4))
        end++;
    str text = end == SECTION_TEXT_MAX ? utf8_take(*rest, end) : str_take(*rest, end);

    *rest = str_skip(*rest, text.len);
    if (rest->len && *rest->p >= 1 && *rest->p <= 4) {
        *kind = *rest->p;
        *rest = str_skip(*rest, 1);
    }
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    CLEANUP(buf_done) struct buf in = {0}, want = {0};
    struct seen seen = {0};
    CLEANUP(chunker_done) struct chunker c = { .name = S("d.md"), .on_passage = on_passage, .arg = &seen };
    char kind = 1;

    utf8_add_repaired(&in, str_of(p, n));
    for (str rest = buf_str(&in); rest.len;) {
        bool row = kind == 3;
        struct document_field fields[2] = { { S("a"), S("b") }, { S("a"), S("\x01") } };
        struct section s = { .kind = row ? SECTION_ROW : kind == 2 ? SECTION_CODE : SECTION_PROSE, .heading = kind == 4 ? S("H") : S(""),
                             .place = { row ? PLACE_ROW : PLACE_LINE, 1, 1 }, .fields = fields, .n_fields = row ? 2 : 0 };

        s.text = next_section(&rest, &kind);
        if (str_trim(s.text).len == 0)
            continue;
        add_words(&want, s.text);
        assert(chunk_section(&c, &s) == OK);
    }
    assert(chunk_end(&c) == OK);
    assert(str_eq(buf_str(&want), buf_str(&seen.all)));
    buf_done(&seen.all);
    buf_done(&seen.last);
    return 0;
}
