// SPDX-License-Identifier: Apache-2.0
#include "base/words.h"
#include "memory/text.h"

/* Of the whole, so what waits at the end of the same transaction is done first. */
static enum err run(struct text *t, const char *statement) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);

    batch_add(b, "text.index", "");
    batch_add(b, "text.indexed", "");
    batch_add(b, statement, "");
    return store_commit(t->store, b);
}

enum err text_check(struct text *t) AWAITS
{
    return run(t, "text.check");
}

enum err text_rebuild(struct text *t) AWAITS
{
    return run(t, "text.rebuild");
}

enum err text_optimize(struct text *t) AWAITS
{
    return run(t, "text.optimize");
}

enum err text_has_word(struct text *t, struct arena *a, str text, str *ret_word) AWAITS
{
    struct words words = { .text = text, .indexed = true };
    struct word word;
    struct rows found;

    while (words_next(&words, &word)) {
        TRY(store_read(t->store, a, &found, "text.vocabulary", "si", word.folded, INT64_C(1)));
        if (found.n && str_eq(row_str(&found, 0, 0), word.folded)) {
            *ret_word = row_str(&found, 0, 0);
            return OK;
        }
    }
    *ret_word = S("");
    return OK;
}
