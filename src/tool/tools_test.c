// SPDX-License-Identifier: Apache-2.0
/* The tools as a model calls them: by name, with arguments as text. */
#include "base/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "runtime/fiber.h"
#include "tool/desk.h"
#include "tool/policy.h"
#include "tool/registry.h"
#include "tool/workspace.h"

/* --- calls --- */

TEST(every_tool_has_a_schema_that_parses_and_is_in_the_default_configuration)
{
    DESK(d);
#define TOOL(id) +1
    const size_t n_all = 0
#include "tool/tools.def"
        ;
#undef TOOL
    size_t n;
    const struct tool *const *tools = tools_enabled(d.f.arena, &n);

    CHECK(n >= n_all);          /* another test may have brought tools of its own */
    for (size_t i = 0; i < n; i++) {
        CLEANUP(json_decrefp) json_t *schema = NULL;
        CLEANUP(json_decrefp) json_t *told = tool_to_json(tools[i]);

        CHECK_OK(json_parse(str_from(tools[i]->schema), &schema));
        CHECK_STR(json_text_str(schema, "type"), "object");
        CHECK(json_equal(schema, json_at(told, "parameters")));
        CHECK_STR(json_text_str(told, "name"), tools[i]->name);
        CHECK(tool_find(str_from(tools[i]->name)) == tools[i]);
    }
}

TEST(a_call_that_does_not_fit_is_answered_not_failed)
{
    DESK(d);

    CHECK_REFUSES(&d, "read_fille", "{}", "did you mean \"read_file\"?");
    CHECK_REFUSES(&d, "launch_missiles", "{}", "there is no tool \"launch_missiles\"");
    CHECK_REFUSES(&d, "", "{}", "there is no tool \"\"");
    CHECK_REFUSES(&d, "exec", "{\"command\":", "not JSON");
    CHECK_REFUSES(&d, "exec", "[]", "exec: ");
    CHECK_REFUSES(&d, "exec", "", "command");
    CHECK_REFUSES(&d, "exec", "{\"command\":1}", "command");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"true\",\"timeout\":301}", "timeout");
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"a\",\"colour\":1}", "colour");
}

TEST(only_the_owner_may_use_tools)
{
    DESK(d);
    static const char *const calls[][2] = {
        { "exec", "{\"command\":\"touch ran\"}" }, { "write_file", "{\"path\":\"ran\",\"content\":\"\"}" },
        { "edit_file", "{\"path\":\"f\",\"old_text\":\"a\",\"new_text\":\"b\"}" },
        { "read_file", "{\"path\":\"f\"}" }, { "list_dir", "{}" }, { "find_files", "{\"pattern\":\"*\"}" },
        { "grep", "{\"pattern\":\"a\"}" },
        { "python", "{\"code\":\"open('ran', 'w')\"}" }, { "pytest", "{}" },
    };

    fixture_inside(&d.f, "f", "a");
    d.cx.person = (struct person){ S("bob"), S("user") };
    for (size_t i = 0; i < N_ELEMENTS(calls); i++)
        CHECK_REFUSES(&d, calls[i][0], calls[i][1], "only the owner");
    CHECK_STR(str_from(desk_content(&d, "f")), "a");
    CHECK(access(arena_printf(d.f.arena, "%s/ran", d.f.workspace), F_OK) != 0);
}

TEST(what_has_to_be_asked_for_does_not_run_without_an_approval)
{
    DESK(d);

    fixture_inside(&d.f, "f", "a");
    d.cx.approval = 0;
    CHECK_REFUSES(&d, "exec", "{\"command\":\"rm f\"}", "needs an approval");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"echo $(rm f)\"}", "needs an approval");
    CHECK_REFUSES(&d, "exec", "{\"command\":\"cat f > /etc/f\"}", "not allowed");
    CHECK_STR(str_from(desk_content(&d, "f")), "a");
    d.cx.taint = S("web page");
    CHECK_REFUSES(&d, "write_file", "{\"path\":\"f\",\"content\":\"b\"}", "needs an approval");
    d.cx.approval = 1;
    CHECK(!desk_call(&d, "write_file", "{\"path\":\"f\",\"content\":\"b\"}").is_error);
    CHECK_STR(str_from(desk_content(&d, "f")), "b");
    policy_use(NULL);
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"f\"}", "no policy is in force");
}

