// SPDX-License-Identifier: Apache-2.0
/* Finding files, and what is in them. */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "tool/desk.h"
#include "tool/walk.h"

static void make_folder(struct desk *d, const char *name)
{
    CHECK(mkdir(arena_printf(d->f.arena, "%s/%s", d->f.workspace, name), 0755) == 0);
}

static void make_link(struct desk *d, const char *target, const char *name)
{
    CHECK(symlink(target, arena_printf(d->f.arena, "%s/%s", d->f.workspace, name)) == 0);
}

/* A file of `size` bytes, changed so many hours before 2026-01-02. */
static void make_file(struct desk *d, const char *name, size_t size, int hours_before)
{
    const struct timespec when = { .tv_sec = 1767312000 - 3600 * hours_before };
    char *content = arena_alloc(d->f.arena, size + 1);

    memset(content, 'x', size);
    CHECK(utimensat(AT_FDCWD, fixture_inside(&d->f, name, content), (const struct timespec[]){ when, when }, 0) == 0);
}

static void make_tree(struct desk *d)
{
    static const char *const folders[] = { "src", "src/deep", ".git", "zoo" };

    for (size_t i = 0; i < N_ELEMENTS(folders); i++)
        make_folder(d, folders[i]);
    make_file(d, "a.c", 1, 0);
    make_file(d, "src/b.c", 10, 1);
    make_file(d, "src/b.h", 0, 30);
    make_file(d, "src/deep/c.c", 100, 50);
    make_file(d, ".git/d.c", 5, 0);
    make_file(d, "zoo/\xc3\xa4\n.txt", 3, 0);
    make_link(d, "src", "zz-link");
    make_link(d, "/etc", "zz-etc");
}

/* --- find_files --- */

TEST(files_are_found_by_name_path_type_time_and_size)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{\"pattern\":\"*.c\"}", "a.c  (1 bytes, 2026-01-02T00:00Z)\nsrc/b.c  (10 bytes, 2026-01-01T23:00Z)\n"
                                   "src/deep/c.c  (100 bytes, 2025-12-30T22:00Z)\n" },
        { "{\"pattern\":\"./*.c\",\"path\":\"src/deep\"}", "src/deep/c.c  (100 bytes, 2025-12-30T22:00Z)\n" },
        { "{\"pattern\":\"deep/*\",\"path\":\"src\"}", "src/deep/c.c  (100 bytes, 2025-12-30T22:00Z)\n" },
        { "{\"pattern\":\"src/*.[ch]\",\"max_size\":0}", "src/b.h  (0 bytes, 2025-12-31T18:00Z)\n" },
        { "{\"pattern\":\"**\",\"type\":\"folder\"}", "src/\nsrc/deep/\nzoo/\n" },
        { "{\"pattern\":\"**\",\"type\":\"link\"}", "zz-etc  (a link)\nzz-link  (a link)\n" },
        { "{\"pattern\":\"*\",\"min_size\":10,\"max_size\":99}", "src/b.c  (10 bytes, 2026-01-01T23:00Z)\n" },
        { "{\"pattern\":\"*.[ch]\",\"newer_than\":\"2h\"}", "a.c  (1 bytes, 2026-01-02T00:00Z)\nsrc/b.c  (10 bytes, 2026-01-01T23:00Z)\n" },
        { "{\"pattern\":\"*.[ch]\",\"newer_than\":\"2026-01-01T23:30:00Z\"}", "a.c  (1 bytes, 2026-01-02T00:00Z)\n" },
        { "{\"pattern\":\"d.c\"}", "[nothing found]" },
        { "{\"pattern\":\"d.c\",\"hidden\":true}", ".git/d.c  (5 bytes, 2026-01-02T00:00Z)\n" },
        { "{\"pattern\":\".git/*\"}", ".git/d.c  (5 bytes, 2026-01-02T00:00Z)\n" },
        { "{\"pattern\":\"*.txt\"}", "zoo/\xc3\xa4?.txt  (3 bytes, 2026-01-02T00:00Z)\n" },
        { "{\"pattern\":\"zz-etc/**\"}", "[nothing found]" },
        { "{\"pattern\":\"zz-link/**\"}", "[nothing found]" },
    };

    make_tree(&d);
    clock_fake(1767312000000);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_SAYS(&d, "find_files", cases[i].arguments, cases[i].want);
    clock_real();
}

