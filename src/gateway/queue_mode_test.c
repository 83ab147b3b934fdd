// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/access.h"
#include "gateway/queue_mode.h"
#include "gateway/sessions.h"
#include "gateway/test_scene.h"
#include "runtime/clock.h"

/* "work": the model wants a call, so that the turn has a second step. */
static const struct scripted works[] = { { "work", MODEL_CALLS("c1", "no_such_tool", "{}") }, { NULL, NULL } };

static void set_mode(struct scene *s, const char *mode)
{
    struct batch *b = batch_new(s->home.arena);

    batch_add(b, "session.set_queue_mode", "cc", SESSION_A, mode);
    CHECK_OK(store_commit(s->home.store, b));
    sessions_forget(s->gateway.sessions, S(SESSION_A));
}

static void let_others_run(void) AWAITS
{
    for (int i = 0; i < 50; i++)
        CHECK_OK(fiber_yield());
}

static void pass_time_until_asked(struct scene *s) AWAITS
{
    enum { ENOUGH = 40 };       /* steps; more would be over the time that a model has to answer */

    for (int i = 0; s->n_asked == 0; i++) {
        let_others_run();
        if (i < ENOUGH)
            clock_advance(100);
    }
}

static void run_what_was_left(struct scene *s)
{
    CHECK_OK(dispatch_resume(&s->gateway));
    scene_settle(s);
}

/* {inbox id of the turn} of every absorbed message. */
static int64_t answered_in(struct scene *s, int64_t inbox_id)
{
    struct rows r;

    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "inbox.answered_by", "i", inbox_id));
    return r.n ? row_int(&r, 0, 0) : -1;
}

TEST(in_mode_steer_a_message_reaches_the_running_turn_at_its_next_step)
{
    struct scene s;

    scene_start(&s, 100);
    s.script = works;
    int64_t first = scene_leave(&s, SESSION_A, "work"), second = scene_leave(&s, SESSION_A, "also this");

    set_mode(&s, "steer");
    run_what_was_left(&s);
    CHECK_STR(scene_inbox(&s), "done work|done also this");
    CHECK_STR(scene_replies(&s), "echo: also this");
    CHECK_INT(s.n_asked, 2);
    CHECK_INT(answered_in(&s, second), first);
    CHECK_INT(answered_in(&s, first), first);
    CHECK(str_find(buf_str(&s.asked), S("no_such_tool")) != STR_NONE);
    scene_end(&s);
}

TEST(what_was_taken_along_is_part_of_the_conversation_once)
{
    for (int restarts = 0; restarts <= 1; restarts++) {     /* from what is kept in memory, and from the store */
        struct scene s;

        scene_start(&s, 100);
        s.script = works;
        scene_leave(&s, SESSION_A, "work");
        scene_leave(&s, SESSION_A, "also this");
        set_mode(&s, "steer");
        run_what_was_left(&s);
        if (restarts)
            scene_restart(&s, 100);
        scene_say(&s, SESSION_A, "and now");
        scene_settle(&s);
        str asked = buf_str(&s.asked);
        size_t at = str_find(asked, S("\"also this\""));

        CHECK(at != STR_NONE);
        CHECK(str_find(str_skip(asked, at + 1), S("\"also this\"")) == STR_NONE);
        CHECK(str_find(str_skip(asked, at), S("echo: also this")) != STR_NONE);
        scene_end(&s);
    }
}

TEST(in_mode_queue_messages_wait_for_their_turn)
{
    struct scene s;

    scene_start(&s, 100);
    s.script = works;
    scene_leave(&s, SESSION_A, "work");
    scene_leave(&s, SESSION_A, "also this");
    run_what_was_left(&s);
    CHECK_INT(s.n_asked, 3);
    CHECK(str_find(scene_replies(&s), S("|echo: also this")) != STR_NONE);
    scene_end(&s);
}

