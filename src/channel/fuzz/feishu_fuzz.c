// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as an event: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/feishu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct feishu_message m;
    bool wanted;
    str plain;

    if (feishu_decrypt(a, S("encrypt key"), str_of(data, size), &plain) == OK)
        assert(plain.len < size);
    if (json_parse(str_of(data, size), &j) || feishu_decode(a, j, S("ou_bot"), &m, &wanted) || !wanted)
        return 0;
    assert(m.message.external_id.len && m.message.chat_id.len && m.message.user_id.len);
    assert(utf8_valid(m.message.text) && m.n_files <= FEISHU_FILES_MAX);
    return 0;
}
