// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/time.h"
#include "tool/archive_rules.h"
#include "tool/desk.h"
#include "tool/provenance.h"

/* ---- rules ---- */

TEST(a_file_goes_where_the_first_rule_that_fits_says)
{
    static const struct { const char *arguments, *name; int64_t size; const char *want; } cases[] = {
        { "{}", "a.JPG", 1, "pictures" }, { "{}", "a.tar.gz", 1, "archives" }, { "{}", "Makefile", 1, "other" },
        { "{}", ".jpg", 1, "other" }, { "{\"by\":\"size\"}", "a", 5 << 20, "medium" }, { "{\"by\":\"size\"}", "a", 1, "small" },
        { "{\"by\":\"date\"}", "a", 1, "2026/03" },
        { "{\"rules\":[{\"match\":\"*.log\",\"to\":\"logs/{ext}/\"},{\"to\":\"rest\"}]}", "x.log", 1, "logs/log" },
        { "{\"rules\":[{\"match\":\"*.log\",\"to\":\"logs\"},{\"to\":\"rest/{year}-{month}-{day}\"}]}", "x", 1, "rest/2026-03-15" },
        { "{\"rules\":[{\"match\":\"*.log\",\"to\":\"logs\"}]}", "x", 1, "" },
        { "{\"rules\":[{\"to\":\"big\",\"min_size\":10},{\"to\":\"tiny\",\"max_size\":3}]}", "x", 10, "big" },
        { "{\"rules\":[{\"to\":\"big\",\"min_size\":10},{\"to\":\"tiny\",\"max_size\":3}]}", "x", 3, "tiny" },
        { "{\"rules\":[{\"to\":\"big\",\"min_size\":10},{\"to\":\"tiny\",\"max_size\":3}]}", "x", 5, "" },
        { "{\"rules\":[{\"to\":\"old\",\"older_than\":\"2d\"},{\"to\":\"new\",\"newer_than\":\"2026-03-01T00:00:00Z\"}]}", "x", 1, "new" },
        { "{\"rules\":[{\"to\":\"old\",\"older_than\":\"1h\"}]}", "x", 1, "old" },
        { "{\"rules\":[{\"match\":\"*.zip\",\"to\":\"{type}/{size}\"}]}", "x.zip", 1, "archives/small" },
    };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    int64_t changed;

    CHECK_OK(time_parse(S("2026-03-15T12:00:00Z"), &changed));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;
        struct archive_file f = { str_from(cases[i].name), cases[i].size, changed };
        struct archive_rules rules;

        CHECK_OK(json_parse(str_from(cases[i].arguments), &j));
        CHECK_OK(archive_rules_parse(a, j, changed + 24 * 3600 * 1000, &rules));
        CHECK_STR(archive_rules_place(&rules, a, &f), cases[i].want);
    }
}

