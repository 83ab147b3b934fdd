// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "tool/glob.h"

TEST(a_pattern_matches_names_in_any_folder_and_paths_as_a_whole)
{
    static const struct { const char *pattern, *path; bool want, want_shown; } cases[] = {
        { "*.c", "a.c", true, true },
        { "*.c", "src/deep/a.c", true, true },
        { "*.c", "a.cc", false, false },
        { "a?c", "abc", true, true },
        { "a?c", "a\xe2\x82\xac" "c", true, true },
        { "a?c", "a\xff" "c", true, true },
        { "?", "ab", false, false },
        { "[a-c]x", "bx", true, true },
        { "[!a-c]x", "bx", false, false },
        { "[^a-c]x", "dx", true, true },
        { "[]a]", "]", true, true },
        { "[a-]", "-", true, true },
        { "[\\]]", "]", true, true },
        { "[\xc3\xa4-\xc3\xbc]", "\xc3\xb6", true, true },
        { "\\*", "*", true, true },
        { "\\*", "x", false, false },
        { "*a*b*c", "xaxbxbxc", true, true },
        { "*a*b*c", "xaxbxbx", false, false },
        { "a**b", "axxb", true, true },
        { "src/*.c", "src/a.c", true, true },
        { "src/*.c", "src/x/a.c", false, false },
        { "src/*.c", "a.c", false, false },
        { "src/**/*.c", "src/a.c", true, true },
        { "src/**/*.c", "src/x/y/a.c", true, true },
        { "**/*.c", "a.c", true, true },
        { "**/x/**/y", "a/x/b/x/c/y", true, true },
        { "**/x/**/y", "a/x/b/x/c", false, false },
        { "src/**", "src", false, false },
        { "src/**", "src/a", true, true },
        { "src/**", "src/a/b", true, true },
        { "**", "a/b", true, true },
        { "*", ".git", false, true },
        { "?git", ".git", false, true },
        { "[.]git", ".git", false, true },
        { ".git", ".git", true, true },
        { ".*", ".git", true, true },
        { "config", ".git/config", false, true },
        { "**/config", ".git/config", false, true },
        { "**/.git/*", "a/.git/config", true, true },
        { ".git/**", ".git/a/b", true, true },
        { "src/**", "src/.x", false, true },
        { "a/*/b", "a//b", true, true },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str pattern = str_from(cases[i].pattern), path = str_from(cases[i].path);

        CHECK_OK(glob_check(pattern));
        if (glob_match(pattern, path, GLOB_DOTS_HIDDEN) != cases[i].want
            || glob_match(pattern, path, GLOB_DOTS_SHOWN) != cases[i].want_shown)
            test_failed(__FILE__, __LINE__, "%s of %s", cases[i].pattern, cases[i].path);
        /* a folder above what matches is never passed over */
        for (size_t at = 1; cases[i].want && at < path.len; at++)
            CHECK(path.p[at] != '/' || glob_may_match_below(pattern, str_take(path, at), GLOB_DOTS_HIDDEN));
    }
}

TEST(folders_where_nothing_can_match_are_told)
{
    static const struct { const char *pattern, *folder; bool want; } cases[] = {
        { "src/*.c", "src", true },     { "src/*.c", "lib", false },    { "src/*.c", "src/x", false },
        { "s*/x/*", "src/x", true },    { "src/**", "src/a/b", true },  { "a/**/c", "b", false },
        { "*.c", "x/y", true },         { "*.c", ".git", false },       { "**/*.c", "a/.git", false },
        { "**/.git/x", "a/.git", true },    { ".git/**", ".git", true },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        if (glob_may_match_below(str_from(cases[i].pattern), str_from(cases[i].folder), GLOB_DOTS_HIDDEN) != cases[i].want)
            test_failed(__FILE__, __LINE__, "%s below %s", cases[i].pattern, cases[i].folder);
}

TEST(what_is_no_pattern_is_refused_with_what_to_write)
{
    static const struct { const char *pattern, *want; } cases[] = {
        { "", "1 to 1000 bytes" }, { "/etc/*", "single slashes" }, { "a//b", "single slashes" }, { "a/", "single slashes" },
        { "../*", "single slashes" }, { "*.{c,h}", "no braces" }, { "a[b", "a ] for every [" }, { "[a/b]", "a ] for every [" },
        { "a\\", "at the end" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_ERR(glob_check(str_from(cases[i].pattern)), ERR_INPUT);
        CHECK(strstr(failed_text(), cases[i].want) != NULL);
    }
    CHECK_OK(glob_check(S("a\\{b\\[c")));
}

TEST(no_pattern_makes_matching_slow)
{
    CLEANUP(buf_done) struct buf pattern = { 0 };
    CLEANUP(buf_done) struct buf path = { 0 };

    for (int i = 0; i < 333; i++)
        buf_add(&pattern, i % 9 ? S("*a") : S("**/"));
    buf_add(&pattern, S("b"));
    for (int i = 0; i < 4000; i++)
        buf_add(&path, i % 40 ? S("a") : S("/"));
    CHECK(!glob_match(buf_str(&pattern), str_skip(buf_str(&path), 1), GLOB_DOTS_HIDDEN));
}
