// SPDX-License-Identifier: Apache-2.0
/* Markdown for our own page.  Everything is escaped, every tag is written here: there is no raw HTML to clean. */
#include "channel/markup.h"

static void escaped(struct buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        switch (s.p[i]) {
        case '&': buf_add(b, S("&amp;")); break;
        case '<': buf_add(b, S("&lt;")); break;
        case '>': buf_add(b, S("&gt;")); break;
        case '"': buf_add(b, S("&quot;")); break;
        case '\'': buf_add(b, S("&#39;")); break;
        default: buf_add_char(b, s.p[i]);
        }
    }
}

static void write_node(struct buf *, const struct md_node *);

static void write_children(struct buf *b, const struct md_node *n)
{
    for (const struct md_node *c = n->first; c; c = c->next)
        write_node(b, c);
}

static void write_in(struct buf *b, const char *tag, const struct md_node *n)
{
    buf_addf(b, "<%s>", tag);
    write_children(b, n);
    buf_addf(b, "</%s>", tag);
}

/* An allow list, so that nothing depends on how a browser reads "java\tscript:". */
static bool may_link(str href)
{
    return str_eq_nocase(str_take(href, 7), S("http://")) || str_eq_nocase(str_take(href, 8), S("https://"))
        || str_eq_nocase(str_take(href, 7), S("mailto:"));
}

static bool inside_link(const struct md_node *n)
{
    for (n = n->parent; n; n = n->parent)
        if (n->type == MD_LINK || n->type == MD_IMAGE)
            return true;
    return false;
}

static void write_link(struct buf *b, const struct md_node *n)
{
    bool link = may_link(n->href) && !inside_link(n);

    if (link) {
        buf_add(b, S("<a rel=\"noopener noreferrer nofollow\" target=\"_blank\" href=\""));
        escaped(b, n->href);
        buf_add(b, S("\">"));
    }
    if (n->first)
        write_children(b, n);
    else
        escaped(b, n->href);
    if (link)
        buf_add(b, S("</a>"));
}

static void write_fence(struct buf *b, const struct md_node *n)
{
    buf_add(b, S("<pre><code"));
    if (n->href.len) {
        buf_add(b, S(" class=\"language-"));
        escaped(b, n->href);
        buf_add(b, S("\""));
    }
    buf_add(b, S(">"));
    write_children(b, n);
    buf_add(b, S("</code></pre>\n"));
}

static void write_list(struct buf *b, const struct md_node *n)
{
    if (n->ordered && n->number != 1)
        buf_addf(b, "<ol start=\"%u\">\n", n->number);
    else
        buf_add(b, n->ordered ? S("<ol>\n") : S("<ul>\n"));
    write_children(b, n);
    buf_add(b, n->ordered ? S("</ol>\n") : S("</ul>\n"));
}

static void write_item(struct buf *b, const struct md_node *n)
{
    buf_add(b, S("<li>"));
    if (n->task)
        buf_add(b, n->task == 'x' ? S("☑ ") : S("☐ "));
    write_children(b, n);
    buf_add(b, S("</li>\n"));
}

static void write_cell(struct buf *b, const struct md_node *n)
{
    const char *tag = n->parent->head ? "th" : "td";

    if (n->number)
        buf_addf(b, "<%s class=\"%s\">", tag, n->number == 'l' ? "left" : n->number == 'c' ? "center" : "right");
    else
        buf_addf(b, "<%s>", tag);
    write_children(b, n);
    buf_addf(b, "</%s>", tag);
}

static void write_heading(struct buf *b, const struct md_node *n)
{
    char tag[] = { 'h', (char)('0' + n->number), '\0' };

    write_in(b, tag, n);
    buf_add(b, S("\n"));
}

static void write_node(struct buf *b, const struct md_node *n)
{
    switch (n->type) {
    case MD_DOCUMENT: write_children(b, n); break;
    case MD_QUOTE: write_in(b, "blockquote", n); break;
    case MD_LIST: write_list(b, n); break;
    case MD_ITEM: write_item(b, n); break;
    case MD_RULE: buf_add(b, S("<hr>\n")); break;
    case MD_HEADING: write_heading(b, n); break;
    case MD_FENCE: write_fence(b, n); break;
    case MD_PARAGRAPH: write_in(b, "p", n); buf_add(b, S("\n")); break;
    case MD_TABLE: write_in(b, "table", n); buf_add(b, S("\n")); break;
    case MD_ROW: write_in(b, "tr", n); break;
    case MD_CELL: write_cell(b, n); break;
    case MD_EMPHASIS: write_in(b, "em", n); break;
    case MD_STRONG: write_in(b, "strong", n); break;
    case MD_STRIKE: write_in(b, "del", n); break;
    case MD_LINK: case MD_IMAGE: write_link(b, n); break;
    case MD_CODE: write_in(b, "code", n); break;
    case MD_TEXT: escaped(b, n->text); break;
    case MD_BREAK: buf_add(b, S("<br>")); break;
    }
}

void markup_to_web(struct buf *b, const struct md_node *doc)
{
    write_node(b, doc);
}
