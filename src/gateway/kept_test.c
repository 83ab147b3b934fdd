// SPDX-License-Identifier: Apache-2.0
/* Reminders, lists and notes, as they are asked for and as they are told. */
#include "base/test.h"
#include "base/time.h"
#include "gateway/access.h"
#include "gateway/kept.h"
#include "gateway/reminders.h"
#include "gateway/policy_rules.h"
#include "gateway/sessions.h"
#include "gateway/test_scene.h"
#include "runtime/clock.h"
#include "tool/registry.h"

struct keep { struct scene s; struct tool_host host; struct tool_context cx; struct fibers fibers; };

/* Saturday in Shanghai, 16:00. */
static void stop_clock(void)
{
    int64_t now;

    CHECK_OK(time_parse(S("2026-11-21T08:00:00Z"), &now));
    clock_fake(now);
}

static void talk(struct keep *k, const char *chat, const char *user, const char *type) AWAITS
{
    struct message m = { .platform = S("fake"), .chat_id = str_from(chat), .user_id = str_from(user), .user_name = str_from(user),
                         .text = S("hello"), .chat_type = str_from(type) };
    struct received r;

    CHECK_OK(intake_receive(&k->s.gateway, k->s.home.arena, &m, 1, &r));
    scene_settle(&k->s);
}

/* In a chat, with a message that is being answered. */
static void be(struct keep *k, const char *user, const char *chat) AWAITS
{
    struct rows r;

    k->cx = (struct tool_context){
        .arena = k->s.home.arena, .workspace = home_path(&k->s.home, "workspace"), .platform = S("fake"), .chat_id = str_from(chat),
        .user = str_from(user), .person = access_person(k->s.gateway.access, S("fake"), str_from(user)), .call_id = S("c1"), .taint = S(""),
        .session_id = S(""), .host = &k->host,
    };
    CHECK_OK(store_read(k->s.home.store, k->s.home.arena, &r, "tool.sessions", "cii", "fake", (int64_t)1000, (int64_t)0));
    for (size_t i = 0; i < r.n; i++)
        if (str_eq(row_str(&r, i, 2), str_from(chat)))
            k->cx.session_id = row_str(&r, i, 0);
    CHECK(k->cx.session_id.len > 0);
}

static void begin(struct keep *k) AWAITS
{
    *k = (struct keep){ .fibers.independent = true };
    scene_start(&k->s, 10);
    scene_pair(&k->s, "anna");      /* the owner */
    scene_pair(&k->s, "bob");
    scene_restart(&k->s, 10);
    gateway_register_tools();
    CHECK_OK(policy_rules_load(&k->s.gateway));
    k->host = (struct tool_host){ .gateway = &k->s.gateway };
    talk(k, "anna", "anna", "private");
    talk(k, "bob", "bob", "private");
    talk(k, "group", "bob", "group");
    UNTIL(k->s.n_sent == 3);
    buf_clear(&k->s.sent);
    stop_clock();
    k->s.gateway.timers = reminders_new(&k->s.gateway);
    fibers_spawn(&k->fibers, "timers", timers_run, k->s.gateway.timers);
    be(k, "bob", "bob");
}

static void end(struct keep *k) AWAITS
{
    fibers_done(&k->fibers);
    timers_free(k->s.gateway.timers);
    clock_real();
    scene_end(&k->s);
}

static struct tool_result call(struct keep *k, const char *name, const char *arguments) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;
    const struct tool *tool = tool_find(str_from(name));
    struct tool_result r = { 0 };

    CHECK(tool != NULL);
    CHECK_OK(json_parse(str_from(arguments), &j));
    CHECK_OK(tool_check_arguments(tool, j));
    CHECK_OK(tool->run(&k->cx, j, &r));
    return r;
}

struct said { const char *arguments, *want; bool refused; };