TEST(a_rule_that_makes_no_sense_is_named)
{
    DESK(d);
    static const char *const cases[][2] = {
        { "[]", "1 to 100" }, { "[{\"to\":\"/etc\"}]", "below the target" }, { "[{\"to\":\"a/../b\"}]", "begin with a dot" },
        { "[{\"to\":\"a\"},{\"to\":\"\"}]", "rules.1.to: " }, { "[{\"to\":\"{user}\"}]", "stand for something" },
        { "[{\"to\":\"{year\"}]", "stand for something" }, { "[{\"to\":\"a\",\"match\":\"[\"}]", "rules.0." },
        { "[{\"to\":\"a\",\"older_than\":\"soon\"}]", "nor an age" }, { "[{\"match\":\"a\"}]", "to is missing" },
        { "[{\"to\":\"a\",\"mach\":\"a\"}]", "there is no argument" }, { "[{\"to\":\".git\"}]", "begin with a dot" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_REFUSES(&d, "archive_files", arena_printf(d.f.arena, "{\"rules\":%s}", cases[i][0]), cases[i][1]);
}

/* ---- the tool ---- */

static const char *plan_id(struct desk *d, const char *arguments)
{
    struct tool_result r = desk_call(d, "archive_files", arguments);
    size_t at = str_find(r.text, S("id="));

    CHECK(!r.is_error && at != STR_NONE);
    return arena_c(d->f.arena, str_take(str_skip(r.text, at + 3), 10));
}

#define ACT(d, action, id) arena_printf((d)->f.arena, "{\"action\":\"" action "\",\"id\":\"%s\"}", (id))

/* Every file and folder below the workspace but for those with a dot, with the content of files. */
static void add_tree(struct buf *b, const char *root)
{
    CLEANUP(buf_done) struct buf command = { 0 };
    char piece[4096];
    size_t n;

    buf_addf(&command, "cd '%s' && find . -path './.*' -prune -o ! -path . -print | sort | while read -r f; do "
                       "echo \"$f\"; [ -f \"$f\" ] && [ ! -L \"$f\" ] && cat \"$f\"; done; true", root);
    FILE *f = popen(buf_c(&command), "re");     /* LINT: a test */

    while ((n = fread(piece, 1, sizeof piece, f)) > 0)
        buf_add(b, str_of(piece, n));
    pclose(f);
}

static const char *tree(struct desk *d)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    add_tree(&b, d->f.workspace);
    return arena_c(d->f.arena, buf_str(&b));
}

static void fill_folder(struct desk *d)
{
    static const char *const names[] = { "a.jpg", "b.png", "c.pdf", "d.txt", "e", "f.mp3", ".hidden.jpg" };

    CHECK(mkdir(arena_printf(d->f.arena, "%s/pictures", d->f.workspace), 0700) == 0);
    CHECK(mkdir(arena_printf(d->f.arena, "%s/music", d->f.workspace), 0700) == 0);
    fixture_inside(&d->f, "pictures/a.jpg", "the first a\n");
    for (size_t i = 0; i < N_ELEMENTS(names); i++)
        fixture_inside(&d->f, names[i], arena_printf(d->f.arena, "this is %s\n", names[i]));
    CHECK(symlink("a.jpg", arena_printf(d->f.arena, "%s/link.jpg", d->f.workspace)) == 0);
    CHECK(symlink("/etc", arena_printf(d->f.arena, "%s/etc", d->f.workspace)) == 0);
}

TEST(a_plan_changes_nothing_is_applied_and_taken_back)
{
    DESK(d);

    fill_folder(&d);
    const char *before = tree(&d), *id = plan_id(&d, "{}");

    CHECK_STR(str_from(tree(&d)), before);
    CHECK_TELLS(&d, "archive_files", "{\"action\":\"list\"}", arena_printf(d.f.arena, "%s  planned  ", id), false);
    CHECK_TELLS(&d, "archive_files", ACT(&d, "apply", id), "6 files were moved", false);
    CHECK_STR(str_from(desk_content(&d, "pictures/a.jpg")), "the first a\n");
    CHECK_STR(str_from(desk_content(&d, "pictures/a (2).jpg")), "this is a.jpg\n");
    CHECK_STR(str_from(desk_content(&d, "documents/c.pdf")), "this is c.pdf\n");
    CHECK_STR(str_from(desk_content(&d, ".hidden.jpg")), "this is .hidden.jpg\n");
    CHECK_TELLS(&d, "archive_files", "{\"action\":\"list\"}", arena_printf(d.f.arena, "%s  applied  ", id), false);
    CHECK_REFUSES(&d, "archive_files", ACT(&d, "apply", id), "there is no plan");
    CHECK_TELLS(&d, "archive_files", "{\"recursive\":true}", "Nothing is to be moved", false);
    CHECK_TELLS(&d, "archive_files", ACT(&d, "undo", id), "6 files were moved back", false);
    CHECK_STR(str_from(tree(&d)), before);
    CHECK_REFUSES(&d, "archive_files", ACT(&d, "undo", id), "there is no run");
    CHECK_TELLS(&d, "archive_files", "{\"action\":\"list\"}", arena_printf(d.f.arena, "%s  undone  ", id), false);
}

TEST(a_plan_is_refused_as_a_whole_when_a_file_has_changed_since)
{
    DESK(d);

    fill_folder(&d);
    const char *id = plan_id(&d, "{}");

    fixture_inside(&d.f, "c.pdf", "another");
    const char *before = tree(&d);

    CHECK_REFUSES(&d, "archive_files", ACT(&d, "apply", id), "nothing was moved, plan anew:\nc.pdf has changed");
    CHECK_STR(str_from(tree(&d)), before);
    id = plan_id(&d, "{}");
    CHECK(unlink(arena_printf(d.f.arena, "%s/e", d.f.workspace)) == 0);
    CHECK_REFUSES(&d, "archive_files", ACT(&d, "apply", id), "e is no longer there");
    id = plan_id(&d, "{}");
    fixture_inside(&d.f, "music/f.mp3", "taken");
    CHECK_REFUSES(&d, "archive_files", ACT(&d, "apply", id), "music/f.mp3 is there already");
    CHECK_REFUSES(&d, "archive_files", ACT(&d, "apply", "../../etc"), "there is no plan");
    CHECK_REFUSES(&d, "archive_files", "{\"action\":\"apply\"}", "there is no plan");
}

TEST(undo_leaves_alone_what_was_changed_and_says_so)
{
    DESK(d);

    fill_folder(&d);
    const char *id = plan_id(&d, "{}");

    CHECK_TELLS(&d, "archive_files", ACT(&d, "apply", id), "6 files", false);
    fixture_inside(&d.f, "documents/c.pdf", "edited meanwhile");
    fixture_inside(&d.f, "f.mp3", "a new one");
    CHECK_TELLS(&d, "archive_files", ACT(&d, "undo", id), "4 files were moved back; 2 could not be:\nf.mp3 is there already\ndocuments/c.pdf has changed\n",
                false);
    CHECK_STR(str_from(desk_content(&d, "documents/c.pdf")), "edited meanwhile");
    CHECK_STR(str_from(desk_content(&d, "f.mp3")), "a new one");
    CHECK_STR(str_from(desk_content(&d, "music/f.mp3")), "this is f.mp3\n");
    CHECK(unlink(arena_printf(d.f.arena, "%s/f.mp3", d.f.workspace)) == 0);
    CHECK_TELLS(&d, "archive_files", ACT(&d, "undo", id), "1 files were moved back, 4 had not been moved; 1 could not be", false);
}

TEST(a_run_that_stopped_anywhere_is_taken_back_as_a_whole)
{
    DESK(d);

    fill_folder(&d);
    const char *before = tree(&d);

    for (int n = 1; n <= 7; n++) {
        const char *id = plan_id(&d, "{}");

        CHECK_OK(fault_arm(str_from(arena_printf(d.f.arena, "archive_move:fail:%d", n))));
        CHECK_TELLS(&d, "archive_files", ACT(&d, "apply", id), arena_printf(d.f.arena, "%d files were moved", n - 1), false);
        fault_disarm_all();
        CHECK_TELLS(&d, "archive_files", ACT(&d, "undo", id), arena_printf(d.f.arena, "%d files were moved back", n - 1), false);
        CHECK_STR(str_from(tree(&d)), before);
    }
}

TEST(a_plan_that_somebody_wrote_leads_nowhere_else)
{
    DESK(d);
    static const char *const moves[] = { "{\"from\":\"a.jpg\",\"to\":\"../out.jpg\"}", "{\"from\":\"a.jpg\",\"to\":\"/tmp/out.jpg\"}",
                                         "{\"from\":\"../secret\",\"to\":\"x\"}", "{\"from\":\"etc/hostname\",\"to\":\"x\"}", "5" };

    fill_folder(&d);
    fixture_outside(&d.f, "secret", "outside");
    plan_id(&d, "{}");
    for (size_t i = 0; i < N_ELEMENTS(moves); i++) {
        fixture_inside(&d.f, ".clawdbot/archive/0123456789.plan", arena_printf(d.f.arena, "{\"path\":\".\",\"moves\":[%s]}", moves[i]));
        CHECK(desk_call(&d, "archive_files", ACT(&d, "apply", "0123456789")).is_error);
    }
    fixture_inside(&d.f, ".clawdbot/archive/0123456789.plan", "{");
    CHECK_REFUSES(&d, "archive_files", ACT(&d, "apply", "0123456789"), "0123456789.plan");
    CHECK(access(arena_printf(d.f.arena, "%s/secret", d.f.root), F_OK) == 0);
    CHECK(access(arena_printf(d.f.arena, "%s/out.jpg", d.f.root), F_OK) != 0);
}

TEST(a_folder_is_sorted_into_another_with_those_below_it)
{
    DESK(d);

    CHECK(mkdir(arena_printf(d.f.arena, "%s/in", d.f.workspace), 0700) == 0);
    CHECK(mkdir(arena_printf(d.f.arena, "%s/in/deep", d.f.workspace), 0700) == 0);
    fixture_inside(&d.f, "in/1.txt", "1");
    fixture_inside(&d.f, "in/deep/1.txt", "2");
    fixture_inside(&d.f, "outside.txt", "3");
    const char *flat = plan_id(&d, "{\"path\":\"in\",\"target\":\"out\"}");
    const char *deep = plan_id(&d, "{\"path\":\"in\",\"target\":\"out\",\"recursive\":true}");

    CHECK_TELLS(&d, "archive_files", ACT(&d, "apply", deep), "2 files", false);
    CHECK_STR(str_from(desk_content(&d, "out/documents/1.txt")), "1");
    CHECK_STR(str_from(desk_content(&d, "out/documents/1 (2).txt")), "2");
    CHECK_REFUSES(&d, "archive_files", ACT(&d, "apply", flat), "no longer there");
    CHECK_REFUSES(&d, "archive_files", "{\"path\":\"nowhere\"}", "nowhere");
    CHECK_REFUSES(&d, "archive_files", "{\"path\":\"..\"}", "");
}

TEST(whose_words_a_file_holds_is_known_wherever_it_is_moved)
{
    DESK(d);

    fill_folder(&d);
    const char *id = plan_id(&d, "{}");

    CHECK_OK(provenance_mark(S("c.pdf"), S("web page x")));
    CHECK_TELLS(&d, "archive_files", ACT(&d, "apply", id), "6 files", false);
    CHECK(str_find(provenance_of(d.f.arena, "documents/c.pdf"), S("web page x")) != STR_NONE);
    CHECK_STR(provenance_of(d.f.arena, "pictures/a.jpg"), "");
    CHECK_TELLS(&d, "archive_files", ACT(&d, "undo", id), "6 files", false);
    CHECK(provenance_of(d.f.arena, "c.pdf").len > 0);
    CHECK_STR(desk_call(&d, "archive_files", "{}").taint, "names of others' files");
    provenance_close();
}
