// SPDX-License-Identifier: Apache-2.0
/* network.c: behind the header, each part at a multiple of 16 bytes: the names of intents and of slots, each ended by a NUL; slots_of,
 * sure_from; then of each member rows; the layers, the intents' scores, the tags' hidden layer, what the sentence adds to it, and their
 * scores, each as weights, bias, scale; tag_intent.
 *
 * Sums of products of whole numbers in 16 bits: no order of summation and no machine changes them. */
#include "nlu/network.h"

#include <string.h>

/* Whole numbers are the same in wider registers; the sanitizers' compiler does without, as functions chosen at the start are too early
 * for it. */
#if defined(__x86_64__) && !defined(__clang__)
#define WIDER __attribute__((target_clones("arch=x86-64-v4", "avx2", "default")))
#else
#define WIDER
#endif

enum { ALIGN = 16 };

/* Reading. */

struct reader { struct arena *arena; str file; size_t at; bool bad; };

static const void *part(struct reader *r, size_t size)
{
    const void *p;

    r->at = (r->at + ALIGN - 1) / ALIGN * ALIGN;
    if (r->bad || r->at > r->file.len || size > r->file.len - r->at) {
        r->bad = true;
        return NULL;
    }
    p = r->file.p + r->at;
    r->at += size;
    return p;
}

/* A copy: the file may lie at any address. */
static const void *copied(struct reader *r, size_t size)
{
    const void *p = part(r, size);

    return p ? memcpy(arena_alloc(r->arena, size), p, size) : NULL;
}

static const int16_t *widened(struct reader *r, size_t n)
{
    const int8_t *from = part(r, n);
    int16_t *to = from ? arena_alloc(r->arena, n * sizeof(*to)) : NULL;

    for (size_t i = 0; to && i < n; i++)
        to[i] = from[i];
    return to;
}

static struct network_dense dense(struct reader *r, size_t out, size_t in)
{
    struct network_dense d = { .w = widened(r, out * in) };

    d.bias = copied(r, out * sizeof(int32_t));
    d.scale = copied(r, out * sizeof(int32_t));
    return d;
}

static void names(struct reader *r, const char **out, size_t n, const char **at, const char *end)
{
    for (size_t i = 0; i < n && !r->bad; i++) {
        const char *nul = memchr(*at, 0, (size_t)(end - *at));

        out[i] = *at;
        r->bad = !nul;
        *at = nul ? nul + 1 : *at;
    }
}

static void all_names(struct reader *r, struct network *n)
{
    const char *at = part(r, n->header->names_size), *end = at ? at + n->header->names_size : NULL;

    if (!at)
        return;
    names(r, n->intents, n->n_intents, &at, end);
    names(r, n->slots, n->n_slots, &at, end);
}

static bool header_fits(const struct network_header *h, size_t size)
{
    return memcmp(h->magic, NET_MAGIC, sizeof(h->magic)) == 0 && h->format == NET_FORMAT && h->layout == TOKEN_LAYOUT * 1000 +
            ENTITY_TYPES &&
        h->members == NET_MEMBERS && h->rows == NET_ROWS && h->dims == NET_DIMS && h->hidden == NET_HIDDEN && h->layers == NET_LAYERS &&
                h->n_intents > 0 &&
        h->n_intents <= NET_INTENTS_MAX && h->n_slots <= NET_SLOTS_MAX && h->size == size && !h->compiler[sizeof(h->compiler) - 1];
}

static void read_member(struct reader *r, const struct network *n, struct network_member *m)
{
    m->rows = part(r, (size_t)NET_ROWS * NET_DIMS);
    for (size_t i = 0; i < NET_LAYERS; i++)
        m->layer[i] = dense(r, NET_HIDDEN, NET_TAPS * (i ? NET_HIDDEN : NET_DIMS));
    m->intent = dense(r, n->n_intents, NET_POOLED);
    m->tag_hidden = dense(r, NET_HIDDEN, NET_TAG_IN);
    m->tag_sentence = dense(r, NET_HIDDEN, NET_POOLED);
    m->tag = dense(r, 1 + 2 * n->n_slots, NET_HIDDEN);
    m->tag_intent = copied(r, n->n_intents * NET_HIDDEN * sizeof(int16_t));
}

