// SPDX-License-Identifier: Apache-2.0
#include "channel/markup.h"

#include <ctype.h>
#include <md4c.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "channel/markup_marks.h"

/* Some releases of md4c pad every row of a table to its head's width: n*n cells out of 4n bytes. */
enum { NODES_PER_BYTE = 4, NODES_SPARE = 64 };

struct parse {
    struct arena *arena;
    struct md_node *at;             /* what new nodes become children of */
    unsigned blocks_below, spans_below;     /* entered, but too deep to get a node */
    size_t nodes, nodes_max;
    bool in_head;
};

static struct md_node *add_node(struct parse *p, enum md_type type)
{
    struct md_node *n = ARENA_NEW(p->arena, struct md_node);

    n->type = type;
    n->parent = p->at;
    n->text = n->href = S("");
    if (p->at->last)
        p->at->last->next = n;
    else
        p->at->first = n;
    p->at->last = n;
    p->nodes++;
    return n;
}

static unsigned depth_of(const struct md_node *n)
{
    unsigned depth = 0;

    for (; n->parent; n = n->parent)
        depth++;
    return depth;
}

static bool is_span(enum md_type type)
{
    return type >= MD_EMPHASIS;
}

static struct md_node *enter(struct parse *p, enum md_type type)
{
    if (p->blocks_below || p->spans_below || depth_of(p->at) + 2 >= MD_DEPTH_MAX) {
        ++*(is_span(type) ? &p->spans_below : &p->blocks_below);
        return NULL;
    }
    return p->at = add_node(p, type);
}

/* md4c leaves spans it never entered, or enters and never leaves, where one crosses a table's cells. */
static void leave_span(struct parse *p, enum md_type type)
{
    struct md_node *n = p->at;

    if (p->spans_below) {
        p->spans_below--;
        return;
    }
    while (is_span(n->type) && n->type != type)
        n = n->parent;
    if (n->type == type)
        p->at = n->parent;
}

static void leave_block(struct parse *p)
{
    p->spans_below = 0;
    while (is_span(p->at->type))
        p->at = p->at->parent;
    if (p->blocks_below)
        p->blocks_below--;
    else if (p->at->parent)
        p->at = p->at->parent;
}

static const struct { const char *name; uint32_t ch; } entities[] = {
    { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' }, { "nbsp", 0xa0 },
    { "copy", 0xa9 }, { "reg", 0xae }, { "trade", 0x2122 }, { "hellip", 0x2026 }, { "mdash", 0x2014 },
    { "ndash", 0x2013 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 }, { "ldquo", 0x201c }, { "rdquo", 0x201d },
    { "laquo", 0xab }, { "raquo", 0xbb }, { "bull", 0x2022 }, { "middot", 0xb7 }, { "deg", 0xb0 },
    { "plusmn", 0xb1 }, { "times", 0xd7 }, { "divide", 0xf7 }, { "larr", 0x2190 }, { "uarr", 0x2191 },
    { "rarr", 0x2192 }, { "darr", 0x2193 }, { "le", 0x2264 }, { "ge", 0x2265 }, { "ne", 0x2260 },
    { "euro", 0x20ac }, { "pound", 0xa3 }, { "yen", 0xa5 }, { "cent", 0xa2 }, { "sect", 0xa7 }, { "para", 0xb6 },
    { "micro", 0xb5 }, { "infin", 0x221e }, { "asymp", 0x2248 }, { "check", 0x2713 },
};

/* "&amp;" or "&#38;" or "&#x26;" to its character; 0 when it is none we know. */
static uint32_t entity_char(str e)
{
    uint32_t ch = 0;

    e = str_cut(e, 1, e.len - 1);
    if (!str_eat(&e, S("#"))) {
        for (size_t i = 0; i < N_ELEMENTS(entities); i++)
            if (str_eq(e, str_from(entities[i].name)))
                return entities[i].ch;
        return 0;
    }
    bool hex = str_eat(&e, S("x")) || str_eat(&e, S("X"));
    for (size_t i = 0; i < e.len && ch <= 0x10ffff; i++) {
        unsigned char c = (unsigned char)e.p[i];
        unsigned digit = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);

        ch = ch * (hex ? 16 : 10) + digit;
    }
    return ch ? ch : 0xfffd;
}

static str entity_text(struct arena *a, str source)
{
    uint32_t ch = entity_char(source);
    CLEANUP(buf_done) struct buf b = {0};

    if (!ch)
        return source;
    utf8_add(&b, ch);
    return arena_str(a, buf_str(&b));
}

