// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "nlu/guard.h"

TEST(what_is_not_simply_asked_for_is_seen)
{
    static const struct { const char *text; enum guard want; } cases[] = {
        { "restart nginx on web-1", GUARD_NONE },               { "don't restart nginx yet", GUARD_NOT },
        { "don't forget to remind me at 9", GUARD_NONE },       { "please do not delete a.txt", GUARD_NOT },
        { "先别删 a.txt", GUARD_NOT },                          { "别忘了明天提醒我开会", GUARD_NONE },
        { "这个特别大的文件在哪", GUARD_NONE },                 { "如果磁盘满了就重启", GUARD_IF },
        { "如果方便,看看磁盘", GUARD_NONE },                    { "if the disk is full restart nginx", GUARD_IF },
        { "if you can, show me the disk", GUARD_NONE },         { "diff a.c b.c", GUARD_NONE },
        { "pull and then run the tests", GUARD_SEVERAL },       { "拉代码然后跑测试", GUARD_SEVERAL },
        { "how do i restart nginx", GUARD_HOW },                { "怎么重启 nginx", GUARD_HOW },
        { "cpu 怎么样了", GUARD_NONE },                         { "how much disk is left", GUARD_NONE },
        { "show the disk if you don't mind", GUARD_NONE },      { "查一下磁盘,不用急", GUARD_NONE },
        { "what is the easiest way to search files", GUARD_HOW }, { "解释一下 git diff 是什么意思", GUARD_HOW },
        { "", GUARD_NONE },                                     { "whyte.txt anzeigen", GUARD_NONE },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(guard_of(str_from(cases[i].text)), cases[i].want);
}
