// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "tool/backup_store.h"
#include "tool/desk.h"

static const char *in(struct desk *d, const char *name)
{
    return arena_printf(d->f.arena, "%s/%s", d->f.workspace, name);
}

static bool is_there(struct desk *d, const char *name)
{
    struct stat st;

    return lstat(in(d, name), &st) == 0;
}

static void make_tree(struct desk *d)
{
    CHECK(mkdir(in(d, "docs"), 0755) == 0 && mkdir(in(d, "docs/deep"), 0755) == 0 && mkdir(in(d, "docs/empty"), 0755) == 0);
    fixture_inside(&d->f, "docs/a.txt", "first\n");
    fixture_inside(&d->f, "docs/deep/-b\n.log", "second\n");
    fixture_inside(&d->f, "docs/.hidden", "third\n");
    CHECK(symlink("a.txt", in(d, "docs/link")) == 0);
}

TEST(a_backup_is_named_by_what_it_is_of)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    static const struct { const char *path, *stem; } cases[] = {
        { "docs", "docs" }, { "a/b/docs/", "docs" }, { ".", "workspace" }, { "./", "workspace" }, { "", "workspace" }, { ".env", "env" },
        { "my notes;x", "my_notes_x" }, { "--file=x", "file_x" }, { "\xe7\xac\x94\xe8\xae\xb0", "\xe7\xac\x94\xe8\xae\xb0" },
    };
    str stem;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_STR(backup_stem(a, str_from(cases[i].path)), cases[i].stem);
    CHECK(backup_name_parse(S("a-b-20260102-150405.tar.gz"), &stem));
    CHECK_STR(stem, "a-b");
    CHECK(!backup_name_parse(S("a-20260102-15040x.tar.gz"), &stem) && !backup_name_parse(S("-20260102-150405.tar.gz"), &stem));
    CHECK(!backup_name_parse(S(".a-20260102-150405.tar.gz"), &stem) && !backup_name_parse(S("a.tar.gz"), &stem));
}

TEST(a_folder_is_backed_up_and_restored_as_it_was)
{
    DESK(d);

    if (!fixture_can_run())
        return;
    setenv("TZ", "UTC", 1);
    make_tree(&d);
    CHECK_TELLS(&d, "backup", "{\"action\":\"create\",\"path\":\"docs\"}", ".tar.gz: 6 files and folders, ", false);
    struct tool_result r = desk_call(&d, "backup", "{\"action\":\"list\"}");

    CHECK(!r.is_error && str_starts(r.text, S("docs-20")) && str_ends(r.text, S(" B)\n")));
    str stem = str_take(r.text, str_find(r.text, S(".tar.gz")));

    r = desk_call(&d, "backup", "{\"action\":\"restore\",\"name\":\"docs\"}");
    CHECK(!r.is_error && str_find(r.text, S(": 7 files and folders are in restored/docs-20")) != STR_NONE);
    const char *place = arena_printf(d.f.arena, "restored/%.*s", STR(stem));

    CHECK_STR(str_from(desk_content(&d, arena_printf(d.f.arena, "%s/docs/a.txt", place))), "first\n");
    CHECK_STR(str_from(desk_content(&d, arena_printf(d.f.arena, "%s/docs/deep/-b\n.log", place))), "second\n");
    CHECK(is_there(&d, arena_printf(d.f.arena, "%s/docs/empty", place)) && is_there(&d, arena_printf(d.f.arena, "%s/docs/link", place)));
    CHECK_REFUSES(&d, "backup", "{\"action\":\"restore\",\"name\":\"docs\"}", "nothing was restored: 4 are in the way: restored/docs-20");
}

/* The folder keeps nothing but whole backups. */
static size_t count_in_backups(struct desk *d)
{
    struct tool_result r = desk_call(d, "find_files", "{\"pattern\":\"*\",\"path\":\"backups\",\"hidden\":true,\"type\":\"file\"}");
    size_t n = 0;

    for (size_t i = 0; i < r.text.len; i++)
        n += r.text.p[i] == '\n';
    return n;
}

