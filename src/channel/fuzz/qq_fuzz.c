// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as an event: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/qq.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct hook_message m;
    bool wanted;
    str press;

    if (json_parse(str_of(data, size), &j) || qq_decode(a, j, &m, &press, &wanted) || !wanted)
        return 0;
    assert(m.message.external_id.len && m.message.chat_id.len && m.message.user_id.len);
    assert(utf8_valid(m.message.text) && m.n_files <= INCOMING_FILES_MAX);
    return 0;
}