TEST(in_mode_collect_what_waits_and_comes_until_it_is_quiet_is_one_turn)
{
    struct scene s;

    scene_start(&s, 100);
    clock_fake(1000000);
    scene_leave(&s, SESSION_A, "one");
    int64_t second = scene_leave(&s, SESSION_A, "two");

    set_mode(&s, "collect");
    CHECK_OK(dispatch_resume(&s.gateway));
    UNTIL(dispatch_state(s.gateway.dispatch, S(SESSION_A)).waiting == 1);
    clock_advance(900);
    scene_say(&s, SESSION_A, "three");
    clock_advance(900);             /* not quiet for a second yet */
    let_others_run();
    CHECK_INT(s.n_asked, 0);
    scene_say(&s, SESSION_A, "four");
    pass_time_until_asked(&s);
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "done one|done two|done three|done four");
    CHECK_STR(scene_replies(&s), "echo: one\n\ntwo\n\nthree\n\nfour");     /* one after another they are one to a model */
    CHECK_INT(s.n_asked, 1);
    CHECK(answered_in(&s, second) != second);
    scene_end(&s);
}

TEST(a_burst_that_does_not_end_is_answered_after_a_time)
{
    struct scene s;

    scene_start(&s, 100);
    clock_fake(1000000);
    scene_leave(&s, SESSION_A, "one");
    set_mode(&s, "collect");
    CHECK_OK(dispatch_resume(&s.gateway));
    UNTIL(dispatch_state(s.gateway.dispatch, S(SESSION_A)).state[0] == 'r');
    for (int i = 0; i < 12; i++) {      /* 10.8 seconds */
        let_others_run();
        clock_advance(900);
        scene_say(&s, SESSION_A, "more");
    }
    pass_time_until_asked(&s);
    scene_end(&s);
}

TEST(a_turn_that_waits_for_more_can_be_stopped)
{
    struct scene s;

    scene_start(&s, 100);
    clock_fake(1000000);
    scene_leave(&s, SESSION_A, "one");
    set_mode(&s, "collect");
    CHECK_OK(dispatch_resume(&s.gateway));
    UNTIL(dispatch_state(s.gateway.dispatch, S(SESSION_A)).state[0] == 'r');
    let_others_run();
    scene_say(&s, SESSION_A, "/stop");
    scene_settle(&s);
    CHECK(str_starts(scene_inbox(&s), S("failed one|")));
    CHECK_INT(s.n_asked, 0);
    scene_end(&s);
}

TEST(in_mode_interrupt_the_newest_message_ends_the_running_turn)
{
    struct scene s;

    scene_start(&s, 100);
    scene_leave(&s, SESSION_A, "one");
    set_mode(&s, "interrupt");
    s.model_held = true;
    CHECK_OK(dispatch_resume(&s.gateway));
    UNTIL(s.n_asked == 1);
    let_others_run();                   /* its first word arrives */
    scene_say(&s, SESSION_A, "two");
    UNTIL(s.n_asked == 2);
    scene_release(&s);
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "failed one|done two");
    CHECK(str_find(scene_replies(&s), S("|echo: two")) != STR_NONE);
    CHECK(str_find(buf_str(&s.asked), S("interrupted by the person")) != STR_NONE);    /* it knows of the first */
    CHECK(str_find(buf_str(&s.asked), S("\"one\"")) != STR_NONE);
    scene_end(&s);
}

TEST(commands_and_answers_are_never_taken_along_and_nothing_passes_them)
{
    struct scene s;

    scene_start(&s, 100);
    s.script = works;
    scene_leave(&s, SESSION_A, "work");
    scene_leave(&s, SESSION_A, "one");
    scene_leave(&s, SESSION_A, "/new");
    scene_leave(&s, SESSION_A, "two");
    set_mode(&s, "steer");
    run_what_was_left(&s);
    CHECK_STR(scene_replies(&s), "echo: one|Done: we start afresh.|echo: two");
    scene_end(&s);
    CHECK(message_is_control(S("/stop")));
    CHECK(message_is_control(S("yes 4821")));
    CHECK(!message_is_control(S("/etc/passwd is a file")));
    CHECK(!message_is_control(S("yes")));
}

TEST(in_a_group_only_the_same_persons_messages_are_taken_along)
{
    static const char *const users[] = { "owner", "friend", "owner" }, *const texts[] = { "work", "mine", "also this" };
    struct scene s;

    scene_start(&s, 100);
    scene_pair(&s, "owner");
    scene_pair(&s, "friend");
    scene_restart(&s, 100);
    s.script = works;
    s.gateway.stopping = true;
    for (size_t i = 0; i < N_ELEMENTS(users); i++) {
        struct message m = { .platform = S("fake"), .chat_id = S("group"), .session_id = S(SESSION_A),
                             .user_id = str_from(users[i]), .text = str_from(texts[i]) };
        struct received r;

        CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    }
    s.gateway.stopping = false;
    set_mode(&s, "steer");
    run_what_was_left(&s);
    CHECK_STR(scene_replies(&s), "echo: also this|echo: mine");
    scene_end(&s);
}

