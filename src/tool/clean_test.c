// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/desk.h"
#include "tool/tree.h"

/* 2026-01-02T00:00:00.123Z */
static const struct timespec WHEN[2] = { { 1767312000, 123000000 }, { 1767312000, 123000000 } };

static const char *in(struct desk *d, const char *name)
{
    return arena_printf(d->f.arena, "%s/%s", d->f.workspace, name);
}

static void set_time(struct desk *d, const char *name)
{
    CHECK(utimensat(AT_FDCWD, in(d, name), WHEN, AT_SYMLINK_NOFOLLOW) == 0);
}

static bool is_there(struct desk *d, const char *name)
{
    struct stat st;

    return lstat(in(d, name), &st) == 0;
}

static void make_tree(struct desk *d)
{
    static const char *const folders[] = { "src", ".git", "src/__pycache__", "src/.ruff_cache" };
    static const char *const files[] = { "a.tmp", "b.txt", "src/x.c~", "src/.y.swp", "src/core", ".git/a.tmp", "src/__pycache__/m.pyc" };
    Elf64_Ehdr head = { .e_ident = ELFMAG, .e_type = ET_CORE };

    for (size_t i = 0; i < N_ELEMENTS(folders); i++)
        CHECK(mkdir(in(d, folders[i]), 0755) == 0);
    for (size_t i = 0; i < N_ELEMENTS(files); i++) {
        fixture_inside(&d->f, files[i], "1234");
        set_time(d, files[i]);
    }
    FILE *f = fopen(in(d, "src/core.77"), "we");

    CHECK(f && fwrite(&head, sizeof head, 1, f) == 1 && fclose(f) == 0);
    CHECK(symlink("b.txt", in(d, "link.tmp")) == 0 && symlink("/etc", in(d, "src/out")) == 0);
    set_time(d, "src/core.77");
    set_time(d, "src/__pycache__");
    set_time(d, "src/.ruff_cache");
}

#define AT "2026-01-02T00:00:00.123Z"

TEST(what_is_temporary_is_listed_and_nothing_else)
{
    DESK(d);

    CHECK_SAYS(&d, "clean_files", "{}", "Nothing temporary is there.");
    make_tree(&d);
    CHECK_SAYS(&d, "clean_files", "{}", "a.tmp\t4\t" AT "\nsrc/.ruff_cache/\t0\t" AT "\nsrc/.y.swp\t4\t" AT "\nsrc/__pycache__/\t4\t" AT
               "\nsrc/core.77\t64\t" AT "\nsrc/x.c~\t4\t" AT);
    CHECK_SAYS(&d, "clean_files", "{\"action\":\"plan\",\"path\":\"src/__pycache__\"}", "src/__pycache__/m.pyc\t4\t" AT);
    CHECK_REFUSES(&d, "clean_files", "{\"path\":\"../\"}", "outside");
}

static str apply(struct desk *d, str plan)
{
    CLEANUP(json_decrefp) json_t *arguments = json_pack("{s:s, s:[]}", "action", "apply", "files");

    for (str line; str_split(&plan, '\n', &line); )
        json_array_append_new(json_object_get(arguments, "files"), json_from_str(line));
    return desk_call(d, "clean_files", json_print(d->f.arena, arguments).p).text;
}

TEST(what_was_listed_is_removed_and_nothing_else)
{
    DESK(d);

    make_tree(&d);
    str plan = desk_call(&d, "clean_files", "{}").text;

    CHECK_STR(apply(&d, plan), "6 removed, 80 bytes freed.");
    CHECK(!is_there(&d, "a.tmp") && !is_there(&d, "src/__pycache__") && !is_there(&d, "src/core.77"));
    CHECK(is_there(&d, "b.txt") && is_there(&d, "link.tmp") && is_there(&d, "src/core") && is_there(&d, ".git/a.tmp"));
    CHECK_STR(apply(&d, desk_call(&d, "clean_files", "{}").text), "Nothing to remove.");
    CHECK_SAYS(&d, "clean_files", "{\"action\":\"apply\"}", "Nothing to remove.");
}

TEST(what_has_changed_since_the_plan_is_left_and_told)
{
    DESK(d);

    make_tree(&d);
    str plan = desk_call(&d, "clean_files", "{}").text;

    fixture_inside(&d.f, "a.tmp", "12345");
    fixture_inside(&d.f, "src/__pycache__/n.pyc", "");
    CHECK(unlink(in(&d, "src/x.c~")) == 0);
    str said = apply(&d, plan);

    CHECK(str_starts(said, S("3 removed, 68 bytes freed.\nleft: a.tmp: it has changed\n")));
    CHECK(str_find(said, S("left: src/__pycache__: it has changed")) != STR_NONE);
    CHECK(str_find(said, S("left: src/x.c~: it is no longer there")) != STR_NONE);
    CHECK(is_there(&d, "a.tmp") && is_there(&d, "src/__pycache__/m.pyc"));
}

TEST(nothing_but_what_is_temporary_is_removed_whatever_a_line_says)
{
    DESK(d);
    static const struct { const char *line, *want; } cases[] = {
        { "b.txt\t4\t" AT, "left: b.txt: it is not temporary" }, { "src/\t4\t" AT, "left: src: it is not temporary" },
        { ".git/a.tmp\t4\t" AT, "left: .git/a.tmp: it is in .git" }, { "link.tmp\t5\t" AT, "left: link.tmp: it is not temporary" },
        { "here/a.tmp\t4\t" AT, "left: here/a.tmp: it is no longer there" }, { "src/../.git/a.tmp\t4\t" AT, "it is in .." },
        { "../out.tmp\t4\t" AT, "it is in .." },
        { "/etc/a.tmp\t4\t" AT, "not allowed: it would write where the system lives" }, { "a.tmp\t4", "Nothing to remove." }, { "a.tmp", "Nothing to remove." },
        { ".\t4\t" AT, "Nothing to remove." }, { "a.tmp\tx\t" AT, "Nothing to remove." }, { "src/core\t4\t" AT, "it is not temporary" },
    };

    make_tree(&d);
    CHECK(symlink(".git", in(&d, "here")) == 0);
    const char *outside = fixture_outside(&d.f, "out.tmp", "1234");

    CHECK(utimensat(AT_FDCWD, outside, WHEN, 0) == 0);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str said = apply(&d, str_from(cases[i].line));

        if (str_find(said, str_from(cases[i].want)) == STR_NONE)
            test_failed(__FILE__, __LINE__, "%s: %.*s", cases[i].line, STR(said));
    }
    CHECK(is_there(&d, "a.tmp") && is_there(&d, "b.txt") && is_there(&d, ".git/a.tmp") && is_there(&d, "src/core") && access(outside, F_OK) == 0);
}

TEST(a_tree_that_is_removed_leads_nowhere_else)
{
    DESK(d);
    struct tree_size size;
    int fd = open(d.f.workspace, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    make_tree(&d);
    CHECK(symlink("/etc", in(&d, "folder")) == 0);
    CHECK_ERR(tree_measure(fd, "b.txt", &size), ERR_INPUT);
    CHECK_ERR(tree_remove(fd, "folder"), ERR_INPUT);
    CHECK_OK(tree_measure(fd, "src", &size));
    CHECK_INT(size.n, 9);
    CHECK_OK(tree_remove(fd, "src"));
    CHECK(!is_there(&d, "src") && access("/etc/passwd", F_OK) == 0);
    close(fd);
}
