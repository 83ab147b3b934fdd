// SPDX-License-Identifier: Apache-2.0
#include "document/modules/html.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/module.h"
#include "document/modules/html_parse.h"
#include "document/modules/html_write.h"

enum { TABLE_LOOK_MAX = 20000 };

/* A table, its row, its cell; a link: what is being written, and what to go back to. */
struct side { const GumboNode *node; struct buf text; struct buf *outer; bool space; unsigned breaks; };

struct reader {
    const struct html_page *page;
    struct html_writer      w;
    struct html_walk        walk;
    struct side             link, cell;
    const GumboNode        *table;      /* the data table we are in */
    unsigned                n_rows, n_cells;
};

static GumboTag tag_of(const GumboNode *n)
{
    return n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE ? n->v.element.tag : GUMBO_TAG_UNKNOWN;
}

static str attribute(const GumboNode *n, const char *name)
{
    const GumboAttribute *a = gumbo_get_attribute(&n->v.element.attributes, name);

    return a ? str_from(a->value) : NO_STR;
}

/* --- what is not for readers --- */

static bool style_hides(str style)
{
    CLEANUP(buf_done) struct buf plain = { .max = 4096 };

    for (size_t i = 0; i < style.len && i < 4000; i++)
        if (style.p[i] > ' ')
            buf_add_char(&plain, (char)(style.p[i] | 0x20));
    return str_find(buf_str(&plain), S("display:none")) != STR_NONE || str_find(buf_str(&plain), S("visibility:hidden")) != STR_NONE;
}

static bool is_left_out(const GumboNode *n)
{
    switch (tag_of(n)) {
    case GUMBO_TAG_SCRIPT: case GUMBO_TAG_STYLE: case GUMBO_TAG_NOSCRIPT: case GUMBO_TAG_TEMPLATE: case GUMBO_TAG_HEAD: case GUMBO_TAG_NAV:
    case GUMBO_TAG_IFRAME: case GUMBO_TAG_OBJECT: case GUMBO_TAG_EMBED: case GUMBO_TAG_SVG: case GUMBO_TAG_CANVAS: case GUMBO_TAG_AUDIO:
    case GUMBO_TAG_VIDEO: case GUMBO_TAG_SELECT: case GUMBO_TAG_TEXTAREA: case GUMBO_TAG_INPUT: case GUMBO_TAG_BUTTON:
    case GUMBO_TAG_TITLE: case GUMBO_TAG_FRAMESET: case GUMBO_TAG_NOFRAMES: case GUMBO_TAG_DATALIST:
        return true;
    default:
        return attribute(n, "hidden").p || str_eq_nocase(attribute(n, "aria-hidden"), S("true"))
               || str_eq_nocase(attribute(n, "role"), S("navigation")) || style_hides(attribute(n, "style"));
    }
}

/* --- text as it stands --- */

/* All text below `root`; a <br> is a line end. */
static void gather(const GumboNode *root, struct buf *out)
{
    CLEANUP(html_walk_done) struct html_walk walk = {0};
    const GumboNode *n;
    enum html_step step;

    html_walk_start(&walk, root);
    while ((step = html_walk_next(&walk, &n)) != HTML_END) {
        if (step == HTML_LEAVE)
            continue;
        if (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA || n->type == GUMBO_NODE_WHITESPACE)
            buf_add(out, str_from(n->v.text.text));
        else if (tag_of(n) == GUMBO_TAG_BR)
            buf_add_char(out, '\n');
        else if (tag_of(n) == GUMBO_TAG_SCRIPT || tag_of(n) == GUMBO_TAG_STYLE)
            html_walk_skip(&walk);
    }
}

static void put_code(struct reader *r, const GumboNode *n, void (*put)(struct html_writer *, str))
{
    CLEANUP(buf_done) struct buf code = {0};

    gather(n, &code);
    put(&r->w, buf_str(&code));
    html_walk_skip(&r->walk);
}

static void put_image(struct reader *r, const GumboNode *n)
{
    str alt = str_trim(attribute(n, "alt"));

    if (alt.len == 0)
        return;
    html_put(&r->w, S("[image: "));
    html_put_collapsed(&r->w, alt);
    r->w.space = false;
    html_put(&r->w, S("]"));
}

/* --- what is written aside first: links and cells --- */

static void side_begin(struct reader *r, struct side *s, const GumboNode *n)
{
    struct html_writer *w = &r->w;

    *s = (struct side){ .node = n, .text = s->text, .outer = w->out, .space = w->space, .breaks = w->breaks };
    buf_clear(&s->text);
    w->out = &s->text;
    w->space = false;
    w->breaks = 0;
    w->flat++;
}

/* The text; a blank at its end stands behind it. */
static str side_end(struct reader *r, struct side *s)
{
    struct html_writer *w = &r->w;
    bool behind = w->space || w->breaks;

    w->flat--;
    w->out = s->outer;
    w->space = s->space;
    w->breaks = s->breaks;
    s->node = NULL;
    s->space = behind;
    return str_trim(buf_str(&s->text));
}

