// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "tool/shell_words.h"

/* "[git][push] && [ls]", or "complex". */
static void describe(struct buf *b, const struct shell_line *line)
{
    static const char *const joins[] = { "", " && ", " || ", " | ", " ; " };

    if (line->complex) {
        buf_add(b, S("complex"));
        return;
    }
    for (size_t i = 0; i < line->n; i++) {
        const struct shell_command *c = &line->commands[i];

        buf_add(b, str_from(joins[c->join]));
        for (size_t k = 0; k < c->n_assigned; k++)
            buf_addf(b, "{%.*s}", STR(c->assigned[k].text));
        for (size_t k = 0; k < c->n; k++)
            buf_addf(b, c->words[k].has_glob ? "<%.*s>" : "[%.*s]", STR(c->words[k].text));
        for (size_t k = 0; k < c->n_redirects; k++)
            buf_addf(b, "%s(%.*s)", c->redirects[k].writes ? ">" : "<", STR(c->redirects[k].path));
    }
}

TEST(a_line_of_words_is_read_as_the_shell_reads_it)
{
    static const char *const lines[][2] = {
        { "ls", "[ls]" }, { "  git  push\torigin ", "[git][push][origin]" }, { "a && b", "[a] && [b]" },
        { "a|b ||c", "[a] | [b] || [c]" }, { "a;b;", "[a] ; [b]" }, { "a\nb\n\n", "[a] ; [b]" }, { "a &&\n b", "[a] && [b]" },
        { "echo 'a b' \"c d\" e\\ f", "[echo][a b][c d][e f]" }, { "echo a'b'\"c\"d", "[echo][abcd]" }, { "echo '' \"\"", "[echo][][]" },
        { "echo \"a\\\"b\\\\c\\d\"", "[echo][a\"b\\c\\d]" }, { "echo a\\\nb", "[echo][ab]" }, { "ls *.c 'x*'", "[ls]<*.c>[x*]" },
        { "a # b c", "[a]" }, { "echo a#b", "[echo][a#b]" }, { "a > f", "[a]>(f)" }, { "a>f 2>&1", "[a]>(f)" }, { "a >>f <g", "[a]>(f)<(g)" },
        { "a 2>f", "[a]>(f)" }, { "a 2 >f", "[a][2]>(f)" }, { "A=b c d=e", "{A=b}[c][d=e]" }, { "[ -f x ]", "[[][-f][x][]]" },
        { "grep 'a$' \"b$\"", "[grep][a$][b$]" }, { "git show HEAD~1", "[git][show][HEAD~1]" }, { "find . -name {}", "[find][.][-name][{}]" },
        { "echo $A", "complex" }, { "echo $(b)", "complex" }, { "echo `b`", "complex" }, { "echo \"$A\"", "complex" }, { "(a)", "complex" },
        { "a &", "complex" }, { "a & b", "complex" }, { "a <<E\nb\nE", "complex" }, { "a <(b)", "complex" }, { "a() { b; }", "complex" },
        { "{ a; }", "complex" }, { "if a; then b; fi", "complex" }, { "! a", "complex" }, { "a {b,c}", "complex" }, { "ls ~", "complex" },
        { "ls a=~", "complex" }, { "* a", "complex" }, { "a >*", "complex" }, { "> f", "complex" }, { "A=b", "complex" }, { "", "complex" },
        { "a &&", "complex" }, { "&& a", "complex" }, { "a ;; b", "complex" }, { "a 'b", "complex" }, { "a \"b", "complex" }, { "a \\", "complex" },
        { "a >&1<f", "complex" }, { "a &> f", "complex" }, { "a |& b", "complex" }, { "a >& f", "complex" }, { "a 3> f", "complex" }, { "a <> f", "complex" },
        { "a\rb", "complex" }, { "a \x1b[2J", "complex" }, { "a \xe2\x80\xae b", "complex" }, { "a \xff", "complex" }, { "\xd1\x80m x", "complex" },
    };

    for (size_t i = 0; i < N_ELEMENTS(lines); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf b = { 0 };
        struct shell_line line;

        shell_words_parse(a, str_from(lines[i][0]), &line);
        describe(&b, &line);
        if (!str_eq(buf_str(&b), str_from(lines[i][1])))
            test_failed(__FILE__, __LINE__, "%s: is %s, want %s", lines[i][0], buf_c(&b), lines[i][1]);
    }
}
