// SPDX-License-Identifier: Apache-2.0
/* What a model thinks aloud before it answers: <think>...</think>, where the server does not tell it apart.  The tags come in pieces
 * like everything else. */
#include "domain/provider.h"

#define OPENING S("<think>")
#define CLOSING S("</think>")

static str skip_blanks(str s)
{
    while (s.len && str_find_char(S(" \t\r\n"), s.p[0]) != STR_NONE)
        s = str_skip(s, 1);
    return s;
}

/* How many of its last bytes may be the beginning of the tag. */
static size_t half_tag(str s, str tag)
{
    size_t n = s.len < tag.len ? s.len : tag.len - 1;

    while (n && !str_starts(tag, str_skip(s, s.len - n)))
        n--;
    return n;
}

static enum err text_begins(struct completion *c, str text)
{
    c->thoughts = THOUGHTS_OVER;
    enum err e = completion_text(c, text);

    buf_clear(&c->pending);
    return e;
}

static enum err before_thoughts(struct completion *c)
{
    str all = buf_str(&c->pending), s = skip_blanks(all);

    if (str_starts(s, OPENING)) {
        c->thoughts = THOUGHTS_INSIDE;
        buf_drop(&c->pending, all.len - s.len + OPENING.len);
        return OK;
    }
    return str_starts(OPENING, s) ? OK : text_begins(c, all);
}

static enum err inside_thoughts(struct completion *c)
{
    str all = buf_str(&c->pending);
    size_t end = str_find(all, CLOSING), n = end == STR_NONE ? all.len - half_tag(all, CLOSING) : end;

    TRY(completion_reasoning(c, str_take(all, n)));
    if (end != STR_NONE)
        c->thoughts = THOUGHTS_BEHIND;
    buf_drop(&c->pending, end == STR_NONE ? n : n + CLOSING.len);
    return OK;
}

static enum err behind_thoughts(struct completion *c)
{
    str text = skip_blanks(buf_str(&c->pending));

    if (text.len)
        return text_begins(c, text);
    buf_clear(&c->pending);
    return OK;
}

enum err completion_thoughtful_text(struct completion *c, str piece)
{
    if (piece.len == 0)
        return OK;
    if (c->thoughts == THOUGHTS_OVER)
        return completion_text(c, piece);
    buf_add(&c->pending, piece);
    if (c->thoughts == THOUGHTS_UNKNOWN)
        TRY(before_thoughts(c));
    if (c->thoughts == THOUGHTS_INSIDE)
        TRY(inside_thoughts(c));
    if (c->thoughts == THOUGHTS_BEHIND)
        TRY(behind_thoughts(c));
    return buf_check(&c->pending, "the model's thoughts");
}

enum err completion_end_thoughts(struct completion *c)
{
    str rest = buf_str(&c->pending);
    enum err e = c->thoughts == THOUGHTS_INSIDE ? completion_reasoning(c, rest) : completion_text(c, rest);

    buf_clear(&c->pending);
    c->thoughts = THOUGHTS_OVER;
    return e;
}
