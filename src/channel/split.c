// SPDX-License-Identifier: Apache-2.0
/* How: parse the rest, list every place where it may be cut (all of them lie in text leaves of the tree, or at
 * starts of lines that hold one), find by bisection the last whose piece still fits, take the best of those near
 * it, and go on with what is left.  What a cut tears open is closed before it and opened again behind it. */
#include "channel/split.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "channel/markup.h"

/* How good a place is.  Anything below SCORE_WORD tears a word or a span. */
enum { SCORE_CHAR = 1, SCORE_IN_SPAN, SCORE_WORD, SCORE_CLAUSE, SCORE_SENTENCE, SCORE_CODE_LINE, SCORE_LINE,
       SCORE_ITEM, SCORE_BLOCK, SCORE_HEADING };

enum {
    WINDOW = 4,             /* bytes looked at for each unit of the limit: Chinese takes three */
    EXACT_ENOUGH = 50,      /* a piece may fall short of the limit by this part */
};

struct cut {
    size_t at;
    const struct md_node *leaf;     /* the text it is in, or the first one of the line */
    unsigned char score;
    bool line;                      /* at a line's start */
};

struct splitter {
    struct arena *arena;            /* the caller's: pieces */
    enum markup markup;
    enum text_unit unit;
    size_t limit;
    struct buf rest;                /* what is not in a piece yet */
    size_t opened;                  /* bytes at the start of rest that reopen what the last cut closed */
    struct pieces definitions;      /* lines "[label]: address" of the whole text */
    str *pieces;
    size_t n_pieces, cap;
    /* of one round */
    str source;                     /* the part of rest that is looked at */
    const struct md_node *doc;
    struct cut *cuts;
    size_t n_cuts, cap_cuts;
    size_t last_end;                /* end of the leaf before this one */
};

static void splitter_done(struct splitter *s)
{
    buf_done(&s->rest);
    free(s->pieces);
    free(s->cuts);
}

size_t split_units(str source, enum markup markup, enum text_unit unit)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct md_node *doc = markup_parse(a, source);

    return markup == MARKUP_TELEGRAM_HTML ? markup_units(doc) : markup_size(doc, markup, unit);
}

static bool shows_nothing(str source)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();

    return markup_units(markup_parse(a, source)) == 0;
}

static bool is_one_of(const char *set, char c)
{
    return c && strchr(set, c);
}

static str skip_spaces(str t)
{
    while (t.len && t.p[0] == ' ')
        t = str_skip(t, 1);
    return t;
}

/* ---- where the leaves are ---- */

static size_t offset_of(const struct splitter *s, str text)
{
    if (text.p < s->source.p || text.p >= s->source.p + s->source.len)
        return STR_NONE;
    return (size_t)(text.p - s->source.p);
}

static const struct md_node *first_leaf(const struct splitter *s, const struct md_node *n)
{
    if (n->type == MD_TEXT)
        return n->text.len && offset_of(s, n->text) != STR_NONE ? n : NULL;
    for (const struct md_node *c = n->first; c; c = c->next) {
        const struct md_node *leaf = first_leaf(s, c);
        if (leaf)
            return leaf;
    }
    return NULL;
}

static const struct md_node *ancestor(const struct md_node *n, enum md_type type)
{
    while (n && n->type != type)
        n = n->parent;
    return n;
}

static const struct md_node *top_block(const struct md_node *n)
{
    while (n->parent && n->parent->type != MD_DOCUMENT)
        n = n->parent;
    return n;
}

static size_t line_start(str source, size_t at)
{
    while (at > 0 && source.p[at - 1] != '\n')
        at--;
    return at;
}

static str line_at(str source, size_t at)
{
    size_t end = at;

    while (end < source.len && source.p[end] != '\n')
        end++;
    return str_cut(source, at, end);
}

/* Start of the line with the fence that opens this code block; STR_NONE if it is indented code. */
static size_t fence_line(const struct splitter *s, const struct md_node *code)
{
    const struct md_node *leaf = first_leaf(s, code);

    if (!code->fence || !leaf)
        return STR_NONE;
    for (size_t at = line_start(s->source, offset_of(s, leaf->text)); at > 0;) {
        at = line_start(s->source, at - 1);
        str line = line_at(s->source, at);
        char run[] = { code->fence, code->fence, code->fence };
        if (str_find(line, str_of(run, 3)) != STR_NONE)
            return at;
    }
    return STR_NONE;
}

