// SPDX-License-Identifier: Apache-2.0
#include "model/tokens.h"

#include "base/test.h"

TEST(a_token_is_four_letters_or_one_character)
{
    static const struct { const char *text; uint64_t tokens; } cases[] = {
        { "", 1 }, { "abc", 1 }, { "abcd", 2 }, { "abcdefgh", 3 }, { "abcdefghijkl", 4 }, { "你", 2 }, { "你好", 3 }, { "磁盘空间不足", 7 },
        { "ab你cd好ef", 4 }, { "éé", 3 }, { "🙂 ok", 2 },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(tokens_in(str_from(cases[i].text)), cases[i].tokens);
}

TEST(wherever_a_text_begins_it_has_as_many_tokens)
{
    const char text[] = "One 行文字, of all kinds: é, 🙂, and 更多的字 to the end of it.";

    for (size_t from = 0; from + 1 < sizeof text; from++) {
        uint64_t quarters = 0;

        for (const char *c = text + from; *c; c++)
            quarters += (unsigned char)*c < 0x80 ? 1 : (unsigned char)*c >= 0xc0 ? 4 : 0;
        CHECK_INT(tokens_in(str_from(text + from)), quarters / 4 + 1);
    }
}
