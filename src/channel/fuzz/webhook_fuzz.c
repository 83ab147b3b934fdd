// SPDX-License-Identifier: Apache-2.0
/* The first line is an endpoint's settings, the rest a call: both are read or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/webhook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *settings = NULL, *all = NULL, *call = NULL;
    str rest = str_of(data, size), line;
    struct outgoing m = { .chat_id = S("x/c"), .text = S("*t*"), .reply_to = S("x/m") };
    struct webhook_endpoint e;
    struct hook_message got;
    bool wanted;
    str body;

    if (!size || !str_split(&rest, '\n', &line) || json_parse(line, &settings))
        return 0;
    all = json_pack("{s:O}", "x", settings);
    if (webhook_endpoint_read(a, all, S("x"), &e))
        return 0;
    if (webhook_body(a, &e, &m, &body) == OK) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        assert(json_parse(body, &j) == OK);
    }
    if (json_parse(rest, &call) || webhook_decode(a, &e, call, &(struct webhook_proof){ S("s"), S("1") }, &got, &wanted) || !wanted)
        return 0;
    assert(str_starts(got.message.external_id, S("x/")) && str_starts(got.message.chat_id, S("x/")));
    assert(str_starts(got.message.user_id, S("x/")) && got.message.user_id.len > 2);
    assert(utf8_valid(got.message.text));
    return 0;
}