TEST(a_tool_that_is_switched_off_does_not_run)
{
    DESK(d);
    static const char *const sets[] = { "sandbox.enabled=read_file", NULL };
    size_t n;

    CHECK_OK(config_load_for_test(d.f.root, sets));
    CHECK_REFUSES(&d, "exec", "{\"command\":\"true\"}", "switched off");
    tools_enabled(d.f.arena, &n);
    CHECK_INT(n, 1);
}

TEST(a_workspace_that_holds_the_gateways_own_folder_is_not_given_away)
{
    DESK(d);
    struct tool_result r;

    CHECK_OK(config_load_for_test(d.f.workspace, NULL));
    CHECK_ERR(tool_call_run(&d.cx, S("list_dir"), S("{}"), &r), ERR_INPUT);
    CHECK(strstr(failed_text(), "own folder") != NULL);
}

static enum err call_when_cancelled(void *arg)
{
    struct desk *d = arg;
    struct tool_result r;

    return tool_call_run(&d->cx, S("write_file"), S("{\"path\":\"f\",\"content\":\"x\"}"), &r);
}

TEST(a_cancelled_call_is_an_error)
{
    DESK(d);
    struct fiber *f = fiber_spawn("call", call_when_cancelled, &d);

    CHECK_OK(fiber_yield());
    fiber_cancel(f);
    CHECK_ERR(fiber_join(f), ERR_CANCELLED);
}

/* --- files --- */

TEST(a_file_is_written_read_edited_and_listed)
{
    DESK(d);

    CHECK_SAYS(&d, "list_dir", "{}", "[the folder is empty]");
    CHECK_SAYS(&d, "write_file", "{\"path\":\"a/b/c.txt\",\"content\":\"one\\ntwo\\ntwo\\n\"}", "created a/b/c.txt: 12 bytes");
    CHECK_SAYS(&d, "read_file", "{\"path\":\"./a//b/c.txt\"}", "one\ntwo\ntwo\n");
    CHECK_SAYS(&d, "read_file", arena_printf(d.f.arena, "{\"path\":\"%s/a/b/c.txt\"}", d.f.workspace), "one\ntwo\ntwo\n");
    CHECK_SAYS(&d, "edit_file", "{\"path\":\"a/b/c.txt\",\"old_text\":\"one\",\"new_text\":\"1\"}", "replaced 1 place in a/b/c.txt");
    CHECK_REFUSES(&d, "edit_file", "{\"path\":\"a/b/c.txt\",\"old_text\":\"two\",\"new_text\":\"2\"}", "2 times");
    CHECK_REFUSES(&d, "edit_file", "{\"path\":\"a/b/c.txt\",\"old_text\":\"six\",\"new_text\":\"2\"}", "is not in it");
    CHECK_REFUSES(&d, "edit_file", "{\"path\":\"a/b/c.txt\",\"old_text\":\"\",\"new_text\":\"2\"}", "is empty");
    CHECK_SAYS(&d, "edit_file", "{\"path\":\"a/b/c.txt\",\"old_text\":\"two\",\"new_text\":\"2\",\"replace_all\":true}",
               "replaced 2 places in a/b/c.txt");
    CHECK_STR(str_from(desk_content(&d, "a/b/c.txt")), "1\n2\n2\n");
    CHECK_SAYS(&d, "write_file", "{\"path\":\"a/b/c.txt\",\"content\":\"\"}", "replaced a/b/c.txt: 0 bytes");
    CHECK_SAYS(&d, "read_file", "{\"path\":\"a/b/c.txt\"}", "[the file is empty]");
    CHECK(symlink("b/c.txt", arena_printf(d.f.arena, "%s/a/link", d.f.workspace)) == 0);
    CHECK_SAYS(&d, "list_dir", "{\"path\":\"a\"}", "b/\nlink -> b/c.txt\n");
    CHECK_SAYS(&d, "list_dir", "{\"path\":\"a/b\"}", "c.txt  (0 bytes)\n");
}

