// SPDX-License-Identifier: Apache-2.0
/* net.c: forward, backward, and a step of Adam.  A batch's tokens lie row under row; a layer's three taps are gathered beside each other
 * so that
 * every layer is a product of matrices. */
#include "nlu/train/net.h"

#include <assert.h>
#include <openssl/sha.h>
#include <string.h>

#include "nlu/train/chain.h"
#include "nlu/train/matrix.h"

static const float POOLED_SHARE = 0.15f;        /* of each token in the sum */

enum { IN0 = NET_TAPS * NET_DIMS, IN = NET_TAPS * NET_HIDDEN, WIDE_MAX = CHAIN_TAGS_MAX };

struct feature_use { uint16_t row, feature; float weight; };       /* feature: its row of the weights */

struct net_batch {
    size_t rows, start[NET_BATCH + 1];
    struct feature_use used[NET_ROWS_MAX * TOKEN_FEATURES_MAX];
    size_t n_used;
    float x[NET_ROWS_MAX][NET_DIMS], dx[NET_ROWS_MAX][NET_DIMS];
    float seen[NET_LAYERS][NET_ROWS_MAX * IN];              /* gathered taps */
    float h[NET_LAYERS][NET_ROWS_MAX][NET_HIDDEN], dh[NET_LAYERS][NET_ROWS_MAX][NET_HIDDEN];
    float y[NET_LAYERS][NET_ROWS_MAX][NET_HIDDEN];          /* before they are made positive */
    float d_seen[NET_ROWS_MAX * IN];
    float pooled[NET_BATCH][NET_POOLED], d_pooled[NET_BATCH][NET_POOLED], kept[NET_BATCH][NET_POOLED];
    uint16_t from[NET_BATCH][NET_LAYERS][NET_HIDDEN];       /* which row was the greatest */
    float intent[NET_BATCH][WIDE_MAX];                      /* scores, then their gradients */
    float tag_in[NET_ROWS_MAX][NET_TAG_IN], d_tag_in[NET_ROWS_MAX][NET_TAG_IN];
    float z[NET_ROWS_MAX][NET_HIDDEN], dz[NET_ROWS_MAX][NET_HIDDEN];
    float sentence[NET_BATCH][NET_HIDDEN], d_sentence[NET_BATCH][NET_HIDDEN];   /* what the pooled values add to z */
    float tag[NET_ROWS_MAX][WIDE_MAX];
    float turned[WIDE_MAX * 400];                           /* some weights, transposed */
    struct chain *chain;                                    /* two */
    bool  touched[NET_ROWS];
};

/* Parameters. */

static struct tensor tensor(struct arena *a, size_t n)
{
    size_t size = n * sizeof(float);

    return (struct tensor){ arena_alloc(a, size), arena_alloc(a, size), arena_alloc(a, size), arena_alloc(a, size), n };
}

/* Uniform within `reach`. */
static struct tensor random_tensor(struct arena *a, struct dice *d, size_t n, float reach)
{
    struct tensor t = tensor(a, n);

    for (size_t i = 0; i < n; i++)
        t.w[i] = ((float)(dice_next(d) >> 40) / 8388608.0f - 1) * reach;
    return t;
}

static size_t wide(size_t n) { return (n + 15) / 16 * 16; }

struct net *net_new(struct arena *a, const struct corpus *c, size_t member, struct dice *d)
{
    struct net *n = ARENA_NEW(a, struct net);