/* An attribute (address, language) with its entities decoded. */
static str attribute(struct parse *p, const MD_ATTRIBUTE *at)
{
    CLEANUP(buf_done) struct buf b = {0};

    if (!at->text || !at->size)
        return S("");
    for (size_t i = 0; at->substr_offsets[i] < at->size; i++) {
        str piece = str_cut(str_of(at->text, at->size), at->substr_offsets[i], at->substr_offsets[i + 1]);

        if (at->substr_types[i] == MD_TEXT_ENTITY)
            buf_add(&b, entity_text(p->arena, piece));
        else if (at->substr_types[i] == MD_TEXT_NULLCHAR)
            utf8_add(&b, 0xfffd);
        else
            buf_add(&b, piece);
    }
    return arena_str(p->arena, buf_str(&b));
}

static void enter_list(struct parse *p, MD_BLOCKTYPE type, const void *detail)
{
    struct md_node *n = enter(p, MD_LIST);

    if (!n)
        return;
    if (type == MD_BLOCK_OL) {
        n->ordered = true;
        n->number = ((const MD_BLOCK_OL_DETAIL *)detail)->start;
        n->tight = ((const MD_BLOCK_OL_DETAIL *)detail)->is_tight;
    } else {
        n->tight = ((const MD_BLOCK_UL_DETAIL *)detail)->is_tight;
    }
}

static void enter_cell(struct parse *p, const MD_BLOCK_TD_DETAIL *d)
{
    static const char aligns[] = { [MD_ALIGN_LEFT] = 'l', [MD_ALIGN_CENTER] = 'c', [MD_ALIGN_RIGHT] = 'r' };
    struct md_node *n = enter(p, MD_CELL);

    if (n)
        n->number = (unsigned char)aligns[d->align];
}

static int on_enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    struct parse *p = arg;
    struct md_node *n;

    switch (type) {
    case MD_BLOCK_DOC: case MD_BLOCK_THEAD: case MD_BLOCK_TBODY:
        p->in_head = type == MD_BLOCK_THEAD;
        break;
    case MD_BLOCK_QUOTE:
        enter(p, MD_QUOTE);
        break;
    case MD_BLOCK_UL: case MD_BLOCK_OL:
        enter_list(p, type, detail);
        break;
    case MD_BLOCK_LI:
        n = enter(p, MD_ITEM);
        if (n && ((MD_BLOCK_LI_DETAIL *)detail)->is_task)
            n->task = ((MD_BLOCK_LI_DETAIL *)detail)->task_mark == ' ' ? ' ' : 'x';
        break;
    case MD_BLOCK_HR:
        enter(p, MD_RULE);
        break;
    case MD_BLOCK_H:
        if ((n = enter(p, MD_HEADING)))
            n->number = ((MD_BLOCK_H_DETAIL *)detail)->level;
        break;
    case MD_BLOCK_CODE:
        if ((n = enter(p, MD_FENCE))) {
            n->href = attribute(p, &((MD_BLOCK_CODE_DETAIL *)detail)->lang);
            n->fence = ((MD_BLOCK_CODE_DETAIL *)detail)->fence_char;
        }
        break;
    case MD_BLOCK_HTML: case MD_BLOCK_P:
        enter(p, MD_PARAGRAPH);
        break;
    case MD_BLOCK_TABLE:
        enter(p, MD_TABLE);
        break;
    case MD_BLOCK_TR:
        if ((n = enter(p, MD_ROW)))
            n->head = p->in_head;
        break;
    case MD_BLOCK_TH: case MD_BLOCK_TD:
        enter_cell(p, detail);
        break;
    }
    return p->nodes > p->nodes_max;
}

static int on_leave_block(MD_BLOCKTYPE type, void *detail UNUSED, void *arg)
{
    if (type == MD_BLOCK_DOC || type == MD_BLOCK_THEAD || type == MD_BLOCK_TBODY)
        return 0;
    leave_block(arg);
    return 0;
}

static const enum md_type span_types[] = {
    [MD_SPAN_EM] = MD_EMPHASIS, [MD_SPAN_STRONG] = MD_STRONG, [MD_SPAN_A] = MD_LINK, [MD_SPAN_IMG] = MD_IMAGE,
    [MD_SPAN_CODE] = MD_CODE, [MD_SPAN_DEL] = MD_STRIKE,
};

static int on_enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
    struct parse *p = arg;
    struct md_node *n = enter(p, span_types[type]);

    if (n && type == MD_SPAN_A)
        n->href = attribute(p, &((MD_SPAN_A_DETAIL *)detail)->href);
    if (n && type == MD_SPAN_IMG)
        n->href = attribute(p, &((MD_SPAN_IMG_DETAIL *)detail)->src);
    return p->nodes > p->nodes_max;
}

static int on_leave_span(MD_SPANTYPE type, void *detail UNUSED, void *arg)
{
    leave_span(arg, span_types[type]);
    return 0;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *arg)
{
    struct parse *p = arg;
    str s = str_of(text, size);

    switch (type) {
    case MD_TEXT_BR: case MD_TEXT_SOFTBR:
        add_node(p, MD_BREAK);
        break;
    case MD_TEXT_NULLCHAR:
        add_node(p, MD_TEXT)->text = S("\xef\xbf\xbd");
        break;
    case MD_TEXT_ENTITY:
        add_node(p, MD_TEXT)->text = entity_text(p->arena, s);
        break;
    default:
        add_node(p, MD_TEXT)->text = s;
    }
    return p->nodes > p->nodes_max;
}

