// SPDX-License-Identifier: Apache-2.0
#include "agent/purse.h"

#include "base/test.h"

static const struct chat_message words = { .role = ROLE_USER, .text = { "0123456789012345678901234567", 28 } };    /* 12 tokens */

static struct prompt prompt(int64_t max_tokens)
{
    return (struct prompt){ .messages = &words, .n_messages = 1, .max_tokens = max_tokens };
}

static void take(struct purse *purse, int64_t input, int64_t output)
{
    struct prompt p = prompt(100);
    struct reply r = { .usage = { .input = input, .output = output } };
    int64_t held;

    CHECK_OK(purse_open(purse, &p, &held));
    CHECK_INT(held, 112);
    purse_close(purse, held, &p, &r);
}

TEST(a_purse_is_spent_by_what_calls_took_and_then_it_is_closed)
{
    struct purse purse = { .tokens = 2000 };
    struct prompt p = prompt(0);
    int64_t held;

    take(&purse, 900, 100);
    CHECK_INT(purse.spent, 1000);
    CHECK_INT(purse.held, 0);
    CHECK_OK(purse_open(&purse, &p, &held));
    CHECK_INT(p.max_tokens, 988);           /* what is left */
    purse_close(&purse, held, &p, NULL);    /* it failed */
    CHECK_INT(purse.spent, 1000);
    take(&purse, 800, 0);
    p = prompt(0);
    CHECK_ERR(purse_open(&purse, &p, &held), ERR_BUDGET);
    CHECK_STR(str_from(failed_text()), "the tokens of the task are used up: 1800 of 2000 are spent, and the next call takes 268 at the least");
    CHECK_INT(purse.held, 0);
}

TEST(what_a_task_gives_on_comes_out_of_its_own_purse)
{
    struct purse outer = { .tokens = 3000 }, one = { .tokens = 5000, .outer = &outer }, two = { .outer = &outer };
    struct prompt p = prompt(0);
    int64_t held, held_too;

    CHECK_OK(purse_open(&one, &p, &held));
    CHECK_INT(p.max_tokens, 1494);          /* half: two may go on beside it */
    p = prompt(0);
    CHECK_OK(purse_open(&two, &p, &held_too));
    CHECK_INT(held + held_too, outer.held);
    CHECK(held + held_too <= 3000);
    purse_close(&one, held, &p, NULL);
    purse_close(&two, held_too, &p, NULL);
    take(&one, 2900, 0);
    CHECK_INT(outer.spent, 2900);
    p = prompt(0);
    CHECK_ERR(purse_open(&two, &p, &held), ERR_BUDGET);
}

TEST(without_a_purse_nothing_is_counted)
{
    struct purse open = { 0 };
    struct prompt p = prompt(0);
    int64_t held;

    CHECK_OK(purse_open(NULL, &p, &held));
    purse_close(NULL, held, &p, NULL);
    CHECK_OK(purse_open(&open, &p, &held));
    CHECK_INT(p.max_tokens, 0);
    struct reply r = { .text = S("yes") };

    purse_close(&open, held, &p, &r);
    CHECK_INT(open.spent, 13);              /* nobody told: by estimate */
}
