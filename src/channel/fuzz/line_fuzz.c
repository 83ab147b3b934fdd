// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as a call: it is decoded or refused, and a message that comes out is well formed. */
#include <assert.h>

#include "base/utf8.h"
#include "channel/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    struct line_update *u = ARENA_NEW(a, struct line_update);

    if (json_parse(str_of(data, size), &j) || line_decode(a, j, u))
        return 0;
    for (size_t i = 0; i < u->n; i++) {
        const struct message *m = &u->messages[i]->message;

        assert(m->external_id.len && m->chat_id.len && m->user_id.len && utf8_valid(m->text));
        assert(str_trim(m->text).len || u->messages[i]->n_files);
    }
    return 0;
}
