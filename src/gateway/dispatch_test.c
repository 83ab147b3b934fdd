// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/access.h"
#include "gateway/test_scene.h"
#include "runtime/clock.h"

TEST(messages_of_a_session_run_one_after_another_in_order)
{
    struct scene s;

    scene_start(&s, 100);
    for (int i = 0; i < 40; i++)        /* more than are kept in memory */
        scene_say(&s, SESSION_A, arena_printf(s.home.arena, "%d", i));
    scene_say(&s, SESSION_B, "b");
    scene_settle(&s);
    CLEANUP(buf_done) struct buf a = { 0 };
    CLEANUP(buf_done) struct buf want = { 0 };
    str replies = scene_replies(&s), one;
    bool b = false;

    while (str_split(&replies, '|', &one)) {
        if (str_eq(one, S("echo: b")))
            b = true;
        else
            buf_addf(&a, "%.*s|", STR(one));
    }
    for (int i = 0; i < 40; i++)
        buf_addf(&want, "echo: %d|", i);
    CHECK(b);
    CHECK_STR(buf_str(&a), buf_c(&want));
    CHECK_INT(s.n_asked, 41);
    scene_end(&s);
}

TEST(a_message_that_arrives_while_older_ones_are_read_runs_behind_them_and_once)
{
    struct scene s;

    scene_start(&s, 100);
    for (int i = 1; i <= 3; i++)
        scene_leave(&s, SESSION_A, arena_printf(s.home.arena, "%d", i));
    struct message m = scene_message(SESSION_A, "", "4");
    int64_t id = scene_leave(&s, SESSION_A, "4");

    CHECK_OK(dispatch_resume(&s.gateway));
    CHECK_OK(fiber_yield());            /* the session's fiber reads what waits ... */
    m.id = S("m4");
    dispatch_message(&s.gateway, id, &m);       /* ... and this is among it */
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "echo: 1|echo: 2|echo: 3|echo: 4");
    CHECK_STR(scene_inbox(&s), "done 1|done 2|done 3|done 4");
    CHECK_INT(s.n_asked, 4);
    scene_end(&s);
}

TEST(only_so_many_sessions_are_at_work_at_a_time_and_the_others_get_their_turn)
{
    struct scene s;

    scene_start(&s, 3);
    for (int i = 0; i < 20; i++)
        scene_leave(&s, arena_printf(s.home.arena, "00000000-0000-4000-8000-0000000000%02d", i), "x");
    s.model_held = true;
    CHECK_OK(dispatch_resume(&s.gateway));
    CHECK_INT(dispatch_running(s.gateway.dispatch), 3);
    UNTIL(s.n_asked == 3);
    scene_say(&s, SESSION_A, "late");
    CHECK_INT(dispatch_running(s.gateway.dispatch), 3);
    scene_release(&s);
    scene_settle(&s);
    CHECK_INT(s.n_asked, 21);
    CHECK(str_find(scene_inbox(&s), S("ready")) == STR_NONE);
    scene_end(&s);
}

TEST(sessions_that_never_had_a_fiber_are_freed_with_the_rest)
{
    struct scene s;

    scene_start(&s, 1);
    s.model_held = true;
    scene_say(&s, SESSION_A, "one");
    scene_say(&s, SESSION_B, "two");
    CHECK_INT(dispatch_running(s.gateway.dispatch), 1);
    scene_end(&s);
}

TEST(a_message_that_is_dropped_while_it_waits_is_never_begun)
{
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_say(&s, SESSION_A, "one");
    int64_t id = scene_say(&s, SESSION_A, "two");

    scene_say(&s, SESSION_A, "three");
    UNTIL(s.n_asked == 1);
    dispatch_drop(&s.gateway, S(SESSION_A), id);
    scene_release(&s);
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "echo: one|echo: three");
    CHECK_INT(s.n_asked, 2);
    scene_end(&s);
}

TEST(a_message_that_was_dropped_before_it_was_read_is_passed_over)
{
    struct scene s;

    scene_start(&s, 100);
    int64_t id = scene_leave(&s, SESSION_A, "one");

    scene_leave(&s, SESSION_A, "two");
    CHECK_OK(dispatch_resume(&s.gateway));
    CHECK_OK(fiber_yield());            /* it is being read */
    struct batch *b = batch_new(s.home.arena);

    batch_add(b, "inbox.drop", "ii", id, clock_wall_ms());
    CHECK_OK(store_commit(s.home.store, b));
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "echo: two");
    CHECK_INT(s.n_asked, 1);
    scene_end(&s);
}

TEST(a_turn_that_is_cut_by_the_end_goes_on_after_the_next_start)
{
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_say(&s, SESSION_A, "one");
    scene_say(&s, SESSION_A, "two");
    UNTIL(s.n_asked == 1);
    scene_restart(&s, 100);
    CHECK_STR(scene_replies(&s), "");
    scene_release(&s);
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "echo: one|echo: two");
    scene_end(&s);
}

