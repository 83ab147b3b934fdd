// SPDX-License-Identifier: Apache-2.0
#include "nlu/lexicon.h"

#include "base/test.h"

TEST(common_words_are_known_and_of_others_only_a_few)
{
    static const char *const words[] = { "备份", "服务器", "房产证", "提醒", "购物", "周杰伦", "文件夹", "下午" };
    static const char *const others[] = { "份服", "产证扫", "醒我", "物清", "的", "", "backup", "件夹里" };

    for (size_t i = 0; i < N_ELEMENTS(words); i++)
        CHECK(lexicon_knows(str_from(words[i])));
    for (size_t i = 0; i < N_ELEMENTS(others); i++)
        CHECK(!lexicon_knows(str_from(others[i])));
}

TEST(less_than_one_in_fifty_of_what_is_no_word_is_taken_for_one)
{
    size_t known = 0;
    char text[16];

    for (unsigned i = 0; i < 10000; i++) {
        int n = snprintf(text, sizeof(text), "%u", i);

        known += lexicon_knows(str_of(text, (size_t)n));
    }
    CHECK(known < 200);
}
