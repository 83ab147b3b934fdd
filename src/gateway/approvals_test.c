// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <unistd.h>

#include "gateway/access.h"
#include "config/config.h"
#include "gateway/approvals.h"
#include "gateway/policy_rules.h"
#include "gateway/test_scene.h"
#include "runtime/clock.h"
#include "tool/provenance.h"
#include "tool/sandbox_fixture.h"

#define ASKING "/run rm -rf build"

/* The code of the latest open question. */
static const char *code(struct scene *s)
{
    struct rows r;

    CHECK_OK(store_read(s->gateway.store, s->home.arena, &r, "approval.list", "ci", "", (int64_t)100));
    return r.n ? arena_c(s->home.arena, row_str(&r, r.n - 1, 1)) : "";
}

static void answer(struct scene *s, const char *word, const char *scope)
{
    scene_say(s, SESSION_A, arena_printf(s->home.arena, "%s %s%s", word, code(s), scope));
    scene_settle(s);
}

static void make_folder(struct scene *s)
{
    scene_say(s, SESSION_A, "/run mkdir build");
    scene_settle(s);
}

TEST(what_must_be_asked_for_waits_and_holds_nothing)
{
    struct scene s;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    CHECK_INT(dispatch_running(s.gateway.dispatch), 0);
    CHECK_STR(scene_inbox(&s), "running " ASKING);
    CHECK_STR(scene_replies(&s), "");
    scene_say(&s, SESSION_A, "hello");      /* the conversation goes on */
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "echo: hello");
    CHECK(code(&s)[0]);
    scene_end(&s);
}

TEST(a_yes_runs_it_once)
{
    struct scene s;

    if (!fixture_can_run())
        return;
    scene_start(&s, 100);
    make_folder(&s);
    CHECK(access(arena_printf(s.home.arena, "%s/build", s.gateway.workspace), F_OK) == 0);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    const char *first = code(&s);

    answer(&s, "yes", "");
    CHECK_STR(scene_inbox(&s), arena_printf(s.home.arena, "done /run mkdir build|done " ASKING "|done yes %s", first));
    CHECK(access(arena_printf(s.home.arena, "%s/build", s.gateway.workspace), F_OK) != 0);
    scene_say(&s, SESSION_A, arena_printf(s.home.arena, "yes %s", first));      /* again: nothing more happens */
    scene_say(&s, SESSION_A, ASKING);                                           /* it was for once */
    scene_settle(&s);
    CHECK(code(&s)[0]);
    CHECK(str_find(scene_replies(&s), S("granted already")) != STR_NONE);
    scene_end(&s);
}

TEST(a_no_is_told_and_nothing_runs)
{
    struct scene s;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    answer(&s, "no", "");
    CHECK(str_find(scene_replies(&s), S("not allowed: owner said no")) != STR_NONE);
    CHECK(str_find(scene_inbox(&s), S("running")) == STR_NONE);
    scene_end(&s);
}

TEST(a_yes_for_the_session_holds_there_and_not_elsewhere)
{
    struct scene s;

    if (!fixture_can_run())
        return;
    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    answer(&s, "yes", " session");
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    CHECK_STR(str_from(code(&s)), "");
    scene_say(&s, SESSION_A, "/run rm -rf other");
    scene_settle(&s);
    CHECK(code(&s)[0]);
    answer(&s, "no", "");
    scene_say(&s, SESSION_B, ASKING);
    scene_settle(&s);
    CHECK(code(&s)[0]);
    scene_end(&s);
}

TEST(a_yes_for_always_is_a_row_of_the_policy)
{
    struct scene s;

    if (!fixture_can_run())
        return;
    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    answer(&s, "yes", " always");
    scene_say(&s, SESSION_B, ASKING);
    scene_settle(&s);
    CHECK_STR(str_from(code(&s)), "");
    scene_restart(&s, 100);
    scene_say(&s, SESSION_B, ASKING);
    scene_settle(&s);
    CHECK_STR(str_from(code(&s)), "");
    scene_end(&s);
}

