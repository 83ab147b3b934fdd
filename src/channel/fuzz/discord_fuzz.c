// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as an event: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/discord.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct discord_message *m)
{
    assert(m->message.external_id.len && m->message.chat_id.len && m->message.user_id.len);
    assert(utf8_valid(m->message.text) && m->n_files <= DISCORD_FILES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct discord_self self = { .id = "900", .username = "our_bot" };
    struct discord_message m;
    bool wanted;

    if (json_parse(str_of(data, size), &j))
        return 0;
    if (discord_decode(a, j, &self, &m, &wanted) == OK && wanted)
        check(&m);
    if (discord_decode_interaction(a, j, &m, &wanted) == OK && wanted)
        check(&m);
    return 0;
}
