// SPDX-License-Identifier: Apache-2.0
/* The layout for chats, with Telegram's tags or without.  Telegram's rules shape it: code stands in no other
 * entity and no other stands in it, quotes do not nest (core.telegram.org/bots/api#formatting-options). */
#include "channel/markup.h"

#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "base/utf8.h"

enum { STYLES_MAX = MD_DEPTH_MAX, PREFIX_MAX = MD_DEPTH_MAX * 16, COLUMNS_MAX = 64, COLUMN_WIDTH_MAX = 32, LANGUAGE_MAX = 32 };

struct writer {
    struct buf *out;                /* NULL: only count */
    bool     tags;
    size_t   units;                 /* visible UTF-16 units so far */
    bool     started;
    unsigned newlines;              /* owed before the next content: none at the end of a text */
    bool     in_quote, quote_open;  /* a quote's tag waits for content, and gives way to code */
    bool     in_link;
    size_t   n_styles;
    char     styles[STYLES_MAX];    /* open tags: b i s */
    size_t   prefix_len;
    char     prefix[PREFIX_MAX];    /* what each line of a list item or a plain quote begins with */
};

static void put_raw(struct writer *w, str s)
{
    if (w->out)
        buf_add(w->out, s);
}

static void put_tag(struct writer *w, str tag)
{
    if (w->tags)
        put_raw(w, tag);
}

static void put_escaped(struct buf *b, str s)
{
    for (size_t i = 0, from = 0; i <= s.len; i++) {
        str with = NO_STR;

        if (i == s.len)
            with = S("");
        else if (s.p[i] == '&')
            with = S("&amp;");
        else if (s.p[i] == '<')
            with = S("&lt;");
        else if (s.p[i] == '>')
            with = S("&gt;");
        else if (s.p[i] == '"')
            with = S("&quot;");
        if (!with.p)
            continue;
        buf_add(b, str_cut(s, from, i));
        buf_add(b, with);
        from = i + 1;
    }
}

/* Text a reader sees; the newlines in it are its own. */
static void put_visible(struct writer *w, str s)
{
    w->units += utf8_length_utf16(s);
    if (w->out && w->tags)
        put_escaped(w->out, s);
    else
        put_raw(w, s);
}

static void put_owed(struct writer *w)
{
    for (unsigned i = 0; i < w->newlines; i++)
        put_visible(w, S("\n"));
    if (w->newlines || !w->started)
        put_visible(w, str_of(w->prefix, w->prefix_len));
    w->newlines = 0;
    w->started = true;
}

static void begin(struct writer *w)
{
    put_owed(w);
    if (w->in_quote && !w->quote_open) {
        put_tag(w, S("<blockquote>"));
        w->quote_open = true;
    }
}

static void put(struct writer *w, str s)
{
    if (!s.len)
        return;
    begin(w);
    put_visible(w, s);
}

static void owe(struct writer *w, unsigned newlines)
{
    if (w->started && w->newlines < newlines)
        w->newlines = newlines;
}

static void push_prefix(struct writer *w, str s)
{
    if (w->prefix_len + s.len > PREFIX_MAX)
        return;
    memcpy(w->prefix + w->prefix_len, s.p, s.len);
    w->prefix_len += s.len;
}

static void open_style(struct writer *w, char style)
{
    char tag[] = { '<', style, '>' };

    put_tag(w, str_of(tag, sizeof tag));
}

static void close_style(struct writer *w, char style)
{
    char tag[] = { '<', '/', style, '>' };

    put_tag(w, str_of(tag, sizeof tag));
}

static void write_inlines(struct writer *, const struct md_node *);

static void write_styled(struct writer *w, const struct md_node *n, char style)
{
    bool again = memchr(w->styles, style, w->n_styles) != NULL || w->n_styles == STYLES_MAX;

    if (again) {
        write_inlines(w, n);
        return;
    }
    begin(w);
    open_style(w, style);
    w->styles[w->n_styles++] = style;
    write_inlines(w, n);
    w->n_styles--;
    close_style(w, style);
}

static void write_code(struct writer *w, const struct md_node *n)
{
    if (w->in_link) {
        write_inlines(w, n);
        return;
    }
    begin(w);
    for (size_t i = w->n_styles; i > 0; i--)
        close_style(w, w->styles[i - 1]);
    put_tag(w, S("<code>"));
    write_inlines(w, n);
    put_tag(w, S("</code>"));
    for (size_t i = 0; i < w->n_styles; i++)
        open_style(w, w->styles[i]);
}