/* ---- listing the cuts ---- */

static void add_cut(struct splitter *s, struct cut cut)
{
    if (cut.at <= s->opened || cut.at >= s->source.len)
        return;
    if (s->n_cuts && s->cuts[s->n_cuts - 1].at >= cut.at)
        return;
    if (s->n_cuts == s->cap_cuts) {
        s->cap_cuts = s->cap_cuts ? 2 * s->cap_cuts : 1024;
        s->cuts = mem_resize(s->cuts, s->cap_cuts * sizeof *s->cuts);
    }
    s->cuts[s->n_cuts++] = cut;
}

static bool is_first_in(const struct splitter *s, const struct md_node *block, const struct md_node *leaf)
{
    return block && first_leaf(s, block) == leaf;
}

static unsigned char line_score(const struct splitter *s, const struct md_node *leaf)
{
    const struct md_node *top = top_block(leaf);

    if (is_first_in(s, top, leaf))
        return top->type == MD_HEADING ? SCORE_HEADING : SCORE_BLOCK;
    if (ancestor(leaf, MD_FENCE))
        return SCORE_CODE_LINE;
    return is_first_in(s, ancestor(leaf, MD_ITEM), leaf) ? SCORE_ITEM : SCORE_LINE;
}

static void add_line_cut(struct splitter *s, const struct md_node *leaf, size_t at)
{
    const struct md_node *code = ancestor(leaf, MD_FENCE);

    at = line_start(s->source, at);
    if (code && first_leaf(s, code) == leaf && code->fence)
        at = fence_line(s, code);
    if (at != STR_NONE)
        add_cut(s, (struct cut){ at, leaf, line_score(s, leaf), true });
}

static unsigned char score_between(uint32_t before, uint32_t after)
{
    static const uint32_t sentence_ends[] = { 0x3002, 0xff01, 0xff1f, 0x2026, 0xff0e };     /* 。！？…． */
    static const uint32_t clause_ends[] = { 0xff0c, 0x3001, 0xff1b, 0xff1a };               /* ，、；： */

    for (size_t i = 0; i < N_ELEMENTS(sentence_ends); i++)
        if (before == sentence_ends[i])
            return SCORE_SENTENCE;
    for (size_t i = 0; i < N_ELEMENTS(clause_ends); i++)
        if (before == clause_ends[i])
            return SCORE_CLAUSE;
    return before == ' ' && after != ' ' ? SCORE_WORD : SCORE_CHAR;
}

/* Between two grapheme clusters of one leaf. */
static void add_inner_cuts(struct splitter *s, const struct md_node *leaf, size_t at, unsigned char best)
{
    utf8proc_int32_t state = 0;
    uint32_t before = 0, before_space = 0, ch;
    size_t n;

    for (str t = leaf->text; (n = utf8_next(t, &ch)); t = str_skip(t, n), at += n) {
        bool whole = before && utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)ch, &state);
        unsigned char score = whole ? score_between(before, ch) : 0;

        if (score == SCORE_WORD && before_space < 128 && is_one_of(".!?", (char)before_space))
            score = SCORE_SENTENCE;
        if (score)
            add_cut(s, (struct cut){ at, leaf, score < best ? score : best, false });
        before_space = before;
        before = ch;
    }
}

static void add_leaf_cuts(struct splitter *s, const struct md_node *leaf)
{
    size_t at = offset_of(s, leaf->text);
    const struct md_node *parent = leaf->parent;
    bool in_span = parent->type >= MD_EMPHASIS;

    if (at == STR_NONE || !leaf->text.len || ancestor(leaf, MD_LINK) || ancestor(leaf, MD_IMAGE))
        return;
    if (!in_span && s->last_end <= line_start(s->source, at))
        add_line_cut(s, leaf, at);
    /* the space before this leaf belongs to the one before it: "a **b**" may be cut before "**" */
    add_inner_cuts(s, leaf, at, in_span || parent->type == MD_FENCE ? SCORE_IN_SPAN : SCORE_HEADING);
    s->last_end = at + leaf->text.len;
    if (parent->type == MD_FENCE || parent->type == MD_CODE || leaf->text.p[leaf->text.len - 1] != ' ')
        return;
    if (!in_span || leaf->next)     /* behind the last text of a span comes its closing mark */
        add_cut(s, (struct cut){ s->last_end, leaf, in_span ? SCORE_IN_SPAN : SCORE_WORD, false });
}