TEST(a_question_outlives_the_gateway)
{
    struct scene s;

    if (!fixture_can_run())
        return;
    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    for (int i = 0; i < 5; i++) {       /* waiting is no failed try */
        scene_die(&s, 100);
        CHECK_OK(dispatch_resume(&s.gateway));
    }
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "running " ASKING);
    answer(&s, "yes", "");
    CHECK(str_find(scene_inbox(&s), S("done " ASKING)) != STR_NONE);
    scene_end(&s);
}

TEST(an_answer_that_was_stored_before_a_death_counts_after_it)
{
    struct scene s;

    if (!fixture_can_run())
        return;
    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    struct batch *b = batch_new(s.home.arena);

    batch_add(b, "approval.decide", "icccii", (int64_t)1, "granted", "once", "owner", (int64_t)1, (int64_t)0);
    CHECK_OK(store_commit(s.gateway.store, b));
    scene_die(&s, 100);
    CHECK_OK(dispatch_resume(&s.gateway));
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "done " ASKING);
    scene_end(&s);
}

TEST(a_question_ends_when_its_time_is_over)
{
    struct scene s;

    scene_start(&s, 100);
    clock_fake(1767312000000);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    const char *late = code(&s);

    fibers_spawn(&s.gateway.services, "approvals", approvals_run, &s.gateway);
    for (int i = 0; i < 16 * 60 && code(&s)[0]; i++) {
        clock_advance(1000);
        CHECK_OK(fiber_yield());
    }
    UNTIL(str_find(scene_replies(&s), S("nobody answered in time")) != STR_NONE);
    scene_say(&s, SESSION_A, arena_printf(s.home.arena, "yes %s", late));
    scene_settle(&s);
    CHECK(str_find(scene_replies(&s), S("expired already")) != STR_NONE);
    clock_real();
    scene_end(&s);
}

TEST(stop_takes_the_question_back)
{
    struct scene s;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    scene_say(&s, SESSION_A, "/stop");
    scene_settle(&s);
    CHECK_STR(str_from(code(&s)), "");
    CHECK(str_find(scene_inbox(&s), S("failed " ASKING)) != STR_NONE);
    scene_end(&s);
}

TEST(a_stop_from_the_page_takes_the_question_back_too)
{
    struct scene s;
    bool stopped;

    scene_start(&s, 100);
    CHECK_OK(approvals_stop(&s.gateway, s.home.arena, S(SESSION_A), &stopped));
    CHECK(!stopped);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    CHECK_OK(approvals_stop(&s.gateway, s.home.arena, S(SESSION_A), &stopped));
    CHECK(stopped);
    scene_settle(&s);
    CHECK_STR(str_from(code(&s)), "");
    CHECK(str_find(scene_inbox(&s), S("failed " ASKING)) != STR_NONE);
    scene_end(&s);
}

TEST(a_code_that_nobody_asked_with_is_ordinary_text)
{
    struct scene s;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, "yes 1999");
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "echo: yes 1999");
    scene_end(&s);
}

TEST(only_who_may_decide_decides_and_only_where_it_was_asked)
{
    struct scene s;
    const struct approver strangers[] = {
        { { S("eve"), S("guest") }, S("rest"), S("c"), 0 },
        { { S("eve"), S("user") }, S("rest"), S("c"), 0 },
        { { S("op"), S("operator") }, S("telegram"), S("other"), 0 },
        { { NO_STR, NO_STR }, S("rest"), S("c"), 0 },
    };
    str tool;

    scene_start(&s, 100);
    scene_say(&s, SESSION_A, ASKING);
    scene_settle(&s);
    struct approval_answer yes = { true, str_from(code(&s)), APPROVAL_ONCE };

    for (size_t i = 0; i < N_ELEMENTS(strangers); i++)
        CHECK_ERR(approvals_answer(&s.gateway, s.home.arena, &strangers[i], &yes, &tool), ERR_AUTH);
    CHECK(code(&s)[0]);
    scene_end(&s);
}

