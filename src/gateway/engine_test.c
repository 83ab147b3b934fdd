// SPDX-License-Identifier: Apache-2.0
/* With the weights that are built in: what is said here is said as people are taught to say it. */
#include "base/test.h"

#include <sys/stat.h>

#include "gateway/test_scene.h"
#include "tool/sandbox_fixture.h"

static void write_file(struct scene *s, const char *name)
{
    const char *folder = home_path(&s->home, "workspace");
    FILE *f = fopen(arena_printf(s->home.arena, "%s/%s", folder, name), "w");

    CHECK(f != NULL && fclose(f) == 0);
}

static bool has_file(struct scene *s, const char *name)
{
    struct stat st;

    return stat(arena_printf(s->home.arena, "%s/%s", home_path(&s->home, "workspace"), name), &st) == 0;
}

static void start(struct scene *s) AWAITS
{
    scene_start_with(s, 100, "engine.mode=auto", NULL);
}

/* What was answered last. */
static str say(struct scene *s, const char *text) AWAITS
{
    scene_say(s, SESSION_A, text);
    scene_settle(s);
    str rest = scene_replies(s), part, last = NO_STR;

    while (str_split(&rest, '|', &part))
        last = part;
    return last;
}

TEST(a_plain_request_is_done_without_the_model_and_all_else_is_put_to_it)
{
    struct scene s;

    start(&s);
    CHECK(str_find(say(&s, "how much disk space is left?"), S("iB")) != STR_NONE);
    CHECK(str_find(say(&s, "磁盘还剩多少"), S("iB")) != STR_NONE);
    CHECK_INT(s.n_asked, 0);
    say(&s, "what do you think about the colour blue?");
    CHECK_INT(s.n_asked, 1);
    say(&s, "/mode model");
    say(&s, "how much disk space is left?");
    CHECK_INT(s.n_asked, 2);
    scene_end(&s);
}

TEST(a_missing_value_is_asked_for_and_the_answer_completes_the_request)
{
    struct scene s;
    struct rows r;

    if (!fixture_can_run())
        return;
    scene_start_with(&s, 100, "engine.mode=rules", NULL);
    CHECK(str_find(say(&s, "计算文件的校验和"), S("哪个文件")) != STR_NONE);
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "dialog.get", "s", S(SESSION_A)));
    CHECK_STR(row_str(&r, 0, 0), "collecting");
    write_file(&s, "empty.bin");
    CHECK(str_find(say(&s, "empty.bin"), S("e3b0c442")) != STR_NONE);
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "dialog.get", "s", S(SESSION_A)));
    CHECK_STR(row_str(&r, 0, 0), "idle");
    say(&s, "计算文件的校验和");
    CHECK_STR(say(&s, "取消"), "好的，不做了。");
    CHECK_INT(s.n_asked, 0);
    scene_end(&s);
}

TEST(what_would_delete_is_asked_about_and_goes_on_after_a_death_as_it_was_begun)
{
    struct scene s;
    struct rows r;

    if (!fixture_can_run())
        return;
    start(&s);
    write_file(&s, "old.log");
    scene_say(&s, SESSION_A, "please delete the file old.log");
    scene_settle(&s);
    CHECK(has_file(&s, "old.log"));
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "approval.list", "ci", "", (int64_t)10));
    CHECK_INT(r.n, 1);
    scene_die(&s, 100);
    scene_say(&s, SESSION_A, arena_printf(s.home.arena, "yes %.*s", STR(row_str(&r, 0, 1))));
    scene_settle(&s);
    CHECK(!has_file(&s, "old.log"));
    CHECK_INT(s.n_asked, 0);
    CHECK(str_starts(scene_inbox(&s), S("done please delete the file old.log")));
    scene_end(&s);
}

static void write_rules(struct scene *s, const char *text)
{
    CHECK(mkdir(arena_printf(s->home.arena, "%s/config", s->home.folder), 0700) == 0);
    FILE *f = fopen(arena_printf(s->home.arena, "%s/config/rules.yaml", s->home.folder), "w");

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

TEST(rules_speak_before_the_engine_and_the_model)
{
    struct scene s;

    start(&s);
    write_rules(&s, "rules:\n- {name: a, match: {keywords: [colour]}, do: {reply: 'One moment, {user}.'}, then: continue}\n"
                    "- {name: b, match: {exact: ping}, do: {reply: pong}}\n");
    CHECK_STR(say(&s, "Ping!"), "pong");
    CHECK_INT(s.n_asked, 0);
    CHECK_STR(say(&s, "which colour do you like?"), "One moment, owner.\n\necho: which colour do you like?");
    scene_end(&s);
}