TEST(a_file_is_edited_by_a_diff_as_a_whole_or_not_at_all)
{
    DESK(d);
    static const struct { const char *arguments, *want; bool error; } cases[] = {
        { "{\"path\":\"f\",\"diff\":\"@@ -2 +2 @@\\n-two\\n+2\\n\"}", "applied 1 hunk to f, at line 2", false },
        { "{\"path\":\"f\",\"diff\":\"@@ -1 +1 @@\\n-one\\n+1\\n@@ -3 +3 @@\\n-tree\\n+3\\n\"}",
          "hunk 2: does not match, at line 3 or elsewhere: the diff has \"tree\", the file \"three\"", true },
        { "{\"path\":\"f\",\"diff\":\"@@ -1 +1 @@\\n-one\\n+1\\n@@ -3 +3 @@\\n-three\\n+3\\n\"}", "applied 2 hunks to f, at lines 1, 3", false },
        { "{\"path\":\"f\"}", "give old_text and new_text, or diff", true },
        { "{\"path\":\"f\",\"old_text\":\"1\"}", "give old_text and new_text, or diff", true },
        { "{\"path\":\"f\",\"old_text\":\"1\",\"diff\":\"@@\\n-1\"}", "give old_text and new_text, or diff", true },
        { "{\"path\":\"f\",\"diff\":\"\"}", "no hunk", true },
        { "{\"path\":\"g\",\"diff\":\"@@ -0,0 +1 @@\\n+1\"}", "no such file", true },
    };

    fixture_inside(&d.f, "f", "one\ntwo\nthree\n");
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_TELLS(&d, "edit_file", cases[i].arguments, cases[i].want, cases[i].error);
    CHECK_STR(str_from(desk_content(&d, "f")), "1\n2\n3\n");
}

TEST(what_is_no_text_file_is_refused_with_a_reason)
{
    DESK(d);
    const char *w = d.f.workspace;
    struct arena *a = d.f.arena;

    CHECK(mkdir(arena_printf(a, "%s/dir", w), 0755) == 0);
    CHECK(mkfifo(arena_printf(a, "%s/fifo", w), 0644) == 0);
    CHECK(symlink("/dev/zero", arena_printf(a, "%s/zero", w)) == 0);
    int fd = open(arena_printf(a, "%s/bin", w), O_WRONLY | O_CREAT, 0644);
    CHECK(write(fd, "\x7f" "ELF\0\0", 6) == 6);
    close(fd);
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"dir\"}", "is a folder");
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"fifo\"}", "not a regular file");
    CHECK_REFUSES(&d, "write_file", "{\"path\":\"fifo\",\"content\":\"\"}", "not a regular file");
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"zero\"}", "outside");
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"bin\"}", "binary file of 6 bytes");
    CHECK_REFUSES(&d, "edit_file", "{\"path\":\"bin\",\"old_text\":\"ELF\",\"new_text\":\"elf\"}", "binary");
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"nothing\"}", "no such file");
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"bin/x\"}", "no such file");
    CHECK_REFUSES(&d, "write_file", "{\"path\":\"dir\",\"content\":\"\"}", "is a folder");
    CHECK_REFUSES(&d, "write_file", "{\"path\":\".\",\"content\":\"\"}", "is a folder");
    CHECK_REFUSES(&d, "list_dir", "{\"path\":\"bin\"}", "no such file or folder");
}

