// SPDX-License-Identifier: Apache-2.0
/* A diff that applies leaves as many lines as it says, and what it adds stands where it says.  The input is a text, a
 * NUL, and a diff. */
#include <assert.h>

#include "tool/patch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t count_lines(str s)
{
    size_t n = s.len && s.p[s.len - 1] != '\n';

    for (size_t i = 0; i < s.len; i++)
        n += s.p[i] == '\n';
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf after = { 0 };
    str diff = str_of(data, n), before;
    size_t want, last = 0;
    bool ends_file = false;
    struct patch p;

    if (!str_split(&diff, '\0', &before) || !diff.p || patch_parse(a, diff, &p) || patch_apply(a, &p, before, &after))
        return 0;
    assert(p.n > 0);
    want = count_lines(before);
    for (size_t i = 0; i < p.n; i++) {
        const struct patch_hunk *h = &p.hunks[i];

        assert(h->found > last || h->n_old == 0);
        last = h->found + h->n_old - 1;
        assert(last <= count_lines(before));
        want += h->n_new - h->n_old;
        for (size_t k = 0; k < h->n; k++)
            ends_file |= h->lines[k].ends_file;
    }
    if (!ends_file)     /* an added line that is empty and has no end is none */
        assert(count_lines(buf_str(&after)) == want);
    return 0;
}
