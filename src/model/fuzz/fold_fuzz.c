// SPDX-License-Identifier: Apache-2.0
/* A model's answer, whole and cut at a place the input chooses, folds into the same reply or the same error, for every
 * provider. */
#include <assert.h>

#include "model/fold.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROVIDER(id) extern const struct provider provider_##id;
#include "model/providers.def"
#undef PROVIDER
#define PROVIDER(id) &provider_##id,
static const struct provider *const providers[] = {
#include "model/providers.def"
};
#undef PROVIDER

static enum err fold(struct arena *a, const struct provider *p, str one, str two, struct reply *out)
{
    CLEANUP(completion_done) struct completion c = { .arena = a };
    CLEANUP(fold_done) struct fold f = { .provider = p, .completion = &c };

    TRY(fold_feed(&f, one));
    TRY(fold_feed(&f, two));
    return fold_end(&f, out);
}

static void check(const struct provider *p, str in, size_t at)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct reply r, s;
    enum err e = fold(a, p, in, NO_STR, &r), f = fold(a, p, str_take(in, at), str_skip(in, at), &s);

    assert(e == f);
    if (e)
        return;
    assert(str_eq(r.text, s.text) && str_eq(r.reasoning, s.reasoning) && str_eq(r.kept, s.kept));
    assert(r.n_calls == s.n_calls && r.stop == s.stop);
    for (size_t i = 0; i < r.n_calls; i++)
        assert(r.calls[i].name.len && r.calls[i].id.len && str_eq(r.calls[i].arguments, s.calls[i].arguments));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    str in = str_of(data + 1, size - 1);
    size_t at = in.len ? data[0] % in.len : 0;

    for (size_t i = 0; i < N_ELEMENTS(providers); i++)
        check(providers[i], in, at);
    return 0;
}