enum err network_load(struct arena *a, str file, struct network *out)
{
    struct reader r = { .arena = a, .file = file };
    struct network n = { .header = copied(&r, sizeof(*n.header)) };

    if (!n.header || !header_fits(n.header, file.len))
        return failed(ERR_INPUT, "these are no weights that this program can use");
    n.n_intents = n.header->n_intents;
    n.n_slots = n.header->n_slots;
    all_names(&r, &n);
    n.slots_of = copied(&r, n.n_intents * sizeof(uint64_t));
    n.sure_from = copied(&r, n.n_intents * sizeof(int32_t));
    for (size_t i = 0; i < NET_MEMBERS; i++) {
        read_member(&r, &n, &n.members[i]);
        n.members[i].row_scale = n.header->row_scale[i];
    }
    if (r.bad || r.at != file.len)
        return failed(ERR_INPUT, "the file of weights is cut short or too long");
    *out = n;
    return OK;
}

/* Running. */

static int16_t clamped(int64_t v, int64_t least)
{
    return (int16_t)(v < least ? least : v > NET_VALUE_MAX ? NET_VALUE_MAX : v);
}

/* Always inlined with a constant n, a multiple of 16: a row of multiply-and-add instructions. */
static inline __attribute__((always_inline)) int32_t product(const int16_t *restrict a, const int16_t *restrict b, size_t n)
{
    int32_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (int32_t)a[i] * b[i];
    return sum;
}

static inline __attribute__((always_inline)) int64_t dense_one(const struct network_dense *d, size_t j, const int16_t *x, size_t in)
{
    return ((product(d->w + j * in, x, in) * (int64_t)d->scale[j]) >> NET_SHIFT) + d->bias[j];
}

enum { SIDE_BY_SIDE = 4 };      /* outputs whose sums do not wait for each other */

/* The hidden layers' outputs for two inputs, which share what is read of the weights; without what makes them positive. */
static inline __attribute__((always_inline)) void dense_hidden(const struct network_dense *d, const int16_t *restrict x,
        const int16_t *restrict y, size_t in, int64_t out[2][NET_HIDDEN])
{
    for (size_t j = 0; j < NET_HIDDEN; j += SIDE_BY_SIDE) {
        const int16_t *restrict w = d->w + j * in;
        int32_t x0 = 0, x1 = 0, x2 = 0, x3 = 0, y0 = 0, y1 = 0, y2 = 0, y3 = 0;

        for (size_t i = 0; i < in; i++) {
            x0 += (int32_t)w[i] * x[i];
            y0 += (int32_t)w[i] * y[i];
            x1 += (int32_t)w[in + i] * x[i];
            y1 += (int32_t)w[in + i] * y[i];
            x2 += (int32_t)w[2 * in + i] * x[i];
            y2 += (int32_t)w[2 * in + i] * y[i];
            x3 += (int32_t)w[3 * in + i] * x[i];
            y3 += (int32_t)w[3 * in + i] * y[i];
        }
        out[0][j] = x0;
        out[0][j + 1] = x1;
        out[0][j + 2] = x2;
        out[0][j + 3] = x3;
        out[1][j] = y0;
        out[1][j + 1] = y1;
        out[1][j + 2] = y2;
        out[1][j + 3] = y3;
    }
    for (size_t k = 0; k < 2; k++)
        for (size_t j = 0; j < NET_HIDDEN; j++)
            out[k][j] = ((out[k][j] * d->scale[j]) >> NET_SHIFT) + d->bias[j];
}

