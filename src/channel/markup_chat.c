// SPDX-License-Identifier: Apache-2.0
/* The layout for chats, whatever their marks.  Telegram's rules shape it: code stands in no other entity and no other stands in
 * it, quotes do not nest (core.telegram.org/bots/api#formatting-options); the others' are in their rows of markup_marks.c. */
#include "channel/markup.h"

#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "base/utf8.h"
#include "channel/markup_writer.h"

enum { COLUMNS_MAX = 64, COLUMN_WIDTH_MAX = 32, LANGUAGE_MAX = 32 };

struct walk { struct writer w; bool in_link; };

static void write_inlines(struct walk *, const struct md_node *);

static void write_styled(struct walk *k, const struct md_node *n, enum text_style style)
{
    bool again = writer_has_style(&k->w, style);

    if (!again)
        writer_push_style(&k->w, style);
    write_inlines(k, n);
    if (!again)
        writer_pop_style(&k->w);
}

static void write_code(struct walk *k, const struct md_node *n)
{
    CLEANUP(buf_done) struct buf text = {0};

    if (k->in_link) {
        write_inlines(k, n);
        return;
    }
    markup_text(&text, n);
    writer_begin_code(&k->w, buf_str(&text));
    write_inlines(k, n);
    writer_end_code(&k->w);
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

/* A tag around whatever stands in the link. */
static void write_link_tag(struct walk *k, const struct md_node *n, bool empty)
{
    struct writer *w = &k->w;

    writer_begin(w);
    if (w->out) {
        buf_add(w->out, S("<a href=\""));
        writer_add_escaped(w, w->out, n->href);
        buf_add(w->out, S("\">"));
    }
    k->in_link = true;
    write_inlines(k, n);
    k->in_link = false;
    if (empty)
        writer_put(w, n->href);
    writer_put_tag(w, "</a>");
}

static void write_link_said(struct walk *k, const struct md_node *n, str shown)
{
    if (k->w.marks->tags)
        writer_begin(&k->w);
    k->in_link = true;
    write_inlines(k, n);
    k->in_link = false;
    if (!shown.len) {
        writer_put(&k->w, n->href);
    } else if (n->href.len && !says_address(shown, n->href)) {
        writer_put(&k->w, S(" ("));
        writer_put(&k->w, n->href);
        writer_put(&k->w, S(")"));
    }
}

/* An address that is its own text needs no marks where addresses are found in text. */
static void write_link_marked(struct walk *k, const struct md_node *n, str shown)
{
    bool bare = k->w.marks->bare_links && says_address(shown, n->href);

    if (bare && str_starts(n->href, S("mailto:")))
        writer_put(&k->w, shown);
    else
        writer_put_link(&k->w, bare ? n->href : shown, n->href);
}

static void write_link(struct walk *k, const struct md_node *n)
{
    CLEANUP(buf_done) struct buf shown = {0};
    enum link_form form = link_opens(n->href) ? k->w.marks->link : LINK_SAYS_ADDRESS;

    if (k->in_link) {
        write_inlines(k, n);
        return;
    }
    markup_text(&shown, n);
    if (form == LINK_TAG)
        write_link_tag(k, n, !shown.len);
    else if (form == LINK_SAYS_ADDRESS)
        write_link_said(k, n, buf_str(&shown));
    else
        write_link_marked(k, n, buf_str(&shown));
}

static void write_inline(struct walk *k, const struct md_node *n)
{
    switch (n->type) {
    case MD_TEXT: writer_put(&k->w, n->text); break;
    case MD_BREAK: writer_owe(&k->w, 1); break;
    case MD_EMPHASIS: write_styled(k, n, STYLE_ITALIC); break;
    case MD_STRONG: write_styled(k, n, STYLE_BOLD); break;
    case MD_STRIKE: write_styled(k, n, STYLE_STRIKE); break;
    case MD_CODE: write_code(k, n); break;
    case MD_LINK: case MD_IMAGE: write_link(k, n); break;
    default: write_inlines(k, n);       /* blocks do not stand here */
    }
}

static void write_inlines(struct walk *k, const struct md_node *parent)
{
    for (const struct md_node *n = parent->first; n; n = n->next)
        write_inline(k, n);
}

static str safe_language(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+#.-", s.p[i]) || !s.p[i])
            return S("");
    return s.len <= LANGUAGE_MAX ? s : S("");
}

static void write_fence(struct walk *k, const struct md_node *n)
{
    CLEANUP(buf_done) struct buf code = {0};

    markup_text(&code, n);
    while (code.len && code.p[code.len - 1] == '\n')
        buf_cut(&code, code.len - 1);
    if (code.len)
        writer_put_block(&k->w, buf_str(&code), safe_language(n->href));
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
    struct walk plain = { .w = { .out = b, .marks = markup_marks(MARKUP_PLAIN) } };

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

static void add_times(struct buf *b, char c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_char(b, c);
}

static void add_row(struct buf *b, const struct md_node *row, const size_t widths[COLUMNS_MAX])
{
    CLEANUP(buf_done) struct buf text = {0};
    size_t i = 0;

    for (const struct md_node *cell = row->first; cell; cell = cell->next, i++) {
        cell_text(&text, cell);
        size_t width = text_width(buf_str(&text)), column = i < COLUMNS_MAX ? widths[i] : 0;
        size_t room = width < column ? column - width : 0;
        size_t before = cell->number == 'r' ? room : cell->number == 'c' ? room / 2 : 0;

        if (i)
            buf_add(b, S(" | "));
        add_times(b, ' ', before);
        buf_add(b, buf_str(&text));
        if (cell->next)
            add_times(b, ' ', room - before);
    }
}

static void add_rule(struct buf *b, const struct md_node *head, const size_t widths[COLUMNS_MAX])
{
    size_t i = 0;

    buf_add_char(b, '\n');
    for (const struct md_node *cell = head->first; cell && i < COLUMNS_MAX; cell = cell->next, i++) {
        if (i)
            buf_add(b, S("-+-"));
        add_times(b, '-', widths[i]);
    }
}

static void write_table(struct walk *k, const struct md_node *table)
{
    CLEANUP(buf_done) struct buf text = {0};
    size_t widths[COLUMNS_MAX] = {0};

    measure_columns(table, widths);
    for (const struct md_node *row = table->first; row; row = row->next) {
        if (row != table->first)
            buf_add_char(&text, '\n');
        add_row(&text, row, widths);
        if (row->head)
            add_rule(&text, row, widths);
    }
    writer_put_block(&k->w, buf_str(&text), S(""));
}

static void write_blocks(struct walk *, const struct md_node *parent, unsigned gap);

static void write_tagged_quote(struct walk *k, const struct md_node *n)
{
    k->w.in_quote = true;
    write_blocks(k, n, 2);
    if (k->w.quote_open)
        writer_put_tag(&k->w, k->w.marks->quote.close);
    k->w.in_quote = k->w.quote_open = false;
}

/* Lines that begin with "> " are a quote only at the very start of a line. */
static bool quote_shows(const struct writer *w)
{
    if (!w->marks->quote_lines)
        return true;
    for (size_t i = 0; i < w->prefix_len; i += 2)
        if (w->prefix[i] != '>')
            return false;
    return w->prefix_len == 0 || w->marks->quotes_nest;
}

static void write_quote(struct walk *k, const struct md_node *n)
{
    struct writer *w = &k->w;
    size_t prefix = w->prefix_len;

    if (w->marks->quote.open && !w->in_quote) {
        write_tagged_quote(k, n);
        return;
    }
    if (quote_shows(w)) {
        w->quote_len = prefix ? w->quote_len : 0;       /* not a part of the quote before */
        writer_push_prefix(w, S("> "));
    }
    write_blocks(k, n, 2);
    w->prefix_len = prefix;
}

static void write_item(struct walk *k, const struct md_node *item, bool ordered, unsigned number, unsigned gap)
{
    char mark[16];
    struct writer *w = &k->w;
    size_t prefix = w->prefix_len;

    if (ordered)
        snprintf(mark, sizeof mark, "%u. ", number);
    writer_put_mark(w, ordered ? str_from(mark) : str_from(w->marks->bullet));
    if (item->task)
        writer_put_mark(w, item->task == 'x' ? S("☑ ") : S("☐ "));
    writer_push_prefix(w, str_take(S("                "), w->marks->indent ? w->marks->indent : ordered ? strlen(mark) : 2));
    write_blocks(k, item, gap);
    w->prefix_len = prefix;
}

static void write_list(struct walk *k, const struct md_node *list)
{
    unsigned number = list->number, gap = list->tight ? 1 : 2;

    for (const struct md_node *item = list->first; item; item = item->next) {
        if (item != list->first)
            writer_owe(&k->w, gap);
        write_item(k, item, list->ordered, number++, gap);
    }
}

static void write_heading(struct walk *k, const struct md_node *n)
{
    static const char mark[] = "###### ";

    if (n->number > k->w.marks->heading_max || k->w.prefix_len || !n->first) {
        write_styled(k, n, STYLE_BOLD);
        return;
    }
    writer_put_mark(&k->w, str_of(mark + 6 - n->number, n->number + 1));
    k->w.in_heading = true;
    write_inlines(k, n);
    k->w.in_heading = false;
}

static void write_block(struct walk *k, const struct md_node *n)
{
    switch (n->type) {
    case MD_QUOTE: write_quote(k, n); break;
    case MD_LIST: write_list(k, n); break;
    case MD_ITEM: write_item(k, n, false, 0, 1); break;
    case MD_RULE: writer_put(&k->w, S("――――――――")); break;
    case MD_HEADING: write_heading(k, n); break;
    case MD_FENCE: write_fence(k, n); break;
    case MD_TABLE: write_table(k, n); break;
    default: write_inlines(k, n);
    }
}

static bool is_inline(const struct md_node *n)
{
    return n->type >= MD_EMPHASIS;
}

/* A tight item holds its text beside its blocks, without a paragraph: a run of inlines is one block. */
static void write_blocks(struct walk *k, const struct md_node *parent, unsigned gap)
{
    bool in_run = false;

    for (const struct md_node *n = parent->first; n; n = n->next) {
        bool goes_on = in_run && is_inline(n);

        if (n != parent->first && !goes_on)
            writer_owe(&k->w, gap);
        in_run = is_inline(n);
        if (in_run)
            write_inline(k, n);
        else
            write_block(k, n);
    }
}

/* Returns the units a reader sees, of tags and plain text. */
static size_t write_document(struct buf *b, const struct md_node *doc, const struct marks *marks)
{
    struct walk k = { .w = { .out = b, .marks = marks } };

    write_blocks(&k, doc, 2);
    writer_end(&k.w);
    return k.w.units;
}

void markup_to_telegram(struct buf *b, const struct md_node *doc)
{
    write_document(b, doc, markup_marks(MARKUP_TELEGRAM_HTML));
}

void markup_to_plain(struct buf *b, const struct md_node *doc)
{
    write_document(b, doc, markup_marks(MARKUP_PLAIN));
}

void markup_to_chat(struct buf *b, const struct md_node *doc, enum markup markup)
{
    const struct marks *marks = markup_marks(markup);
    size_t from = b->len;

    write_document(b, doc, marks);
    markup_without_mentions(b, from, marks);
}

size_t markup_units(const struct md_node *doc)
{
    size_t tagged = write_document(NULL, doc, markup_marks(MARKUP_TELEGRAM_HTML));
    size_t plain = write_document(NULL, doc, markup_marks(MARKUP_PLAIN));

    return tagged > plain ? tagged : plain;
}
