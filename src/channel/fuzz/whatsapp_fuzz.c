// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as a call or an answer: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/whatsapp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct whatsapp_update *u = ARENA_NEW(a, struct whatsapp_update);
    struct sent sent;

    if (whatsapp_decode_sent(a, &(struct http_response){ .status = 200, .body = str_of(data, size) }, &sent) == OK)
        assert(!sent.unknown);
    if (json_parse(str_of(data, size), &j) || whatsapp_decode(a, j, S("106540352242922"), u))
        return 0;
    for (size_t i = 0; i < u->n_messages; i++) {
        const struct message *m = &u->messages[i]->message;

        assert(m->external_id.len && m->chat_id.len && m->user_id.len && utf8_valid(m->text));
        assert(str_trim(m->text).len || u->messages[i]->n_files);
    }
    return 0;
}
