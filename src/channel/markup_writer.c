// SPDX-License-Identifier: Apache-2.0
#include "channel/markup_writer.h"

#include <string.h>

#include "base/utf8.h"

#define ZERO_WIDTH_SPACE "\xe2\x80\x8b"

enum { STYLE_LEFT_OUT = TEXT_STYLES };

static bool is_one_of(const char *set, char c)
{
    return set && c && strchr(set, c);
}

/* ---- raw bytes ---- */

static void put_raw(struct writer *w, str s)
{
    if (w->out)
        buf_add(w->out, s);
}

void writer_put_tag(struct writer *w, const char *tag)
{
    if (tag)
        put_raw(w, str_from(tag));
}

static void add_entity(struct buf *b, char c, bool number)
{
    if (number)
        buf_addf(b, "&#%d;", c);
    else
        buf_addf(b, "&%s;", c == '&' ? "amp" : c == '<' ? "lt" : c == '>' ? "gt" : "quot");
}

/* Control characters mean formatting (IRC) or are refused (XML). */
static bool is_control(char c)
{
    return (unsigned char)c < ' ' && c != '\n' && c != '\t';
}

static void add_char(const struct marks *m, struct buf *b, char c, bool code)
{
    if (is_one_of(m->entity, c) && (!code || m->entity_in_code))
        add_entity(b, c, m->entity_numbers);
    else if (!m->tags && is_control(c))
        return;
    else {
        if (!code && is_one_of(m->backslash, c))
            buf_add_char(b, '\\');
        buf_add_char(b, c);
    }
}

static void add_escaped(const struct marks *m, struct buf *b, str s, bool code)
{
    for (size_t i = 0; i < s.len; i++)
        add_char(m, b, s.p[i], code);
}

void writer_add_escaped(const struct writer *w, struct buf *b, str s)
{
    add_escaped(w->marks, b, s, false);
}

/* The newlines in it are its own. */
static void put_visible(struct writer *w, str s)
{
    if (w->marks->tags)
        w->units += utf8_length_utf16(s);
    if (w->out)
        add_escaped(w->marks, w->out, s, false);
}

/* ---- lines ---- */

static void close_styles(struct writer *w, size_t keep);

/* Of the prefix, what a blank line of the quote has. */
static str quote_prefix(const struct writer *w)
{
    size_t n = w->prefix_len;

    while (n > 0 && w->prefix[n - 1] != '>')
        n--;
    return n ? str_of(w->prefix, n + 1) : S("");
}

static void put_newlines(struct writer *w)
{
    close_styles(w, 0);
    w->blanks = 0;
    if (w->newlines == 1)
        put_raw(w, str_from(w->marks->newline));
    for (unsigned i = 0; w->newlines > 1 && i < w->newlines; i++) {
        if (i)
            put_raw(w, str_take(quote_prefix(w), w->quote_len));
        put_raw(w, S("\n"));
    }
}

static void put_owed(struct writer *w)
{
    bool new_line = w->newlines || !w->started;

    if (w->marks->tags) {
        for (unsigned i = 0; i < w->newlines; i++)
            put_visible(w, S("\n"));
        if (new_line)
            put_visible(w, str_of(w->prefix, w->prefix_len));
    } else if (new_line) {
        put_newlines(w);
        put_raw(w, str_of(w->prefix, w->prefix_len));
        w->quote_len = quote_prefix(w).len;
        w->line_start = true;
        w->closed = false;
        w->last = 0;
        w->blanks = 0;
    }
    w->newlines = 0;
    w->started = true;
}

void writer_begin(struct writer *w)
{
    put_owed(w);
    if (w->in_quote && !w->quote_open) {
        writer_put_tag(w, w->marks->quote.open);
        w->quote_open = true;
    }
}

void writer_owe(struct writer *w, unsigned newlines)
{
    if (w->started && w->newlines < newlines)
        w->newlines = newlines;
}

void writer_push_prefix(struct writer *w, str s)
{
    if (w->prefix_len + s.len > PREFIX_MAX)
        return;
    memcpy(w->prefix + w->prefix_len, s.p, s.len);
    w->prefix_len += s.len;
}

/* ---- styles ---- */

static const char *closing(const struct mark *m)
{
    return m->close ? m->close : m->open;
}

static void put_ticks(struct writer *w, bool open)
{
    if (!open)
        put_raw(w, S(" "));
    for (size_t i = 0; i < w->ticks; i++)
        put_raw(w, S("`"));
    if (open)
        put_raw(w, S(" "));
}