    n->member = member;
    n->n_intents = c->n_intents;
    n->n_slots = c->n_slots;
    n->intents_wide = wide(n->n_intents);
    n->tags_wide = wide(1 + 2 * n->n_slots);
    assert(n->intents_wide <= WIDE_MAX && n->tags_wide <= WIDE_MAX);
    n->rows = random_tensor(a, d, (size_t)NET_ROWS * NET_DIMS, 0.1f);
    for (size_t l = 0; l < NET_LAYERS; l++) {
        n->layer[l] = random_tensor(a, d, (l ? IN : IN0) * NET_HIDDEN, l ? 0.1f : 0.14f);
        n->layer_bias[l] = tensor(a, NET_HIDDEN);
    }
    n->intent = random_tensor(a, d, NET_POOLED * n->intents_wide, 0.08f);
    n->intent_bias = tensor(a, n->intents_wide);
    n->tag_hidden = random_tensor(a, d, NET_TAG_IN * NET_HIDDEN, 0.15f);
    n->tag_hidden_bias = tensor(a, NET_HIDDEN);
    n->tag_intent = random_tensor(a, d, n->n_intents * NET_HIDDEN, 0.1f);
    n->tag_sentence = random_tensor(a, d, NET_POOLED * NET_HIDDEN, 0.05f);
    n->tag = random_tensor(a, d, NET_HIDDEN * n->tags_wide, 0.15f);
    n->tag_bias = tensor(a, n->tags_wide);
    n->batch = ARENA_NEW(a, struct net_batch);
    n->batch->chain = arena_alloc(a, 2 * sizeof(*n->batch->chain));
    return n;
}

/* Forward. */

static void use(struct net *n, size_t row, uint16_t feature, float weight)
{
    struct net_batch *b = n->batch;
    size_t at = network_row(n->member, feature);

    b->used[b->n_used++] = (struct feature_use){ (uint16_t)row, (uint16_t)at, weight };
    b->touched[at] = true;
}

/* A word that is left out makes its letters speak, marks that are left out make words speak. */
static void use_token(struct net *n, struct dice *d, size_t row, const struct tokens *t, const struct token *k)
{
    const uint16_t *f = t->features + k->first;
    bool no_word = dice_percent(d, settings.drop_word), no_parts = dice_percent(d, settings.drop_parts), no_marks = dice_percent(d,
            settings.drop_mark);

    for (size_t i = 0; i < k->n_whole; i++)
        if (f[i] < TOKEN_MARKS ? !no_marks : !no_word)
            use(n, row, f[i], 1);
    for (size_t i = k->n_whole; i < (size_t)k->n_whole + k->n_parts && (!no_parts || no_word); i++)
        use(n, row, f[i], 1.0f / k->n_parts);
}

static void embed(struct net *n, struct dice *d, const struct sample *s)
{
    struct net_batch *b = n->batch;

    b->rows = b->n_used = 0;
    for (size_t i = 0; i < NET_BATCH; i++) {
        b->start[i] = b->rows;
        for (size_t t = 0; t < s[i].tokens.n; t++)
            use_token(n, d, b->rows++, &s[i].tokens, &s[i].tokens.p[t]);
    }
    b->start[NET_BATCH] = b->rows;
    memset(b->x, 0, b->rows * sizeof(b->x[0]));
    for (size_t i = 0; i < b->n_used; i++) {
        const float *row = n->rows.w + (size_t)b->used[i].feature * NET_DIMS;
        float *x = b->x[b->used[i].row], weight = b->used[i].weight;

        for (size_t k = 0; k < NET_DIMS; k++)
            x[k] += weight * row[k];
    }
}

/* Row t's taps are rows t - reach, t, t + reach of the same sentence. */
static bool tap_row(const struct net_batch *b, size_t s, size_t t, size_t tap, size_t reach, size_t *ret_row)
{
    size_t from = t + tap * reach;

    *ret_row = from - reach;
    return from >= reach + b->start[s] && from - reach < b->start[s + 1];
}

static void gather(const struct net_batch *b, const float *in, size_t width, size_t reach, float *out)
{
    for (size_t s = 0; s < NET_BATCH; s++)
        for (size_t t = b->start[s]; t < b->start[s + 1]; t++)
            for (size_t tap = 0; tap < NET_TAPS; tap++) {
                float *to = out + (t * NET_TAPS + tap) * width;
                size_t row;

                if (tap_row(b, s, t, tap, reach, &row))
                    memcpy(to, in + row * width, width * sizeof(float));
                else
                    memset(to, 0, width * sizeof(float));
            }
}

static void scatter(const struct net_batch *b, const float *d_seen, size_t width, size_t reach, float *d_in)
{
    for (size_t s = 0; s < NET_BATCH; s++)
        for (size_t t = b->start[s]; t < b->start[s + 1]; t++)
            for (size_t tap = 0; tap < NET_TAPS; tap++) {
                const float *from = d_seen + (t * NET_TAPS + tap) * width;
                size_t row;

                if (!tap_row(b, s, t, tap, reach, &row))
                    continue;
                for (size_t k = 0; k < width; k++)
                    d_in[row * width + k] += from[k];
            }
}