static void check_says(struct keep *k, const char *tool, const struct said *cases, size_t n) AWAITS
{
    for (size_t i = 0; i < n; i++) {
        struct tool_result r = call(k, tool, cases[i].arguments);

        if (!str_eq(r.text, str_from(cases[i].want)) || r.is_error != cases[i].refused)
            test_failed(__FILE__, __LINE__, "%s: %.*s", cases[i].arguments, STR(r.text));
    }
}

/* Until what is due was told. */
static void pass(struct keep *k, uint64_t minutes) AWAITS
{
    struct rows r;

    clock_advance(minutes * 60 * 1000);
    for (int i = 0; i < 3; i++)
        do {
            CHECK_OK(fiber_yield());
            CHECK_OK(store_read(k->s.home.store, k->s.home.arena, &r, "timers.due", "ii", clock_wall_ms(), (int64_t)1));
        } while (r.n);
}

static void check_sent(struct keep *k, size_t n, const char *want) AWAITS
{
    UNTIL(k->s.n_sent == 3 + n);
    CHECK_STR(buf_str(&k->s.sent), want);
}

/* ---- reminders ---- */

TEST(reminders_are_set_shown_and_taken_back_in_plain_words)
{
    static const struct said cases[] = {
        { "{\"action\":\"list\"}", "No reminders are set.", false },
        { "{\"action\":\"add\",\"text\":\"call mum\",\"at\":\"2026-11-22T15:00\",\"zone\":\"Asia/Shanghai\"}",
          "OK, I will remind you tomorrow (Sun 22 Nov) at 15:00 (Asia/Shanghai): call mum. (#1)", false },
        { "{\"action\":\"add\",\"text\":\"dentist\",\"at\":\"2027-02-03\",\"zone\":\"Asia/Shanghai\"}",
          "OK, I will remind you Wed 3 Feb 2027 at 9:00 (Asia/Shanghai): dentist. (#2)", false },
        { "{\"action\":\"add\",\"text\":\"lunch\",\"at\":\"12:30\",\"zone\":\"Asia/Shanghai\"}",
          "OK, I will remind you tomorrow (Sun 22 Nov) at 12:30 (Asia/Shanghai): lunch. (#3)", false },
        { "{\"action\":\"add\",\"text\":\"tea\",\"kind\":\"timer\",\"in\":\"1h30m\",\"zone\":\"Asia/Shanghai\"}",
          "OK, timer set: 1 hour 30 minutes, until today at 17:30: tea. (#4)", false },
        { "{\"action\":\"list\"}",
          "Reminders (4):\n- #4 today at 17:30 (Asia/Shanghai) (timer): tea\n- #3 tomorrow (Sun 22 Nov) at 12:30 (Asia/Shanghai): lunch\n"
          "- #1 tomorrow (Sun 22 Nov) at 15:00 (Asia/Shanghai): call mum\n- #2 Wed 3 Feb 2027 at 9:00 (Asia/Shanghai): dentist", false },
        { "{\"action\":\"remove\",\"which\":\"the reminder to call my mum\"}",
          "Cancelled:\n- #1 tomorrow (Sun 22 Nov) at 15:00 (Asia/Shanghai): call mum", false },
        { "{\"action\":\"remove\",\"which\":\"tomorrow\"}", "Cancelled:\n- #3 tomorrow (Sun 22 Nov) at 12:30 (Asia/Shanghai): lunch", false },
        { "{\"action\":\"remove\",\"which\":\"mum\"}", "There is no such reminder: mum", true },
        { "{\"action\":\"remove\",\"which\":\"Asia\"}",
          "Several fit; say the number:\n- #4 today at 17:30 (Asia/Shanghai) (timer): tea\n- #2 Wed 3 Feb 2027 at 9:00 (Asia/Shanghai): dentist",
          true },
        { "{\"action\":\"remove\",\"which\":\"the timer\"}", "Cancelled:\n- #4 today at 17:30 (Asia/Shanghai) (timer): tea", false },
        { "{\"action\":\"remove\",\"which\":\"dentist reminder\"}", "Cancelled:\n- #2 Wed 3 Feb 2027 at 9:00 (Asia/Shanghai): dentist", false },
        { "{\"action\":\"list\"}", "No reminders are set.", false },
    };
    struct keep k;

    begin(&k);
    check_says(&k, "reminder", cases, N_ELEMENTS(cases));
    end(&k);
}

