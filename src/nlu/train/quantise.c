// SPDX-License-Identifier: Apache-2.0
/* quantise.c: the file of weights (network.c).  A layer's weights are bytes with one scale for each of its outputs; the tokens' rows
 * share one. */
#include <string.h>

#include "base/buf.h"
#include "nlu/train/net.h"

enum { FILE_MAX = 4 << 20, ALIGN = 16 };

static void align(struct buf *b)
{
    while (b->len % ALIGN)
        buf_add_char(b, 0);
}

static void part(struct buf *b, const void *p, size_t size)
{
    align(b);
    buf_add(b, str_of(p, size));
}

static int32_t rounded(double v) { return (int32_t)(v < 0 ? v - 0.5 : v + 0.5); }
static int8_t  as_byte(float v) { return (int8_t)(v > 127 ? 127 : v < -127 ? -127 : rounded((double)v)); }

/* Out of the in x out (of out_wide) matrix: out rows of bytes, each with its own scale; `one` is 1.0 in what comes out. */
static void dense(struct buf *b, const struct tensor *w, const struct tensor *bias, size_t in, size_t out, size_t out_wide, int one)
{
    int8_t bytes[NET_TAPS * NET_HIDDEN + NET_POOLED];
    int32_t scale[NET_INTENTS_MAX], offset[NET_INTENTS_MAX] = { 0 };

    align(b);
    for (size_t j = 0; j < out; j++) {
        float max = 1e-6f;

        for (size_t i = 0; i < in; i++) {
            float v = w->w[i * out_wide + j];

            max = v > max ? v : -v > max ? -v : max;
        }
        for (size_t i = 0; i < in; i++)
            bytes[i] = as_byte(w->w[i * out_wide + j] / max * 127);
        buf_add(b, str_of(bytes, in));
        scale[j] = rounded((double)max / 127 * one / NET_ONE * (1 << NET_SHIFT));
        offset[j] = bias ? rounded((double)bias->w[j] * one) : 0;
    }
    part(b, offset, out * sizeof(*offset));
    part(b, scale, out * sizeof(*scale));
}

/* A row that nothing was learned of means nothing. */
static bool is_learned(const struct net *n, size_t row)
{
    for (size_t k = 0; k < NET_DIMS; k++)
        if (n->rows.v[row * NET_DIMS + k] > 0)
            return true;
    return false;
}

/* Six times the usual size; the few values beyond are cut. */
static float row_reach(const struct net *n)
{
    double sum = 0;
    size_t count = 1;

    for (size_t r = 0; r < NET_ROWS; r++)
        for (size_t k = 0; is_learned(n, r) && k < NET_DIMS; k++, count++)
            sum += (double)n->rows.w[r * NET_DIMS + k] * (double)n->rows.w[r * NET_DIMS + k];
    return 6 * (float)__builtin_sqrt(sum / (double)count) + 1e-6f;
}

static void rows(struct buf *b, const struct net *n, float reach)
{
    int8_t bytes[NET_DIMS];

    align(b);
    for (size_t r = 0; r < NET_ROWS; r++) {
        bool learned = is_learned(n, r);

        for (size_t k = 0; k < NET_DIMS; k++)
            bytes[k] = learned ? as_byte(n->rows.w[r * NET_DIMS + k] / reach * 127) : 0;
        buf_add(b, str_of(bytes, sizeof(bytes)));
    }
}

static void names(struct buf *b, const struct corpus *c, struct network_header *h)
{
    size_t start;

    align(b);
    start = b->len;
    for (size_t i = 0; i < c->n_intents; i++)
        buf_add(b, str_of(c->intents[i].name.p, c->intents[i].name.len + 1));
    for (size_t i = 0; i < c->n_slots; i++)
        buf_add(b, str_of(c->slots[i].p, c->slots[i].len + 1));
    h->names_size = (uint32_t)(b->len - start);
}

static void slots_of(struct buf *b, const struct corpus *c)
{
    align(b);
    for (size_t i = 0; i < c->n_intents; i++)
        buf_add(b, str_of(&c->intents[i].slot_bits, sizeof(c->intents[i].slot_bits)));
}

static void tag_intents(struct buf *b, const struct net *n)
{
    align(b);
    for (size_t i = 0; i < n->n_intents * NET_HIDDEN; i++) {
        int16_t v = (int16_t)rounded((double)n->tag_intent.w[i] * NET_ONE);

        buf_add(b, str_of(&v, sizeof(v)));
    }
}

static void member(struct buf *b, const struct net *n, struct network_header *h)
{
    float reach = row_reach(n);

    h->row_scale[n->member] = rounded((double)reach / 127 * NET_ONE * (1 << NET_SHIFT));
    rows(b, n, reach);
    for (size_t l = 0; l < NET_LAYERS; l++)
        dense(b, &n->layer[l], &n->layer_bias[l], NET_TAPS * (l ? NET_HIDDEN : NET_DIMS), NET_HIDDEN, NET_HIDDEN, NET_ONE);
    dense(b, &n->intent, &n->intent_bias, NET_POOLED, n->n_intents, n->intents_wide, NET_SCORE_ONE);
    dense(b, &n->tag_hidden, &n->tag_hidden_bias, NET_TAG_IN, NET_HIDDEN, NET_HIDDEN, NET_ONE);
    dense(b, &n->tag_sentence, NULL, NET_POOLED, NET_HIDDEN, NET_HIDDEN, NET_ONE);
    dense(b, &n->tag, &n->tag_bias, NET_HIDDEN, 1 + 2 * n->n_slots, n->tags_wide, NET_SCORE_ONE);
    tag_intents(b, n);
}

str net_quantise(struct arena *a, struct net *const members[NET_MEMBERS], const struct corpus *c, const struct network_header *given,
    const int32_t *sure_from)
{
    CLEANUP(buf_done) struct buf b = { .max = FILE_MAX };
    struct network_header h = *given;

    memcpy(h.magic, NET_MAGIC, sizeof(h.magic));
    h.format = NET_FORMAT;
    h.layout = TOKEN_LAYOUT * 1000 + ENTITY_TYPES;
    h.members = NET_MEMBERS;
    h.rows = NET_ROWS;
    h.dims = NET_DIMS;
    h.hidden = NET_HIDDEN;
    h.layers = NET_LAYERS;
    h.n_intents = (uint32_t)c->n_intents;
    h.n_slots = (uint32_t)c->n_slots;
    buf_add(&b, str_of(&h, sizeof(h)));
    names(&b, c, &h);
    slots_of(&b, c);
    part(&b, sure_from, c->n_intents * sizeof(*sure_from));
    for (size_t i = 0; i < NET_MEMBERS; i++)
        member(&b, members[i], &h);
    h.size = (uint32_t)b.len;
    memcpy(b.p, &h, sizeof(h));
    return arena_str(a, buf_str(&b));
}