static bool link_opens(str href)
{
    static const char *const schemes[] = { "http://", "https://", "tg://", "mailto:", "tel:" };

    for (size_t i = 0; i < N_ELEMENTS(schemes); i++)
        if (str_eq_nocase(str_take(href, strlen(schemes[i])), str_from(schemes[i])))
            return true;
    return false;
}

/* Is the address what stands there to read anyway, as with <http://x> and www.x? */
static bool says_address(str shown, str href)
{
    return str_ends(href, shown) && (shown.len == href.len || str_eq(shown, str_skip(href, 7)) || str_eq(shown, str_skip(href, 8)));
}

static void write_link(struct writer *w, const struct md_node *n)
{
    CLEANUP(buf_done) struct buf shown = {0};
    bool tag = w->tags && link_opens(n->href);

    if (w->in_link) {
        write_inlines(w, n);
        return;
    }
    markup_text(&shown, n);
    begin(w);
    if (tag && w->out) {
        buf_add(w->out, S("<a href=\""));
        put_escaped(w->out, n->href);
        buf_add(w->out, S("\">"));
    }
    w->in_link = true;
    write_inlines(w, n);
    w->in_link = false;
    if (!shown.len)
        put(w, n->href);
    if (tag)
        put_tag(w, S("</a>"));
    else if (shown.len && n->href.len && !says_address(buf_str(&shown), n->href)) {
        put(w, S(" ("));
        put(w, n->href);
        put(w, S(")"));
    }
}

static void write_inline(struct writer *w, const struct md_node *n)
{
    switch (n->type) {
    case MD_TEXT: put(w, n->text); break;
    case MD_BREAK: owe(w, 1); break;
    case MD_EMPHASIS: write_styled(w, n, 'i'); break;
    case MD_STRONG: write_styled(w, n, 'b'); break;
    case MD_STRIKE: write_styled(w, n, 's'); break;
    case MD_CODE: write_code(w, n); break;
    case MD_LINK: case MD_IMAGE: write_link(w, n); break;
    default: write_inlines(w, n);       /* blocks do not stand here */
    }
}

static void write_inlines(struct writer *w, const struct md_node *parent)
{
    for (const struct md_node *n = parent->first; n; n = n->next)
        write_inline(w, n);
}

/* Code and tables stand beside a quote, never in it. */
static void begin_pre(struct writer *w, str language)
{
    if (w->quote_open) {
        put_tag(w, S("</blockquote>"));
        w->quote_open = false;
    }
    size_t prefix = w->prefix_len;
    if (w->tags)
        w->prefix_len = 0;
    put_owed(w);
    w->prefix_len = prefix;
    if (!w->tags || !w->out)
        return;
    buf_add(w->out, S("<pre>"));
    if (language.len)
        buf_addf(w->out, "<code class=\"language-%.*s\">", STR(language));
}

static void end_pre(struct writer *w, str language)
{
    if (language.len)
        put_tag(w, S("</code>"));
    put_tag(w, S("</pre>"));
}

static str safe_language(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+#.-", s.p[i]) || !s.p[i])
            return S("");
    return s.len <= LANGUAGE_MAX ? s : S("");
}

static void write_fence(struct writer *w, const struct md_node *n)
{
    CLEANUP(buf_done) struct buf code = {0};
    str language = safe_language(n->href);

    markup_text(&code, n);
    while (code.len && code.p[code.len - 1] == '\n')
        buf_cut(&code, code.len - 1);
    if (!code.len)
        return;
    begin_pre(w, language);
    put_visible(w, buf_str(&code));
    end_pre(w, language);
}

static size_t text_width(str s)
{
    size_t width = 0;
    uint32_t ch;

    for (size_t n; (n = utf8_next(s, &ch)); s = str_skip(s, n))
        width += (size_t)utf8proc_charwidth((utf8proc_int32_t)ch);
    return width;
}

static void cell_text(struct buf *b, const struct md_node *cell)
{
    struct writer plain = { .out = b };

    buf_clear(b);
    write_inlines(&plain, cell);
}

static void measure_columns(const struct md_node *table, size_t widths[COLUMNS_MAX])
{
    CLEANUP(buf_done) struct buf text = {0};

    for (const struct md_node *row = table->first; row; row = row->next) {
        size_t i = 0;

        for (const struct md_node *cell = row->first; cell && i < COLUMNS_MAX; cell = cell->next, i++) {
            cell_text(&text, cell);
            size_t width = text_width(buf_str(&text));
            if (width > widths[i])
                widths[i] = width < COLUMN_WIDTH_MAX ? width : COLUMN_WIDTH_MAX;
        }
    }
}

static void put_spaces(struct writer *w, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_visible(w, S(" "));
}