TEST(the_largest_or_newest_files_come_first)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{\"pattern\":\"*.[ch]\",\"sort\":\"size\"}",
          "src/deep/c.c  (100 bytes, 2025-12-30T22:00Z)\nsrc/b.c  (10 bytes, 2026-01-01T23:00Z)\na.c  (1 bytes, 2026-01-02T00:00Z)\n"
          "src/b.h  (0 bytes, 2025-12-31T18:00Z)\n" },
        { "{\"pattern\":\"*\",\"type\":\"file\",\"sort\":\"size\",\"limit\":1}",
          "src/deep/c.c  (100 bytes, 2025-12-30T22:00Z)\n[1 to 1; it goes on: offset=2]" },
        { "{\"pattern\":\"*\",\"type\":\"file\",\"sort\":\"time\",\"limit\":2,\"offset\":4}",
          "src/b.h  (0 bytes, 2025-12-31T18:00Z)\nsrc/deep/c.c  (100 bytes, 2025-12-30T22:00Z)\n" },
        { "{\"pattern\":\"*.[ch]\",\"sort\":\"name\",\"limit\":1}", "a.c  (1 bytes, 2026-01-02T00:00Z)\n[1 to 1; it goes on: offset=2]" },
        { "{\"pattern\":\"d.c\",\"sort\":\"size\"}", "[nothing found]" },
    };

    make_tree(&d);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_SAYS(&d, "find_files", cases[i].arguments, cases[i].want);
    CHECK_REFUSES(&d, "find_files", "{\"pattern\":\"*.[ch]\",\"sort\":\"size\",\"offset\":9}", "only 4 are found");
    CHECK_REFUSES(&d, "find_files", "{\"pattern\":\"*\",\"sort\":\"colour\"}", "must be one of");
}

TEST(a_search_that_does_not_fit_is_refused)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{}", "pattern" },
        { "{\"pattern\":\"*.{c,h}\"}", "no braces" },
        { "{\"pattern\":\"/etc/*\"}", "single slashes" },
        { "{\"pattern\":\"*\",\"path\":\"..\"}", "outside" },
        { "{\"pattern\":\"*\",\"path\":\"zz-etc\"}", "outside" },
        { "{\"pattern\":\"*\",\"path\":\"a.c\"}", "no such file or folder" },
        { "{\"pattern\":\"*\",\"newer_than\":\"soon\"}", "an age such as" },
        { "{\"pattern\":\"*\",\"type\":\"socket\"}", "type" },
        { "{\"pattern\":\"a.c\",\"offset\":2}", "only 1 are found" },
    };

    make_tree(&d);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_REFUSES(&d, "find_files", cases[i].arguments, cases[i].want);
}

TEST(many_files_are_found_page_after_page)
{
    DESK(d);

    make_folder(&d, "a");
    for (int i = 0; i < 201; i++)
        fixture_inside(&d.f, arena_printf(d.f.arena, "a/f%03d", i), "");
    struct tool_result r = desk_call(&d, "find_files", "{\"pattern\":\"f*\"}");

    CHECK(str_starts(r.text, S("a/f000  (0 bytes, ")));
    CHECK(str_ends(r.text, S("\n[1 to 200; it goes on: offset=201]")));
    r = desk_call(&d, "find_files", "{\"pattern\":\"f*\",\"offset\":201}");
    CHECK(str_starts(r.text, S("a/f200  (")) && str_ends(r.text, S(")\n")));
}

/* --- grep --- */

