// SPDX-License-Identifier: Apache-2.0
#include "model/words.h"

#include <strings.h>

#include "base/utf8.h"

void words_shorten(struct buf *out, str text)
{
    CLEANUP(buf_done) struct buf clean = { .max = 4096 };
    bool blank = true;

    text = str_take(text, 2048);
    for (size_t i = 0; i < text.len && clean.len < WORDS_MAX + 8; i++) {
        bool is_blank = (unsigned char)text.p[i] <= ' ' || text.p[i] == 127;

        if (!is_blank)
            buf_add_char(&clean, text.p[i]);
        else if (!blank)
            buf_add_char(&clean, ' ');
        blank = is_blank;
    }
    str s = str_trim(buf_str(&clean));

    utf8_add_repaired(out, utf8_take(s, WORDS_MAX));
    if (s.len > WORDS_MAX)
        buf_add(out, S("..."));
}

static size_t find_nocase(str hay, const char *needle)
{
    str n = str_from(needle);

    for (size_t i = 0; i + n.len <= hay.len; i++)
        if (strncasecmp(hay.p + i, n.p, n.len) == 0)
            return i;
    return STR_NONE;
}

static str title_of(str page)
{
    size_t at = find_nocase(page, "<title");

    if (at == STR_NONE)
        return NO_STR;
    page = str_skip(page, at);
    size_t from = str_find_char(page, '>'), to = find_nocase(page, "</title");

    return from == STR_NONE || to == STR_NONE || to <= from ? NO_STR : str_trim(str_cut(page, from + 1, to));
}

void words_of_page(struct buf *out, str body)
{
    CLEANUP(buf_done) struct buf text = { .max = 4096 };
    str page = str_take(str_trim(body), 8192), title = title_of(page);
    bool tag = false;

    if (title.len || !str_starts(page, S("<"))) {
        words_shorten(out, title.len ? title : page);
        return;
    }
    for (size_t i = 0; i < page.len; i++) {
        if (page.p[i] == '<' || page.p[i] == '>') {
            tag = page.p[i] == '<';
            buf_add_char(&text, ' ');
        } else if (!tag) {
            buf_add_char(&text, page.p[i]);
        }
    }
    words_shorten(out, buf_str(&text));
}
