// SPDX-License-Identifier: Apache-2.0
#include "nlu/train/sentence.h"

#include <string.h>

#include "base/utf8.h"

enum { DEPTH_MAX = 24, PLAIN_PERCENT = 20, SHORT_PERCENT = 15, SHORTEST_OF = 20 };

struct making { const struct corpus *corpus; struct dice *dice; struct sentence *out; uint8_t value; unsigned depth; };

static void add_text(struct making *m, str s)
{
    struct sentence *o = m->out;

    if (s.len > SENTENCE_BYTES_MAX - o->len)
        return;
    memcpy(o->text + o->len, s.p, s.len);
    memset(o->value + o->len, m->value, s.len);
    o->len += s.len;
}

static void expand(struct making *, const struct template *);

static void expand_list(struct making *m, const struct templates *list)
{
    if (list && list->n && m->depth < DEPTH_MAX) {
        m->depth++;
        expand(m, list->p[dice_below(m->dice, list->n)]);
        m->depth--;
    }
}

/* The value that stands in a value ({host} in a filler of {path}) is a part of it. */
static void expand_slot(struct making *m, const struct template *t)
{
    struct sentence *o = m->out;
    size_t slot = corpus_slot_index(m->corpus, t->text);
    bool begins = !m->value && slot < m->corpus->n_slots && o->n_values < SENTENCE_VALUES_MAX &&
        m->corpus->intents[o->intent].slot_bits >> slot & 1;

    if (begins) {
        m->value = (uint8_t)++o->n_values;
        o->slot[m->value] = (uint8_t)slot;
    }
    if (t->first)
        expand(m, t->first);
    else
        expand_list(m, t->filled_by);
    if (begins)
        m->value = 0;
}

static void expand_one(struct making *m, const struct template *t)
{
    size_t n = 0, k;
    const struct template *c = t->first;

    for (; c; c = c->next)
        n++;
    k = n ? dice_below(m->dice, n) : 0;
    for (c = t->first; c && k; c = c->next)
        k--;
    if (c)
        expand(m, c);
}

static void expand(struct making *m, const struct template *t)
{
    switch (t->kind) {
    case TEMPLATE_TEXT: add_text(m, t->text); break;
    case TEMPLATE_ONE: expand_one(m, t); break;
    case TEMPLATE_SLOT: expand_slot(m, t); break;
    case TEMPLATE_LIST: expand_list(m, t->filled_by); break;
    case TEMPLATE_MAYBE:
        if (dice_percent(m->dice, 50))
            expand(m, t->first);
        break;
    case TEMPLATE_ALL:
        for (t = t->first; t; t = t->next)
            expand(m, t);
        break;
    }
}

/* One space where the options that were left out leave several, and none at the ends or before a stop. */
static void tidy(struct sentence *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->len; i++) {
        bool space = s->text[i] == ' ', last = i + 2 == s->len || (i + 2 < s->len && s->text[i + 2] == ' ');
        bool stop = i + 1 < s->len && strchr(",.?!", s->text[i + 1]) && last;

        if (space && (n == 0 || s->text[n - 1] == ' ' || i + 1 == s->len || stop))
            continue;
        s->text[n] = s->text[i];
        s->value[n++] = s->value[i];
    }
    s->len = n && s->text[n - 1] == ' ' ? n - 1 : n;
    s->text[s->len] = 0;
}

void sentence_make(const struct corpus *c, struct dice *d, enum language l, size_t intent, const struct template *t, struct sentence *out)
{
    struct making m = { .corpus = c, .dice = d, .out = out };

    out->len = out->n_values = 0;
    out->language = l;
    out->intent = intent;
    expand(&m, t);
    tidy(out);
}

/* The value that most of the token's bytes belong to; TAG_UNKNOWN if it is cut by a value's end. */
static unsigned value_of(const struct sentence *s, const struct normal *n, const struct token *k)
{
    unsigned first = s->value[n->origin[k->start]];

    for (size_t i = k->start; i < k->end; i++)
        if (s->value[n->origin[i]] != first && n->text.p[i] != ' ')
            return TAG_UNKNOWN;
    return first;
}

static bool is_one_of(str s, const char *const *words)
{
    while (*words && !str_eq(s, str_from(*words)))
        words++;
    return *words;
}