TEST(what_a_turn_took_along_before_a_crash_is_not_run_again)
{
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_leave(&s, SESSION_A, "one");
    scene_leave(&s, SESSION_A, "two");
    set_mode(&s, "interrupt");          /* takes what waits, without waiting for more */
    CHECK_OK(dispatch_resume(&s.gateway));
    UNTIL(s.n_asked == 1);
    scene_die(&s, 100);
    CHECK_STR(scene_inbox(&s), "running one|done two");
    scene_release(&s);
    run_what_was_left(&s);
    CHECK_STR(scene_inbox(&s), "done one|done two");
    CHECK_STR(scene_replies(&s), "echo: one\n\ntwo");
    scene_end(&s);
}

TEST(what_comes_with_a_message_comes_along_and_is_there_after_a_crash)
{
    const struct attachment file = { .type = S("file"), .url = S("http://x/plan.txt"), .name = S("plan.txt"), .size = -1 };
    struct scene s;

    scene_start(&s, 100);
    s.model_held = true;
    scene_leave(&s, SESSION_A, "one");
    struct message m = scene_message(SESSION_A, "", "look at this");
    struct received r;

    m.attachments = &file;
    m.n_attachments = 1;
    s.gateway.stopping = true;
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    s.gateway.stopping = false;
    set_mode(&s, "interrupt");
    for (size_t i = 1; i <= 2; i++) {
        CHECK_OK(dispatch_resume(&s.gateway));
        UNTIL(s.n_asked == i);
        CHECK(str_find(buf_str(&s.asked), S("look at this\\n[attached file: plan.txt]")) != STR_NONE);
        scene_die(&s, 100);
    }
    scene_end(&s);
}

TEST(one_that_is_dropped_while_it_is_taken_is_not_taken)
{
    struct scene s;

    scene_start(&s, 100);
    s.script = works;
    scene_leave(&s, SESSION_A, "work");
    int64_t id = scene_leave(&s, SESSION_A, "also this");

    set_mode(&s, "steer");
    CHECK_OK(dispatch_resume(&s.gateway));
    UNTIL(dispatch_state(s.gateway.dispatch, S(SESSION_A)).waiting == 1);
    struct batch *b = batch_new(s.home.arena);

    batch_add(b, "inbox.drop", "ii", id, clock_wall_ms());      /* and the queue is not told */
    CHECK_OK(store_commit(s.home.store, b));
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "done work|failed also this");
    CHECK(str_find(scene_replies(&s), S("also this")) == STR_NONE);
    scene_end(&s);
}

TEST(the_mode_is_shown_and_chosen_by_a_command_and_kept)
{
    struct scene s;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, "/queue");
    scene_say(&s, SESSION_A, "/queue sideways");
    scene_say(&s, SESSION_A, "/queue Steer");
    scene_settle(&s);
    CHECK(str_starts(scene_replies(&s), S("This conversation is in mode `queue`: ")));
    CHECK(str_find(scene_replies(&s), S("|The modes are queue, steer, interrupt and collect.|")) != STR_NONE);
    scene_restart(&s, 100);
    scene_say(&s, SESSION_A, "/queue");
    scene_settle(&s);
    CHECK(str_ends(scene_replies(&s), S("|This conversation is in mode `steer`: further messages join what I am doing, at its next step.")));
    scene_end(&s);
}

TEST(in_a_group_only_an_owner_or_admin_chooses_the_mode)
{
    static const char *const users[] = { "owner", "friend" };
    struct scene s;

    scene_start(&s, 100);
    scene_pair(&s, "owner");
    scene_pair(&s, "friend");
    scene_restart(&s, 100);
    for (size_t i = 0; i < N_ELEMENTS(users); i++) {
        struct message m = { .platform = S("fake"), .chat_id = S("group"), .session_id = S(SESSION_A),
                             .user_id = str_from(users[i]), .text = S("/queue collect") };
        struct received r;

        CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    }
    scene_settle(&s);
    CHECK(str_find(scene_replies(&s), S("in mode `collect`")) != STR_NONE);
    CHECK(str_ends(scene_replies(&s), S("|In a group only my owner may change this.")));
    scene_end(&s);
}
