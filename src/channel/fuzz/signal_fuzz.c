// SPDX-License-Identifier: Apache-2.0
/* Whatever JSON comes as an event or as an answer: it is decoded or refused, and a message that comes out is well formed.  The same
 * bytes as a text with marks: its ranges are inside what is left. */
#include <assert.h>
#include <stdio.h>

#include "base/utf8.h"
#include "channel/signal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_styles(struct arena *a, str marked)
{
    CLEANUP(json_decrefp) json_t *styles = json_array();
    str text = signal_styled(a, marked, styles);
    const json_t *s;
    size_t i, units = utf8_length_utf16(text);

    json_array_foreach(styles, i, s) {
        size_t from = 0, n = 0;

        assert(sscanf(json_string_value(s), "%zu:%zu:", &from, &n) == 2);
        assert(n > 0 && from + n <= units);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct signal_self self = { S("+491700000001"), S("b0b0b0b0-0000-4000-8000-000000000000") };
    struct hook_message m;
    struct sent sent;
    bool wanted;

    if (utf8_valid(str_of(data, size)))
        check_styles(a, str_of(data, size));
    (void)!signal_decode_sent(a, &(struct http_response){ .status = 200, .body = str_of(data, size) }, &sent);
    if (json_parse(str_of(data, size), &j) || signal_decode(a, j, &self, &m, &wanted) || !wanted)
        return 0;
    assert(m.message.external_id.len && m.message.chat_id.len && m.message.user_id.len && m.message.created_at > 0);
    assert(signal_is_group(m.message.chat_id) || str_eq(m.message.chat_id, m.message.user_id));
    assert(utf8_valid(m.message.text) && m.n_files <= INCOMING_FILES_MAX && (m.message.text.len || m.n_files));
    return 0;
}
