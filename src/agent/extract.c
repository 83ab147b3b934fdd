// SPDX-License-Identifier: Apache-2.0
#include "agent/extract.h"

#include <math.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/utf8.h"
#include "runtime/offload.h"

enum { TERMS_MAX = 300, TERM_BYTES = 60, SENTENCE_BYTES = 2000 };

/* ---- characters ---- */

static bool is_han(uint32_t ch)
{
    return (ch >= 0x3400 && ch <= 0x9fff) || (ch >= 0xf900 && ch <= 0xfaff) || (ch >= 0x20000 && ch <= 0x3ffff);
}

static bool is_letter(uint32_t ch)
{
    utf8proc_category_t c = utf8proc_category((utf8proc_int32_t)ch);

    return (c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO) || c == UTF8PROC_CATEGORY_ND || c == UTF8PROC_CATEGORY_MN;
}

static bool is_full_stop(uint32_t ch)       /* ends a sentence wherever it stands */
{
    return ch == 0x3002 || ch == 0xff01 || ch == 0xff1f || ch == 0xff61 || ch == 0x2026 || ch == 0x203c;
}

static bool is_closing(uint32_t ch)         /* belongs to the sentence that it follows */
{
    return ch == '"' || ch == '\'' || ch == ')' || ch == ']' || ch == 0x201d || ch == 0x2019 || ch == 0x300d || ch == 0x300f
           || ch == 0xff09 || ch == 0x300b;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---- sentences ---- */

/* "Dr", "e.g", a single capital: the dot behind it ends nothing. */
static bool is_abbreviation(str before)
{
    static const char known[] = "mr mrs ms dr prof st vs etc fig no vol inc ltd co jr sr e.g i.e al approx dept est z.b bzw ca";
    size_t at = before.len;

    while (at && !is_space(before.p[at - 1]) && before.p[at - 1] != '(')
        at--;
    str word = str_skip(before, at), all = str_from(known), one;

    if (word.len == 1 && word.p[0] >= 'A' && word.p[0] <= 'Z')
        return true;
    if (str_trim(before).len == word.len && str_u64(word, &(uint64_t){ 0 }) == OK)      /* "1. first" */
        return true;
    while (str_split(&all, ' ', &one))
        if (str_eq_nocase(word, one))
            return true;
    return false;
}

/* Does a line begin that is a heading, an item, or nothing? */
static bool is_block_start(str rest)
{
    while (rest.len && (rest.p[0] == ' ' || rest.p[0] == '\t' || rest.p[0] == '\r'))
        rest = str_skip(rest, 1);
    if (rest.len == 0)
        return true;
    size_t digits = 0;

    while (digits < rest.len && rest.p[digits] >= '0' && rest.p[digits] <= '9')
        digits++;
    if (digits && digits + 1 < rest.len && strchr(".)", rest.p[digits]) && rest.p[digits + 1] == ' ')
        return true;
    return strchr("\n#>|", rest.p[0]) || (strchr("-*+=", rest.p[0]) && (rest.len == 1 || is_space(rest.p[1]) || rest.p[1] == rest.p[0]));
}

/* Length of the sentence at the start, with what closes it. */
static size_t sentence_length(str text)
{
    bool is_heading = str_starts(str_trim(text), S("#"));
    uint32_t ch = 0;

    for (size_t i = 0; i < text.len; ) {
        size_t n = utf8_next(str_skip(text, i), &ch);
        size_t end = i + (n ? n : 1);

        if (ch == '\n' && (is_heading || is_block_start(str_skip(text, end))))
            return end;
        bool stop = is_full_stop(ch) || ((ch == '.' || ch == '!' || ch == '?') && !(ch == '.' && is_abbreviation(str_take(text, i))));

        while (stop && end < text.len && (n = utf8_next(str_skip(text, end), &ch)) && (is_closing(ch) || is_full_stop(ch)))
            end += n;
        if (stop && (end == text.len || is_space(text.p[end]) || (unsigned char)text.p[end] >= 0x80 || is_full_stop(ch)))
            return end;
        if (end > SENTENCE_BYTES)
            return end;
        i = end;
    }
    return text.len;
}

void extract_sentences(struct arena *a, str text, struct sentences *out)
{
    str *list = NULL;
    size_t n = 0, cap = 0;

    while (text.len && n < EXTRACT_SENTENCES_MAX) {
        size_t length = sentence_length(text);
        str s = str_trim(str_take(text, length));

        text = str_skip(text, length);
        if (s.len == 0)
            continue;
        if (n == cap) {
            str *more = arena_alloc(a, (cap = cap * 2 + 64) * sizeof *more);

            if (n)
                memcpy(more, list, n * sizeof *more);
            list = more;
        }
        list[n++] = s;
    }
    *out = (struct sentences){ list, n };
}

/* ---- words ---- */

struct term { size_t index, count; double value; };     /* value: of saying it; less once it was said */

struct counted { uint32_t *terms; size_t n; };      /* of one sentence: indexes, each once */

struct text {
    struct arena    *arena;
    struct map       known;         /* struct term by word */
    struct term    **terms;
    size_t           n_terms, cap;
    struct counted  *sentences;
};

static bool is_common(str word)
{
    static const char common[] =
        "the of and to in a is that for on with as are was were by it its be this these those from at or an not no have has had which "
        "will would can could may should do does did but if then than so such there their they them he she his her we our you your i "
        "also more most other some any all each into over about after before between when where who what how been being one two "
        "的 了 是 在 和 也 就 都 而 及 与 着 或 这 那 我们 他们 一个 可以 因为 所以 但是 如果 这个 那个 以及 没有 不是 就是 自己 其中";
    str all = str_from(common), one;

    while (str_split(&all, ' ', &one))
        if (str_eq(word, one))
            return true;
    return false;
}

static bool has(const struct counted *c, uint32_t index)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->terms[i] == index)
            return true;
    return false;
}

