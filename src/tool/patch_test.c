// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "tool/patch.h"

static enum err apply(struct arena *a, const char *before, const char *diff, struct buf *after)
{
    struct patch p;

    TRY(patch_parse(a, str_from(diff), &p));
    return patch_apply(a, &p, str_from(before), after);
}

#define ABC "a\nb\nc\nd\ne\n"

TEST(a_diff_is_applied_where_its_lines_stand)
{
    static const struct { const char *before, *diff, *want; } cases[] = {
        { ABC, "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nB\nc\nd\ne\n" },
        { ABC, "@@ -1,3 +1,3 @@ int main()\n a\n-b\n+B\n c\n@@ -4,2 +4,3 @@\n d\n+x\n e\n", "a\nB\nc\nd\nx\ne\n" },
        { ABC, "@@ -90,3 +90,3 @@\n a\n-b\n+B\n c", "a\nB\nc\nd\ne\n" },                  /* the number is only a hint */
        { ABC, "@@\n-e\n", "a\nb\nc\nd\n" },
        { ABC, "@@ function @@\n+0\n a\n", "0\na\nb\nc\nd\ne\n" },
        { ABC, "@@ -1,9 +1,9 @@\n-b\n", "a\nc\nd\ne\n" },                                   /* so are its counts */
        { "x\ny\nx\ny\n", "@@ -3,2 +3,2 @@\n x\n-y\n+z\n", "x\ny\nx\nz\n" },                /* the hint decides */
        { "0\nx\ny\nx\ny\n", "@@ -1,1 +1,2 @@\n 0\n+1\n@@ -2,2 +3,2 @@\n x\n-y\n", "0\n1\nx\nx\ny\n" },
        { "0\n1\nx\ny\nx\ny\n", "@@ -1 +1 @@\n-1\n@@ -2 +2 @@\n x\n-y\n", "0\nx\nx\ny\n" }, /* a hunk's drift is the next one's */
        { "a\n\nb\n", "@@ -1,3 +1,2 @@\n a\n\n-b\n", "a\n\n" },                             /* an empty line without its space */
        { "a\nb\n", "@@ -1 +1 @@\n-a\n+A\n\n\n@@ -2 +2 @@\n-b\n+B\n\n", "A\nB\n" },         /* and some that belong to nobody */
        { "", "@@ -0,0 +1,2 @@\n+a\n+b\n", "a\nb\n" },
        { "a\n", "@@ -1 +0,0 @@\n-a\n", "" },
        { "a", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n", "b" },
        { "a", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n", "a\n" },
        { "a\n", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n", "a" },
        { "a", "@@ -1 +1,2 @@\n a\n+b\n", "a\nb\n" },
        { "a\nb", "@@ -1 +1 @@\n-a\n+A\n", "A\nb" },
        { "a\r\nb\r\n", "@@ -1,2 +1,3 @@\n a\n+x\n-b\n+c\n", "a\r\nx\r\nc\r\n" },
        { "a\nb\n", "@@ -1 +1 @@\n--- x\n+++ y\n a\n", NULL },
        { "-- x\na\n", "@@ -1 +1 @@\n--- x\n+++ y\n a\n", "++ y\na\n" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf after = { 0 };
        enum err e = apply(a, cases[i].before, cases[i].diff, &after);

        if (cases[i].want == NULL)
            CHECK_ERR(e, ERR_CONFLICT);
        else if (e)
            test_failed(__FILE__, __LINE__, "%s: %s", cases[i].diff, failed_text());
        else
            CHECK_STR(buf_str(&after), cases[i].want);
    }
}

TEST(a_diff_that_does_not_fit_says_which_hunk_and_why)
{
    static const struct { const char *before, *diff, *want; } cases[] = {
        { ABC, "", "no hunk" },
        { ABC, "a\n-b\n+c\n", "no hunk" },
        { ABC, "@@ -x @@\n-b\n", "hunk 1: \"@@ -x @@\" is no head" },
        { ABC, "@@ -99999999999 @@\n-b\n", "is no head" },
        { ABC, "@@ -1 +1 @@\n a\n", "hunk 1: changes nothing" },
        { ABC, "@@ -1 +1 @@\n-a\n@@ -2 +2 @@\n", "hunk 2: changes nothing" },
        { ABC, "@@ -1 +1 @@\n-a\nb\n", "hunk 1, line 3 of the diff: begins with none of" },
        { ABC, "@@ -1 +1 @@\n-a\n```\n", "\"```\"" },
        { ABC, "--- f\n+++ f\n@@ -1 +1 @@\n-a\n--- g\n+++ g\n@@ -1 +1 @@\n-a\n", "line 5 of the diff: a second file" },
        { ABC, "@@ -1 +1 @@\n-a\ndiff --git a/g b/g\n", "a second file" },
        { ABC, "@@ -1,2 +1,2 @@\n a\n-x\n+y\n", "hunk 1: does not match, at line 2 or elsewhere: the diff has \"x\", the file \"b\"" },
        { ABC, "@@ -1 +1 @@\n-a\n@@ -5,2 +5 @@\n e\n-f\n", "hunk 2: does not match: the file ends at line 5, before \"f\"" },
        { ABC, "@@\n-x\n", "hunk 1: the lines that it keeps and removes do not stand" },
        { ABC, "@@ -4 +4 @@\n-d\n@@ -2 +2 @@\n-b\n", "hunk 2: the lines that it keeps and removes do not stand in the file like this behind" },
        { ABC, "@@ -2,0 +3 @@\n+x\n", "hunk 1: only adds" },
        { "x\ny\nx\n", "@@ -2 +2 @@\n-x\n", "hunk 1: its lines stand at line 1 and at line 3" },
        { ABC " ", "@@ -1 +1 @@\n-a \n", "the diff has \"a \", the file \"a\"" },               /* blanks count */
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf after = { 0 };

        CHECK(apply(a, cases[i].before, cases[i].diff, &after) != OK);
        if (!strstr(failed_text(), cases[i].want))
            test_failed(__FILE__, __LINE__, "%s: %s", cases[i].diff, failed_text());
    }
}

TEST(a_repetitive_file_makes_no_diff_slow)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf before = { 0 };
    CLEANUP(buf_done) struct buf diff = { 0 };
    CLEANUP(buf_done) struct buf after = { 0 };

    for (int i = 0; i < 200000; i++)
        buf_add(&before, S("a\n"));
    buf_add(&diff, S("@@\n"));
    for (int i = 0; i < 50000; i++)
        buf_add(&diff, S(" a\n"));
    buf_add(&diff, S("-b\n"));
    CHECK_ERR(apply(a, buf_c(&before), buf_c(&diff), &after), ERR_CONFLICT);
}
