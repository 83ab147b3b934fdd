// SPDX-License-Identifier: Apache-2.0
/* understand.h: from a text to an intent with its values: normal, entities, classify, bind. */
#pragma once
#include "nlu/classify.h"
#include "nlu/guard.h"
#include "nlu/intent.h"

enum { UNDERSTAND_MAX = 600 };     /* bytes: what is longer is no plain request */

struct slot_value {
    const struct slot *slot;
    str         text;           /* as it was written */
    json_t     *value;          /* as a plan takes it; the arena frees it */
};

struct understanding {
    const struct intent *intent;        /* NULL: none that is known */
    float       confidence;             /* of that, 0 to 1, calibrated */
    bool        sure;                   /* it may be done without asking a model what was meant */
    struct slot_value slots[INTENT_SLOTS_MAX];
    size_t      n_slots;
    enum guard  guard;                  /* why it is not sure though the words are clear */
    const struct slot *missing;         /* the first required slot without a value; NULL: none */
    struct classified classified;
    struct entities   entities;
    struct normal     normal;
};

void understand(struct arena *, const struct nlu_context *, str text, struct understanding *out);
/* What plan_make() takes: slots by their names.  A new reference. */
json_t *understanding_values(const struct understanding *);
