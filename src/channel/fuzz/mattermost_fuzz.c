// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as a post: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/mattermost.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct mattermost_self self = { S("bot00000000000000000000000"), S("our-bot") };
    const struct mattermost_place place = { S("O"), S("@ada") };
    struct mattermost_message m;
    bool wanted;

    if (json_parse(str_of(data, size), &j) || mattermost_decode(a, j, &place, &self, &m, &wanted) || !wanted)
        return 0;
    assert(m.message.external_id.len == 26 && m.message.chat_id.len == 26 && m.message.user_id.len == 26);
    assert(utf8_valid(m.message.text) && m.n_files <= INCOMING_FILES_MAX);
    return 0;
}
