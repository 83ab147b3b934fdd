// SPDX-License-Identifier: Apache-2.0
/* harvest.h: what a person says of themselves that is worth remembering, found by rules (harvest.def), without a model, in English and
 * Chinese.  It prefers to miss: questions, conditions and what is quoted are passed over.  Pure. */
#pragma once
#include "memory/item.h"

struct harvest {
    enum item_kind kind;
    double         confidence;      /* 0 to 1 */
    str            text;            /* of the sentence, without "please remember that" */
};

enum { HARVEST_SENTENCE_MIN = 6, HARVEST_SENTENCE_MAX = 500 };      /* bytes */

/* One sentence, valid UTF-8.  False: there is nothing in it. */
bool harvest_sentence(str sentence, struct harvest *out);