TEST(whoever_writes_chinese_is_answered_in_chinese)
{
    static const struct said reminders[] = {
        { "{\"action\":\"add\",\"text\":\"开会\",\"at\":\"2026-11-22T15:00\",\"zone\":\"Asia/Shanghai\"}",
          "好的，明天（11月22日，周日）15:00（Asia/Shanghai） 提醒你：开会。（#1）", false },
        { "{\"action\":\"add\",\"kind\":\"timer\",\"in\":\"10m\",\"zone\":\"Asia/Shanghai\"}", "好的，计时 10 分钟，今天 16:10 到时间。（#2）", false },
        { "{\"action\":\"remove\",\"which\":\"开会的提醒\"}", "已取消：\n- #1 明天（11月22日，周日）15:00（Asia/Shanghai）：开会", false },
        { "{\"action\":\"remove\",\"which\":\"全部\"}", "已取消：\n- #2 今天 16:10（Asia/Shanghai）（计时器）", false },
        { "{\"action\":\"add\",\"text\":\"x\",\"at\":\"昨天\"}", "看不懂时间“昨天”：请写成 2026-11-22T09:00", true },
    };
    static const struct said lists[] = {
        { "{\"action\":\"add\",\"list\":\"购物清单\",\"item\":\"牛奶、鸡蛋和面包\"}", "已加到购物清单：牛奶、鸡蛋、面包。（现在共 3 项）", false },
        { "{\"action\":\"show\",\"list\":\"shopping\"}", "购物（3 项）：\n1. 牛奶\n2. 鸡蛋\n3. 面包", false },
        { "{\"action\":\"done\",\"item\":\"第2个\",\"list\":\"购物\"}", "已完成：鸡蛋。（购物还有 2 项）", false },
        { "{\"action\":\"show\",\"list\":\"采购\"}", "购物（2 项）：\n1. 牛奶\n2. 面包\n\n已完成：鸡蛋", false },
        { "{\"action\":\"names\"}", "清单：\n- 购物（2 项）", false },
    };
    struct keep k;

    begin(&k);
    k.cx.chinese = true;
    check_says(&k, "reminder", reminders, N_ELEMENTS(reminders));
    check_says(&k, "lists", lists, N_ELEMENTS(lists));
    end(&k);
}

TEST(what_is_no_time_is_refused_with_what_to_write)
{
    static const struct said cases[] = {
        { "{\"action\":\"add\",\"text\":\"x\"}", "when? Say a time", true },
        { "{\"action\":\"add\",\"at\":\"12:00\"}", "what is it that you want to be reminded of?", true },
        { "{\"action\":\"add\",\"text\":\"x\",\"at\":\"2026-11-20T09:00\"}", "that time is over", true },
        { "{\"action\":\"add\",\"text\":\"x\",\"at\":\"2026-02-30T09:00\"}", "\"2026-02-30T09:00\" is no time: write 2026-11-22T09:00", true },
        { "{\"action\":\"add\",\"text\":\"x\",\"in\":\"soon\"}", "\"soon\" is no length of time: write 20m or 1h30m", true },
        { "{\"action\":\"add\",\"text\":\"x\",\"in\":\"5m\",\"zone\":\"Mars/Olympus\"}",
          "there is no time zone \"Mars/Olympus\"; write one such as Europe/Berlin", true },
        { "{\"action\":\"add\",\"text\":\"x\",\"in\":\"5m\",\"at\":\"12:00\"}", "at and in exclude each other", true },
        { "{\"action\":\"remove\",\"which\":\"7\"}", "There is no such reminder: 7", true },
    };
    struct keep k;

    begin(&k);
    check_says(&k, "reminder", cases, N_ELEMENTS(cases));
    end(&k);
}

