// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as an update: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/telegram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct telegram_bot bot = { 4242, S("our_bot") };
    struct telegram_message m;
    bool wanted;

    if (json_parse(str_of(data, size), &j) || telegram_decode(a, j, &bot, 10000, &m, &wanted) || !wanted)
        return 0;
    assert(m.message.external_id.len && m.message.chat_id.len && m.message.user_id.len);
    assert(utf8_valid(m.message.text));
    return 0;
}