TEST(only_the_owners_own_word_makes_a_file_theirs)
{
    struct scene s;

    scene_start(&s, 100);
    CHECK_OK(provenance_mark(S("a.txt"), S("a mail")));
    scene_say(&s, SESSION_A, "/trust");
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "- `a.txt` (a mail)\n");
    scene_say(&s, SESSION_A, "please /trust a.txt");
    scene_settle(&s);
    CHECK(provenance_of(s.home.arena, "a.txt").len > 0);
    scene_say(&s, SESSION_A, "/trust a.txt");
    scene_settle(&s);
    CHECK_STR(provenance_of(s.home.arena, "a.txt"), "");
    provenance_close();
    scene_end(&s);
}

static void say_as(struct scene *s, const char *user, const char *text)
{
    struct message m = { .platform = S("fake"), .chat_id = str_from(user), .user_id = str_from(user), .text = str_from(text),
                         .external_id = str_from(arena_printf(s->home.arena, "%s%d", text, (int)++s->n_said)) };
    struct received r;

    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    scene_settle(s);
}

static bool was_asked(struct scene *s, const char *chat)
{
    struct rows r;
    bool found = false;

    CHECK_OK(store_read(s->gateway.store, s->home.arena, &r, "admin.outbox_list", "ci", "sent", (int64_t)100));
    for (size_t i = 0; i < r.n; i++)
        found = found || (str_eq(row_str(&r, i, 4), str_from(chat)) && str_find(row_str(&r, i, 5), S("May I do this?")) != STR_NONE);
    return found;
}

TEST(who_may_not_decide_has_the_owner_asked)
{
    static const char *const sets[] = { "policy=[{person: bob, tool: exec, decision: ask}]", NULL };
    struct scene s;

    scene_start(&s, 100);
    scene_pair(&s, "boss");
    scene_pair(&s, "bob");
    scene_restart(&s, 100);
    CHECK_OK(config_load_for_test(s.home.folder, sets));
    CHECK_OK(policy_rules_load(&s.gateway));
    say_as(&s, "bob", "/run true");
    CHECK(code(&s)[0]);
    UNTIL(was_asked(&s, "boss") && was_asked(&s, "bob"));
    const char *which = code(&s);

    say_as(&s, "bob", arena_printf(s.home.arena, "yes %s", which));
    CHECK_STR(str_from(code(&s)), which);
    say_as(&s, "boss", arena_printf(s.home.arena, "no %s", which));
    CHECK_STR(str_from(code(&s)), "");
    CHECK(str_find(scene_inbox(&s), S("done /run true")) != STR_NONE);
    scene_end(&s);
}

/* The model has one id for all its calls, and wants the same again after it was done. */
TEST(a_yes_is_for_one_call_though_its_id_comes_again)
{
    static const struct scripted lines[] = {
        { "begin", MODEL_CALLS("call_0", "exec", "{\\\"command\\\":\\\"rm -rf once\\\"}") }, { "exit status 0", MODEL_CALLS("call_0", "exec", "{\\\"command\\\":\\\"rm -rf once\\\"}") }, { NULL, NULL },
    };
    struct scene s;

    if (!fixture_can_run())
        return;
    scene_start(&s, 100);
    s.script = lines;
    scene_say(&s, SESSION_A, "begin");
    scene_settle(&s);
    for (int round = 0; round < 3; round++) {
        CHECK(code(&s)[0]);
        answer(&s, "yes", "");
        CHECK(str_find(scene_inbox(&s), S("running begin")) != STR_NONE);
    }
    answer(&s, "no", "");
    CHECK_STR(str_from(code(&s)), "");
    scene_end(&s);
}
