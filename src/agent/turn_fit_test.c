// SPDX-License-Identifier: Apache-2.0
#include "agent/test_turn.h"

#include "config/config.h"

#define TOO_LONG "!400 {\"error\":{\"message\":\"This model's maximum context length is 4096 tokens\",\"code\":\"context_length_exceeded\"}}"
#define REFUSED  "!400 {\"error\":{\"message\":\"messages.7 is malformed\",\"type\":\"invalid_request_error\"}}"

/* So many earlier messages, each with a result of so many bytes and a few. */
static void long_past(struct scene *s, int n, int bytes)
{
    for (int i = 0; i < n; i++)
        scene_past(s, arena_printf(s->home.arena, "question %d", i), arena_printf(s->home.arena, "result %d %0*d", i, bytes, 0),
                   arena_printf(s->home.arena, "answer %d", i));
}

TEST(old_results_are_cut_before_a_conversation_gets_too_long)
{
    const char *replies[] = { TEXT("fine"), TEXT("fine"), TEXT("fine") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    s.script.model.facts.context = 40000;
    long_past(&s, 17, 6000);
    scene_say(&s, "and now?");
    CHECK_INT(s.script.next, 1);            /* nobody summarised anything */
    CHECK(scene_asked(&s, "result 0 ") && scene_asked(&s, "answer 0") && scene_asked(&s, "result 16 "));
    CHECK(scene_asked(&s, "bytes left out"));
    CLEANUP(buf_done) struct buf before = { 0 };
    size_t end = str_find(buf_str(&s.script.asked), S("and now?"));

    buf_add(&before, str_take(buf_str(&s.script.asked), end));
    scene_say(&s, "and then?");             /* the beginning is what it was: it can be cached */
    CHECK(str_eq(str_take(buf_str(&s.script.asked), end), buf_str(&before)));
    scene_end(&s);
}

TEST(older_messages_are_summarised_when_cutting_results_is_not_enough)
{
    const char *replies[] = { TEXT("they spoke of numbers"), TEXT("fine"), TEXT("fine") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    s.script.model.facts.context = 12000;
    for (int i = 0; i < 12; i++)
        scene_past(&s, arena_printf(s.home.arena, "question %d", i), NULL, arena_printf(s.home.arena, "answer %d %02400d", i, 0));
    scene_say(&s, "and now?");
    CHECK_INT(s.script.next, 2);
    CHECK(scene_asked(&s, "they spoke of numbers") && scene_asked(&s, "question 11") && scene_asked(&s, "and now?"));
    CHECK(!scene_asked(&s, "answer 0 "));
    struct rows r;

    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "compaction.between", "sii", S("s1"), (int64_t)0, INT64_MAX));
    CHECK_INT(r.n, 1);
    CHECK(str_starts(row_str(&r, 0, 2), S("they spoke of numbers\n\n[The last message of that part, word for word:]\nquestion ")));
    CHECK(row_int(&r, 0, 4) > row_int(&r, 0, 5));
    histories_forget(s.histories);          /* as after a restart */
    scene_say(&s, "again");
    CHECK_INT(s.script.next, 3);
    CHECK(scene_asked(&s, "they spoke of numbers") && scene_asked(&s, "and now?"));
    scene_end(&s);
}

TEST(without_a_model_that_answers_a_summary_is_made_of_sentences)
{
    const char *replies[] = { REFUSED, TEXT("fine") };
    struct scene s;
    struct rows r;

    scene_start(&s, replies, N_ELEMENTS(replies));
    s.script.model.facts.context = 12000;
    for (int i = 0; i < 12; i++)
        scene_past(&s, "What is the number?", NULL, arena_printf(s.home.arena, "The number is %d. %02400d", i, 0));
    scene_say(&s, "and now?");
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "compaction.between", "sii", S("s1"), (int64_t)0, INT64_MAX));
    CHECK_INT(r.n, 1);
    CHECK_STR(row_str(&r, 0, 6), "");
    CHECK(str_find(row_str(&r, 0, 2), S("The number is")) != STR_NONE);
    scene_end(&s);
}

TEST(what_is_refused_as_too_long_is_asked_again_much_shorter)
{
    const char *replies[] = { TOO_LONG, TEXT("the summary"), TOO_LONG, TEXT("at last") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    long_past(&s, 8, 2000);
    scene_add_message(&s, "and now?");
    struct turn t = scene_turn(&s, "and now?");

    CHECK_OK(turn_run(&t));
    CHECK_STR(t.text, "at last");
    CHECK(scene_asked(&s, "and now?"));
    size_t sizes[4] = { 0 }, i = 0;
    str rest = buf_str(&s.script.all), line;

    while (i < 4 && str_split(&rest, '\n', &line))
        sizes[i++] = line.len;
    CHECK(sizes[2] < sizes[0] * 7 / 10 && sizes[3] < sizes[2]);
    scene_end(&s);
}

TEST(a_model_that_finds_everything_too_long_is_given_up)
{
    const char *replies[] = { TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TEXT("short enough") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    scene_add_message(&s, "hi");
    struct turn t = scene_turn(&s, "hi");

    CHECK_ERR(turn_run(&t), ERR_TOO_LONG);
    CHECK(strstr(failed_text(), "cut short"));
    CHECK_INT(s.script.next, 4);
    scene_say(&s, "still there?");
    scene_end(&s);
}

TEST(a_message_too_long_by_itself_is_cut_in_the_middle)
{
    const char *replies[] = { TEXT("fine") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    s.script.model.facts.context = 12000;
    scene_say(&s, arena_printf(s.home.arena, "begin %0100000d end", 0));
    CHECK(scene_asked(&s, "begin 0") && scene_asked(&s, "0 end") && scene_asked(&s, "bytes left out"));
    CHECK(s.script.asked.len < 60000);
    scene_end(&s);
}

TEST(a_history_that_a_model_refuses_is_summarised_away)
{
    const char *replies[] = { REFUSED, TEXT("what do you mean?"), TEXT("the summary"), TEXT("fine") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    long_past(&s, 3, 2000);
    scene_say(&s, "and now?");
    CHECK_INT(s.script.next, 3);
    scene_say(&s, "and then?");
    CHECK(scene_asked(&s, "the summary") && scene_asked(&s, "what do you mean?") && !scene_asked(&s, "answer 0"));
    scene_end(&s);
}

TEST(what_is_refused_for_another_reason_is_not_repeated_for_ever)
{
    const char *replies[] = { REFUSED, REFUSED, TEXT("fine") };
    struct scene s;

    scene_start(&s, replies, N_ELEMENTS(replies));
    long_past(&s, 3, 2000);
    scene_add_message(&s, "and now?");
    struct turn t = scene_turn(&s, "and now?");

    CHECK_ERR(turn_run(&t), ERR_INPUT);
    CHECK_INT(s.script.next, 2);
    scene_say(&s, "and then?");             /* nothing was thrown away */
    CHECK(scene_asked(&s, "answer 0"));
    scene_end(&s);
}
