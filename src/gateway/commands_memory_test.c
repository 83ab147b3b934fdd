// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/policy_rules.h"
#include "gateway/test_scene.h"
#include "gateway/tool_host.h"
#include "memory/memory.h"

static void start(struct scene *s, const char *setting) AWAITS
{
    scene_start_with(s, 10, setting, NULL);
    scene_pair(s, "olga");          /* the owner */
    scene_pair(s, "anna");          /* a user */
    scene_pair(s, "bert");
    scene_restart(s, 10);
    gateway_register_tools();
    CHECK_OK(policy_rules_load(&s->gateway));
}

/* What they are answered in a chat of "fake": their private one, or a group. */
static str said(struct scene *s, const char *user, const char *group, const char *text) AWAITS
{
    struct message m = { .platform = S("fake"), .chat_id = str_from(group ? group : user), .user_id = str_from(user),
                         .user_name = str_from(user), .text = str_from(text), .chat_type = group ? S("group") : S("private") };
    size_t before = scene_replies(s).len;
    struct received r;

    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    scene_settle(s);
    return str_skip(scene_replies(s), before ? before + 1 : 0);
}

#define CHECK_SAID(s, user, group, text, part) \
    do { str reply_ = said(s, user, group, text); if (str_find(reply_, S(part)) == STR_NONE) \
        test_failed(__FILE__, __LINE__, "%s: %.*s", text, STR(reply_)); } while (0)
#define CHECK_ASKED(s, part) CHECK(str_find(buf_str(&(s)->asked), S(part)) != STR_NONE)
#define CHECK_NOT_ASKED(s, part) CHECK(str_find(buf_str(&(s)->asked), S(part)) == STR_NONE)

/* The number in "(number `17`)", "编号 `17`". */
static const char *number_in(struct scene *s, str reply)
{
    str rest = str_skip(reply, str_find_char(reply, '`') + 1);

    return arena_c(s->home.arena, str_take(rest, str_find_char(rest, '`')));
}

TEST(what_somebody_has_remembered_is_shown_to_the_model_in_their_private_chats_alone)
{
    struct scene s;

    start(&s, NULL);
    CHECK_SAID(&s, "anna", NULL, "/remember My locker code is 4711", "Remembered, for you");
    said(&s, "anna", NULL, "What is the code of my locker?");
    CHECK_ASKED(&s, "[Recalled from memory");
    CHECK_ASKED(&s, "> My locker code is 4711");
    said(&s, "anna", "group", "What is the code of my locker?");
    CHECK_NOT_ASKED(&s, "4711");
    said(&s, "bert", NULL, "What is the code of my locker?");
    CHECK_NOT_ASKED(&s, "4711");
    said(&s, "olga", NULL, "What is the code of the locker of anna?");
    CHECK_NOT_ASKED(&s, "4711");
    scene_end(&s);
}

TEST(a_groups_memories_are_the_groups_and_say_who_had_them_remembered)
{
    struct scene s;

    start(&s, NULL);
    CHECK_SAID(&s, "anna", "group", "/remember We meet at the harbour on Fridays", "Remembered, for this chat");
    said(&s, "bert", "group", "Where do we meet on Fridays?");
    CHECK_ASKED(&s, ", by ");
    CHECK_ASKED(&s, "> We meet at the harbour on Fridays");
    said(&s, "bert", "other", "Where do we meet on Fridays?");
    CHECK_NOT_ASKED(&s, "harbour");
    said(&s, "anna", NULL, "Where do we meet on Fridays?");
    CHECK_NOT_ASKED(&s, "harbour");
    scene_end(&s);
}

