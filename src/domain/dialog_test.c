// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "domain/dialog.h"

/* Every state by every event, in the order of the enums: where it leads, or '-'. */
TEST(the_table_says_what_may_happen_and_nothing_else_does)
{
    static const char *const want[DIALOG_STATES] = {
        [DIALOG_IDLE]              = "r-acp-",
        [DIALOG_RUNNING]           = "-iac--",
        [DIALOG_AWAITING_APPROVAL] = "ri-cp-",
        [DIALOG_COLLECTING]        = "r-a-p-",
        [DIALOG_PAUSED]            = "-----i",
    };

    for (size_t s = 0; s < DIALOG_STATES; s++)
        for (size_t e = 0; e < DIALOG_EVENTS; e++) {
            enum dialog_state to = DIALOG_STATES;
            enum err err = dialog_next((enum dialog_state)s, (enum dialog_event)e, &to);

            CHECK_INT(err, want[s][e] == '-' ? ERR_CONFLICT : OK);
            CHECK_INT(err ? '-' : dialog_state_name(to)[0], want[s][e]);
            CHECK_INT(dialog_may((enum dialog_state)s, (enum dialog_event)e), err == OK);
            if (err == OK)
                CHECK_INT(to, dialog_target((enum dialog_event)e));
        }
}

TEST(states_are_read_as_they_are_written)
{
    for (size_t s = 0; s < DIALOG_STATES; s++) {
        enum dialog_state got;

        CHECK(dialog_state_parse(str_from(dialog_state_name((enum dialog_state)s)), &got));
        CHECK_INT(got, s);
    }
    CHECK(!dialog_state_parse(S("asleep"), &(enum dialog_state){ DIALOG_IDLE }));
    CHECK(dialog_next(DIALOG_PAUSED, DIALOG_BEGIN, &(enum dialog_state){ DIALOG_IDLE }));
    CHECK_STR(str_from(failed_text()), "a conversation that is paused cannot begin");
}