/* The rows that count whole, and the mean of the parts. */
WIDER static void embed(const struct network *n, size_t member, const struct tokens *t, const struct token *k, int16_t *x)
{
    const struct network_member *m = &n->members[member];
    int32_t whole[NET_DIMS] = { 0 }, parts[NET_DIMS] = { 0 };
    const uint16_t *f = t->features + k->first;
    int32_t share = k->n_parts ? NET_SHARE_ONE / k->n_parts : 0;

    for (size_t i = 0; i < (size_t)k->n_whole + k->n_parts; i++) {
        const int8_t *row = m->rows + network_row(member, f[i]) * NET_DIMS;
        int32_t *to = i < k->n_whole ? whole : parts;

        for (size_t d = 0; d < NET_DIMS; d++)
            to[d] += row[d];
    }
    for (size_t d = 0; d < NET_DIMS; d++) {
        int64_t sum = whole[d] * (int64_t)NET_SHARE_ONE + parts[d] * (int64_t)share;

        x[d] = clamped((sum * m->row_scale) >> (NET_SHIFT + 16), -NET_VALUE_MAX);
    }
}

/* The tokens at -reach, 0 and +reach beside each other; zeros where there is none. */
static inline __attribute__((always_inline)) void window(const int16_t *x, size_t n, size_t at, size_t reach, size_t width, int16_t *out)
{
    for (size_t tap = 0; tap < NET_TAPS; tap++) {
        size_t from = at + tap * reach;

        if (from < reach || from - reach >= n)
            memset(out + tap * width, 0, width * sizeof(*out));
        else
            memcpy(out + tap * width, x + (from - reach) * width, width * sizeof(*out));
    }
}

WIDER static void first_layer(const struct network_member *m, size_t n, struct network_values *v)
{
    int16_t seen[2][NET_TAPS * NET_DIMS];
    int64_t out[2][NET_HIDDEN];

    for (size_t t = 0; t < n; t += 2) {
        window(v->x[0], n, t, 1, NET_DIMS, seen[0]);
        window(v->x[0], n, t + 1, 1, NET_DIMS, seen[1]);
        dense_hidden(&m->layer[0], seen[0], seen[1], NET_TAPS * NET_DIMS, out);
        for (size_t k = 0; k < 2 && t + k < n; k++)
            for (size_t j = 0; j < NET_HIDDEN; j++)
                v->h[0][t + k][j] = clamped(out[k][j], 0);
    }
}

WIDER static void next_layer(const struct network_member *m, size_t n, struct network_values *v, size_t layer)
{
    int16_t seen[2][NET_TAPS * NET_HIDDEN];
    int64_t out[2][NET_HIDDEN];

    for (size_t t = 0; t < n; t += 2) {
        window(v->h[layer - 1][0], n, t, (size_t)1 << layer, NET_HIDDEN, seen[0]);
        window(v->h[layer - 1][0], n, t + 1, (size_t)1 << layer, NET_HIDDEN, seen[1]);
        dense_hidden(&m->layer[layer], seen[0], seen[1], NET_TAPS * NET_HIDDEN, out);
        for (size_t k = 0; k < 2 && t + k < n; k++)
            for (size_t j = 0; j < NET_HIDDEN; j++)
                v->h[layer][t + k][j] = clamped(clamped(out[k][j], 0) + v->h[layer - 1][t + k][j], 0);
    }
}

static inline __attribute__((always_inline)) void keep_greatest(const int16_t *restrict x, size_t n, int16_t *restrict most)
{
    for (size_t j = 0; j < n; j++)
        most[j] = x[j] > most[j] ? x[j] : most[j];
}

/* The sum of the tokens times 0.15, and the greatest values. */
WIDER static void pool(size_t n, const struct network_values *v, int16_t *out)
{
    int32_t sum[NET_DIMS] = { 0 };

    memset(out, 0, NET_POOLED * sizeof(*out));
    for (size_t t = 0; t < n; t++) {
        for (size_t d = 0; d < NET_DIMS; d++)
            sum[d] += v->x[t][d];
        for (size_t l = 0; l < NET_LAYERS; l++)
            keep_greatest(v->h[l][t], NET_HIDDEN, out + NET_DIMS + l * NET_HIDDEN);
    }
    for (size_t d = 0; d < NET_DIMS; d++)
        out[d] = clamped(sum[d] * 9830 >> 16, -NET_VALUE_MAX);
}