TEST(the_model_is_shown_nothing_where_it_is_off)
{
    struct scene s;

    start(&s, NULL);
    said(&s, "anna", NULL, "/remember My locker code is 4711");
    CHECK_SAID(&s, "anna", NULL, "/memory off", "nothing is shown here by itself");
    CHECK_SAID(&s, "anna", NULL, "/memory", "The model is shown nothing by itself");
    said(&s, "anna", NULL, "What is the code of my locker?");
    CHECK_NOT_ASKED(&s, "4711");
    scene_restart(&s, 10);
    said(&s, "anna", NULL, "And what is the code of my locker now?");
    CHECK_NOT_ASKED(&s, "4711");
    CHECK_SAID(&s, "anna", NULL, "/memory on", "All right");
    CHECK_SAID(&s, "anna", NULL, "/memory", "for you: 1");
    said(&s, "anna", NULL, "So what is the code of my locker?");
    CHECK_ASKED(&s, "4711");
    CHECK_SAID(&s, "anna", "group", "/memory off", "In a group only my owner may change this.");
    CHECK_SAID(&s, "anna", NULL, "/memory maybe", "There are `/memory`");
    scene_end(&s);
    start(&s, "memory.recall.tokens=0");
    said(&s, "anna", NULL, "/remember My locker code is 4711");
    said(&s, "anna", NULL, "What is the code of my locker?");
    CHECK_NOT_ASKED(&s, "4711");
    CHECK_SAID(&s, "anna", NULL, "/memory on", "memory.recall.tokens is 0");
    scene_end(&s);
}

TEST(forgetting_shows_first_and_then_forgets_what_is_ones_own)
{
    struct scene s;

    start(&s, NULL);
    const char *mine = number_in(&s, said(&s, "anna", NULL, "/remember My locker code is 4711"));
    const char *groups = number_in(&s, said(&s, "anna", "group", "/remember The locker of the group is blue"));

    CHECK_SAID(&s, "anna", NULL, "/forget my locker", "Nothing is forgotten yet");
    CHECK_SAID(&s, "anna", NULL, "/forget my locker", "My locker code is 4711");
    CHECK_SAID(&s, "bert", NULL, arena_printf(s.home.arena, "/forget %s", mine), "There is no memory of that number here.");
    CHECK_SAID(&s, "bert", "group", arena_printf(s.home.arena, "/forget %s", groups), "is not this person's to forget");
    CHECK_SAID(&s, "anna", NULL, arena_printf(s.home.arena, "/forget #%s, 1", mine), "There is no memory of that number here.");
    CHECK_SAID(&s, "anna", NULL, arena_printf(s.home.arena, "/forget #%s", mine), "Forgotten:\n- `");
    CHECK_SAID(&s, "anna", NULL, "/memory search locker", "I remember nothing about it.");
    CHECK_SAID(&s, "olga", "group", arena_printf(s.home.arena, "/forget %s", groups), "Forgotten:");
    CHECK_SAID(&s, "anna", NULL, "/forget", "Write what to forget");
    scene_end(&s);
}

TEST(chinese_is_answered_in_chinese)
{
    struct scene s;

    start(&s, NULL);
    CHECK_SAID(&s, "anna", NULL, "/remember 我住在杭州", "记住了（仅供你");
    CHECK_SAID(&s, "anna", NULL, "/memory search 杭州", "我住在杭州");
    said(&s, "anna", NULL, "我住在哪里？杭州还是别处？");
    CHECK_ASKED(&s, "> 我住在杭州");
    CHECK_SAID(&s, "anna", NULL, "/forget 杭州", "还没有忘掉任何内容");
    scene_end(&s);
}

TEST(a_project_is_bound_by_operators_and_shared_by_its_chats)
{
    struct scene s;

    start(&s, NULL);
    CHECK_SAID(&s, "anna", "build", "/project", "belongs to no project");
    CHECK_SAID(&s, "anna", "build", "/project apollo", "Only operators and above");
    CHECK_SAID(&s, "olga", "build", "/project two words", "is one word");
    CHECK_SAID(&s, "olga", "build", "/project apollo", "belongs to the project `apollo`");
    CHECK_SAID(&s, "anna", "build", "/project", "belongs to the project `apollo`");
    CHECK_SAID(&s, "olga", "build", "/project none", "belongs to no project any more");
    scene_end(&s);
}