static void make_texts(struct desk *d)
{
    make_folder(d, "src");
    make_folder(d, ".git");
    fixture_inside(&d->f, "a.txt", "one\ntwo\nthree\nfour\nfive\nsix\n");
    fixture_inside(&d->f, "src/b.c", "int two;\r\nint Two;\r\nx.y\r\nxzy");
    fixture_inside(&d->f, "src/c.h", "\xe4\xb8\xad\xe6\x96\x87 two\nbad \xff two\n");
    fixture_inside(&d->f, ".git/config", "two\n");
    make_link(d, "a.txt", "link");
    make_link(d, "/etc", "out");
}

TEST(lines_are_found_by_regex_or_text_in_files_and_folders)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{\"pattern\":\"two\"}", "a.txt:2:two\nsrc/b.c:1:int two;\nsrc/c.h:1:\xe4\xb8\xad\xe6\x96\x87 two\nsrc/c.h:2:bad \xef\xbf\xbd two\n" },
        { "{\"pattern\":\"^TWO$\",\"ignore_case\":true}", "a.txt:2:two\n" },
        { "{\"pattern\":\"two\",\"glob\":\"*.[ch]\",\"ignore_case\":true,\"names_only\":true}", "src/b.c\nsrc/c.h\n" },
        { "{\"pattern\":\"two\",\"glob\":\"*.c\",\"path\":\"src\"}", "src/b.c:1:int two;\n" },
        { "{\"pattern\":\"x.y\",\"path\":\"src/b.c\"}", "src/b.c:3:x.y\nsrc/b.c:4:xzy\n" },
        { "{\"pattern\":\"x.y\",\"path\":\"src/b.c\",\"literal\":true}", "src/b.c:3:x.y\n" },
        { "{\"pattern\":\"two;$\"}", "src/b.c:1:int two;\n" },
        { "{\"pattern\":\"^\\\\w+ two$\",\"glob\":\"*.h\"}", "src/c.h:1:\xe4\xb8\xad\xe6\x96\x87 two\n" },
        { "{\"pattern\":\"two\",\"glob\":\"config\"}", "[nothing found]\n" },
        { "{\"pattern\":\"two\",\"glob\":\"config\",\"hidden\":true}", ".git/config:1:two\n" },
        { "{\"pattern\":\"two\",\"path\":\".git\"}", ".git/config:1:two\n" },
        { "{\"pattern\":\"two\",\"path\":\"link\"}", "link:2:two\n" },
        { "{\"pattern\":\"one|three\",\"glob\":\"*.txt\",\"context\":1}", "a.txt:1:one\na.txt-2-two\na.txt:3:three\na.txt-4-four\n" },
        { "{\"pattern\":\"one|five\",\"glob\":\"*.txt\",\"context\":1}",
          "a.txt:1:one\na.txt-2-two\n--\na.txt-4-four\na.txt:5:five\na.txt-6-six\n" },
        { "{\"pattern\":\"one|six\",\"glob\":\"*.txt\",\"context\":10}",
          "a.txt:1:one\na.txt-2-two\na.txt-3-three\na.txt-4-four\na.txt-5-five\na.txt:6:six\n" },
        { "{\"pattern\":\"six|x.y\",\"context\":1,\"offset\":2}", "src/b.c-2-int Two;\nsrc/b.c:3:x.y\nsrc/b.c:4:xzy\n" },
        { "{\"pattern\":\"^$\",\"path\":\"a.txt\"}", "[nothing found]\n" },
        { "{\"pattern\":\"root\",\"path\":\".\"}", "[nothing found]\n" },
    };

    make_texts(&d);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_SAYS(&d, "grep", cases[i].arguments, cases[i].want);
}