TEST(a_message_that_was_begun_and_never_ended_three_times_is_given_up)
{
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_leave(&s, SESSION_A, "one");
    for (size_t i = 1; i <= 3; i++) {
        CHECK_OK(dispatch_resume(&s.gateway));
        UNTIL(s.n_asked == i);
        scene_die(&s, 100);
    }
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    CHECK_INT(s.n_asked, 3);
    CHECK_STR(scene_inbox(&s), "failed one");
    CHECK(str_find(scene_replies(&s), S("stopped several times")) != STR_NONE);
    scene_end(&s);
}

TEST(messages_that_were_begun_twice_and_never_ended_run_one_at_a_time)
{
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_leave(&s, SESSION_A, "one");
    scene_leave(&s, SESSION_B, "two");
    for (size_t i = 1; i <= 2; i++) {
        CHECK_OK(dispatch_resume(&s.gateway));
        UNTIL(s.n_asked == 2 * i);
        scene_die(&s, 100);
    }
    CHECK_OK(dispatch_resume(&s.gateway));
    UNTIL(s.n_asked == 5);
    scene_die(&s, 100);             /* as if the first had stopped us again */
    scene_release(&s);
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    CHECK_INT(s.n_asked, 6);
    str inbox = scene_inbox(&s);        /* the store's two readers decide which of them went first */

    CHECK(str_eq(inbox, S("failed one|done two")) || str_eq(inbox, S("done one|failed two")));
    scene_end(&s);
}

TEST(orderly_stops_do_not_count_towards_giving_up)
{
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_leave(&s, SESSION_A, "one");
    for (size_t i = 1; i <= 5; i++) {
        CHECK_OK(dispatch_resume(&s.gateway));
        UNTIL(s.n_asked == i);
        scene_restart(&s, 100);
    }
    scene_release(&s);
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "done one");
    scene_end(&s);
}

TEST(a_stored_body_that_cannot_be_read_is_answered_from_its_columns)
{
    struct scene s;

    scene_start(&s, 100);
    struct batch *b = batch_new(s.home.arena);

    batch_add(b, "session.ensure", "cccccci", SESSION_A, "fake", "chat", "", "", "", (int64_t)1);
    batch_add(b, "inbox.insert", "ccccccccccniii", "m1", "fake", "chat", "", "", "1", "owner", "hello", "{broken",
              "ready", clock_wall_ms(), (int64_t)1, (int64_t)0);
    CHECK_OK(store_commit(s.home.store, b));
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    UNTIL(s.n_sent == 1);
    CHECK_STR(buf_str(&s.sent), "echo: hello\n");
    scene_end(&s);
}

static struct message from(const char *user, const char *text)
{
    return (struct message){ .platform = S("fake"), .chat_id = S("group"), .session_id = S(SESSION_A),
                             .user_id = str_from(user), .text = str_from(text) };
}

TEST(in_a_group_a_turn_is_stopped_by_who_asked_for_it_and_by_the_owner)
{
    static const struct { const char *asks, *stops, *text; bool want; } cases[] = {
        { "friend", "friend", "/stop",     true  },
        { "friend", "owner",  "/Stop",     true  },
        { "owner",  "friend", "/stop",     false },
        { "owner",  "owner",  "/stop now", true  },
        { "owner",  "owner",  "/stopping", false },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct message m[2] = { from(cases[i].asks, "long"), from(cases[i].stops, cases[i].text) };
        struct received r;
        struct scene s;

        scene_start(&s, 100);
        scene_pair(&s, "owner");
        scene_pair(&s, "friend");
        scene_restart(&s, 100);
        s.model_held = true;
        CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m[0], 1, &r));
        UNTIL(s.n_asked == 1);
        CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m[1], 1, &r));
        scene_release(&s);
        scene_settle(&s);
        CHECK(str_starts(scene_inbox(&s), S("failed long")) == cases[i].want);
        scene_end(&s);
    }
}

/* The turn's fiber is freed by then. */
TEST(a_turn_that_has_ended_cannot_be_stopped_while_its_last_edit_is_under_way)
{
    struct message m = from("owner", "long");
    struct received r;
    struct scene s;

    scene_start(&s, 100);
    scene_pair(&s, "owner");
    scene_restart(&s, 100);
    clock_fake(1000000);
    s.model_held = s.platform_held = true;
    CLEANUP(mailbox_freep) struct mailbox *mailbox = mailbox_new(s.gateway.bus, 10);
    CLEANUP(bus_event_unrefp) struct bus_event *delta = NULL;

    mailbox_join(mailbox, S(SESSION_A));
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    UNTIL((delta = mailbox_take(mailbox)));
    CHECK_OK(fiber_yield());
    clock_advance(1300);                /* the reply is shown while it grows; the platform keeps us waiting */
    UNTIL(s.n_sent == 1);
    s.model_held = false;
    wake_all(&s.released);
    UNTIL(str_eq(str_from(dispatch_state(s.gateway.dispatch, S(SESSION_A)).state), S("idle")));
    CHECK(!dispatch_stop_turn(&s.gateway, S(SESSION_A)));
    scene_release(&s);
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "done long");
    CHECK_STR(scene_replies(&s), "echo: long");
    mailbox_freep(&mailbox);
    scene_end(&s);
}