static void link_end(struct reader *r, const GumboNode *n)
{
    CLEANUP(buf_done) struct buf url = { .max = 8192 };
    str href = attribute(n, "href"), text = side_end(r, &r->link);
    bool leads = text.len && href.len && *href.p != '#' && r->page->resolve(r->page->arg, href, &url) && !url.overflowed;

    if (leads) {
        html_put(&r->w, S("["));
        buf_add(r->w.out, text);
        buf_addf(r->w.out, "](%s)", buf_c(&url));
    } else if (text.len) {
        html_put(&r->w, text);
    }
    r->w.space |= r->link.space;
}

/* --- tables: of data, as rows; those that lay a page out are as if they were not there --- */

static bool is_data_table(const GumboNode *table)
{
    CLEANUP(html_walk_done) struct html_walk walk = {0};
    unsigned seen = 0, cells = 0, most = 0;
    const GumboNode *n;
    enum html_step step;

    html_walk_start(&walk, table);
    while ((step = html_walk_next(&walk, &n)) != HTML_END && ++seen < TABLE_LOOK_MAX) {
        GumboTag t = tag_of(n);

        if (step == HTML_LEAVE)
            continue;
        if ((t == GUMBO_TAG_TABLE && n != table) || t == GUMBO_TAG_PRE || t == GUMBO_TAG_H1 || t == GUMBO_TAG_H2 || t == GUMBO_TAG_H3)
            return false;
        cells = t == GUMBO_TAG_TR ? 0 : cells + (t == GUMBO_TAG_TD || t == GUMBO_TAG_TH);
        most = cells > most ? cells : most;
    }
    return most > 1;
}

static void cell_end(struct reader *r)
{
    str text = side_end(r, &r->cell);

    if (r->n_cells == 0)
        html_break(&r->w, r->n_rows ? 1 : 2);
    if (r->n_cells++ == 0)
        html_put(&r->w, S("|"));
    buf_add_char(r->w.out, ' ');
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '|')
            buf_add_char(r->w.out, '\\');
        buf_add_char(r->w.out, text.p[i]);
    }
    buf_add(r->w.out, S(" |"));
}

static void row_end(struct reader *r)
{
    if (r->n_cells && r->n_rows++ == 0) {
        html_break(&r->w, 1);
        html_put(&r->w, S("|"));
        for (unsigned i = 0; i < r->n_cells; i++)
            buf_add(r->w.out, S(" --- |"));
    }
    if (r->n_cells)
        html_break(&r->w, 1);
    r->n_cells = 0;
}

/* --- one element after another --- */

static unsigned heading_level(GumboTag t)
{
    return t >= GUMBO_TAG_H1 && t <= GUMBO_TAG_H6 ? (unsigned)(t - GUMBO_TAG_H1) + 1 : 0;
}

/* How far apart from what stands before and behind it; 0: within the line. */
static unsigned distance(GumboTag t)
{
    switch (t) {
    case GUMBO_TAG_P: case GUMBO_TAG_TABLE: case GUMBO_TAG_DL: case GUMBO_TAG_FIGURE: case GUMBO_TAG_DETAILS: case GUMBO_TAG_HR:
        return 2;
    case GUMBO_TAG_DIV: case GUMBO_TAG_SECTION: case GUMBO_TAG_ARTICLE: case GUMBO_TAG_MAIN: case GUMBO_TAG_HEADER: case GUMBO_TAG_FOOTER:
    case GUMBO_TAG_ASIDE: case GUMBO_TAG_ADDRESS: case GUMBO_TAG_FIGCAPTION: case GUMBO_TAG_SUMMARY: case GUMBO_TAG_DT: case GUMBO_TAG_DD:
    case GUMBO_TAG_TR: case GUMBO_TAG_TD: case GUMBO_TAG_TH: case GUMBO_TAG_CAPTION: case GUMBO_TAG_FORM: case GUMBO_TAG_FIELDSET:
    case GUMBO_TAG_CENTER: case GUMBO_TAG_BR: case GUMBO_TAG_BODY:
        return 1;
    default:
        return 0;
    }
}

static void enter_table_part(struct reader *r, const GumboNode *n, GumboTag t)
{
    if (t == GUMBO_TAG_TABLE && !r->table && !r->w.flat && is_data_table(n)) {
        r->table = n;
        r->n_rows = r->n_cells = 0;
    }
    if (r->table && (t == GUMBO_TAG_TD || t == GUMBO_TAG_TH) && !r->cell.node && !r->link.node)
        side_begin(r, &r->cell, n);
}

static int64_t first_number(const GumboNode *n)
{
    int64_t first = 1;

    return str_i64(attribute(n, "start"), &first) == OK ? first : 1;
}