static void count_term(struct text *t, struct counted *c, str word)
{
    struct term *term = map_get(&t->known, word);

    if (word.len == 0 || c->n == TERMS_MAX || is_common(word))
        return;
    if (term == NULL) {
        if (t->n_terms == t->cap) {
            struct term **more = arena_alloc(t->arena, (t->cap = t->cap * 2 + 256) * sizeof *more);

            if (t->n_terms)
                memcpy(more, t->terms, t->n_terms * sizeof *more);
            t->terms = more;
        }
        term = ARENA_NEW(t->arena, struct term);
        term->index = t->n_terms;
        t->terms[t->n_terms++] = term;
        map_put(&t->known, word, term);
    }
    term->count++;
    if (!has(c, (uint32_t)term->index))
        c->terms[c->n++] = (uint32_t)term->index;
}

/* A word of letters, folded to lower case; of Chinese every two characters that follow each other. */
static void count_words(struct text *t, str s, struct counted *c)
{
    uint32_t terms[TERMS_MAX], ch = 0;
    CLEANUP(buf_done) struct buf word = { .max = TERM_BYTES };
    str before = NO_STR;        /* the Chinese character before */

    *c = (struct counted){ .terms = terms };
    for (size_t n; s.len; s = str_skip(s, n)) {
        n = utf8_next(s, &ch);
        if (n == 0)
            n = 1;
        bool letter = is_letter(ch) && !is_han(ch);

        if (!letter) {
            count_term(t, c, buf_str(&word));
            buf_clear(&word);
        }
        if (is_han(ch) && before.len)
            count_term(t, c, str_of(before.p, before.len + n));
        before = is_han(ch) ? str_take(s, n) : NO_STR;
        if (letter)
            utf8_add(&word, (uint32_t)utf8proc_tolower((utf8proc_int32_t)ch));
    }
    count_term(t, c, buf_str(&word));
    c->terms = arena_alloc(t->arena, c->n * sizeof *c->terms);
    if (c->n)
        memcpy(c->terms, terms, c->n * sizeof *terms);
}

/* ---- choosing ---- */

/* Headings and fragments say little, very long sentences too much; the beginning says what it is about. */
static double weight_of(const struct text *t, const struct counted *c, size_t place, size_t all)
{
    double sum = 0, n = (double)c->n;

    if (c->n < 2)
        return 0;
    for (size_t i = 0; i < c->n; i++)
        sum += t->terms[c->terms[i]]->value;
    sum /= sqrt(n);
    if (c->n < 5)
        sum *= 0.4;
    if (c->n > 60)
        sum *= 0.7;
    return sum * (place == 0 ? 1.5 : place < 3 || place + 1 == all ? 1.2 : 1);
}

static size_t best(const struct text *t, const struct sentences *s, const bool *chosen, size_t room)
{
    size_t n = s->n, found = n;
    double most = 0;

    for (size_t i = 0; i < n; i++) {
        double w = chosen[i] || s->text[i].len >= room ? 0 : weight_of(t, &t->sentences[i], i, n);

        if (w > most) {
            most = w;
            found = i;
        }
    }
    return found;
}

static void say_less_of(struct text *t, const struct counted *c)
{
    for (size_t i = 0; i < c->n; i++)
        t->terms[c->terms[i]]->value *= 0.3;
}

/* On one line. */
static void add_sentence(struct buf *b, str s)
{
    bool space = false;

    if (b->len)
        buf_add_char(b, '\n');
    for (size_t i = 0; i < s.len; i++) {
        bool is = is_space(s.p[i]);

        if (!is || !space)
            buf_add_char(b, is ? ' ' : s.p[i]);
        space = is;
    }
}

str extract_summary(struct arena *a, str source, size_t max_sentences, size_t max_bytes)
{
    CLEANUP(arena_freep) struct arena *scratch = arena_new();
    struct text t = { .arena = scratch };
    CLEANUP(buf_done) struct buf b = { 0 };
    struct sentences s;
    size_t next;

    extract_sentences(scratch, source, &s);
    t.sentences = arena_alloc(scratch, s.n * sizeof *t.sentences);
    bool *chosen = arena_alloc(scratch, s.n);

    for (size_t i = 0; i < s.n; i++)
        count_words(&t, s.text[i], &t.sentences[i]);
    for (size_t i = 0; i < t.n_terms; i++)
        t.terms[i]->value = t.terms[i]->count > 1 ? log(1 + (double)t.terms[i]->count) : 0.1;
    for (size_t n = 0; n < max_sentences && (next = best(&t, &s, chosen, max_bytes)) < s.n; n++) {
        chosen[next] = true;
        max_bytes -= s.text[next].len + 1;
        say_less_of(&t, &t.sentences[next]);
    }
    for (size_t i = 0; i < s.n; i++)
        if (chosen[i])
            add_sentence(&b, s.text[i]);
    map_done(&t.known);
    return arena_str(a, buf_str(&b));
}

struct extraction { struct arena *arena; str from, to; size_t sentences, bytes; };

static enum err extract(void *arg)
{
    struct extraction *x = arg;

    x->to = extract_summary(x->arena, x->from, x->sentences, x->bytes);
    return OK;
}

enum err extract_offloaded(struct arena *a, str text, size_t max_sentences, size_t max_bytes, str *out)
{
    CLEANUP(arena_freep) struct arena *own = arena_new();       /* the thread's */
    struct extraction x = { .arena = own, .from = text, .sentences = max_sentences, .bytes = max_bytes };

    TRY(fiber_offload(extract, &x));
    *out = arena_str(a, x.to.len ? x.to : utf8_take(text, max_bytes));
    return OK;
}