static void check_paths(void) AWAITS
{
    DESK(d);
    const char *w = d.f.workspace;
    struct arena *a = d.f.arena;
    static const char *const paths[] = {
        "../secret", "a/../../secret", "/etc/passwd", "/proc/self/environ", "absolute", "up", "folder/secret", "chain/secret",
        "../workspace/../secret", "magic/root/etc/passwd", "//etc/passwd", "a/../../workspace2",
    };

    fixture_outside(&d.f, "secret", "secret");
    CHECK(mkdir(arena_printf(a, "%s/a", w), 0755) == 0);
    CHECK(symlink(arena_printf(a, "%s/secret", d.f.root), arena_printf(a, "%s/absolute", w)) == 0);
    CHECK(symlink("../secret", arena_printf(a, "%s/up", w)) == 0);
    CHECK(symlink("..", arena_printf(a, "%s/folder", w)) == 0);
    CHECK(symlink("a/../folder", arena_printf(a, "%s/chain", w)) == 0);
    CHECK(symlink("/proc/self", arena_printf(a, "%s/magic", w)) == 0);
    for (size_t i = 0; i < N_ELEMENTS(paths); i++) {
        CHECK_REFUSES(&d, "read_file", arena_printf(a, "{\"path\":\"%s\"}", paths[i]), "");
        CHECK_REFUSES(&d, "list_dir", arena_printf(a, "{\"path\":\"%s/..\"}", paths[i]), "");
        CHECK_REFUSES(&d, "edit_file",
                      arena_printf(a, "{\"path\":\"%s\",\"old_text\":\"secret\",\"new_text\":\"x\"}", paths[i]), "");
        CHECK_REFUSES(&d, "write_file", arena_printf(a, "{\"path\":\"%s\",\"content\":\"x\"}", paths[i]), "");
        CHECK_REFUSES(&d, "write_file", arena_printf(a, "{\"path\":\"%s/new/x\",\"content\":\"x\"}", paths[i]), "");
    }
    struct stat st;

    CHECK(stat(arena_printf(a, "%s/secret", d.f.root), &st) == 0 && st.st_size == 6);
    CHECK(access(arena_printf(a, "%s/new", d.f.root), F_OK) != 0);
    CHECK(access(arena_printf(a, "%s/workspace2", d.f.root), F_OK) != 0);
    CHECK_SAYS(&d, "write_file", "{\"path\":\"a/b/c\",\"content\":\"x\"}", "created a/b/c: 1 bytes");
    CHECK_SAYS(&d, "read_file", "{\"path\":\"a/b/c\"}", "x");
    CHECK_SAYS(&d, "list_dir", "{\"path\":\"a/b\"}", "c  (1 bytes)\n");
}

TEST(no_path_leads_out_of_the_workspace)
{
    check_paths();
}

TEST(no_path_leads_out_on_a_kernel_without_openat2)
{
    workspace_no_openat2 = true;
    check_paths();
    workspace_no_openat2 = false;
}

TEST(a_long_file_is_read_page_after_page)
{
    DESK(d);
    CLEANUP(buf_done) struct buf all = { 0 };
    CLEANUP(buf_done) struct buf got = { 0 };
    const char *arguments = "{\"path\":\"long\"}";

    for (int i = 1; i <= 9000; i++)
        buf_addf(&all, "line %d %s\n", i, i % 7 ? "" : "which is longer than the others are \xc3\xa4\xc3\xb6\xc3\xbc");
    fixture_inside(&d.f, "long", buf_c(&all));
    for (int pages = 0; arguments && pages < 20; pages++) {
        struct tool_result r = desk_call(&d, "read_file", arguments);
        size_t note = str_find(r.text, S("[lines "));
        size_t next = str_find(r.text, S("offset="));

        CHECK(!r.is_error);
        buf_add(&got, str_take(r.text, note));
        arguments = next == STR_NONE ? NULL
            : arena_printf(d.f.arena, "{\"path\":\"long\",\"offset\":%d}", atoi(r.text.p + next + strlen("offset=")));
    }
    CHECK(str_eq(buf_str(&got), buf_str(&all)));
    CHECK_SAYS(&d, "read_file", "{\"path\":\"long\",\"offset\":3,\"limit\":2}", "line 3 \nline 4 \n[lines 3 to 4; it goes on: offset=5]");
    CHECK_SAYS(&d, "read_file", "{\"path\":\"long\",\"offset\":9000}", "line 9000 \n");
    CHECK_REFUSES(&d, "read_file", "{\"path\":\"long\",\"offset\":9001}", "ends before line 9001");
}