static void enter(struct reader *r, const GumboNode *n)
{
    GumboTag t = tag_of(n);

    if (is_left_out(n)) {
        html_walk_skip(&r->walk);
        return;
    }
    if (heading_level(t))
        html_heading_begin(&r->w, heading_level(t));
    r->w.flat += heading_level(t) > 0;
    html_break(&r->w, distance(t));
    if (t == GUMBO_TAG_UL || t == GUMBO_TAG_OL)
        html_list_begin(&r->w, t == GUMBO_TAG_OL, first_number(n));
    else if (t == GUMBO_TAG_LI)
        html_item_begin(&r->w);
    else if (t == GUMBO_TAG_BLOCKQUOTE)
        html_quote_begin(&r->w);
    else if (t == GUMBO_TAG_PRE)
        put_code(r, n, html_put_code);
    else if (t == GUMBO_TAG_CODE || t == GUMBO_TAG_KBD || t == GUMBO_TAG_SAMP || t == GUMBO_TAG_TT)
        put_code(r, n, html_put_code_span);
    else if (t == GUMBO_TAG_IMG)
        put_image(r, n);
    else if (t == GUMBO_TAG_HR && !r->w.flat)
        html_put(&r->w, S("---"));
    else if (t == GUMBO_TAG_A && !r->link.node)
        side_begin(r, &r->link, n);
    else
        enter_table_part(r, n, t);
}

static void leave_heading(struct reader *r)
{
    r->w.flat--;
    if (!r->w.indents)
        *r->w.marker = '\0';
    html_break(&r->w, 2);
}

static void leave(struct reader *r, const GumboNode *n)
{
    GumboTag t = tag_of(n);

    if (is_left_out(n))
        return;
    if (n == r->link.node)
        link_end(r, n);
    else if (n == r->cell.node)
        cell_end(r);
    else if (r->table && t == GUMBO_TAG_TR && !r->cell.node)
        row_end(r);
    else if (n == r->table)
        r->table = NULL;
    else if (heading_level(t))
        leave_heading(r);
    else if (t == GUMBO_TAG_UL || t == GUMBO_TAG_OL || t == GUMBO_TAG_BLOCKQUOTE)
        html_level_end(&r->w);
    else if (t == GUMBO_TAG_LI)
        html_item_end(&r->w);
    html_break(&r->w, r->table ? 0 : distance(t));
}

static void reader_done(struct reader *r)
{
    html_writer_done(&r->w);
    html_walk_done(&r->walk);
    buf_done(&r->link.text);
    buf_done(&r->cell.text);
}

static void write_below(const struct html_page *page, const GumboNode *root)
{
    CLEANUP(reader_done) struct reader r = { .page = page, .w.out = page->text };
    const GumboNode *n;
    enum html_step step;

    html_walk_start(&r.walk, root);
    while (!page->text->overflowed && (step = html_walk_next(&r.walk, &n)) != HTML_END) {
        if (n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE)
            (step == HTML_ENTER ? enter : leave)(&r, n);
        else if (step == HTML_ENTER && (n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_CDATA || n->type == GUMBO_NODE_WHITESPACE))
            html_put_collapsed(&r.w, str_from(n->v.text.text));
    }
}

/* --- what a page says about itself --- */

struct parts { const GumboNode *title, *base, *main, *article; unsigned n_articles; };

static void note_part(struct parts *p, const GumboNode *n)
{
    GumboTag t = tag_of(n);

    if (t == GUMBO_TAG_TITLE && !p->title && n->v.element.tag_namespace == GUMBO_NAMESPACE_HTML)
        p->title = n;
    else if (t == GUMBO_TAG_BASE && !p->base && attribute(n, "href").len)
        p->base = n;
    else if ((t == GUMBO_TAG_MAIN || str_eq_nocase(attribute(n, "role"), S("main"))) && !p->main)
        p->main = n;
    else if (t == GUMBO_TAG_ARTICLE && p->n_articles++ == 0)
        p->article = n;
}

static struct parts find_parts(const GumboNode *document)
{
    CLEANUP(html_walk_done) struct html_walk walk = {0};
    struct parts p = {0};
    const GumboNode *n;
    enum html_step step;

    html_walk_start(&walk, document);
    while ((step = html_walk_next(&walk, &n)) != HTML_END)
        if (step == HTML_ENTER && n->type == GUMBO_NODE_ELEMENT)
            note_part(&p, n);
    return p;
}

static void take_title(const GumboNode *title, struct buf *out)
{
    CLEANUP(buf_done) struct buf text = {0};
    CLEANUP(html_writer_done) struct html_writer w = { .out = out, .flat = 1 };

    gather(title, &text);
    html_put_collapsed(&w, buf_str(&text));
}

static enum err convert(const struct html_page *page)
{
    CLEANUP(html_tree_done) struct html_tree tree = {0};

    TRY(html_parse(&tree, page->html));
    struct parts p = find_parts(tree.document);
    const GumboNode *body = p.main ? p.main : p.n_articles == 1 ? p.article : NULL;

    if (p.title)
        take_title(p.title, page->title);
    if (p.base)
        page->on_base(page->arg, attribute(p.base, "href"));
    if (body)
        write_below(page, body);
    if (page->text->len == 0)
        write_below(page, tree.document);
    return OK;
}

MODULE_TABLE const struct html_module clawdbot_module_html = { .convert = convert };
