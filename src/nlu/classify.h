// SPDX-License-Identifier: Apache-2.0
/* classify.h: which intent a text has, and which of its words say what: a small convolutional network over tokens.
 *
 * Inference is in integers: the same result on every machine.  The weights are data/nlu/weights.bin, built into the program, made by
 * `make weights` from data/intents.  No allocation beyond the arena; time is bounded by CLASSIFY_TOKENS_MAX. */
#pragma once
#include "nlu/entity.h"

struct network;

enum { CLASSIFY_TOKENS_MAX = 64, CLASSIFY_BEST = 4, CLASSIFY_TAGS_MAX = 16 };

/* Words that fill a slot of the best intent: bytes of the normalised text. */
struct tagged { str slot; uint32_t start, end; };

struct classified {
    struct { str intent; float probability; } best[CLASSIFY_BEST];      /* calibrated; the likeliest first; "none" is one of them */
    struct tagged tags[CLASSIFY_TAGS_MAX];                              /* of best[0], in the order of the text */
    size_t        n_tags;
    bool          sure;                 /* best[0] is no "none", and likelier than the weights demand */
    bool          too_long;             /* more tokens than are looked at: best[0] is "none" */
};

void classify(struct arena *, const struct normal *, const struct entities *, struct classified *out);
/* The same by other weights (network.h). */
void classify_by(const struct network *, struct arena *, const struct normal *, const struct entities *, struct classified *out);