static void layer_forward(struct net *n, size_t l)
{
    struct net_batch *b = n->batch;
    size_t width = l ? NET_HIDDEN : NET_DIMS;
    const float *in = l ? b->h[l - 1][0] : b->x[0];

    gather(b, in, width, (size_t)1 << l, b->seen[l]);
    matrix_multiply(b->rows, NET_HIDDEN, NET_TAPS * width, (struct view){ b->seen[l], NET_TAPS * width, 1 }, n->layer[l].w, NET_HIDDEN,
        b->y[l][0], NET_HIDDEN, false);
    for (size_t t = 0; t < b->rows; t++)
        for (size_t j = 0; j < NET_HIDDEN; j++) {
            float y = b->y[l][t][j] += n->layer_bias[l].w[j];

            b->h[l][t][j] = (y > 0 ? y : 0) + (l ? b->h[l - 1][t][j] : 0);
        }
}

static void pool(struct net_batch *b, struct dice *d)
{
    float keep = 1.0f / (1.0f - (float)settings.drop_pooled / 100);

    for (size_t s = 0; s < NET_BATCH; s++) {
        size_t start = b->start[s], end = b->start[s + 1];
        float *p = b->pooled[s], share = POOLED_SHARE;

        memset(p, 0, NET_POOLED * sizeof(float));
        for (size_t t = start; t < end; t++)
            for (size_t k = 0; k < NET_DIMS; k++)
                p[k] += b->x[t][k] * share;
        for (size_t l = 0; l < NET_LAYERS; l++)
            for (size_t j = 0; j < NET_HIDDEN; j++) {
                size_t best = start;

                for (size_t t = start + 1; t < end; t++)
                    best = b->h[l][t][j] > b->h[l][best][j] ? t : best;
                b->from[s][l][j] = (uint16_t)best;
                p[NET_DIMS + l * NET_HIDDEN + j] = b->h[l][best][j];
            }
        for (size_t k = 0; k < NET_POOLED; k++) {
            b->kept[s][k] = dice_percent(d, settings.drop_pooled) ? 0 : keep;
            p[k] *= b->kept[s][k];
        }
    }
}

static void tags_forward(struct net *n, const struct sample *s)
{
    struct net_batch *b = n->batch;

    for (size_t t = 0; t < b->rows; t++) {
        memcpy(b->tag_in[t], b->h[NET_LAYERS - 1][t], sizeof(b->h[0][0]));
        memcpy(b->tag_in[t] + NET_HIDDEN, b->x[t], sizeof(b->x[0]));
    }
    matrix_multiply(b->rows, NET_HIDDEN, NET_TAG_IN, (struct view){ b->tag_in[0], NET_TAG_IN, 1 }, n->tag_hidden.w, NET_HIDDEN, b->z[0],
            NET_HIDDEN,
        false);
    matrix_multiply(NET_BATCH, NET_HIDDEN, NET_POOLED, (struct view){ b->pooled[0], NET_POOLED, 1 }, n->tag_sentence.w, NET_HIDDEN,
        b->sentence[0], NET_HIDDEN, false);
    for (size_t i = 0; i < NET_BATCH; i++)
        for (size_t t = b->start[i]; t < b->start[i + 1]; t++)
            for (size_t j = 0; j < NET_HIDDEN; j++) {
                float z = b->z[t][j] + b->sentence[i][j] + n->tag_hidden_bias.w[j] + n->tag_intent.w[s[i].intent * NET_HIDDEN + j];

                b->z[t][j] = z > 0 ? z : 0;
            }
    matrix_multiply(b->rows, n->tags_wide, NET_HIDDEN, (struct view){ b->z[0], NET_HIDDEN, 1 }, n->tag.w, n->tags_wide, b->tag[0],
            WIDE_MAX, false);
}

/* Losses: scores become their gradients. */

