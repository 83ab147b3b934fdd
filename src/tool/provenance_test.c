// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/fiber.h"
#include "store/test_home.h"
#include "tool/desk.h"
#include "tool/provenance.h"

static void close_provenance(int *unused)
{
    (void)unused;
    provenance_close();
}
#define MARKS CLEANUP(close_provenance) int marks_ = 0; (void)marks_

static const char *of(struct desk *d, const char *path)
{
    return arena_c(d->f.arena, provenance_of(d->f.arena, path));
}

TEST(marks_cover_files_folders_and_what_holds_them)
{
    static const struct { const char *path; bool foreign; } cases[] = {
        { "a/b.txt", true }, { "a", true }, { ".", true }, { "a/c.txt", false }, { "a/b.txt.old", false }, { "ab", false },
        { "inbox/x/y", true }, { "inbox", true }, { "inbox2", false },
    };
    DESK(d);
    MARKS;

    CHECK_STR(provenance_of(d.f.arena, "."), "");
    CHECK_OK(provenance_mark(S("a/b.txt"), S("a mail")));
    CHECK_OK(provenance_mark(S("inbox/"), S("a mail")));
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(of(&d, cases[i].path)[0] != '\0', cases[i].foreign);
    CHECK_STR(provenance_of(d.f.arena, "a/b.txt"), "a/b.txt (a mail)");
}

TEST(a_file_of_others_taints_whoever_reads_it_and_no_other)
{
    DESK(d);
    MARKS;

    fixture_inside(&d.f, "own.txt", "mine\n");
    fixture_inside(&d.f, "foreign.txt", "theirs\n");
    CHECK_OK(provenance_mark(S("foreign.txt"), S("a mail")));
    CHECK_STR(desk_call(&d, "read_file", "{\"path\":\"own.txt\"}").taint, "");
    CHECK_STR(desk_call(&d, "read_file", "{\"path\":\"foreign.txt\"}").taint, "file foreign.txt (a mail)");
    CHECK(mkdir(arena_printf(d.f.arena, "%s/x", d.f.workspace), 0755) == 0);
    CHECK(symlink("..", arena_printf(d.f.arena, "%s/x/up", d.f.workspace)) == 0);
    CHECK_STR(desk_call(&d, "read_file", "{\"path\":\"./x/../foreign.txt\"}").taint, "file foreign.txt (a mail)");
    CHECK_STR(desk_call(&d, "read_file", "{\"path\":\"x/up/foreign.txt\"}").taint, "file foreign.txt (a mail)");
    CHECK_STR(desk_call(&d, "grep", "{\"pattern\":\"e\"}").taint, "file foreign.txt (a mail)");
    CHECK_STR(desk_call(&d, "grep", "{\"pattern\":\"e\",\"path\":\"own.txt\"}").taint, "");
    CHECK_STR(desk_call(&d, "list_dir", "{}").taint, "file foreign.txt (a mail)");
}

TEST(what_is_written_while_others_words_are_about_is_theirs)
{
    DESK(d);
    MARKS;

    fixture_inside(&d.f, "before.txt", "mine\n");
    usleep(60000);
    d.cx.taint = S("web page http://x/");
    desk_call(&d, "write_file", "{\"path\":\"sub/note.txt\",\"content\":\"as the page says\"}");
    d.cx.taint = NO_STR;
    CHECK_STR(desk_call(&d, "read_file", "{\"path\":\"sub/note.txt\"}").taint, "file sub/note.txt (web page http://x/)");
    CHECK_STR(desk_call(&d, "read_file", "{\"path\":\"before.txt\"}").taint, "");
    desk_call(&d, "write_file", "{\"path\":\"sub/own.txt\",\"content\":\"mine\"}");
    CHECK_STR(desk_call(&d, "read_file", "{\"path\":\"sub/own.txt\"}").taint, "");
}

TEST(a_command_launders_nothing)
{
    static const char *const ways[] = {
        "cp foreign.txt way", "cat foreign.txt > way", "ln -s foreign.txt way", "ln foreign.txt way",
        "cp -p foreign.txt way; touch -d 2001-01-01 way", "mv foreign.txt way", "tar cf way foreign.txt",
    };
    DESK(d);
    MARKS;

    if (!fixture_can_run())
        return;
    for (size_t i = 0; i < N_ELEMENTS(ways); i++) {
        fixture_inside(&d.f, "foreign.txt", "theirs\n");
        CHECK_OK(provenance_mark(S("foreign.txt"), S("a mail")));
        struct tool_result r = desk_call(&d, "exec", arena_printf(d.f.arena, "{\"command\":\"%s\"}", ways[i]));

        CHECK(r.taint.len > 0);
        if (of(&d, "way")[0] == '\0')
            test_failed(__FILE__, __LINE__, "%s", ways[i]);
        unlink(arena_printf(d.f.arena, "%s/way", d.f.workspace));
        unlink(arena_printf(d.f.arena, "%s/foreign.txt", d.f.workspace));
    }
}

TEST(what_a_command_writes_in_the_background_is_marked_when_it_has_ended)
{
    DESK(d);
    MARKS;

    if (!fixture_can_run())
        return;
    fixture_inside(&d.f, "foreign.txt", "theirs\n");
    CHECK_OK(provenance_mark(S("foreign.txt"), S("a mail")));
    desk_call(&d, "exec", "{\"command\":\"echo ready; sleep 0.5; cp foreign.txt way\",\"background\":true}");
    for (int i = 0; i < 500 && !of(&d, "way")[0]; i++)
        CHECK_OK(fiber_sleep(20));
    CHECK(of(&d, "way")[0]);
}

TEST(a_mark_goes_with_its_file)
{
    DESK(d);
    MARKS;

    fixture_inside(&d.f, "foreign.txt", "theirs\n");
    CHECK_OK(provenance_mark(S("foreign.txt"), S("a mail")));
    CHECK(unlink(arena_printf(d.f.arena, "%s/foreign.txt", d.f.workspace)) == 0);
    CHECK_STR(desk_call(&d, "list_dir", "{}").taint, "");
    CHECK_STR(provenance_of(d.f.arena, "."), "");
}

TEST(marks_survive_a_restart_and_the_owner_takes_them_away)
{
    DESK(d);
    MARKS;
    struct test_home home = home_new();
    size_t n;

    CHECK_OK(provenance_open(home.store));
    CHECK_OK(provenance_mark(S("a/x"), S("a mail")));
    CHECK_OK(provenance_mark(S("a/y"), S("a mail")));
    CHECK_OK(provenance_mark(S("b"), S("a mail")));
    provenance_close();
    CHECK_STR(provenance_of(d.f.arena, "a/x"), "");
    CHECK_OK(provenance_open(home.store));
    CHECK_STR(provenance_of(d.f.arena, "a/x"), "a/x (a mail)");
    CHECK_OK(provenance_trust("a", &n));
    CHECK_INT(n, 2);
    CHECK_OK(provenance_open(home.store));
    CHECK_STR(provenance_of(d.f.arena, "a"), "");
    CHECK_STR(provenance_of(d.f.arena, "b"), "b (a mail)");
    home_done(&home);
}
