// SPDX-License-Identifier: Apache-2.0
/* Whatever comes as a call's body: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/slack.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void configure(void)
{
    static bool done;

    if (!done && config_load_for_test("/nonexistent", (const char *const[]){ NULL }) == OK)
        done = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct slack_bot bot = { .user_id = S("U9") };
    str body = str_of(data, size), type = size && data[0] == '{' ? S("application/json") : S("application/x-www-form-urlencoded");
    struct slack_message m;
    enum slack_wanted wanted;

    configure();
    if (slack_read_body(a, type, body, &j) || slack_decode(a, j, &bot, &m, &wanted) || wanted == SLACK_NOT_OURS)
        return 0;
    assert(m.message.external_id.len && m.message.chat_id.len && m.message.user_id.len);
    assert(utf8_valid(m.message.text));
    return 0;
}
