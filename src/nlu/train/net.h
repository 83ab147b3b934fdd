// SPDX-License-Identifier: Apache-2.0
/* net.h: the network of network.h in floating point, and how it learns. */
#pragma once
#include "nlu/network.h"
#include "nlu/train/sentence.h"

enum { NET_BATCH = 32, NET_ROWS_MAX = NET_BATCH * TOKENS_MAX };

/* What training is told; its text is part of the file's header as a digest. */
struct settings {
    unsigned seed, steps, early_steps, keep_back;
    unsigned drop_word, drop_parts, drop_mark, drop_pooled;     /* per cent of tokens; of pooled values */
    float    rate, decay, smoothing, tag_weight;
};
extern const struct settings settings;

struct tensor { float *w, *g, *m, *v; size_t n; };

struct net {
    size_t member, n_intents, n_slots, intents_wide, tags_wide;     /* wide: rounded up to a multiple of 16 */
    struct tensor rows, layer[NET_LAYERS], layer_bias[NET_LAYERS], intent, intent_bias, tag_hidden, tag_hidden_bias, tag_intent,
            tag_sentence, tag, tag_bias;
    struct net_batch *batch;                                /* private */
    unsigned step, steps;                                   /* done; in all */
};

struct net *net_new(struct arena *, const struct corpus *, size_t member, struct dice *);
/* Learns from NET_BATCH samples; the mean loss of intents and of tags. */
void net_learn(struct net *, const struct corpus *, struct dice *, const struct sample *, float ret_loss[2]);
void net_digest(const struct net *, unsigned char out[32]);
/* As a file of weights; the header's digests and `temperature` and each intent's `sure_from` are as given. */
str  net_quantise(struct arena *, struct net *const members[NET_MEMBERS], const struct corpus *, const struct network_header *,
    const int32_t *sure_from);
