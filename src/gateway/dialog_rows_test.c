// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/dialog_rows.h"
#include "gateway/test_scene.h"

static str state_of(struct scene *s)
{
    struct rows r;

    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "dialog.get", "c", SESSION_A));
    return r.n ? str_from(arena_printf(s->home.arena, "%.*s %.*s", STR(row_str(&r, 0, 0)), STR(row_str(&r, 0, 1)))) : NO_STR;
}

static enum err commit(struct scene *s, void (*add)(struct batch *, str)) AWAITS
{
    struct batch *b = batch_new(s->home.arena);

    add(b, S(SESSION_A));
    return store_commit(s->home.store, b);
}

static void keep_slots(struct scene *s, const char *slots) AWAITS
{
    struct batch *b = batch_new(s->home.arena);

    dialog_slots(b, S(SESSION_A), str_from(slots));
    dialog_rest(b, S(SESSION_A));
    CHECK_OK(store_commit(s->home.store, b));
}

TEST(a_turn_leaves_its_conversation_idle_and_while_it_runs_it_is_running)
{
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_leave(&s, SESSION_A, "hello");
    CHECK_STR(state_of(&s), "idle ");
    CHECK_OK(dispatch_resume(&s.gateway));      /* its beginning is a commit */
    UNTIL(s.n_asked == 1);
    CHECK_STR(state_of(&s), "running ");
    scene_die(&s, 100);
    CHECK_STR(state_of(&s), "running ");
    scene_release(&s);
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    CHECK_STR(state_of(&s), "idle ");
    scene_end(&s);
}

TEST(what_was_running_when_the_program_died_and_has_ended_is_idle_after_the_start)
{
    struct scene s;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, "hello");
    scene_settle(&s);
    CHECK_OK(commit(&s, dialog_begin));         /* as if its end had not told */
    CHECK_STR(state_of(&s), "running ");
    scene_restart(&s, 100);
    CHECK_OK(dispatch_resume(&s.gateway));
    CHECK_STR(state_of(&s), "idle ");
    scene_end(&s);
}

TEST(an_open_question_makes_it_awaiting_approval_until_it_is_answered_or_taken_back)
{
    for (int stops = 0; stops <= 1; stops++) {
        struct scene s;
        struct rows r;

        scene_start(&s, 100);
        scene_say(&s, SESSION_A, "/run rm -rf build");
        scene_settle(&s);
        CHECK_STR(state_of(&s), "awaiting_approval ");
        scene_say(&s, SESSION_A, "hello");          /* another turn changes nothing about it */
        scene_settle(&s);
        CHECK_STR(state_of(&s), "awaiting_approval ");
        CHECK_OK(store_read(s.home.store, s.home.arena, &r, "approval.list", "ci", "", (int64_t)10));
        scene_say(&s, SESSION_A, stops ? "/stop" : arena_printf(s.home.arena, "no %.*s", STR(row_str(&r, 0, 1))));
        scene_settle(&s);
        CHECK_STR(state_of(&s), "idle ");
        scene_end(&s);
    }
}

TEST(a_paused_conversation_stores_messages_and_answers_commands_alone_also_after_a_restart)
{
    for (int restarts = 0; restarts <= 1; restarts++) {
        struct scene s;

        scene_start(&s, 100);
        scene_say(&s, SESSION_A, "/pause");
        scene_say(&s, SESSION_A, "one");
        scene_settle(&s);
        CHECK_STR(state_of(&s), "paused ");
        CHECK(dispatch_is_paused(s.gateway.dispatch, S(SESSION_A)));
        if (restarts) {
            scene_leave(&s, SESSION_A, "/queue");       /* a command among what a crash leaves */
            scene_restart(&s, 100);
            CHECK_OK(dispatch_resume(&s.gateway));
            scene_settle(&s);
        }
        for (int i = 0; i < 20; i++)                    /* more than are kept in memory */
            scene_say(&s, SESSION_A, "more");
        scene_say(&s, SESSION_A, "/pause");
        scene_say(&s, SESSION_B, "other");
        scene_settle(&s);
        CHECK_INT(s.n_asked, 1);
        CHECK(str_find(scene_replies(&s), S("paused already")) != STR_NONE);
        CHECK_INT(str_find(scene_replies(&s), S("in mode `queue`")) != STR_NONE, restarts);
        CHECK(str_find(scene_inbox(&s), S("ready one|")) != STR_NONE);
        scene_say(&s, SESSION_A, "/resume");
        scene_settle(&s);
        CHECK_STR(state_of(&s), "idle ");
        CHECK_INT(s.n_asked, 22);
        CHECK(str_find(scene_inbox(&s), S("ready")) == STR_NONE);
        CHECK(str_find(scene_replies(&s), S("|We go on.|echo: one|echo: more|")) != STR_NONE);
        scene_say(&s, SESSION_A, "/resume");
        scene_settle(&s);
        CHECK(str_ends(scene_replies(&s), S("|This conversation is not paused.")));
        scene_end(&s);
    }
}

TEST(what_was_allowed_while_it_was_paused_is_done_when_it_goes_on)
{
    struct scene s;
    struct rows r;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, "/run rm -rf build");
    scene_say(&s, SESSION_A, "/pause");
    scene_settle(&s);
    CHECK_STR(state_of(&s), "paused ");
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "approval.list", "ci", "", (int64_t)10));
    scene_say(&s, SESSION_A, arena_printf(s.home.arena, "no %.*s", STR(row_str(&r, 0, 1))));
    scene_settle(&s);
    CHECK(str_starts(scene_inbox(&s), S("running /run rm")));
    scene_say(&s, SESSION_A, "/resume");
    scene_settle(&s);
    CHECK(str_starts(scene_inbox(&s), S("done /run rm")));
    CHECK_STR(state_of(&s), "idle ");
    scene_end(&s);
}

TEST(slots_are_kept_between_turns_until_the_last_has_come)
{
    struct scene s;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, "/status");
    scene_settle(&s);
    keep_slots(&s, "{\"day\":null}");
    CHECK_STR(state_of(&s), "collecting {\"day\":null}");
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    CHECK_STR(state_of(&s), "collecting {\"day\":null}");
    keep_slots(&s, "{\"day\":\"Monday\"}");
    scene_say(&s, SESSION_A, "/pause");
    scene_say(&s, SESSION_A, "/resume");
    scene_settle(&s);
    CHECK_STR(state_of(&s), "collecting {\"day\":\"Monday\"}");
    keep_slots(&s, "");
    CHECK_STR(state_of(&s), "idle ");
    scene_end(&s);
}