static void write_row(struct writer *w, const struct md_node *row, const size_t widths[COLUMNS_MAX])
{
    CLEANUP(buf_done) struct buf text = {0};
    size_t i = 0;

    for (const struct md_node *cell = row->first; cell; cell = cell->next, i++) {
        cell_text(&text, cell);
        size_t width = text_width(buf_str(&text)), column = i < COLUMNS_MAX ? widths[i] : 0;
        size_t room = width < column ? column - width : 0;
        size_t before = cell->number == 'r' ? room : cell->number == 'c' ? room / 2 : 0;

        if (i)
            put_visible(w, S(" | "));
        put_spaces(w, before);
        put_visible(w, buf_str(&text));
        if (cell->next)
            put_spaces(w, room - before);
    }
}

static void write_table(struct writer *w, const struct md_node *table)
{
    size_t widths[COLUMNS_MAX] = {0};

    measure_columns(table, widths);
    begin_pre(w, S(""));
    for (const struct md_node *row = table->first; row; row = row->next) {
        if (row != table->first)
            put_visible(w, S("\n"));
        write_row(w, row, widths);
        if (!row->head)
            continue;
        put_visible(w, S("\n"));
        size_t i = 0;
        for (const struct md_node *cell = row->first; cell && i < COLUMNS_MAX; cell = cell->next, i++) {
            if (i)
                put_visible(w, S("-+-"));
            for (size_t k = 0; k < widths[i]; k++)
                put_visible(w, S("-"));
        }
    }
    end_pre(w, S(""));
}

static void write_blocks(struct writer *, const struct md_node *parent, unsigned gap);

static void write_quote(struct writer *w, const struct md_node *n)
{
    size_t prefix = w->prefix_len;

    if (w->tags && !w->in_quote) {
        w->in_quote = true;
        write_blocks(w, n, 2);
        if (w->quote_open)
            put_tag(w, S("</blockquote>"));
        w->in_quote = w->quote_open = false;
        return;
    }
    push_prefix(w, S("> "));
    write_blocks(w, n, 2);
    w->prefix_len = prefix;
}

static void write_item(struct writer *w, const struct md_node *item, bool ordered, unsigned number, unsigned gap)
{
    char mark[16];
    size_t prefix = w->prefix_len;

    if (ordered)
        snprintf(mark, sizeof mark, "%u. ", number);
    put(w, ordered ? str_from(mark) : S("• "));
    if (item->task)
        put(w, item->task == 'x' ? S("☑ ") : S("☐ "));
    push_prefix(w, str_take(S("                "), ordered ? strlen(mark) : 2));
    write_blocks(w, item, gap);
    w->prefix_len = prefix;
}

static void write_list(struct writer *w, const struct md_node *list)
{
    unsigned number = list->number, gap = list->tight ? 1 : 2;

    for (const struct md_node *item = list->first; item; item = item->next) {
        if (item != list->first)
            owe(w, gap);
        write_item(w, item, list->ordered, number++, gap);
    }
}

static void write_block(struct writer *w, const struct md_node *n)
{
    switch (n->type) {
    case MD_QUOTE: write_quote(w, n); break;
    case MD_LIST: write_list(w, n); break;
    case MD_ITEM: write_item(w, n, false, 0, 1); break;
    case MD_RULE: put(w, S("――――――――")); break;
    case MD_HEADING: write_styled(w, n, 'b'); break;
    case MD_FENCE: write_fence(w, n); break;
    case MD_TABLE: write_table(w, n); break;
    default: write_inlines(w, n);
    }
}

static bool is_inline(const struct md_node *n)
{
    return n->type >= MD_EMPHASIS;
}

/* A tight item holds its text beside its blocks, without a paragraph: a run of inlines is one block. */
static void write_blocks(struct writer *w, const struct md_node *parent, unsigned gap)
{
    bool in_run = false;

    for (const struct md_node *n = parent->first; n; n = n->next) {
        bool goes_on = in_run && is_inline(n);

        if (n != parent->first && !goes_on)
            owe(w, gap);
        in_run = is_inline(n);
        if (in_run)
            write_inline(w, n);
        else
            write_block(w, n);
    }
}

static void write_document(struct writer *w, const struct md_node *doc)
{
    write_blocks(w, doc, 2);
}

void markup_to_telegram(struct buf *b, const struct md_node *doc)
{
    struct writer w = { .out = b, .tags = true };

    write_document(&w, doc);
}

void markup_to_plain(struct buf *b, const struct md_node *doc)
{
    struct writer w = { .out = b };

    write_document(&w, doc);
}

size_t markup_units(const struct md_node *doc)
{
    struct writer tagged = { .tags = true }, plain = {0};

    write_document(&tagged, doc);
    write_document(&plain, doc);
    return tagged.units > plain.units ? tagged.units : plain.units;
}