TEST(a_reminder_is_told_where_it_was_set)
{
    struct keep k;

    begin(&k);
    call(&k, "reminder", "{\"action\":\"add\",\"text\":\"tea\",\"in\":\"5m\"}");
    pass(&k, 4);
    CHECK_INT(k.s.n_sent, 3);
    pass(&k, 1);
    check_sent(&k, 1, "⏰ Reminder: tea\n");
    pass(&k, 60);
    check_sent(&k, 1, "⏰ Reminder: tea\n");
    end(&k);
}

TEST(a_late_one_says_when_it_was_due_and_how_many_were_missed)
{
    struct keep k;

    begin(&k);
    fibers_done(&k.fibers);
    k.cx.chinese = true;
    call(&k, "reminder", "{\"action\":\"add\",\"text\":\"吃药\",\"in\":\"5m\",\"zone\":\"Asia/Shanghai\"}");
    k.cx.chinese = false;
    call(&k, "reminder", "{\"action\":\"add\",\"text\":\"stand up\",\"rule\":\"FREQ=DAILY\",\"at\":\"17:00\",\"zone\":\"Asia/Shanghai\"}");
    clock_advance((uint64_t)(2 * 24 + 2) * 60 * 60 * 1000);
    k.fibers = (struct fibers){ .independent = true };
    fibers_spawn(&k.fibers, "timers", timers_run, k.s.gateway.timers);
    pass(&k, 0);
    check_sent(&k, 2,
               "⏰ 提醒（迟了，本应在11月21日（周六）16:05）：吃药\n"
               "⏰ Reminder (late: it was due today at 17:00): stand up\n2 earlier ones were missed.\n");
    end(&k);
}

TEST(where_the_conversation_is_gone_the_person_is_told_in_private)
{
    struct keep k;
    struct batch *b;

    begin(&k);
    be(&k, "bob", "group");
    call(&k, "reminder", "{\"action\":\"add\",\"text\":\"tea\",\"in\":\"5m\"}");
    b = batch_new(k.s.home.arena);
    batch_add(b, "forget.session_outbox", "s", k.cx.session_id);
    batch_add(b, "forget.session_inbox", "s", k.cx.session_id);
    batch_add(b, "forget.session", "s", k.cx.session_id);
    CHECK_OK(store_commit(k.s.home.store, b));
    sessions_forget(k.s.gateway.sessions, k.cx.session_id);
    pass(&k, 5);
    check_sent(&k, 1, "⏰ Reminder: tea\n");
    struct rows r;

    be(&k, "bob", "bob");
    CHECK_OK(store_read(k.s.home.store, k.s.home.arena, &r, "tool.session_messages", "si", k.cx.session_id, (int64_t)1));
    CHECK_STR(row_str(&r, 0, 6), "{\"text\":\"⏰ Reminder: tea\"}");
    end(&k);
}

TEST(a_reminder_of_somebody_who_is_gone_fails_and_the_list_says_so)
{
    struct keep k;
    struct batch *b;

    begin(&k);
    b = batch_new(k.s.home.arena);
    timers_add(b, &(struct flow_timer){ .kind = S("reminder"), .scope = S("user:bob"), .person = S("carl"), .session_id = k.cx.session_id,
                                        .text = S("tea"), .taint = S(""), .language = S("en"), .first_at = clock_wall_ms() + 1000,
                                        .next_at = clock_wall_ms() + 1000, .rule = S(""), .zone = S("UTC"), .created_at = 1 });
    CHECK_OK(store_commit(k.s.home.store, b));
    timers_changed(k.s.gateway.timers);
    pass(&k, 1);
    struct tool_result r = call(&k, "reminder", "{\"action\":\"list\"}");

    CHECK(str_find(r.text, S("the last time it reached nobody: nobody is called \"carl\" any more")) != STR_NONE);
    CHECK_INT(k.s.n_sent, 3);
    end(&k);
}