WIDER static void add_scores(const struct network_member *m, size_t n, const int16_t *pooled, int32_t *scores)
{
    for (size_t j = 0; j < n; j++)
        scores[j] += (int32_t)dense_one(&m->intent, j, pooled, NET_POOLED);
}

static void member_intents(struct arena *a, const struct network *n, size_t member, const struct tokens *t, struct network_run *out)
{
    const struct network_member *m = &n->members[member];
    struct network_values *v = &out->of[member];

    v->x = arena_alloc(a, t->n * sizeof(*v->x));
    for (size_t l = 0; l < NET_LAYERS; l++)
        v->h[l] = arena_alloc(a, t->n * sizeof(*v->h[l]));
    for (size_t i = 0; i < t->n; i++)
        embed(n, member, t, &t->p[i], v->x[i]);
    first_layer(m, t->n, v);
    for (size_t l = 1; l < NET_LAYERS; l++)
        next_layer(m, t->n, v, l);
    pool(t->n, v, v->pooled);
    add_scores(m, n->n_intents, v->pooled, out->scores);
}

void network_intents(struct arena *a, const struct network *n, const struct tokens *t, struct network_run *out)
{
    out->n = t->n;
    memset(out->scores, 0, sizeof(out->scores));
    for (size_t i = 0; i < NET_MEMBERS; i++)
        member_intents(a, n, i, t, out);
    for (size_t j = 0; j < n->n_intents; j++)
        out->scores[j] /= NET_MEMBERS;
}

static bool is_possible(const struct network *n, size_t intent, size_t tag) { return !tag || n->slots_of[intent] >> ((tag - 1) / 2) & 1; }

static inline void tag_input(const struct network_values *v, size_t at, int16_t *out)
{
    memcpy(out, v->h[NET_LAYERS - 1][at], NET_HIDDEN * sizeof(*out));
    memcpy(out + NET_HIDDEN, v->x[at], NET_DIMS * sizeof(*out));
}

WIDER static void member_tags(const struct network *n, size_t member, const struct network_run *r, size_t intent,
    int32_t tags[][NET_TAGS_MAX])
{
    const struct network_member *m = &n->members[member];
    const struct network_values *v = &r->of[member];
    int16_t in[2][NET_TAG_IN], hidden[NET_HIDDEN];
    int64_t out[2][NET_HIDDEN], sentence[NET_HIDDEN];

    for (size_t j = 0; j < NET_HIDDEN; j++)
        sentence[j] = dense_one(&m->tag_sentence, j, v->pooled, NET_POOLED) + m->tag_intent[intent * NET_HIDDEN + j];
    for (size_t t = 0; t < r->n; t++) {
        size_t k = t % 2, next = t + 1 < r->n ? t + 1 : t;

        if (k == 0) {
            tag_input(v, t, in[0]);
            tag_input(v, next, in[1]);
            dense_hidden(&m->tag_hidden, in[0], in[1], NET_TAG_IN, out);
        }
        for (size_t j = 0; j < NET_HIDDEN; j++)
            hidden[j] = clamped(out[k][j] + sentence[j], 0);
        for (size_t j = 0; j < 1 + 2 * n->n_slots; j++)
            if (is_possible(n, intent, j))
                tags[t][j] += (int32_t)dense_one(&m->tag, j, hidden, NET_HIDDEN);
    }
}

void network_tags(const struct network *n, const struct network_run *r, size_t intent, int32_t tags[][NET_TAGS_MAX])
{
    memset(tags, 0, r->n * sizeof(tags[0]));
    for (size_t i = 0; i < NET_MEMBERS; i++)
        member_tags(n, i, r, intent, tags);
    for (size_t t = 0; t < r->n; t++)
        for (size_t j = 0; j < 1 + 2 * n->n_slots; j++)
            tags[t][j] /= NET_MEMBERS;
}
