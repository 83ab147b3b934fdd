// SPDX-License-Identifier: Apache-2.0
/* entity_text.c: what stands between marks: quotations, titles, code; and who or what is marked with @ or #. */
#include <string.h>

#include "base/utf8.h"
#include "nlu/entity_find.h"

/* The index is that of finder.unclosed; backticks are behind them. */
static const struct { str open, close; } marks[] = {
    { S("\""), S("\"") }, { S("'"), S("'") }, { S("「"), S("」") }, { S("『"), S("』") }, { S("《"), S("》") }, { S("〈"), S("〉") },
};
enum { APOSTROPHE = 1, FENCE = 6, TICK = 7, TWO_TICKS = 8 };

static str written(const struct finder *f, size_t at)
{
    return str_skip(f->normal->original, f->normal->origin[at]);
}

/* ” and ’ never open, nor does what follows a letter or a figure (5", don't), but where it cannot mean that. */
static bool opens(const struct finder *f, size_t at, size_t mark)
{
    str w = written(f, at);
    unsigned char after = sign(f, at + marks[mark].open.len);

    if (mark > APOSTROPHE || str_starts(w, S("“")) || str_starts(w, S("‘")))
        return true;
    if (str_starts(w, S("”")) || str_starts(w, S("’")) || after == ' ' || after == 0)
        return false;
    return mark == APOSTROPHE ? !is_alnum(sign_before(f, at)) : !is_digit(sign_before(f, at));
}

static bool closes(const struct finder *f, size_t at, size_t mark)
{
    return mark != APOSTROPHE || (!is_alnum(sign(f, at + 1)) && sign_before(f, at) != ' ');
}

/* STR_NONE: none.  What was sought in vain once is not sought again. */
static size_t find_close(struct finder *f, size_t from, size_t mark)
{
    size_t at = from;

    if (f->unclosed[mark] > 0 && from >= f->unclosed[mark])
        return STR_NONE;
    for (size_t n; (n = str_find(str_skip(f->text, at), marks[mark].close)) != STR_NONE; at += n + 1)
        if (closes(f, at + n, mark))
            return at + n;
    f->unclosed[mark] = from;
    return STR_NONE;
}

bool find_quoted(struct finder *f, size_t at, struct entity *out)
{
    size_t i = 0, start, end;

    while (i < N_ELEMENTS(marks) && !str_starts(str_skip(f->text, at), marks[i].open))
        i++;
    if (i == N_ELEMENTS(marks) || !opens(f, at, i))
        return false;
    start = at + marks[i].open.len;
    end = find_close(f, start, i);
    if (end == STR_NONE || end == start || !found(f, ENTITY_QUOTED, start, end, out))
        return false;
    f->quoted.start = start;
    f->quoted.end = end;
    return true;
}

/* "```sh\nls\n```": of the fence's line no more than what it means. */
static str without_info(str code)
{
    size_t n = 0;

    while (n < code.len && code.p[n] != '\n' && code.p[n] != ' ' && code.p[n] != '`')
        n++;
    return n < code.len && code.p[n] == '\n' ? str_trim(str_skip(code, n)) : str_trim(code);
}

bool find_code(struct finder *f, size_t at, struct entity *out)
{
    size_t ticks = 0, end;

    if (sign(f, at) != '`')
        return false;
    while (ticks < 3 && sign(f, at + ticks) == '`')
        ticks++;
    size_t kind = ticks == 3 ? FENCE : ticks == 2 ? TWO_TICKS : TICK, start = at + ticks;

    if (f->unclosed[kind] > 0 && start >= f->unclosed[kind])
        return false;
    end = str_find(str_skip(f->text, start), str_take(S("```"), ticks));
    if (end == STR_NONE) {
        f->unclosed[kind] = start;
        return false;
    }
    if (end == 0 || !found(f, ENTITY_CODE, start, start + end, out))
        return false;
    out->text = ticks == 3 ? without_info(out->text) : out->text;
    return true;
}

/* What a Chinese name that nothing closes is not followed by. */
static const str after_names[] = {
    S("发"), S("说"), S("帮"), S("请"), S("看"), S("在"), S("的"), S("去"), S("来"), S("你"), S("我"), S("把"), S("和"), S("跟"), S("一下"),
    S("回"), S("问"), S("告"), S("里"), S("上"), S("频道"),
};

static size_t mention_end(const struct finder *f, size_t at)
{
    uint32_t c;
    size_t end = at;

    if (is_word_sign(sign(f, at))) {
        end = name_end(f, at);
        while (end > at && !is_word_sign(sign_before(f, end)))
            end--;
        return end;
    }
    for (size_t n; (n = utf8_next(str_skip(f->text, end), &c)) > 1 && c >= 0x4E00 && c <= 0x9FFF && end - at < 24; end += n)
        if (end > at && one_of_at(f, end, after_names, N_ELEMENTS(after_names)) > 0)
            break;
    return end;
}

bool find_mention(struct finder *f, size_t at, struct entity *out)
{
    unsigned char c = sign(f, at);

    if ((c != '@' && c != '#') || is_word_sign(sign_before(f, at)) || (c == '#' && is_digit(sign(f, at + 1))))
        return false;
    size_t end = mention_end(f, at + 1);

    if (end == at + 1)
        return false;
    found(f, ENTITY_MENTION, at, end, out);
    out->text = str_skip(out->text, 1);
    return true;
}