static void list_cuts(struct splitter *s, const struct md_node *n)
{
    if (n->type == MD_TEXT) {
        add_leaf_cuts(s, n);
        return;
    }
    for (const struct md_node *c = n->first; c; c = c->next)
        list_cuts(s, c);
    if ((n->type == MD_LINK || n->type == MD_IMAGE) && n->next && first_leaf(s, n))
        s->last_end = offset_of(s, first_leaf(s, n)->text) + 1;
}

/* ---- what a cut closes and opens again ---- */

struct seam {
    struct buf close, open;
    bool   code;            /* the cut is in a code block: every space counts */
    bool   escape;          /* in running text: what follows must not read as the start of a block */
    size_t dedent;          /* columns that the lines up to dedent_end lose */
    size_t dedent_end;
};

static void seam_done(struct seam *m)
{
    buf_done(&m->close);
    buf_done(&m->open);
}

/* What stands before the fence on its line, with list marks blanked. */
static void seam_in_code(const struct splitter *s, const struct cut *c, const struct md_node *code, struct seam *m)
{
    size_t at = fence_line(s, code);
    str line, fence;
    bool quoted = false;

    if (at == STR_NONE || c->at <= at)
        return;
    line = line_at(s->source, at);
    m->code = true;
    char run[] = { code->fence, code->fence, code->fence };
    fence = str_skip(line, str_find(line, str_of(run, 3)));
    size_t indent = line.len - fence.len, n = 0;
    while (n < fence.len && fence.p[n] == code->fence)
        n++;
    if (s->source.p[c->at - 1] != '\n')
        buf_add(&m->close, S("\n"));
    for (size_t i = 0; i < indent; i++) {
        quoted |= line.p[i] == '>';
        buf_add_char(&m->close, line.p[i] == '>' ? '>' : ' ');
    }
    if (quoted)
        buf_add(&m->open, buf_str(&m->close));
    else
        m->dedent = indent;
    buf_add(&m->close, str_take(fence, n));
    buf_add(&m->open, fence.len <= s->limit / 4 ? fence : str_take(fence, n));
    buf_add(&m->open, S("\n"));
}

static void seam_in_table(const struct splitter *s, const struct cut *c, const struct md_node *table, struct seam *m)
{
    const struct md_node *leaf = first_leaf(s, table);
    size_t at = leaf ? line_start(s->source, offset_of(s, leaf->text)) : 0;
    str head = line_at(s->source, at), rule;

    if (!leaf || c->at <= at)
        return;
    rule = line_at(s->source, at + head.len + 1);
    if (head.len + rule.len > s->limit / 3 || at + head.len + rule.len + 2 > c->at)
        return;
    buf_addf(&m->open, "%.*s\n%.*s\n", STR(head), STR(rule));
}

/* Offset of a span's opening mark; STR_NONE when it cannot be told. */
static size_t span_start(const struct splitter *s, const struct md_node *n)
{
    size_t at;

    if (n->type == MD_TEXT)
        return offset_of(s, n->text);
    at = n->first ? span_start(s, n->first) : STR_NONE;
    if (at == STR_NONE)
        return STR_NONE;
    size_t mark = n->type == MD_STRONG ? 2 : 1;
    if (n->type == MD_CODE)
        for (mark = 0; mark < at && (s->source.p[at - 1 - mark] == '`' || (mark == 0 && s->source.p[at - 1] == ' '));)
            mark++;
    if (n->type == MD_STRIKE && at >= 2 && s->source.p[at - 2] == '~')
        mark = 2;
    return at >= mark ? at - mark : STR_NONE;
}