/* A value does not begin with what ties it to the sentence; of 第五条 it is 五. */
static void tag(const struct sentence *s, const struct normal *n, struct sample *out)
{
    static const char *const particles[] = { "at", "on", "于", "在", "\"", "'", "number", "#", "第", NULL };
    static const char *const counted[] = { "条", "个", "项", "则", "篇", NULL };
    unsigned before = 0, counted_out = 0;
    bool ordinal = false;

    for (size_t i = 0; i < out->tokens.n; i++) {
        const struct token *k = &out->tokens.p[i];
        str word = str_cut(n->text, k->start, k->end);
        unsigned v = value_of(s, n, k);

        out->tags[i] = v == TAG_UNKNOWN ? TAG_UNKNOWN : 0;
        if (v && v != TAG_UNKNOWN && v != before && is_one_of(word, particles)) {
            ordinal = str_eq(word, S("第"));
            continue;
        }
        if (ordinal && v == before && is_one_of(word, counted))
            counted_out = v;
        if (v && v != TAG_UNKNOWN && v != counted_out)
            out->tags[i] = (uint8_t)(1 + 2 * s->slot[v] + (v == before));
        ordinal &= v != 0;
        before = v;
    }
}

/* The machines of the sentence are known to half of those who write it. */
static size_t hosts_of(const struct corpus *c, const struct sentence *s, str *out, size_t max)
{
    size_t host = corpus_slot_index(c, S("host")), n = 0;

    for (size_t i = 0; i < s->len && n < max; i++) {
        size_t start = i;

        if (!s->value[i] || s->slot[s->value[i]] != host || (i && s->value[i - 1] == s->value[i]))
            continue;
        while (i + 1 < s->len && s->value[i + 1] == s->value[start])
            i++;
        out[n++] = str_of(s->text + start, i + 1 - start);
    }
    return n;
}

void sentence_read(struct arena *a, const struct corpus *c, const struct sentence *s, bool knows_hosts, struct sample *out)
{
    str hosts[4] = { S("web-1"), S("db-2") };
    struct nlu_context context = { .now = INT64_C(1768471200000), .zone = zone_utc(), .project = S("/projects/my_app"), .hosts = hosts,
            .n_hosts = 2 };
    struct normal normal;
    struct entities entities = { 0 };

    if (knows_hosts)
        context.n_hosts += hosts_of(c, s, hosts + 2, 2);
    normal_make(a, str_of(s->text, s->len), &normal);
    entities_find(a, &context, &normal, &entities);
    tokens_make(&normal, &entities, &out->tokens);
    out->intent = s->intent;
    tag(s, &normal, out);
}

/* None of these is one sentence in four: what is out of scope is wider than any intent. */
static size_t draw_intent(const struct corpus *c, struct dice *d, enum language l)
{
    size_t none = c->n_intents - 1, i = none;

    if (c->intents[none].said[l].n && dice_below(d, 4) == 0)
        return none;
    for (size_t k = 0; k < 1000 && (i == none || !c->intents[i].said[l].n); k++)
        i = dice_below(d, none);
    return i;
}

/* What is asked most often is asked in two words, and people who were asked to write down how they would say it write more: so now and
 * then one of the plain, or the shortest of many. */
static const struct template *draw_template(const struct corpus_intent *t, enum language l, struct dice *d, bool none)
{
    const struct templates *said = &t->said[l], *plain = &t->plain[l];
    bool short_too = !none && dice_percent(d, SHORT_PERCENT);

    if (plain->n && dice_percent(d, PLAIN_PERCENT))
        return plain->p[dice_below(d, plain->n)];
    const struct template *best = said->p[dice_below(d, said->n)];

    for (size_t i = 1; i < SHORTEST_OF && short_too; i++) {
        const struct template *other = said->p[dice_below(d, said->n)];

        best = other->least < best->least ? other : best;
    }
    return best;
}

void sentence_draw(struct arena *a, const struct corpus *c, struct dice *d, struct sentence *scratch, struct sample *out)
{
    do {
        enum language l = (enum language)dice_below(d, LANGUAGES);
        size_t intent = draw_intent(c, d, l);

        if (!c->intents[intent].said[l].n)
            continue;
        sentence_make(c, d, l, intent, draw_template(&c->intents[intent], l, d, intent + 1 == c->n_intents), scratch);
        sentence_vary(c, d, scratch);
        sentence_spoil(c, d, scratch);
        sentence_read(a, c, scratch, dice_percent(d, 50), out);
        if (out->tokens.n && !out->tokens.too_long)
            return;
    } while (true);
}
