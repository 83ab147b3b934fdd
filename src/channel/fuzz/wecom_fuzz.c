// SPDX-License-Identifier: Apache-2.0
/* Whatever comes as a callback's XML, or behind its envelope: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/wecom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As if the signature had been right. */
static void open_it(struct arena *a, str text)
{
    struct wecom_keys keys = { S("token"), S("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"), S("corp") };
    struct wecom_sealed sealed = { wecom_signature(a, keys.token, S("1"), S("2"), text), S("1"), S("2"), text };
    str plain;

    if (wecom_unseal(a, &keys, &sealed, &plain) == OK)
        assert(plain.len < text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct wecom_message m;
    bool wanted;

    open_it(a, str_of(data, size));
    if (wecom_decode(a, str_of(data, size), &m, &wanted) || !wanted)
        return 0;
    assert(m.message.external_id.len && m.message.chat_id.len && m.message.user_id.len);
    assert(utf8_valid(m.message.text) && m.n_files <= WECOM_FILES_MAX);
    return 0;
}