/* The mark that opened a span: "**", "_", "``". */
static str span_mark(const struct splitter *s, const struct md_node *n)
{
    size_t at = span_start(s, n), len = n->type == MD_STRONG ? 2 : 1;

    if (at == STR_NONE || !is_one_of("*_~`", s->source.p[at]))
        return n->type == MD_STRONG ? S("**") : n->type == MD_STRIKE ? S("~~") : n->type == MD_CODE ? S("`") : S("*");
    if (n->type == MD_CODE || n->type == MD_STRIKE)
        for (len = 0; at + len < s->source.len && s->source.p[at + len] == s->source.p[at];)
            len++;
    return str_cut(s->source, at, at + len);
}

static void seam_in_text(const struct splitter *s, const struct cut *c, struct seam *m)
{
    str marks[MD_DEPTH_MAX];
    size_t n = 0;

    for (const struct md_node *p = c->leaf->parent; p->type >= MD_EMPHASIS && n < MD_DEPTH_MAX; p = p->parent)
        marks[n++] = span_mark(s, p);
    for (const struct md_node *p = c->leaf; !c->line && p; p = p->parent)
        if (p->type == MD_QUOTE)
            buf_add(&m->open, S("> "));
    for (size_t i = 0; i < n; i++)
        buf_add(&m->close, marks[i]);
    for (size_t i = n; i > 0; i--)
        buf_add(&m->open, marks[i - 1]);
    m->escape = n == 0;
}

/* Where a list item's text begins in its line: "  10. text" is 6. */
static size_t content_column(str line, bool past_mark)
{
    size_t n = 0, mark;

    while (n < line.len && line.p[n] == ' ')
        n++;
    if (!past_mark)
        return n;
    mark = n;
    while (mark < line.len && line.p[mark] >= '0' && line.p[mark] <= '9')
        mark++;
    if (mark < line.len && is_one_of(mark > n ? ".)" : "-+*", line.p[mark]) && mark + 1 < line.len && line.p[mark + 1] == ' ')
        n = mark + 2;
    return n;
}

/* Lines of the same list lose the depth of the one that now comes first, or they would read as code. */
static void seam_in_list(const struct splitter *s, const struct cut *c, struct seam *m)
{
    const struct md_node *top = top_block(c->leaf);
    str line = line_at(s->source, line_start(s->source, c->at));

    m->dedent_end = s->rest.len;
    for (const struct md_node *n = top->next; n; n = n->next) {
        const struct md_node *leaf = first_leaf(s, n);
        if (leaf) {
            m->dedent_end = line_start(s->source, offset_of(s, leaf->text));
            break;
        }
    }
    if (top->type == MD_LIST && !m->dedent)
        m->dedent = content_column(line, !c->line);
}

static void seam_at(const struct splitter *s, const struct cut *c, struct seam *out)
{
    const struct md_node *code = ancestor(c->leaf, MD_FENCE), *table = ancestor(c->leaf, MD_TABLE);
    const struct md_node *block = c->leaf->parent;

    while (block->type >= MD_EMPHASIS)
        block = block->parent;
    if (code)
        seam_in_code(s, c, code, out);
    else if (table)
        seam_in_table(s, c, table, out);
    else if (!c->line || !is_first_in(s, block, c->leaf))
        seam_in_text(s, c, out);
    seam_in_list(s, c, out);
}

/* ---- pieces ---- */

static str trim_end(str t)
{
    while (t.len && is_one_of(" \t\r\n", t.p[t.len - 1]))
        t.len--;
    return t;
}

/* "[label]: address" lines: they show nothing where they stand, and every piece that names a label needs them. */
static void find_definitions(struct splitter *s, str source)
{
    str rest = source, line, found[64];
    size_t n = 0;

    while (n < N_ELEMENTS(found) && str_split(&rest, '\n', &line)) {
        line = str_trim(line);
        if (line.len < 2000 && str_starts(line, S("[")) && str_find(line, S("]:")) != STR_NONE
            && shows_nothing(line))
            found[n++] = line;
    }
    str *kept = arena_alloc(s->arena, (n + 1) * sizeof *kept);
    for (size_t i = 0; i < n; i++)
        kept[i] = arena_str(s->arena, found[i]);
    s->definitions = (struct pieces){ n, kept };
}

