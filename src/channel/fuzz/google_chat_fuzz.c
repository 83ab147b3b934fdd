// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as an event of Google Chat or an activity of Teams: decoded or refused, and what comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/google_chat.h"
#include "channel/teams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct hook_message *m)
{
    assert(m->message.external_id.len && m->message.chat_id.len && m->message.user_id.len);
    assert(utf8_valid(m->message.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct hook_message m;
    bool wanted;

    if (json_parse(str_of(data, size), &j))
        return 0;
    if (!google_chat_decode(a, j, &m, &wanted) && wanted)
        check(&m);
    if (!teams_decode(a, j, &m, &wanted) && wanted)
        check(&m);
    return 0;
}
