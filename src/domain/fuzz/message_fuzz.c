// SPDX-License-Identifier: Apache-2.0
/* What is accepted as a message is written and read back as the same message. */
#include <assert.h>

#include "domain/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL, *once = NULL, *twice = NULL;
    struct message m, again;

    if (json_parse(str_of(data, size), &j) != OK || message_from_json(a, j, &m) != OK)
        return 0;
    once = message_to_json(&m);
    assert(message_from_json(a, once, &again) == OK);
    twice = message_to_json(&again);
    assert(json_equal(once, twice));
    return 0;
}