TEST(nothing_is_written_over_by_a_restore)
{
    DESK(d);

    if (!fixture_can_run())
        return;
    make_tree(&d);
    CHECK_TELLS(&d, "backup", "{\"action\":\"create\",\"path\":\"docs\",\"name\":\"mine\"}", "backups/mine-", false);
    CHECK_REFUSES(&d, "backup", "{\"action\":\"restore\",\"name\":\"mine\",\"to\":\".\"}", "docs/a.txt");
    fixture_inside(&d.f, "docs/a.txt", "newer\n");
    CHECK(unlink(in(&d, "docs/.hidden")) == 0 && unlink(in(&d, "docs/link")) == 0 && unlink(in(&d, "docs/deep/-b\n.log")) == 0);
    CHECK_REFUSES(&d, "backup", "{\"action\":\"restore\",\"name\":\"mine\",\"to\":\".\"}", "1 is in the way: docs/a.txt; `to` names another");
    CHECK(!is_there(&d, "docs/.hidden"));
    CHECK(unlink(in(&d, "docs/a.txt")) == 0);
    CHECK_TELLS(&d, "backup", "{\"action\":\"restore\",\"name\":\"mine\",\"to\":\".\"}", " are in .", false);
    CHECK_STR(str_from(desk_content(&d, "docs/a.txt")), "first\n");
    CHECK(is_there(&d, "docs/.hidden") && is_there(&d, "docs/link"));
    CHECK_INT(count_in_backups(&d), 1);
}

TEST(only_some_files_may_be_backed_up)
{
    DESK(d);
    static const struct timespec when[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

    if (!fixture_can_run())
        return;
    make_tree(&d);
    CHECK(utimensat(AT_FDCWD, in(&d, "docs/a.txt"), when, 0) == 0);
    CHECK_TELLS(&d, "backup", "{\"action\":\"create\",\"path\":\"docs\",\"match\":\"*.log\",\"name\":\"logs\"}", ": 1 files and folders", false);
    CHECK_TELLS(&d, "backup", "{\"action\":\"create\",\"path\":\".\",\"newer_than\":\"1d\",\"name\":\"new\"}", ": 2 files and folders", false);
    CHECK_TELLS(&d, "backup", "{\"action\":\"create\",\"path\":\"docs/a.txt\"}", "backups/a.txt-", false);
    CHECK_REFUSES(&d, "backup", "{\"action\":\"create\",\"path\":\"docs\",\"match\":\"*.jpg\"}", "nothing in it is to be backed up");
}

TEST(a_backup_that_cannot_be_is_refused)
{
    DESK(d);

    CHECK_SAYS(&d, "backup", "{\"action\":\"list\"}", "There are no backups.");
    CHECK_REFUSES(&d, "backup", "{\"action\":\"create\"}", "path: what is to be");
    CHECK_REFUSES(&d, "backup", "{\"action\":\"create\",\"path\":\"/var/log\"}", "no folders of the system");
    CHECK_REFUSES(&d, "backup", "{\"action\":\"create\",\"path\":\"nothing\"}", "no such file");
    CHECK_REFUSES(&d, "backup", "{\"action\":\"create\",\"path\":\".\",\"newer_than\":\"soon\"}", "newer_than: ");
    CHECK_REFUSES(&d, "backup", "{\"action\":\"restore\",\"name\":\"docs\"}", "there is no backup of \"docs\"");
    CHECK_REFUSES(&d, "backup", "{\"action\":\"restore\"}", "name: which backup");
}

TEST(a_broken_backup_leaves_nothing_behind)
{
    DESK(d);

    if (!fixture_can_run())
        return;
    CHECK(mkdir(in(&d, "backups"), 0755) == 0);
    fixture_inside(&d.f, "backups/a-20260102-150405.tar.gz", "no archive");
    CHECK_REFUSES(&d, "backup", "{\"action\":\"restore\",\"name\":\"a-20260102-150405\"}", "tar did not do it");
    CHECK(!is_there(&d, "restored"));
    CHECK_SAYS(&d, "find_files", "{\"pattern\":\"**\",\"path\":\"backups\",\"hidden\":true,\"type\":\"folder\"}", "[nothing found]");
}
