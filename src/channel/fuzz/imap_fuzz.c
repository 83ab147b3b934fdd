// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a response: refused, or taken apart into values that, written out again, are the same ones. */
#include <assert.h>

#include "base/buf.h"
#include "channel/imap_parse.h"

static void write_values(struct buf *out, const struct imap_value *v)
{
    for (; v; v = v->next) {
        buf_add_char(out, ' ');
        if (v->kind == IMAP_STRING)
            buf_addf(out, "{%zu}\r\n", v->text.len);
        if (v->kind == IMAP_LIST) {
            buf_add_char(out, '(');
            write_values(out, v->first);
            buf_add_char(out, ')');
        } else {
            buf_add(out, v->text);
        }
    }
}

static void check_same(const struct imap_value *a, const struct imap_value *b)
{
    for (; a && b; a = a->next, b = b->next) {
        assert(a->kind == b->kind && str_eq(a->text, b->text));
        check_same(a->first, b->first);
    }
    assert(!a && !b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf again = {0};
    struct imap_response r, second;
    uint64_t n;

    (void)imap_announces(str_of(data, size), &n);
    if (imap_parse(a, str_of(data, size), &r) || r.type != IMAP_UNTAGGED || !r.values)
        return 0;
    buf_addf(&again, "* ");
    if (r.has_number)
        buf_addf(&again, "%u ", r.number);
    buf_add(&again, r.name);
    write_values(&again, r.values);
    assert(imap_parse(a, buf_str(&again), &second) == OK);
    assert(str_eq(second.name, r.name) && second.number == r.number);
    check_same(r.values, second.values);
    return 0;
}
