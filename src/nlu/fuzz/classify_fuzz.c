// SPDX-License-Identifier: Apache-2.0
/* Any bytes are some intent; tags lie in the text, in order, one behind the other. */
#include <assert.h>

#include "nlu/classify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct nlu_context context = { .zone = zone_utc() };
    struct entities entities = { 0 };
    struct normal n;
    struct classified c;
    size_t end = 0;

    normal_make(a, str_of(data, size), &n);
    entities_find(a, &context, &n, &entities);
    classify(a, &n, &entities, &c);
    assert(c.best[0].intent.len && c.best[0].probability >= 0 && c.best[0].probability <= 1);
    for (size_t i = 0; i < c.n_tags; i++) {
        assert(c.tags[i].start >= end && c.tags[i].start < c.tags[i].end && c.tags[i].end <= n.text.len);
        end = c.tags[i].end;
    }
    arena_free(a);
    return 0;
}