/* Cross entropy with the truth smoothed over those that are possible. */
static float softmax_loss(float *scores, const float *bias, size_t n, size_t truth, float smoothing, float weight)
{
    float e[WIDE_MAX], max = -1e30f, sum = 0, of_truth = 0;

    for (size_t i = 0; i < n; i++) {
        e[i] = scores[i] + bias[i];
        max = e[i] > max ? e[i] : max;
    }
    for (size_t i = 0; i < n; i++)
        sum += e[i] = math_exp(e[i] - max);
    for (size_t i = 0; i < n; i++) {
        float want = (i == truth ? 1 - smoothing : 0) + smoothing / (float)n;

        of_truth = i == truth ? e[i] / sum : of_truth;
        scores[i] = (e[i] / sum - want) * weight;
    }
    return -math_log(of_truth + 1e-9f);
}

static float intents_loss(struct net *n, const struct sample *s)
{
    float loss = 0;

    for (size_t i = 0; i < NET_BATCH; i++) {
        loss += softmax_loss(n->batch->intent[i], n->intent_bias.w, n->n_intents, s[i].intent, settings.smoothing, 1.0f / NET_BATCH);
        for (size_t k = n->n_intents; k < n->intents_wide; k++)
            n->batch->intent[i][k] = 0;
    }
    return loss / NET_BATCH;
}

static size_t possible_tags(const struct corpus *c, size_t intent, uint8_t *out)
{
    size_t n = 0;

    out[n++] = 0;
    for (size_t s = 0; s < c->n_slots; s++)
        if (c->intents[intent].slot_bits >> s & 1) {
            out[n++] = (uint8_t)(1 + 2 * s);
            out[n++] = (uint8_t)(2 + 2 * s);
        }
    return n;
}

/* Of one sentence; scores become gradients: how likely each tag is, less how likely it is where those that are known are so. */
static float chain_loss(struct net *n, const uint8_t *which, size_t tags, const uint8_t *truth, float (*scores)[WIDE_MAX], size_t tokens,
    float weight)
{
    struct chain *all = &n->batch->chain[0], *right = &n->batch->chain[1];

    all->n = right->n = tokens;
    all->tags = right->tags = tags;
    for (size_t t = 0; t < tokens; t++)
        for (size_t k = 0; k < tags; k++) {
            all->score[t][k] = scores[t][which[k]] + n->tag_bias.w[which[k]];
            right->score[t][k] = truth[t] == TAG_UNKNOWN || truth[t] == which[k] ? all->score[t][k] : CHAIN_IMPOSSIBLE;
        }
    float sum = chain_sum(all), sum_right = chain_sum(right);
    bool is_possible = sum_right > CHAIN_IMPOSSIBLE / 2;

    for (size_t t = 0; t < tokens; t++) {
        memset(scores[t], 0, n->tags_wide * sizeof(float));
        for (size_t k = 0; k < tags && is_possible; k++)
            scores[t][which[k]] = (chain_likelihood(all, t, k, sum) - chain_likelihood(right, t, k, sum_right)) * weight;
    }
    return is_possible ? sum - sum_right : 0;
}

static float tags_loss(struct net *n, const struct corpus *c, const struct sample *s)
{
    struct net_batch *b = n->batch;
    float loss = 0;
    uint8_t which[WIDE_MAX];

    for (size_t i = 0; i < NET_BATCH; i++) {
        size_t start = b->start[i], tokens = b->start[i + 1] - start, tags = possible_tags(c, s[i].intent, which);

        if (tags > 1)
            loss += chain_loss(n, which, tags, s[i].tags, &b->tag[start], tokens, settings.tag_weight / NET_BATCH);
        for (size_t t = start; t < start + tokens && tags == 1; t++)
            memset(b->tag[t], 0, n->tags_wide * sizeof(float));
    }
    return loss / NET_BATCH;
}

/* Backward. */