/* ---- whose ---- */

TEST(everybody_has_their_own_and_a_group_has_its_own)
{
    struct keep k;

    begin(&k);
    call(&k, "lists", "{\"action\":\"add\",\"item\":\"a present for anna\"}");
    call(&k, "reminder", "{\"action\":\"add\",\"text\":\"present\",\"in\":\"5h\"}");
    call(&k, "notes", "{\"action\":\"add\",\"text\":\"she likes tea\"}");
    be(&k, "anna", "anna");
    CHECK_STR(call(&k, "lists", "{\"action\":\"show\"}").text, "There is nothing on the list to-do.");
    CHECK_STR(call(&k, "reminder", "{\"action\":\"list\"}").text, "No reminders are set.");
    CHECK_STR(call(&k, "notes", "{\"action\":\"show\"}").text, "There are no notes yet.");
    be(&k, "bob", "group");
    CHECK_STR(call(&k, "lists", "{\"action\":\"show\"}").text, "There is nothing on the list to-do.");
    call(&k, "lists", "{\"action\":\"add\",\"item\":\"chairs\"}");
    call(&k, "notes", "{\"action\":\"add\",\"text\":\"the hall is at the harbour\"}");
    be(&k, "anna", "group");
    struct tool_result r = call(&k, "lists", "{\"action\":\"show\"}");

    CHECK_STR(r.text, "to-do (1):\n1. chairs");
    CHECK_STR(r.taint, "what bob had kept");
    CHECK_STR(call(&k, "lists", "{\"action\":\"done\",\"item\":\"1\"}").text, "Done: chairs. (to-do: 0 left)");
    end(&k);
}

TEST(in_a_group_nobody_takes_back_what_another_set)
{
    struct keep k;

    begin(&k);
    be(&k, "anna", "group");
    call(&k, "reminder", "{\"action\":\"add\",\"text\":\"meeting\",\"in\":\"5h\"}");
    call(&k, "notes", "{\"action\":\"add\",\"text\":\"the code of the door\"}");
    be(&k, "bob", "group");
    CHECK(call(&k, "reminder", "{\"action\":\"remove\",\"which\":\"all\"}").is_error);
    CHECK(call(&k, "notes", "{\"action\":\"remove\",\"which\":\"door\"}").is_error);
    end(&k);
}

TEST(guests_keep_nothing)
{
    struct keep k;

    begin(&k);
    k.cx.person = (struct person){ S("visitor"), S("guest") };
    CHECK(call(&k, "lists", "{\"action\":\"add\",\"item\":\"x\"}").is_error);
    CHECK(call(&k, "reminder", "{\"action\":\"add\",\"text\":\"x\",\"in\":\"5m\"}").is_error);
    CHECK(call(&k, "notes", "{\"action\":\"show\"}").is_error);
    end(&k);
}

TEST(what_is_added_in_the_view_of_others_words_is_marked)
{
    struct keep k;

    begin(&k);
    k.cx.taint = S("web page https://example.org/");
    call(&k, "notes", "{\"action\":\"add\",\"text\":\"from a page\"}");
    k.cx.taint = S("");
    CHECK_STR(call(&k, "notes", "{\"action\":\"show\"}").taint, "web page https://example.org/");
    end(&k);
}