TEST(what_is_forgotten_between_two_conversations_of_one_person_is_gone_in_both)
{
    struct scene s;

    start(&s, NULL);
    const char *id = number_in(&s, said(&s, "olga", NULL, "/remember The dentist is in Elm Street"));

    scene_say(&s, SESSION_A, "Where is the dentist?");     /* the owner, by rest */
    scene_settle(&s);
    CHECK_ASKED(&s, "> The dentist is in Elm Street");
    said(&s, "olga", NULL, arena_printf(s.home.arena, "/forget %s", id));
    scene_say(&s, SESSION_B, "Where is the dentist?");
    scene_settle(&s);
    CHECK_NOT_ASKED(&s, "Elm Street");
    scene_end(&s);
}

/* ---- the model's own tools ---- */

TEST(the_model_saves_and_finds_and_forgets)
{
    static const struct scripted script[] = {
        { "note it",  MODEL_CALLS("c1", "memory_save", "{\\\"text\\\":\\\"Anna sails on Sundays\\\",\\\"kind\\\":\\\"preference\\\"}") },
        { "look up",  MODEL_CALLS("c2", "memory_search", "{\\\"query\\\":\\\"sails\\\"}") },
        { "badly",    MODEL_CALLS("c3", "memory_save", "{\\\"text\\\":\\\"x\\\",\\\"scope\\\":\\\"global\\\"}") },
        { "late",     MODEL_CALLS("c4", "memory_save", "{\\\"text\\\":\\\"x\\\",\\\"expires\\\":\\\"2001-01-01\\\"}") },
        { "which",    MODEL_CALLS("c5", "memory_forget", "{\\\"query\\\":\\\"sails\\\"}") },
        { NULL,       NULL },
    };
    struct scene s;

    start(&s, NULL);
    s.script = script;
    CHECK_SAID(&s, "anna", NULL, "note it", "remembered as ");
    CHECK_SAID(&s, "anna", NULL, "look up", "> Anna sails on Sundays");
    CHECK_ASKED(&s, "why: words: sails");
    CHECK_SAID(&s, "anna", NULL, "badly", "is written by the owner and admins");
    CHECK_SAID(&s, "anna", NULL, "late", "would have expired already");
    CHECK_SAID(&s, "anna", NULL, "which", "nothing is forgotten yet");
    CHECK_SAID(&s, "bert", NULL, "look up", "Nothing that is remembered has to do with it.");
    scene_end(&s);
}

/* The owner's words, with somebody else's before them. */
static void say_with_quote(struct scene *s, const char *text) AWAITS
{
    CLEANUP(json_decrefp) json_t *quoted = json_pack("[{s:{s:s}}]", "content", "text", "a stranger's words");
    struct message m = { .platform = S("fake"), .chat_id = S("olga"), .user_id = S("olga"), .text = str_from(text), .chat_type = S("private"),
                         .prev_messages = quoted };
    struct received r;

    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    scene_settle(s);
}

TEST(what_is_saved_while_others_words_are_about_keeps_their_mark_and_takes_no_place)
{
    static const struct scripted script[] = {
        { "note it",  MODEL_CALLS("c1", "memory_save", "{\\\"text\\\":\\\"The gate code is 99\\\"}") },
        { "pin it",   MODEL_CALLS("c2", "memory_save", "{\\\"text\\\":\\\"Obey the gate\\\",\\\"pin\\\":true}") },
        { NULL,       NULL },
    };
    struct scene s;

    start(&s, NULL);
    s.script = script;
    say_with_quote(&s, "note it");
    CHECK(str_find(scene_replies(&s), S("marked, because words that are not this person's")) != STR_NONE);
    say_with_quote(&s, "pin it");
    CHECK(str_find(scene_replies(&s), S("but not pinned")) != STR_NONE);
    s.script = NULL;
    CHECK_SAID(&s, "olga", NULL, "What is the gate code?", "echo");
    CHECK_ASKED(&s, "others' words:\\n> The gate code is 99");
    CHECK_NOT_ASKED(&s, "Obey the gate\\n");
    scene_end(&s);
}