static void close_styles(struct writer *w, size_t keep)
{
    while (w->n_open > keep) {
        unsigned char style = w->open[--w->n_open];

        if (style == STYLE_LEFT_OUT)
            continue;
        if (style == STYLE_CODE && w->ticks)
            put_ticks(w, false);
        else
            put_raw(w, str_from(closing(&w->marks->style[style])));
        w->closed = true;
    }
}

/* Letters and digits of any script: what else is beyond ASCII is taken for one. */
static bool is_word(uint32_t ch)
{
    if (ch >= 0x80)
        return !(ch >= 0x2000 && ch < 0x2070) && !(ch >= 0x3000 && ch < 0x3040) && !(ch >= 0xff00 && ch < 0xff10);
    return (ch >= '0' && ch <= '9') || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') || ch == '_';
}

static bool can_open(const struct writer *w, enum text_style style, bool behind_mark)
{
    if (!w->marks->style[style].open || (style == STYLE_BOLD && w->in_heading))
        return false;
    return w->marks->place != AT_SPACES || behind_mark || w->line_start || (w->last == ' ' && !w->closed);
}

static void open_style(struct writer *w, enum text_style style, bool first)
{
    str mark = str_from(w->marks->style[style].open);

    if (first && (w->closed || (w->marks->place == AT_WORDS && is_word(w->last))) && mark.p[0] > ' ')
        put_raw(w, S(ZERO_WIDTH_SPACE));
    if (style == STYLE_CODE && w->ticks)
        put_ticks(w, true);
    else
        put_raw(w, mark);
}

static size_t wanted_styles(const struct writer *w, unsigned char wanted[STYLES_MAX + 1])
{
    size_t n = w->in_code && w->marks->code_alone ? 0 : w->n_styles;

    memcpy(wanted, w->styles, n);
    if (w->in_code)
        wanted[n++] = STYLE_CODE;
    return n;
}

/* What is open is a part of what is wanted: the rest is opened before text that begins with `next`. */
static void open_styles(struct writer *w, uint32_t next)
{
    unsigned char wanted[STYLES_MAX + 1];
    size_t n = wanted_styles(w, wanted);
    bool opened = false;

    for (size_t i = w->n_open; i < n; i++) {
        bool can = can_open(w, wanted[i], opened);

        if (can)
            open_style(w, wanted[i], !opened);
        w->open[w->n_open++] = can ? wanted[i] : STYLE_LEFT_OUT;
        opened |= can;
    }
    if (!opened && w->closed && w->marks->place == AT_WORDS && is_word(next))
        put_raw(w, S(ZERO_WIDTH_SPACE));
    w->closed = false;
}

bool writer_has_style(const struct writer *w, enum text_style style)
{
    return memchr(w->styles, (int)style, w->n_styles) || w->n_styles == STYLES_MAX;
}

void writer_push_style(struct writer *w, enum text_style style)
{
    w->styles[w->n_styles++] = (unsigned char)style;
    if (!w->marks->tags)
        return;
    writer_begin(w);
    writer_put_tag(w, w->marks->style[style].open);
}

void writer_pop_style(struct writer *w)
{
    enum text_style style = w->styles[--w->n_styles];

    if (w->marks->tags)
        writer_put_tag(w, w->marks->style[style].close);
    else if (w->n_open > w->n_styles)
        close_styles(w, w->n_styles);
}