static void add_definitions(const struct splitter *s, struct buf *piece)
{
    bool first = true;

    for (size_t i = 0; i < s->definitions.n; i++) {
        str line = s->definitions.text[i], label = str_take(line, str_find(line, S("]:")) + 1);

        if (str_find(buf_str(piece), label) == STR_NONE || str_find(buf_str(piece), line) != STR_NONE)
            continue;
        buf_addf(piece, "%s%.*s", first ? "\n\n" : "\n", STR(line));
        first = false;
    }
}

static void build_piece(const struct splitter *s, size_t at, const struct seam *m, struct buf *out)
{
    str text = str_take(buf_str(&s->rest), at);

    buf_add(out, m->code ? text : trim_end(text));
    buf_add(out, buf_str(&m->close));
    add_definitions(s, out);
}

static bool fits(const struct splitter *s, const struct cut *c)
{
    CLEANUP(seam_done) struct seam m = {0};
    CLEANUP(buf_done) struct buf piece = {0};

    seam_at(s, c, &m);
    build_piece(s, c->at, &m, &piece);
    return split_units(buf_str(&piece), s->markup, s->unit) <= s->limit;
}

static void keep_piece(struct splitter *s, str text)
{
    if (s->markup == MARKUP_MARKDOWN ? str_trim(text).len == 0 : shows_nothing(text))
        return;
    if (s->n_pieces == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 8;
        s->pieces = mem_resize(s->pieces, s->cap * sizeof *s->pieces);
    }
    s->pieces[s->n_pieces++] = arena_str(s->arena, text);
}

/* Text that goes on in the middle of a paragraph must not read as the start of a list or heading. */
static void add_escaped_start(struct buf *b, str rest)
{
    size_t digits = 0;
    bool mark;

    while (digits < rest.len && digits < 10 && rest.p[digits] >= '0' && rest.p[digits] <= '9')
        digits++;
    if (digits)
        mark = digits < rest.len && is_one_of(".)", rest.p[digits]);
    else    /* '*', '`' and '[' may open spans, which must stay what they are */
        mark = rest.len > 0 && (is_one_of("-+#>=|", rest.p[0]) || str_starts(rest, S("* ")));
    buf_add(b, str_take(rest, digits));
    if (mark)
        buf_add_char(b, '\\');
    buf_add(b, str_skip(rest, digits));
}

static void add_dedented(struct buf *b, str text, size_t columns)
{
    while (text.len) {
        str line = line_at(text, 0);
        size_t skip = 0;

        while (skip < columns && skip < line.len && line.p[skip] == ' ')
            skip++;
        buf_add(b, str_skip(line, skip));
        text = str_skip(text, line.len);
        if (str_eat(&text, S("\n")))
            buf_add_char(b, '\n');
    }
}

static str skip_blank_lines(str t)
{
    for (size_t i = 0; i < t.len && is_one_of(" \t\r\n", t.p[i]);) {
        if (t.p[i++] != '\n')
            continue;
        t = str_skip(t, i);
        i = 0;
    }
    return t;
}

/* What is behind a cut, made to stand at the start of a text. */
static void continue_with(struct buf *next, str rest, const struct cut *c, const struct seam *m)
{
    str first = line_at(rest, 0), list = str_take(rest, m->dedent_end - c->at);
    CLEANUP(buf_done) struct buf dedented = { .max = next->max };

    if (c->line)
        add_dedented(&dedented, list, m->dedent);
    else {
        buf_add(&dedented, m->code ? first : skip_spaces(first));
        add_dedented(&dedented, str_skip(list, first.len), m->dedent);
    }
    buf_add(next, buf_str(&m->open));
    if (m->escape)
        add_escaped_start(next, skip_spaces(buf_str(&dedented)));
    else
        buf_add(next, m->open.len ? buf_str(&dedented) : skip_blank_lines(buf_str(&dedented)));
    buf_add(next, str_skip(rest, list.len));
}

