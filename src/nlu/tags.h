// SPDX-License-Identifier: Apache-2.0
/* tags.h: from each token's scores to the tags of the sentence: the best way through it (Viterbi) on which no value goes on that did not
 * begin, and none begins twice, but those of slots that may come in pieces ("tomorrow remind me to ... at 9"). */
#pragma once
#include "nlu/network.h"

void tags_choose(struct arena *, const struct network *, size_t intent, int32_t scores[][NET_TAGS_MAX], size_t n_tokens,
    uint8_t out[TOKENS_MAX]);