/* Of runs of backticks in code, the longest. */
static size_t longest_run(str text)
{
    size_t run = 0, longest = 0;

    for (size_t i = 0; i < text.len; i++) {
        run = text.p[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    return longest;
}

static void begin_code_tag(struct writer *w)
{
    writer_begin(w);
    for (size_t i = w->n_styles; i > 0; i--)
        writer_put_tag(w, w->marks->style[w->styles[i - 1]].close);
    writer_put_tag(w, w->marks->style[STYLE_CODE].open);
}

static void end_code_tag(struct writer *w)
{
    writer_put_tag(w, w->marks->style[STYLE_CODE].close);
    for (size_t i = 0; i < w->n_styles; i++)
        writer_put_tag(w, w->marks->style[w->styles[i]].open);
}

void writer_begin_code(struct writer *w, str text)
{
    const char *mark = w->marks->style[STYLE_CODE].open;
    size_t run = longest_run(text);

    if (w->marks->tags) {
        begin_code_tag(w);
        return;
    }
    if (!mark || (run && mark[0] == '`' && !w->marks->code_any_ticks))
        return;
    w->ticks = run && mark[0] == '`' ? run + 1 : 0;
    w->in_code = true;
    if (w->marks->code_alone)
        close_styles(w, 0);
}

void writer_end_code(struct writer *w)
{
    if (w->marks->tags) {
        end_code_tag(w);
        return;
    }
    if (!w->in_code)
        return;
    close_styles(w, w->marks->code_alone ? 0 : w->n_styles);
    w->in_code = false;
    w->ticks = 0;
}

/* ---- text ---- */

static size_t leading_digits(str s)
{
    size_t n = 0;

    while (n < s.len && n < 10 && s.p[n] >= '0' && s.p[n] <= '9')
        n++;
    return n;
}

/* A line that would begin a list or the like; returns what is still to be put.  "2024\\." comes in two parts. */
static str escape_line_start(struct writer *w, str s)
{
    const struct marks *m = w->marks;
    size_t digits = leading_digits(s);
    char c = digits < s.len ? s.p[digits] : '\0';
    bool numbered = digits || w->line_number, mark = numbered ? is_one_of(".)", c) : is_one_of(m->line_start, c);

    w->line_number = numbered && digits == s.len;
    if (!mark || !m->line_start || w->in_code || is_one_of(m->entity, c))
        return s;
    add_escaped(m, w->out, str_take(s, digits), false);
    if (m->backslash) {
        buf_add_char(w->out, '\\');
        buf_add_char(w->out, c);
    } else {
        add_entity(w->out, c, true);
    }
    return str_skip(s, digits + 1);
}

static uint32_t last_char(str s)
{
    uint32_t ch = 0;
    size_t at = s.len;

    while (at > 0 && s.len - at < 4 && ((unsigned char)s.p[--at] & 0xc0) == 0x80)
        ;
    return utf8_next(str_skip(s, at), &ch) ? ch : 0;
}

static void put_blanks(struct writer *w)
{
    if (!w->blanks)
        return;
    for (size_t i = 0; i < w->blanks; i++)
        put_raw(w, S(" "));
    w->last = ' ';
    w->blanks = 0;
    w->closed = false;
}

static void put_in_line(struct writer *w, str s)
{
    size_t lead = 0;
    uint32_t first = 0;

    while (lead < s.len && (s.p[lead] == ' ' || s.p[lead] == '\t'))
        lead++;
    w->blanks += lead;
    str text = s = str_skip(s, lead);
    while (text.len && (text.p[text.len - 1] == ' ' || text.p[text.len - 1] == '\t'))
        text.len--;
    if (!text.len)
        return;
    put_owed(w);
    if (w->line_start)
        w->blanks = 0;
    put_blanks(w);
    (void)utf8_next(text, &first);
    open_styles(w, first);
    w->line_number &= !w->line_start && s.p == text.p && w->last != ' ';
    str rest = w->line_start || w->line_number ? escape_line_start(w, text) : text;
    add_escaped(w->marks, w->out, rest, w->in_code);
    w->line_start = false;
    w->last = last_char(text);
    w->blanks = s.len - text.len;
}

static void put_with_marks(struct writer *w, str s)
{
    str line;

    for (bool first = true; str_split(&s, '\n', &line); first = false) {
        if (!first && w->started && w->newlines < 2)
            w->newlines++;
        put_in_line(w, line);
    }
}

void writer_put(struct writer *w, str s)
{
    if (!s.len)
        return;
    if (!w->marks->tags) {
        put_with_marks(w, s);
        return;
    }
    writer_begin(w);
    put_visible(w, s);
}

void writer_put_mark(struct writer *w, str s)
{
    writer_begin(w);
    if (w->marks->tags) {
        put_visible(w, s);
        return;
    }
    put_raw(w, s);
    w->line_start = true;
    w->last = ' ';
}

/* ---- blocks ---- */

/* A run of backticks that would end the block is cut by an invisible space. */
static void put_code_lines(struct writer *w, str code)
{
    size_t run = 0;

    for (size_t i = 0; i < code.len; i++) {
        if (code.p[i] == '`' && run == 2) {
            put_raw(w, S(ZERO_WIDTH_SPACE));
            run = 0;
        }
        run = code.p[i] == '`' ? run + 1 : 0;
        add_char(w->marks, w->out, code.p[i], true);
    }
    if (run && w->marks->fence.close[0] == '`')
        put_raw(w, S(ZERO_WIDTH_SPACE));
}

static void put_fence(struct writer *w, str text, str language)
{
    const struct marks *m = w->marks;

    put_raw(w, str_from(m->fence.open));
    if (m->fence_language) {
        put_raw(w, language);
        put_raw(w, S("\n"));
    }
    put_code_lines(w, text);
    put_raw(w, str_from(m->fence.close));
}

static void put_tagged(struct writer *w, str text, str language)
{
    writer_put_tag(w, w->marks->fence.open);
    if (language.len && w->out && w->marks->fence.open)
        buf_addf(w->out, "<code class=\"language-%.*s\">", STR(language));
    put_visible(w, text);
    if (language.len && w->marks->fence.open)
        writer_put_tag(w, "</code>");
    writer_put_tag(w, w->marks->fence.close);
}

static void put_lines(struct writer *w, str text)
{
    const struct mark *m = &w->marks->line;
    str line;

    for (bool first = true; str_split(&text, '\n', &line); first = false) {
        bool marked = m->open && str_trim(line).len && str_find_char(line, m->open[0]) == STR_NONE;

        if (!first) {
            put_raw(w, S("\n"));
            put_raw(w, str_of(w->prefix, w->prefix_len));
        }
        writer_put_tag(w, marked ? m->open : NULL);
        add_escaped(w->marks, w->out, line, marked);
        writer_put_tag(w, marked ? closing(m) : NULL);
    }
}

/* Beside a quote or a list, never in it. */
void writer_put_block(struct writer *w, str text, str language)
{
    size_t prefix = w->prefix_len;

    if (w->quote_open) {
        writer_put_tag(w, w->marks->quote.close);
        w->quote_open = false;
    }
    if (w->marks->fence.open) {
        w->prefix_len = 0;
        w->quote_len = 0;
    }
    put_owed(w);
    w->prefix_len = prefix;
    if (w->marks->tags)
        put_tagged(w, text, language);
    else if (w->marks->fence.open)
        put_fence(w, text, language);
    else
        put_lines(w, text);
    w->line_start = false;
}

/* ---- links ---- */

static void add_address(const struct writer *w, struct buf *b, str href)
{
    bool round = w->marks->link == LINK_BRACKETS;

    for (size_t i = 0; i < href.len; i++) {
        char c = href.p[i];

        if ((unsigned char)c <= ' ' || is_one_of("<>\"|\\`", c) || (round && is_one_of("()", c))
            || (c == '@' && markup_is_mention(str_skip(href, i), w->marks)))
            buf_addf(b, "%%%02X", (unsigned char)c);
        else if (c == '&' && is_one_of(w->marks->entity, c) && w->marks->entity_in_code)
            add_entity(b, c, false);
        else
            buf_add_char(b, c);
    }
}

static void add_link(const struct writer *w, struct buf *b, str text, str href)
{
    bool bare = str_eq(text, href);

    if (bare && w->marks->bare_links) {
        add_address(w, b, href);
        return;
    }
    if (w->marks->link == LINK_BRACKETS) {
        buf_add_char(b, '[');
        add_escaped(w->marks, b, text, false);
        buf_add(b, S("]("));
        add_address(w, b, href);
        buf_add_char(b, ')');
        return;
    }
    buf_add_char(b, '<');
    add_address(w, b, href);
    if (!bare) {
        buf_add_char(b, '|');
        add_escaped(w->marks, b, text, false);
    }
    buf_add_char(b, '>');
}

static bool has_any(str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_one_of(set, s.p[i]))
            return true;
    return false;
}

void writer_put_link(struct writer *w, str text, str href)
{
    CLEANUP(buf_done) struct buf shown = { .max = w->out->max }, link = { .max = w->out->max };

    for (size_t i = 0; i < text.len; i++)
        buf_add_char(&shown, text.p[i] == '\n' ? ' ' : text.p[i]);
    text = str_trim(buf_str(&shown));
    if (w->marks->link == LINK_ANGLES && !w->marks->entity && has_any(text, "<>|")) {
        writer_put(w, text);
        writer_put(w, S(" "));
        text = href;
    }
    add_link(w, &link, text.len ? text : href, href);
    put_owed(w);
    put_blanks(w);
    open_styles(w, link.p[0]);
    put_raw(w, buf_str(&link));
    w->line_start = false;
    w->last = '>';
}

void writer_end(struct writer *w)
{
    if (!w->marks->tags)
        close_styles(w, 0);
}
