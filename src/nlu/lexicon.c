// SPDX-License-Identifier: Apache-2.0
#include "nlu/lexicon.h"

#include <assert.h>

#include "base/embedded.h"
#include "base/feature_hash.h"

enum { PROBES = 4, BITS = 1 << 20 };        /* as tools/lexicon has them */

extern const struct embedded_file nlu_lexicon[];

/* Stirred: where the probes begin, and their step. */
static uint64_t hash(str word)
{
    uint64_t h = feature_hash(word);

    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

bool lexicon_knows(str word)
{
    str bits = nlu_lexicon[0].data;
    uint64_t h = hash(word);
    uint32_t at = (uint32_t)h, step = (uint32_t)(h >> 32) | 1;

    assert(bits.len == BITS / 8);
    for (size_t i = 0; i < PROBES; i++, at += step)
        if (!((unsigned char)bits.p[at % BITS / 8] >> at % 8 & 1))
            return false;
    return true;
}