/* Of c = a w: dw += a' dc, and da = dc w' where it is wanted. */
static void product_backward(struct net_batch *b, size_t rows, size_t in, size_t out, const float *a, size_t a_row, const float *dc,
        size_t dc_row,
    struct tensor *w, float *bias_g, float *da, size_t da_row, bool add)
{
    matrix_multiply(in, out, rows, (struct view){ a, 1, a_row }, dc, dc_row, w->g, out, true);
    for (size_t r = 0; bias_g && r < rows; r++)
        for (size_t j = 0; j < out; j++)
            bias_g[j] += dc[r * dc_row + j];
    assert(in * out <= N_ELEMENTS(b->turned));
    matrix_transpose(in, out, w->w, b->turned);
    matrix_multiply(rows, in, out, (struct view){ dc, dc_row, 1 }, b->turned, in, da, da_row, add);
}

static void intents_backward(struct net *n)
{
    struct net_batch *b = n->batch;

    product_backward(b, NET_BATCH, NET_POOLED, n->intents_wide, b->pooled[0], NET_POOLED, b->intent[0], WIDE_MAX, &n->intent,
            n->intent_bias.g,
        b->d_pooled[0], NET_POOLED, true);
    for (size_t s = 0; s < NET_BATCH; s++) {
        float *p = b->d_pooled[s], share = POOLED_SHARE;

        for (size_t k = 0; k < NET_POOLED; k++)
            p[k] *= b->kept[s][k];
        for (size_t t = b->start[s]; t < b->start[s + 1]; t++)
            for (size_t k = 0; k < NET_DIMS; k++)
                b->dx[t][k] += p[k] * share;
        for (size_t l = 0; l < NET_LAYERS; l++)
            for (size_t j = 0; j < NET_HIDDEN; j++)
                b->dh[l][b->from[s][l][j]][j] += p[NET_DIMS + l * NET_HIDDEN + j];
    }
}

static void tags_backward(struct net *n, const struct sample *s)
{
    struct net_batch *b = n->batch;

    product_backward(b, b->rows, NET_HIDDEN, n->tags_wide, b->z[0], NET_HIDDEN, b->tag[0], WIDE_MAX, &n->tag, n->tag_bias.g, b->dz[0],
            NET_HIDDEN, false);
    memset(b->d_sentence, 0, sizeof(b->d_sentence));
    for (size_t i = 0; i < NET_BATCH; i++)
        for (size_t t = b->start[i]; t < b->start[i + 1]; t++)
            for (size_t j = 0; j < NET_HIDDEN; j++) {
                b->dz[t][j] = b->z[t][j] > 0 ? b->dz[t][j] : 0;
                n->tag_intent.g[s[i].intent * NET_HIDDEN + j] += b->dz[t][j];
                b->d_sentence[i][j] += b->dz[t][j];
            }
    product_backward(b, NET_BATCH, NET_POOLED, NET_HIDDEN, b->pooled[0], NET_POOLED, b->d_sentence[0], NET_HIDDEN, &n->tag_sentence, NULL,
        b->d_pooled[0], NET_POOLED, false);
    product_backward(b, b->rows, NET_TAG_IN, NET_HIDDEN, b->tag_in[0], NET_TAG_IN, b->dz[0], NET_HIDDEN, &n->tag_hidden,
            n->tag_hidden_bias.g,
        b->d_tag_in[0], NET_TAG_IN, false);
    for (size_t t = 0; t < b->rows; t++) {
        for (size_t j = 0; j < NET_HIDDEN; j++)
            b->dh[NET_LAYERS - 1][t][j] += b->d_tag_in[t][j];
        for (size_t k = 0; k < NET_DIMS; k++)
            b->dx[t][k] += b->d_tag_in[t][NET_HIDDEN + k];
    }
}

static void layer_backward(struct net *n, size_t l)
{
    struct net_batch *b = n->batch;
    size_t width = l ? NET_HIDDEN : NET_DIMS;
    float *dy = b->y[l][0];

    for (size_t t = 0; t < b->rows; t++)
        for (size_t j = 0; j < NET_HIDDEN; j++) {
            b->y[l][t][j] = b->y[l][t][j] > 0 ? b->dh[l][t][j] : 0;
            if (l)
                b->dh[l - 1][t][j] += b->dh[l][t][j];
        }
    product_backward(b, b->rows, NET_TAPS * width, NET_HIDDEN, b->seen[l], NET_TAPS * width, dy, NET_HIDDEN, &n->layer[l],
            n->layer_bias[l].g,
        b->d_seen, NET_TAPS * width, false);
    scatter(b, b->d_seen, width, (size_t)1 << l, l ? b->dh[l - 1][0] : b->dx[0]);
}

