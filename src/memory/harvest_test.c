// SPDX-License-Identifier: Apache-2.0
#include "memory/harvest.h"

#include "base/test.h"

TEST(what_people_say_of_themselves_is_found)
{
    static const struct { const char *in; enum item_kind kind; const char *text; } cases[] = {
        { "Please remember that the router's PIN is 4711.", ITEM_FACT, "the router's PIN is 4711." },
        { "Remember: the gate code is 99", ITEM_FACT, "the gate code is 99" },
        { "  Don\u2019t   forget to water the plants", ITEM_TASK, "water the plants" },
        { "I prefer short answers.", ITEM_PREFERENCE, "I prefer short answers." },
        { "Well, I  prefer tea over coffee", ITEM_PREFERENCE, "Well, I  prefer tea over coffee" },
        { "My name is Ada", ITEM_PERSON, "My name is Ada" },
        { "I'm allergic to peanuts, by the way", ITEM_FACT, "I'm allergic to peanuts, by the way" },
        { "We decided to ship on Friday", ITEM_DECISION, "We decided to ship on Friday" },
        { "请记住，门禁密码是 2468。", ITEM_FACT, "门禁密码是 2468。" },
        { "记一下：周五之前交报告", ITEM_FACT, "周五之前交报告" },
        { "我不喜欢香菜", ITEM_PREFERENCE, "我不喜欢香菜" },
        { "我女儿叫小雨，今年六岁", ITEM_PERSON, "我女儿叫小雨，今年六岁" },
        { "我们决定用 PostgreSQL", ITEM_DECISION, "我们决定用 PostgreSQL" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct harvest h;

        if (!harvest_sentence(str_from(cases[i].in), &h)) {
            test_failed(__FILE__, __LINE__, "nothing in: %s", cases[i].in);
            continue;
        }
        CHECK_STR(h.text, cases[i].text);
        CHECK_INT(h.kind, cases[i].kind);
        CHECK(h.confidence > 0.5 && h.confidence <= 1);
    }
}

TEST(what_is_no_statement_is_passed_over)
{
    static const char *const cases[] = {
        "Do you remember my name?", "What is my favorite colour?", "If I prefer tea, tell me", "remember when we met", "hello there",
        "The daemon is like i liked it", "你记得我的生日吗", "我喜欢什么？", "如果我不喜欢香菜怎么办", "今天天气不错", "记住",
        "> I prefer tea", "",
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct harvest h;

        if (harvest_sentence(str_from(cases[i]), &h))
            test_failed(__FILE__, __LINE__, "'%s' is taken for %s", cases[i], item_kind_name(h.kind));
    }
}

TEST(a_sentence_at_its_longest_is_read_and_a_longer_one_is_not)
{
    char text[HARVEST_SENTENCE_MAX + 1];
    struct harvest h;

    memset(text, 'x', sizeof text);
    memcpy(text, "i prefer ", 9);
    CHECK(harvest_sentence(str_of(text, HARVEST_SENTENCE_MAX), &h));
    CHECK(!harvest_sentence(str_of(text, sizeof text), &h));
}