TEST(a_grep_that_does_not_fit_is_refused)
{
    DESK(d);
    static const struct { const char *arguments, *want; } cases[] = {
        { "{}", "pattern" },
        { "{\"pattern\":\"\"}", "1 to 2000 bytes" },
        { "{\"pattern\":\"a(b\"}", "missing closing parenthesis, at byte 3; set literal" },
        { "{\"pattern\":\"\\\\C\"}", "\\C" },
        { "{\"pattern\":\"a\",\"glob\":\"\"}", "1 to 1000 bytes" },
        { "{\"pattern\":\"a\",\"glob\":\"*.{c,h}\"}", "no braces" },
        { "{\"pattern\":\"a\",\"path\":\"out/passwd\"}", "outside" },
        { "{\"pattern\":\"a\",\"path\":\"nothing\"}", "no such file" },
        { "{\"pattern\":\"a\",\"context\":11}", "context" },
        { "{\"pattern\":\"one\",\"offset\":2}", "only 1 are found" },
        { "{\"pattern\":\"one\",\"offset\":9223372036854775807}", "only 1 are found" },
    };

    make_texts(&d);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_REFUSES(&d, "grep", cases[i].arguments, cases[i].want);
}

TEST(what_cannot_be_searched_is_passed_over_and_told)
{
    DESK(d);
    int fd = open(arena_printf(d.f.arena, "%s/binary", d.f.workspace), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    CHECK(write(fd, "two\0", 4) == 4);
    close(fd);
    fd = open(arena_printf(d.f.arena, "%s/large", d.f.workspace), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    CHECK(ftruncate(fd, 17 << 20) == 0);
    close(fd);
    CHECK(mkfifo(arena_printf(d.f.arena, "%s/pipe", d.f.workspace), 0644) == 0);
    fixture_inside(&d.f, "text", "two\n");
    CHECK_SAYS(&d, "grep", "{\"pattern\":\"two\"}", "text:1:two\n[passed over: 1 binary files, 1 over 16 MiB]\n");
    CHECK_REFUSES(&d, "grep", "{\"pattern\":\"two\",\"path\":\"binary\"}", "a binary file of 4 bytes");
    CHECK_REFUSES(&d, "grep", "{\"pattern\":\"two\",\"path\":\"large\"}", "too many");
    CHECK_REFUSES(&d, "grep", "{\"pattern\":\"two\",\"path\":\"pipe\"}", "not a regular file");
}

TEST(many_matches_are_shown_page_after_page)
{
    DESK(d);
    CLEANUP(buf_done) struct buf all = { 0 };
    CLEANUP(buf_done) struct buf got = { 0 };
    const char *arguments = "{\"pattern\":\"even\"}";

    for (int i = 1; i <= 500; i++)
        buf_addf(&all, "line %d is %s\n", i, i % 2 ? "odd" : "even");
    fixture_inside(&d.f, "f", buf_c(&all));
    buf_clear(&all);
    for (int i = 2; i <= 500; i += 2)
        buf_addf(&all, "f:%d:line %d is even\n", i, i);
    for (int pages = 0; arguments && pages < 10; pages++) {
        struct tool_result r = desk_call(&d, "grep", arguments);
        size_t note = str_find(r.text, S("[matches ")), next = str_find(r.text, S("offset="));

        CHECK(!r.is_error);
        buf_add(&got, str_take(r.text, note));
        arguments = next == STR_NONE ? NULL
            : arena_printf(d.f.arena, "{\"pattern\":\"even\",\"offset\":%d}", atoi(r.text.p + next + strlen("offset=")));
    }
    CHECK(str_eq(buf_str(&got), buf_str(&all)));
}

TEST(a_long_line_is_shown_around_its_match)
{
    DESK(d);
    CLEANUP(buf_done) struct buf line = { 0 };

    for (int i = 0; i < 50000; i++)
        buf_add(&line, i == 40000 ? S("needle") : S("\xc3\xa4"));
    fixture_inside(&d.f, "long", buf_c(&line));
    struct tool_result r = desk_call(&d, "grep", "{\"pattern\":\"n[e]+dle\"}");

    CHECK(str_starts(r.text, S("long:1:...\xc3\xa4")) && str_ends(r.text, S("\xc3\xa4...\n")));
    CHECK(r.text.len < 500 && str_find(r.text, S("needle")) != STR_NONE);
}

TEST(a_pattern_that_tries_too_much_is_stopped)
{
    DESK(d);

    fixture_inside(&d.f, "f", "short\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n");
    CHECK_REFUSES(&d, "grep", "{\"pattern\":\"^(a+)+$\"}", "f:2: the pattern has to try too much");
    CHECK_REFUSES(&d, "grep", "{\"pattern\":\"(?:a|aa)+b\\\\1?|(a*)*b\"}", "f:2: the pattern has to try too much");
}

/* --- walking --- */

static size_t walk_all(struct desk *d, struct walk *w)
{
    CLEANUP(workspace_close) struct workspace workspace = { .fd = -1 };
    struct walk_entry e;
    size_t n = 0;

    CHECK_OK(workspace_open(d->f.workspace, &workspace));
    CHECK_OK(walk_start(w, &workspace, "."));
    for (; walk_next(w, &e); n++)
        if (e.kind == WALK_FOLDER)
            walk_into(w);
    return n;
}

TEST(a_walk_ends_when_it_has_seen_enough)
{
    DESK(d);
    CLEANUP(walk_done) struct walk all = { 0 };
    CLEANUP(walk_done) struct walk few = { .entries_max = 7 };

    make_tree(&d);
    CHECK_INT(walk_all(&d, &all), 12);
    CHECK(all.stopped == NULL);
    CHECK(walk_all(&d, &few) < 7);
    CHECK(few.stopped != NULL);
}

TEST(a_walk_ends_when_its_time_is_over)
{
    DESK(d);
    CLEANUP(workspace_close) struct workspace workspace = { .fd = -1 };
    CLEANUP(walk_done) struct walk w = { .ms_max = 1000 };
    struct walk_entry e;

    make_tree(&d);
    clock_fake(1767312000000);
    CHECK_OK(workspace_open(d.f.workspace, &workspace));
    CHECK_OK(walk_start(&w, &workspace, "."));
    CHECK(walk_next(&w, &e));
    clock_advance(1001);
    CHECK(!walk_next(&w, &e));
    CHECK_STR(str_from(w.stopped), "it took too long");
    clock_real();
}

TEST(a_walk_goes_only_so_deep)
{
    DESK(d);
    CLEANUP(buf_done) struct buf name = { 0 };
    CLEANUP(walk_done) struct walk w = { 0 };

    for (int i = 0; i < WALK_DEPTH_MAX + 3; i++) {
        buf_add(&name, i ? S("/d") : S("d"));
        make_folder(&d, buf_c(&name));
    }
    CHECK_INT(walk_all(&d, &w), WALK_DEPTH_MAX + 1);
    CHECK_INT(w.not_open, 1);
}

TEST(a_walk_follows_no_link_even_when_a_folder_becomes_one)
{
    DESK(d);
    CLEANUP(workspace_close) struct workspace workspace = { .fd = -1 };
    CLEANUP(walk_done) struct walk w = { 0 };
    struct walk_entry e;
    struct stat st;
    int fd;

    make_folder(&d, "a");
    fixture_inside(&d.f, "b", "");
    CHECK_OK(workspace_open(d.f.workspace, &workspace));
    CHECK_OK(walk_start(&w, &workspace, "."));
    CHECK(walk_next(&w, &e) && e.kind == WALK_FOLDER);
    CHECK(rmdir(arena_printf(d.f.arena, "%s/a", d.f.workspace)) == 0);
    make_link(&d, "/etc", "a");
    walk_into(&w);
    CHECK_INT(w.not_open, 1);
    CHECK(walk_next(&w, &e) && e.kind == WALK_FILE);
    CHECK(remove(arena_printf(d.f.arena, "%s/b", d.f.workspace)) == 0);
    make_link(&d, "/etc/passwd", "b");
    CHECK_ERR(walk_open_file(&e, &fd, &st), ERR_INPUT);
    CHECK(!walk_next(&w, &e));
}
