// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as an event or an invitation: it is decoded or passed over, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/matrix.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct matrix_bot bot = { S("@clawdbot:example.org"), S("Clawd") };
    struct matrix_message m;
    bool direct;
    str inviter;

    if (json_parse(str_of(data, size), &j))
        return 0;
    if (matrix_decode_invite(j, &bot, &inviter, &direct))
        assert(inviter.len > 1);
    if (!matrix_decode(a, j, S("!r:example.org"), &bot, &m))
        return 0;
    assert(m.hook.message.external_id.len && m.hook.message.user_id.len && (m.mentioned || m.hook.message.text.len || m.hook.n_files));
    assert(utf8_valid(m.hook.message.text));
    return 0;
}