static struct md_node *new_document(struct arena *a, str source)
{
    struct md_node *n = ARENA_NEW(a, struct md_node);

    *n = (struct md_node){ .type = MD_DOCUMENT, .text = source, .href = S("") };
    return n;
}

/* md4c 0.4.8 looks one byte past the end ("[](" is enough) and then loses its way: a NUL must stand there, which
 * an arena's copy has. */
static str own_source(struct arena *a, str source)
{
    CLEANUP(buf_done) struct buf repaired = { .max = 4 * source.len + 4 };

    if (utf8_valid(source))
        return arena_str(a, source);
    utf8_add_repaired(&repaired, source);
    return arena_str(a, buf_str(&repaired));
}

const struct md_node *markup_parse(struct arena *a, str source)
{
    static const MD_PARSER parser = {
        .flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML,
        .enter_block = on_enter_block, .leave_block = on_leave_block,
        .enter_span = on_enter_span, .leave_span = on_leave_span, .text = on_text,
    };
    source = own_source(a, source);
    struct parse p = { .arena = a, .at = new_document(a, source), .nodes_max = source.len * NODES_PER_BYTE + NODES_SPARE };
    struct md_node *doc = p.at;

    if (source.len <= MD_SOURCE_MAX && md_parse(source.p, (MD_SIZE)source.len, &parser, &p) == 0)
        return doc;
    doc = p.at = new_document(a, source);
    p.at = add_node(&p, MD_PARAGRAPH);
    add_node(&p, MD_TEXT)->text = source;
    return doc;
}

void markup_text(struct buf *b, const struct md_node *n)
{
    if (n->type == MD_TEXT)
        buf_add(b, n->text);
    else if (n->type == MD_BREAK)
        buf_add_char(b, '\n');
    for (const struct md_node *c = n->first; c; c = c->next)
        markup_text(b, c);
}

void markup_add_literally(struct buf *b, str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (ispunct((unsigned char)text.p[i]))
            buf_add_char(b, '\\');
        buf_add_char(b, text.p[i] == '\n' ? ' ' : text.p[i]);
    }
}

void markup_add_block(struct buf *b, str text)
{
    size_t run = 0, fence = 3;

    for (size_t i = 0; i < text.len; i++) {
        run = text.p[i] == '`' ? run + 1 : 0;
        fence = run >= fence ? run + 1 : fence;
    }
    for (size_t i = 0; i < fence; i++)
        buf_add_char(b, '`');
    buf_addf(b, "\n%.*s%s", STR(text), str_ends(text, S("\n")) ? "" : "\n");
    for (size_t i = 0; i < fence; i++)
        buf_add_char(b, '`');
}

static void write_as(struct buf *b, const struct md_node *doc, enum markup markup)
{
    size_t from = b->len;

    switch (markup) {
    case MARKUP_MARKDOWN:
        buf_add(b, doc->text);
        markup_without_mentions(b, from, markup_marks(markup));
        break;
    case MARKUP_HTML:
        markup_to_web(b, doc);
        break;
    default:
        markup_to_chat(b, doc, markup);
    }
}

void markup_write(struct buf *b, const struct md_node *doc, enum markup markup)
{
    size_t from = b->len;

    write_as(b, doc, markup);
    if (b->len > from || !str_trim(doc->text).len)
        return;
    struct md_node words = { .type = MD_TEXT, .text = str_trim(doc->text), .href = S("") };
    struct md_node line = { .type = MD_PARAGRAPH, .first = &words, .last = &words };
    struct md_node source = { .type = MD_DOCUMENT, .text = words.text, .first = &line, .last = &line };

    write_as(b, &source, markup);
}

void markup_write_plainly(struct buf *b, const struct md_node *doc, enum markup markup)
{
    size_t from = b->len;

    markup_write(b, doc, MARKUP_PLAIN);
    markup_without_mentions(b, from, markup_marks(markup));
}

size_t text_units(str s, enum text_unit unit)
{
    switch (unit) {
    case UNIT_CHARACTER: return utf8_length(s);
    case UNIT_BYTE: return s.len;
    default: return utf8_length_utf16(s);
    }
}

size_t markup_size(const struct md_node *doc, enum markup markup, enum text_unit unit)
{
    CLEANUP(buf_done) struct buf marked = {0}, plain = {0};

    markup_write(&marked, doc, markup);
    if (markup != MARKUP_MARKDOWN)
        markup_write(&plain, doc, MARKUP_PLAIN);
    size_t a = text_units(buf_str(&marked), unit), b = text_units(buf_str(&plain), unit);

    return a > b ? a : b;
}