static void cut_off(struct splitter *s, const struct cut *c)
{
    CLEANUP(seam_done) struct seam m = {0};
    CLEANUP(buf_done) struct buf piece = {0};
    struct buf next = { .max = s->rest.max };

    seam_at(s, c, &m);
    build_piece(s, c->at, &m, &piece);
    keep_piece(s, buf_str(&piece));
    continue_with(&next, str_skip(buf_str(&s->rest), c->at), c, &m);
    s->opened = m.open.len;
    buf_done(&s->rest);
    s->rest = next;
}

/* Nothing fits that keeps links and words: cut the source as characters. */
static void cut_hard(struct splitter *s)
{
    str rest = buf_str(&s->rest);
    size_t n = s->limit < rest.len ? s->limit : rest.len;

    if (s->opened) {            /* reopening alone takes too much room: go on without */
        buf_drop(&s->rest, s->opened);
        s->opened = 0;
        return;
    }
    while (n > 1 && utf8_take(rest, n).len && split_units(utf8_take(rest, n), s->markup, s->unit) > s->limit)
        n -= n / 8 + 1;
    str piece = utf8_take(rest, n);
    if (!piece.len)                 /* one character alone */
        piece = utf8_take(rest, 4);
    keep_piece(s, piece);
    buf_drop(&s->rest, piece.len ? piece.len : 1);
}

/* The last cut whose piece fits, then the best near it: in the second half if there is a decent one. */
static const struct cut *best_cut(const struct splitter *s)
{
    size_t lo = 0, hi = s->n_cuts;      /* cuts[lo - 1] fits, cuts[hi] does not */
    const struct cut *best = NULL;

    while (lo < hi && (lo == 0 || hi == s->n_cuts || s->cuts[hi].at - s->cuts[lo - 1].at > s->limit / EXACT_ENOUGH)) {
        size_t mid = lo + (hi - lo) / 2;
        if (fits(s, &s->cuts[mid]))
            lo = mid + 1;
        else
            hi = mid;
    }
    if (!lo)
        return NULL;
    for (size_t i = 0, half = s->cuts[lo - 1].at / 2; i < lo; i++) {
        const struct cut *c = &s->cuts[i];
        bool behind = c->at >= half;

        if (!best || (behind && c->score >= SCORE_WORD && best->at < half) || (c->score >= best->score && (behind || best->at < half)))
            best = c;
    }
    if (best->at < s->cuts[lo - 1].at / 2 && best->score < SCORE_WORD)
        best = &s->cuts[lo - 1];
    return best;
}

static void split_once(struct splitter *s)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct cut *best;

    s->doc = markup_parse(a, utf8_take(buf_str(&s->rest), WINDOW * s->limit + 1024));
    s->source = s->doc->text;
    s->n_cuts = s->last_end = 0;
    list_cuts(s, s->doc);
    best = best_cut(s);
    if (best && fits(s, best))
        cut_off(s, best);
    else
        cut_hard(s);
}

void split_markdown(struct arena *a, str source, enum markup markup, enum text_unit unit, size_t limit, struct pieces *out)
{
    CLEANUP(splitter_done) struct splitter s = { .arena = a, .markup = markup, .unit = unit, .limit = limit };

    assert(limit >= SPLIT_LIMIT_MIN);
    s.rest.max = SIZE_MAX / 4;
    utf8_add_repaired(&s.rest, skip_blank_lines(trim_end(source)));
    if (s.rest.len > limit / 2)
        find_definitions(&s, source);
    while (str_trim(buf_str(&s.rest)).len > 0) {
        if (s.rest.len <= WINDOW * limit + 1024 && split_units(buf_str(&s.rest), markup, unit) <= limit) {
            CLEANUP(buf_done) struct buf piece = {0};

            build_piece(&s, s.rest.len, &(struct seam){0}, &piece);
            if (split_units(buf_str(&piece), markup, unit) <= limit) {
                keep_piece(&s, buf_str(&piece));
                break;
            }
        }
        split_once(&s);
    }
    str *kept = arena_alloc(a, (s.n_pieces + 1) * sizeof *kept);
    for (size_t i = 0; i < s.n_pieces; i++)
        kept[i] = s.pieces[i];
    *out = (struct pieces){ s.n_pieces, kept };
}

void split_for(struct arena *a, str source, const struct channel *channel, struct pieces *out)
{
    split_markdown(a, source, channel->markup, channel->unit, channel->text_max, out);
}