TEST(a_line_longer_than_a_page_is_read_by_bytes)
{
    DESK(d);
    CLEANUP(buf_done) struct buf all = { 0 };
    CLEANUP(buf_done) struct buf got = { 0 };
    const char *arguments = "{\"path\":\"long\"}";

    for (int i = 0; i < 100000; i++)
        buf_add(&all, i % 3 ? S("\xe2\x82\xac") : S("x"));
    fixture_inside(&d.f, "long", buf_c(&all));
    for (int pages = 0; arguments && pages < 20; pages++) {
        struct tool_result r = desk_call(&d, "read_file", arguments);
        size_t note = str_find(r.text, S("\n[bytes "));
        size_t next = str_find(r.text, S("byte_offset="));

        CHECK(!r.is_error);
        buf_add(&got, str_take(r.text, note));
        arguments = next == STR_NONE ? NULL
            : arena_printf(d.f.arena, "{\"path\":\"long\",\"byte_offset\":%d}", atoi(r.text.p + next + strlen("byte_offset=")));
    }
    CHECK(str_eq(buf_str(&got), buf_str(&all)));
}

TEST(a_folder_with_many_files_is_listed_page_after_page)
{
    DESK(d);
    for (int i = 0; i < 601; i++)
        fixture_inside(&d.f, arena_printf(d.f.arena, "f%04d", i), "");
    struct tool_result r = desk_call(&d, "list_dir", "{}");

    CHECK(str_starts(r.text, S("f0000  (0 bytes)\n")));
    CHECK(str_ends(r.text, S("f0499  (0 bytes)\n[entries 1 to 500 of 601; it goes on: offset=501]")));
    CHECK_SAYS(&d, "list_dir", "{\"offset\":601}", "f0600  (0 bytes)\n");
    CHECK_REFUSES(&d, "list_dir", "{\"offset\":602}", "only 601 entries");
}

TEST(writing_keeps_the_mode_and_leaves_nothing_behind)
{
    DESK(d);
    const char *path = fixture_inside(&d.f, "run.sh", "old");
    struct stat st;

    CHECK(chmod(path, 0750) == 0);
    desk_call(&d, "write_file", "{\"path\":\"run.sh\",\"content\":\"new\"}");
    CHECK(stat(path, &st) == 0);
    CHECK_INT(st.st_mode & 07777, 0750);
    CHECK_SAYS(&d, "list_dir", "{}", "run.sh  (3 bytes, executable)\n");
    CHECK(symlink("run.sh", arena_printf(d.f.arena, "%s/link", d.f.workspace)) == 0);
    CHECK_REFUSES(&d, "write_file", "{\"path\":\"link\",\"content\":\"x\"}", "symbolic link");
    CHECK_STR(str_from(desk_content(&d, "run.sh")), "new");
    CHECK_SAYS(&d, "list_dir", "{}", "link -> run.sh\nrun.sh  (3 bytes, executable)\n");
}

static enum err write_one(void *arg)
{
    struct desk *d = arg;

    desk_call(d, "write_file", "{\"path\":\"deep/er/same\",\"content\":\"0123456789\"}");
    return OK;
}

TEST(files_written_side_by_side_are_whole)
{
    DESK(d);
    CLEANUP(fibers_done) struct fibers g = { 0 };

    for (int i = 0; i < 16; i++)
        fibers_spawn(&g, "write", write_one, &d);
    CHECK_OK(fibers_wait(&g));
    CHECK_SAYS(&d, "list_dir", "{\"path\":\"deep/er\"}", "same  (10 bytes)\n");
}

static bool mask_name(void *arg, str text, struct buf *out)
{
    size_t at = str_find(text, S("s3cret-v4lue"));

    if (at == STR_NONE)
        return false;
    buf_add(out, str_take(text, at));
    buf_addf(out, "***%s***", (const char *)arg);
    buf_add(out, str_skip(text, at + 12));
    return true;
}

TEST(secrets_do_not_show_in_what_a_tool_says)
{
    char name[] = "tg";
    DESK(d);

    tool_use_mask(mask_name, name);
    log_mask(S("key-of-the-settings"));
    CHECK_TELLS(&d, "write_file", "{\"path\": \"a\", \"content\": \"x s3cret-v4lue y key-of-the-settings\\n\"}", "", false);
    CHECK_TELLS(&d, "read_file", "{\"path\": \"a\"}", "x ***tg*** y ***", false);
    CHECK_REFUSES(&d, "read_file", "{\"path\": \"s3cret-v4lue\"}", "***tg***");
    tool_use_mask(NULL, NULL);
    CHECK_TELLS(&d, "read_file", "{\"path\": \"a\"}", "x s3cret-v4lue y ***", false);
}
