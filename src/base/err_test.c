// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

TEST(a_failure_keeps_its_text_until_the_next)
{
    CHECK_ERR(failed(ERR_INPUT, "line %d", 7), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "line 7");
    CHECK_ERR(failed_in(ERR_IO, "%s: ", "file"), ERR_IO);
    CHECK_STR(str_from(failed_text()), "file: line 7");
    CHECK_ERR(failed(ERR_INPUT, "again: %s", failed_text()), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "again: file: line 7");
}

TEST(a_long_text_is_cut_not_overrun)
{
    CHECK_ERR(failed(ERR_BUG, "%*d", 2 * ERR_TEXT_MAX, 1), ERR_BUG);
    CHECK_INT(strlen(failed_text()), ERR_TEXT_MAX - 1);
    CHECK_ERR(failed_in(ERR_BUG, "%*d", 2 * ERR_TEXT_MAX, 1), ERR_BUG);
    CHECK_INT(strlen(failed_text()), ERR_TEXT_MAX - 1);
}

static enum err fails_at(int at)
{
    TRY(at == 1 ? ERR_NET : OK);
    TRY(at == 2 ? ERR_AUTH : OK);
    return OK;
}

TEST(trying_returns_the_first_failure)
{
    CHECK_OK(fails_at(0));
    CHECK_ERR(fails_at(1), ERR_NET);
    CHECK_ERR(fails_at(2), ERR_AUTH);
}

TEST(every_code_has_a_name_of_its_own)
{
    for (int e = OK; e <= ERR_BUG; e++)
        for (int other = OK; other < e; other++)
            CHECK(strcmp(err_name((enum err)e), err_name((enum err)other)) != 0);
    CHECK_STR(str_from(err_name((enum err)(ERR_BUG + 1))), "bug");
    CHECK_STR(str_from(err_name((enum err)-1)), "bug");
}
