// SPDX-License-Identifier: Apache-2.0
/* What is read as words can be written with every word in single quotes and is read again as the same; and a line that is
 * simple stays so with blanks around it. */
#include <assert.h>

#include "base/buf.h"
#include "tool/shell_words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void add_quoted(struct buf *b, str word)
{
    buf_add_char(b, '\'');
    for (size_t i = 0; i < word.len; i++)
        buf_add(b, word.p[i] == '\'' ? S("'\\''") : str_cut(word, i, i + 1));
    buf_add(b, S("' "));
}

static void add_command(struct buf *b, const struct shell_command *c)
{
    static const char *const joins[] = { "", "&& ", "|| ", "| ", "; " };

    buf_add(b, str_from(joins[c->join]));
    for (size_t i = 0; i < c->n_assigned; i++) {
        size_t eq = str_find_char(c->assigned[i].text, '=');

        buf_add(b, str_take(c->assigned[i].text, eq + 1));
        add_quoted(b, str_skip(c->assigned[i].text, eq + 1));
    }
    for (size_t i = 0; i < c->n; i++)
        add_quoted(b, c->words[i].text);
    for (size_t i = 0; i < c->n_redirects; i++) {
        buf_add(b, c->redirects[i].writes ? S("> ") : S("< "));
        add_quoted(b, c->redirects[i].path);
    }
}

static void check_same(const struct shell_line *x, const struct shell_line *y)
{
    assert(!y->complex && x->n == y->n);
    for (size_t i = 0; i < x->n; i++) {
        const struct shell_command *p = &x->commands[i], *q = &y->commands[i];

        assert(p->join == q->join && p->n == q->n && p->n_assigned == q->n_assigned && p->n_redirects == q->n_redirects && p->n > 0);
        for (size_t k = 0; k < p->n; k++)
            assert(str_eq(p->words[k].text, q->words[k].text) && !q->words[k].has_glob);
        for (size_t k = 0; k < p->n_redirects; k++)
            assert(str_eq(p->redirects[k].path, q->redirects[k].path) && p->redirects[k].writes == q->redirects[k].writes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = { 0 };
    struct shell_line first, second;

    shell_words_parse(a, str_of(data, n), &first);
    if (first.complex || n > SHELL_LINE_MAX / 8)
        return 0;
    for (size_t i = 0; i < first.n; i++)
        add_command(&b, &first.commands[i]);
    shell_words_parse(a, buf_str(&b), &second);
    check_same(&first, &second);
    return 0;
}
