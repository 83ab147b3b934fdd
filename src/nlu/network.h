// SPDX-License-Identifier: Apache-2.0
/* network.h: the classifier's network as it runs: a file of weights, and whole numbers from tokens to scores.
 *
 * Several networks of one shape, each taught apart, whose scores are added.  A token is the sum of its features' rows.  Three layers of
 * three taps, each looking further than the one before and adding to it; the greatest values over the sentence and the mean of its
 * tokens give the intent; the last layer, the token, these values and the intent give the token's tag. */
#pragma once
#include "nlu/token.h"

enum {
    NET_FORMAT = 3, NET_MEMBERS = 3, NET_ROWS = 10240, NET_DIMS = 48, NET_HIDDEN = 64, NET_LAYERS = 3, NET_TAPS = 3,
    NET_POOLED = NET_DIMS + NET_LAYERS * NET_HIDDEN, NET_TAG_IN = NET_HIDDEN + NET_DIMS,
    NET_INTENTS_MAX = 160, NET_SLOTS_MAX = 64, NET_TAGS_MAX = 1 + 2 * NET_SLOTS_MAX,
    NET_ONE = 256,              /* what 1.0 is between layers, */
    NET_SCORE_ONE = 4096,       /* in a score */
    NET_SHARE_ONE = 65536,      /* and in a probability or a factor */
    NET_VALUE_MAX = 8191,       /* of a value between layers */
    NET_SHIFT = 24,             /* of a layer's scale */
};

/* Little-endian, as it lies at the beginning of data/nlu/weights.bin; network.c says what follows. */
struct network_header {
    char     magic[8];          /* NET_MAGIC */
    uint32_t format, layout, members, rows, dims, hidden, layers, n_intents, n_slots, names_size, size;
    int32_t  temperature;       /* what scores are multiplied by before they are probabilities */
    int32_t  row_scale[NET_MEMBERS];    /* of the tokens' rows, << NET_SHIFT */
    uint64_t in_pieces;         /* a bit for each slot whose value may come in pieces */
    uint32_t early_steps;       /* of the training, and a digest of all parameters behind them */
    uint8_t  early_digest[32];
    uint8_t  data_digest[32];   /* SHA-256 of what it was trained on */
    uint8_t  trainer_digest[32]; /* of the trainer's settings */
    char     compiler[56];
};
#define NET_MAGIC "CLAWNLU\n"

/* One layer: weights of a byte, widened when they are read. */
struct network_dense { const int16_t *w; const int32_t *bias, *scale; };

struct network {
    const struct network_header *header;
    const char *intents[NET_INTENTS_MAX], *slots[NET_SLOTS_MAX];
    size_t n_intents, n_slots;
    const uint64_t *slots_of;           /* of each intent: a bit for each slot */
    const int32_t  *sure_from;          /* of each intent: the probability from which it is sure */
    struct network_member {
        int32_t        row_scale;
        const int8_t  *rows;
        struct network_dense layer[NET_LAYERS], intent, tag_hidden, tag_sentence, tag;
        const int16_t *tag_intent;      /* of each intent: what it adds to the tags' hidden layer */
    } members[NET_MEMBERS];
};

/* The row of a feature: marks have their own, all others share them, with others in each member. */
static inline size_t network_row(size_t member, uint16_t feature)
{
    static const uint32_t factor[NET_MEMBERS] = { 1, 40503, 24571 };

    return feature < TOKEN_MARKS ? feature : TOKEN_MARKS + (uint16_t)(feature * factor[member]) % (NET_ROWS - TOKEN_MARKS);
}

/* A sentence on its way. */
struct network_run {
    size_t  n;
    struct network_values {
        int16_t (*x)[NET_DIMS];                 /* of each token */
        int16_t (*h[NET_LAYERS])[NET_HIDDEN];
        int16_t pooled[NET_POOLED];             /* of all */
    } of[NET_MEMBERS];
    int32_t scores[NET_INTENTS_MAX];
};

/* ERR_INPUT: not a file of weights that this program can use.  The bytes must stay. */
enum err network_load(struct arena *, str file, struct network *out) MUST_USE;
void network_intents(struct arena *, const struct network *, const struct tokens *, struct network_run *out);
/* Each token's score for each tag: 0 nothing, 1 + 2 * slot its first word, 2 + 2 * slot a word behind. */
void network_tags(const struct network *, const struct network_run *, size_t intent, int32_t tags[][NET_TAGS_MAX]);