TEST(a_call_that_runs_again_after_a_crash_answers_the_same_and_does_nothing)
{
    static const struct { const char *tool, *arguments; } cases[] = {
        { "reminder", "{\"action\":\"add\",\"text\":\"tea\",\"in\":\"5h\"}" },
        { "reminder", "{\"action\":\"remove\",\"which\":\"tea\"}" },
        { "lists", "{\"action\":\"add\",\"items\":[\"milk\",\"eggs\"]}" },
        { "lists", "{\"action\":\"remove\",\"items\":[\"1\"]}" },
        { "lists", "{\"action\":\"done\",\"items\":[\"1\"]}" },
        { "notes", "{\"action\":\"add\",\"text\":\"a note\"}" },
        { "notes", "{\"action\":\"remove\",\"which\":\"note\"}" },
    };
    struct keep k;

    begin(&k);
    k.cx.inbox_id = 2;
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct tool_result first = call(&k, cases[i].tool, cases[i].arguments), again = call(&k, cases[i].tool, cases[i].arguments);

        CHECK(!first.is_error && !again.is_error);
        CHECK_STR(again.text, arena_c(k.s.home.arena, first.text));
    }
    k.cx.inbox_id = 0;
    CHECK_STR(call(&k, "lists", "{\"action\":\"show\"}").text, "There is nothing on the list to-do.\n\nDone: eggs");
    end(&k);
}

/* ---- lists and notes ---- */

TEST(lists_are_filled_shown_and_crossed_off)
{
    static const struct said cases[] = {
        { "{\"action\":\"names\"}", "There are no lists yet.", false },
        { "{\"action\":\"add\",\"item\":\"bread and butter\"}", "Added to to-do: bread and butter. (1 now)", false },
        { "{\"action\":\"add\",\"list\":\"groceries\",\"item\":\"milk, eggs and bread\"}", "Added to shopping: milk, eggs, bread. (3 now)", false },
        { "{\"action\":\"add\",\"list\":\"Shopping list\",\"items\":[\"Milk\",\"rice\"]}",
          "Added to shopping: rice. (4 now) Already on shopping: Milk.", false },
        { "{\"action\":\"done\",\"item\":\"eggs\"}", "Done: eggs. (shopping: 3 left)", false },
        { "{\"action\":\"done\",\"item\":\"the rice\",\"list\":\"shopping\"}", "Done: rice. (shopping: 2 left)", false },
        { "{\"action\":\"show\",\"list\":\"shopping\"}", "shopping (2):\n1. milk\n2. bread\n\nDone: rice, eggs", false },
        { "{\"action\":\"remove\",\"item\":\"2\",\"list\":\"shopping\"}", "Removed: bread. (shopping: 1 left)", false },
        { "{\"action\":\"done\",\"item\":\"caviar\"}", "That is on no list: caviar", true },
        { "{\"action\":\"names\"}", "Lists:\n- shopping (1)\n- to-do (1)", false },
        { "{\"action\":\"remove\",\"item\":\"all\",\"list\":\"shopping\"}", "Removed: milk, eggs, rice. (shopping: 0 left)", false },
        { "{\"action\":\"add\",\"list\":\"Books\",\"items\":[\"Moby Dick\",\"Moby Duck\"]}", "Added to Books: Moby Dick, Moby Duck. (2 now)", false },
        { "{\"action\":\"done\",\"list\":\"books\",\"item\":\"moby\"}", "Several fit, say which:\n- Moby Dick\n- Moby Duck", true },
        { "{\"action\":\"add\",\"items\":[]}", "what is to be added?", true },
    };
    struct keep k;

    begin(&k);
    check_says(&k, "lists", cases, N_ELEMENTS(cases));
    end(&k);
}

