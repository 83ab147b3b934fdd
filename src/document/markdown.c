// SPDX-License-Identifier: Apache-2.0
/* Markdown by its headings, as CommonMark 0.30 has them (4.2 ATX, 4.3 setext, 4.5 fences).  What is in a fence is no heading. */
#include <string.h>

#include "document/reading.h"

struct markdown {
    struct gather  g;
    struct outline outline;
    char           fence;               /* '`' or '~' within one */
    size_t         fence_len;
    str            before;              /* the line above, if it may be a setext heading; else NO_STR */
    uint32_t       before_line;
    unsigned       base;                /* 1: all stands below somebody's heading */
    unsigned       level;               /* of the heading above, 0: none */
    uint32_t       heading_line;
    bool           heading_alone;       /* nothing stood below it yet */
};

/* Without the up to three blanks that change nothing; NO_STR: it is indented code. */
static str unindented(str line)
{
    size_t n = 0;

    while (n < line.len && line.p[n] == ' ')
        n++;
    return n > 3 || (n < line.len && line.p[n] == '\t') ? NO_STR : str_skip(line, n);
}

static size_t run_of(str s, char c)
{
    size_t n = 0;

    while (n < s.len && s.p[n] == c)
        n++;
    return n;
}

/* 0: none.  "## Title ##" has level 2. */
static unsigned atx_heading(str line, str *ret_title)
{
    str s = unindented(line);
    size_t n = run_of(s, '#');

    if (n < 1 || n > 6 || (n < s.len && s.p[n] != ' ' && s.p[n] != '\t'))
        return 0;
    str title = str_trim(str_skip(s, n));
    size_t end = title.len;

    while (end && title.p[end - 1] == '#')
        end--;
    if (end == 0 || title.p[end - 1] == ' ' || title.p[end - 1] == '\t')
        title = str_trim(str_take(title, end));
    *ret_title = title;
    return (unsigned)n;
}

static unsigned setext_underline(str line)
{
    str s = str_trim(unindented(line));

    if (s.len == 0)
        return 0;
    return run_of(s, '=') == s.len ? 1 : run_of(s, '-') == s.len ? 2 : 0;
}

/* A line of a paragraph, as far as one line can tell. */
static bool may_be_setext(str line)
{
    str s = str_trim(unindented(line));

    return s.len && !strchr("#>|-+*=`~<", *s.p) && !(*s.p >= '0' && *s.p <= '9' && s.len > 1 && strchr(".)", s.p[1]));
}

/* True: the line begins, ends, or is within a fence. */
static bool in_fence(struct markdown *m, str line, bool *ret_edge)
{
    str s = unindented(line);
    char c = s.len ? *s.p : '\0';
    size_t n = c == '`' || c == '~' ? run_of(s, c) : 0;

    *ret_edge = false;
    if (m->fence) {
        if (c == m->fence && n >= m->fence_len && str_trim(str_skip(s, n)).len == 0) {
            m->fence = '\0';
            *ret_edge = true;
        }
        return true;
    }
    if (n < 3 || (c == '`' && str_find_char(str_skip(s, n), '`') != STR_NONE))
        return false;
    m->fence = c;
    m->fence_len = n;
    *ret_edge = true;
    return true;
}

/* A heading over nothing, which no deeper one mentions, stands for itself. */
static enum err put_lonely(struct markdown *m, unsigned next_level)
{
    str path = outline_path(&m->outline);

    if (!m->level || !m->heading_alone || next_level > m->level)
        return OK;
    return reading_put(m->g.out, &(struct section){ .heading = path, .text = str_from(m->outline.titles[m->level - 1].text),
                                                    .place = { m->g.place, m->heading_line, m->heading_line } });
}

/* Whether all that was gathered is one fence. */
static enum section_kind kind_of(str text)
{
    str s = str_trim(text), last;
    char c = s.len ? *s.p : '\0';
    size_t n = c == '`' || c == '~' ? run_of(s, c) : 0, at = s.len;

    if (n < 3)
        return SECTION_PROSE;
    while (at && s.p[at - 1] != '\n')
        at--;
    last = str_trim(str_skip(s, at));
    return at && last.len >= n && run_of(last, c) == last.len && str_find(str_cut(s, n, at), str_take(s, n)) == STR_NONE ? SECTION_CODE
                                                                                                                     : SECTION_PROSE;
}

static enum err flush(struct markdown *m, const char *at, uint32_t line)
{
    str text = str_of(m->g.from, (size_t)(at - m->g.from));

    m->g.heading = outline_path(&m->outline);
    m->g.kind = kind_of(text);
    m->heading_alone &= str_trim(text).len == 0;
    return gather_flush(&m->g, at, line);
}

static enum err boundary(struct markdown *m, const char *at, uint32_t line)
{
    if ((size_t)(at - m->g.from) > m->g.max && m->g.boundary > m->g.from)
        TRY(flush(m, m->g.boundary, m->g.boundary_line));
    return gather_boundary(&m->g, at, line);
}

/* `at`: where the heading begins; what is behind it begins at `behind`. */
static enum err heading(struct markdown *m, unsigned level, str title, const char *at, uint32_t line, const char *behind,
                        uint32_t behind_line)
{
    level += m->base;
    TRY(boundary(m, at, line));
    TRY(flush(m, at, line));
    TRY(put_lonely(m, level));
    outline_set(&m->outline, level, title);
    m->level = level;
    m->heading_line = line;
    m->heading_alone = true;
    m->before = NO_STR;
    gather_start(&m->g, behind, behind_line);
    return OK;
}

static enum err take_line(struct markdown *m, str line, uint32_t number, const char *behind)
{
    str before = m->before, title;
    unsigned level;
    bool edge;

    m->before = NO_STR;
    if (in_fence(m, line, &edge))
        return !edge ? OK : m->fence ? boundary(m, line.p, number) : boundary(m, behind, number + 1);
    if ((level = atx_heading(line, &title)))
        return heading(m, level, title, line.p, number, behind, number + 1);
    if (before.p && (level = setext_underline(line)))
        return heading(m, level, before, before.p, m->before_line, behind, number + 1);
    if (str_trim(line).len == 0)
        return boundary(m, behind, number + 1);
    if (may_be_setext(line)) {
        m->before = line;
        m->before_line = number;
    }
    return OK;
}

/* "---", lines, "---" at the top is data for a program: it stands for itself, and its comments are no headings. */
static enum err front_matter(struct markdown *m, struct lines *l)
{
    struct lines look = *l;
    str line;

    if (!lines_next(&look, &line) || !str_eq(str_trim(line), S("---")))
        return OK;
    while (look.number < 200 && lines_next(&look, &line))
        if (str_eq(str_trim(line), S("---"))) {
            *l = look;
            m->g.kind = SECTION_CODE;
            return gather_flush(&m->g, l->rest.p, l->number + 1);
        }
    return OK;
}

enum err reading_markdown(struct reading *r, str text, enum place_kind place, str above)
{
    struct markdown m = { .g = { .out = r, .place = place, .max = SECTION_TEXT_MAX } };
    struct lines l = { .rest = text };
    const char *end = text.p + text.len;
    str line;

    gather_start(&m.g, text.p, 1);
    if (above.len)
        outline_set(&m.outline, m.base = 1, above);
    TRY(front_matter(&m, &l));
    while (!r->document->cut && lines_next(&l, &line))
        TRY(take_line(&m, line, l.number, l.rest.len ? l.rest.p : end));
    TRY(boundary(&m, end, l.number + 1));
    TRY(flush(&m, end, l.number + 1));
    return put_lonely(&m, 0);
}
