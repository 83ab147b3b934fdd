// SPDX-License-Identifier: Apache-2.0
/* vary.c: values that no list holds.  What people want to be reminded of or call a list is any words at all: some values get words of other
 * sentences, so that where a value begins and ends is learned from what stands around it. */
#include <string.h>

#include "base/utf8.h"
#include "nlu/train/sentence.h"

static bool is_free(str type)
{
    return str_eq(type, S("text")) || str_eq(type, S("name")) || str_eq(type, S("person")) || str_eq(type, S("glob")) || str_eq(type,
            S("host")) ||
        str_eq(type, S("service")) || str_eq(type, S("process"));
}

static bool slot_is_free(const struct corpus_intent *t, size_t slot)
{
    for (size_t i = 0; i < t->n_slots; i++)
        if (t->slots[i].slot == slot)
            return is_free(t->slots[i].type);
    return false;
}

/* A Latin word, or one Han character: 0 for anything else. */
static size_t word_at(const char *p, size_t len)
{
    uint32_t c = 0;
    size_t n = 0;

    while (n < len && ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z')))
        n++;
    if (n)
        return n;
    n = utf8_next(str_of(p, len), &c);
    return c >= 0x4e00 && c < 0xa000 ? n : 0;
}

struct varying { const struct corpus *corpus; struct dice *dice; const struct sentence *from; struct sentence *to; };

static void put(struct varying *v, str s, uint8_t value)
{
    struct sentence *o = v->to;

    if (s.len > SENTENCE_BYTES_MAX - o->len)
        return;
    memcpy(o->text + o->len, s.p, s.len);
    memset(o->value + o->len, value, s.len);
    o->len += s.len;
}

static str other_word(struct varying *v, bool latin)
{
    const struct words_pool *p = &v->corpus->pool[latin ? EN : ZH];

    return p->n ? p->p[dice_below(v->dice, p->n)] : S("");
}

/* Some words are others, some are one more. */
static void vary_word(struct varying *v, str word, uint8_t value)
{
    bool latin = (unsigned char)word.p[0] < 0x80;

    put(v, dice_percent(v->dice, 65) ? other_word(v, latin) : word, value);
    if (dice_percent(v->dice, 15)) {
        put(v, latin ? S(" ") : S(""), value);
        put(v, other_word(v, latin), value);
    }
}

/* A machine may be named before or behind all that can be done on one. */
static void add_host(const struct corpus *c, struct dice *d, struct sentence *s)
{
    static const struct { const char *before, *after; } ways[LANGUAGES][8] = {
        { { "", ": " }, { "on ", ", " }, { "on ", " " }, { " on ", "" }, { " on ", "" }, { " at ", "" }, { ", ", "" }, { " for ", "" } },
        { { "", " " }, { "", "上" }, { "在", "上" }, { "", " 上" }, { "", "的" }, { "", "，" }, { "，", "" }, { "，在 ", " 上" } } };
    static const size_t fronts[LANGUAGES] = { 3, 6 };
    const struct templates *hosts = corpus_filler(c, s->language, S("host"));
    struct sentence host, out = *s;
    struct varying v = { c, d, s, &out };
    size_t way = dice_below(d, 8);
    uint8_t value = (uint8_t)(s->n_values + 1);

    if (!hosts || s->n_values == SENTENCE_VALUES_MAX)
        return;
    sentence_make(c, d, s->language, c->n_intents - 1, hosts->p[dice_below(d, hosts->n)], &host);
    if (way < fronts[s->language])
        out.len = 0;
    put(&v, str_from(ways[s->language][way].before), 0);
    put(&v, str_of(host.text, host.len), value);
    put(&v, str_from(ways[s->language][way].after), 0);
    for (size_t i = 0; way < fronts[s->language] && i < s->len; i++)
        put(&v, str_of(s->text + i, 1), s->value[i]);
    out.slot[value] = (uint8_t)corpus_slot_index(c, S("host"));
    out.n_values++;
    out.text[out.len] = 0;
    *s = out;
}

static bool lacks_host(const struct corpus *c, const struct sentence *s)
{
    size_t host = corpus_slot_index(c, S("host"));

    if (host == c->n_slots || !(c->intents[s->intent].slot_bits >> host & 1))
        return false;
    for (size_t i = 1; i <= s->n_values; i++)
        if (s->slot[i] == host)
            return false;
    return true;
}

void sentence_vary(const struct corpus *c, struct dice *d, struct sentence *s)
{
    struct sentence out = *s;
    struct varying v = { c, d, s, &out };
    bool varied[SENTENCE_VALUES_MAX + 1] = { false };

    if (lacks_host(c, s) && dice_percent(d, 12)) {
        add_host(c, d, s);
        out = *s;
    }
    for (size_t i = 1; i <= s->n_values; i++)
        varied[i] = slot_is_free(&c->intents[s->intent], s->slot[i]) && dice_percent(d, 25);
    out.len = 0;
    for (size_t at = 0, n; at < s->len; at += n) {
        n = varied[s->value[at]] ? word_at(s->text + at, s->len - at) : 0;
        if (n)
            vary_word(&v, str_of(s->text + at, n), s->value[at]);
        else
            put(&v, str_of(s->text + at, n = 1), s->value[at]);
    }
    out.text[out.len] = 0;
    *s = out;
}