static void rows_backward(struct net *n)
{
    struct net_batch *b = n->batch;

    for (size_t i = 0; i < b->n_used; i++) {
        float *g = n->rows.g + (size_t)b->used[i].feature * NET_DIMS, weight = b->used[i].weight;
        const float *dx = b->dx[b->used[i].row];

        for (size_t k = 0; k < NET_DIMS; k++)
            g[k] += weight * dx[k];
    }
}

/* The step: of the tokens' rows only those that were used. */

/* sqrt by IEEE; the power by repeated multiplication. */
static float corrected_rate(unsigned step, unsigned steps)
{
    float b1 = 1, b2 = 1, done = (float)step / (float)steps, rate = settings.rate;

    for (unsigned i = 0; i < step && i < 8000; i++) {
        b1 *= 0.9f;
        b2 *= 0.999f;
    }
    rate *= step < 300 ? (float)step / 300 : 1;
    rate *= done < 1 ? (1 - done) * (1 - done) * (1 + 2 * done) + 0.01f : 0.01f;    /* falls as a cosine does */
    return rate * __builtin_sqrtf(1 - b2) / (1 - b1);
}

static void step(struct net *n)
{
    struct adam a = { corrected_rate(++n->step, n->steps), 0, 1e-8f };
    struct tensor *dense[] = { &n->layer[0], &n->layer[1], &n->layer[2], &n->intent, &n->tag_hidden, &n->tag, &n->tag_sentence,
        &n->layer_bias[0], &n->layer_bias[1], &n->layer_bias[2], &n->intent_bias, &n->tag_hidden_bias, &n->tag_bias, &n->tag_intent };

    for (size_t i = 0; i < N_ELEMENTS(dense); i++) {
        a.decay = i < 7 ? a.rate * settings.decay : 0;
        adam_step(&a, dense[i]->n, dense[i]->w, dense[i]->g, dense[i]->m, dense[i]->v);
    }
    a.decay = a.rate * settings.decay;
    for (size_t f = 0; f < NET_ROWS; f++) {
        size_t at = f * NET_DIMS;

        if (n->batch->touched[f])
            adam_step(&a, NET_DIMS, n->rows.w + at, n->rows.g + at, n->rows.m + at, n->rows.v + at);
        n->batch->touched[f] = false;
    }
}

void net_learn(struct net *n, const struct corpus *c, struct dice *d, const struct sample *s, float ret_loss[2])
{
    struct net_batch *b = n->batch;

    embed(n, d, s);
    for (size_t l = 0; l < NET_LAYERS; l++)
        layer_forward(n, l);
    pool(b, d);
    matrix_multiply(NET_BATCH, n->intents_wide, NET_POOLED, (struct view){ b->pooled[0], NET_POOLED, 1 }, n->intent.w, n->intents_wide,
        b->intent[0], WIDE_MAX, false);
    tags_forward(n, s);
    ret_loss[0] = intents_loss(n, s);
    ret_loss[1] = tags_loss(n, c, s);
    memset(b->dx, 0, b->rows * sizeof(b->dx[0]));
    for (size_t l = 0; l < NET_LAYERS; l++)
        memset(b->dh[l], 0, b->rows * sizeof(b->dh[l][0]));
    tags_backward(n, s);
    intents_backward(n);
    for (size_t l = NET_LAYERS; l-- > 0;)
        layer_backward(n, l);
    rows_backward(n);
    step(n);
}

void net_digest(const struct net *n, unsigned char out[32])
{
    const struct tensor *all[] = { &n->rows, &n->layer[0], &n->layer[1], &n->layer[2], &n->intent, &n->tag_hidden, &n->tag, &n->intent_bias,
        &n->tag_hidden_bias, &n->tag_bias, &n->tag_intent, &n->tag_sentence };
    unsigned char each[N_ELEMENTS(all)][32];

    for (size_t i = 0; i < N_ELEMENTS(all); i++)
        SHA256((const unsigned char *)all[i]->w, all[i]->n * sizeof(float), each[i]);
    SHA256(each[0], sizeof(each), out);
}
