// SPDX-License-Identifier: Apache-2.0
/* feature_hash.h: hashes that are stored, in vectors and filters: the same on every machine and in every version.  FNV-1a over what comes
 * (so that a longer piece goes on from a shorter one), and the finalizer of MurmurHash3 to spread it.  Not for what an attacker may
 * choose. */
#pragma once
#include "base/str.h"

#define FEATURE_HASH_START 0xcbf29ce484222325u

static inline uint64_t feature_hash_on(uint64_t h, uint32_t piece) { return (h ^ piece) * 0x100000001b3u; }

static inline uint64_t feature_hash(str s)
{
    uint64_t h = FEATURE_HASH_START;

    for (size_t i = 0; i < s.len; i++)
        h = feature_hash_on(h, (unsigned char)s.p[i]);
    return h;
}

static inline uint64_t feature_hash_mix(uint64_t h)
{
    h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}