TEST(notes_are_found_by_what_they_say)
{
    struct keep k;

    begin(&k);
    CHECK_STR(call(&k, "notes", "{\"action\":\"add\",\"text\":\"The wifi password of the office is on the fridge\"}").text,
              "Noted: The wifi password of the office is on the fridge (#1)");
    call(&k, "notes", "{\"action\":\"add\",\"text\":\"车停在地下二层 B12\"}");
    call(&k, "notes", "{\"action\":\"add\",\"text\":\"Anna's birthday is in May\"}");
    CHECK(str_find(call(&k, "notes", "{\"action\":\"show\",\"query\":\"WiFi\"}").text, S("on the fridge")) != STR_NONE);
    CHECK(str_find(call(&k, "notes", "{\"action\":\"show\",\"query\":\"车\"}").text, S("B12")) != STR_NONE);
    CHECK(str_find(call(&k, "notes", "{\"action\":\"show\",\"query\":\"停车\"}").text, S("no note about")) != STR_NONE);
    CHECK(str_starts(call(&k, "notes", "{\"action\":\"show\"}").text, S("Notes (3):\n- #3 (2026-11-21) Anna's birthday")));
    CHECK(!call(&k, "notes", "{\"action\":\"remove\",\"which\":\"birthday\"}").is_error);
    CHECK(str_starts(call(&k, "notes", "{\"action\":\"show\"}").text, S("Notes (2):")));
    end(&k);
}

TEST(too_much_is_refused)
{
    struct keep k;
    struct batch *b;

    begin(&k);
    b = batch_new(k.s.home.arena);
    for (int i = 0; i < 1000; i++)
        batch_add(b, "notes.add", "cccci", "user:bob", "bob", "x", "", (int64_t)1);
    CHECK_OK(store_commit(k.s.home.store, b));
    CHECK_STR(call(&k, "notes", "{\"action\":\"add\",\"text\":\"one more\"}").text, "there are 1000 notes: remove some first");
    CHECK(call(&k, "lists", arena_printf(k.s.home.arena, "{\"action\":\"add\",\"items\":[\"%0600d\"]}", 1)).is_error);
    CHECK(call(&k, "reminder", arena_printf(k.s.home.arena, "{\"action\":\"add\",\"in\":\"5m\",\"text\":\"%01001d\"}", 1)).is_error);
    end(&k);
}

TEST(a_recurrence_is_set_in_words_and_its_first_time_is_the_next_that_fits)
{
    static const struct said english[] = {
        { "{\"action\":\"add\",\"text\":\"stand up\",\"rule\":\"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9;BYMINUTE=0\",\"zone\":\"Asia/Shanghai\"}",
          "OK, I will remind you every weekday at 9:00 (Asia/Shanghai): stand up. Next: Mon 23 Nov at 9:00. (#1)", false },
        { "{\"action\":\"add\",\"text\":\"rent\",\"rule\":\"FREQ=MONTHLY\",\"at\":\"2026-12-01T10:00\",\"zone\":\"Asia/Shanghai\"}",
          "OK, I will remind you every month on the 1st at 10:00 (Asia/Shanghai): rent. Next: Tue 1 Dec at 10:00. (#2)", false },
        { "{\"action\":\"add\",\"text\":\"x\",\"rule\":\"FREQ=DAILY;UNTIL=20260101T000000Z\"}", "all of these times are over", true },
    };
    static const struct said chinese[] = {
        { "{\"action\":\"list\"}",
          "提醒（2）：\n- #1 每个工作日 9:00（Asia/Shanghai）：stand up（下一次：后天（11月23日，周一）9:00）\n"
          "- #2 每月 1 日 10:00（Asia/Shanghai）：rent（下一次：12月1日（周二）10:00）", false },
    };
    struct keep k;

    begin(&k);
    check_says(&k, "reminder", english, N_ELEMENTS(english));
    CHECK(call(&k, "reminder", "{\"action\":\"add\",\"text\":\"x\",\"rule\":\"FREQ=SOMETIMES\"}").is_error);
    CHECK(call(&k, "reminder", "{\"action\":\"add\",\"text\":\"x\",\"rule\":\"FREQ=DAILY;COUNT=100000\"}").is_error);
    k.cx.chinese = true;
    check_says(&k, "reminder", chinese, N_ELEMENTS(chinese));
    end(&k);
}
