// SPDX-License-Identifier: Apache-2.0
/* Source code: ranges of lines, cut where a blank line stands above something in the first column.  That is where definitions begin in
 * nearly every language, without knowing any. */
#include <string.h>

#include "document/reading.h"

enum { ENOUGH = 1 << 10, TOO_MUCH = 4 << 10 };

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

/* What may begin something new: no closing bracket, no continued line, no "else". */
static bool begins_something(str line)
{
    return line.len && (is_word(*line.p) || strchr("#@/\"'*<([{.$%;-", *line.p));
}

/* A line that says what the section is: the first that is neither a comment nor indented nor a preprocessor's. */
static bool names_something(str line)
{
    return line.len > 3 && (is_word(*line.p) || *line.p == '[' || *line.p == '.' || *line.p == '<' || *line.p == '(');
}

static str title_of(const char *from, const char *to)
{
    struct lines l = { .rest = str_of(from, (size_t)(to - from)) };
    str line;

    while (lines_next(&l, &line))
        if (names_something(line)) {
            line = str_trim(line);
            if (str_ends(line, S("{")))
                line = str_trim(str_take(line, line.len - 1));
            return line;
        }
    return NO_STR;
}

static enum err flush(struct gather *g, const char *at, uint32_t line)
{
    struct outline o = {0};

    outline_set(&o, 1, title_of(g->from, at));
    g->heading = outline_path(&o);
    return gather_flush(g, at, line);
}

/* A blank line lies above `at`. */
static enum err may_cut(struct gather *g, str line, const char *at, uint32_t number)
{
    bool strong = begins_something(line);

    if ((size_t)(at - g->from) > TOO_MUCH && g->boundary > g->from)
        TRY(flush(g, g->boundary, g->boundary_line));
    if (strong && (size_t)(at - g->from) >= ENOUGH)
        return flush(g, at, number);
    g->boundary = at;
    g->boundary_line = number;
    return OK;
}

enum err reading_source(struct reading *r, str text)
{
    struct gather g = { .out = r, .kind = SECTION_CODE, .max = TOO_MUCH };
    struct lines l = { .rest = text };
    const char *end = text.p + text.len;
    bool blank = false;
    str line;

    gather_start(&g, text.p, 1);
    while (!r->document->cut && lines_next(&l, &line)) {
        bool was_blank = blank;

        blank = str_trim(line).len == 0;
        if (was_blank && !blank)
            TRY(may_cut(&g, line, line.p, l.number));
    }
    TRY(may_cut(&g, NO_STR, end, l.number + 1));
    return flush(&g, end, l.number + 1);
}
