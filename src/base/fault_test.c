// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

static const char *hits(int n)
{
    static char text[16];

    for (int i = 0; i < n; i++)
        text[i] = FAULT(store_commit) ? 'x' : '.';
    text[n] = '\0';
    return text;
}

TEST(a_point_fails_when_its_specification_says)
{
    static const struct { const char *spec, *want; } cases[] = {
        { "store_commit:fail", "xxxxx" },        { "store_commit:fail:1", "xxxxx" },       { "store_commit:fail:3", "..xxx" },
        { "store_commit:fail:3:once", "..x.." }, { "store_commit:off", "....." },          { "net_read:fail", "....." },
        { "net_read:fail,store_commit:fail:5", "....x" },                                  { "store_commit:fail:9", "....." },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_OK(fault_arm(str_from(cases[i].spec)));
        CHECK_STR(str_from(hits(5)), cases[i].want);
        CHECK_INT(fault_count(FAULT_store_commit), 5);
        fault_disarm_all();
        CHECK_STR(str_from(hits(5)), ".....");
        CHECK_OK(fault_arm(S("store_commit:off")));     /* counts from the start again */
        CHECK_INT(fault_count(FAULT_store_commit), 0);
        fault_disarm_all();
    }
}

TEST(a_bad_specification_arms_nothing)
{
    static const struct { const char *spec; enum err want; } cases[] = {
        { "", ERR_NOT_FOUND }, { "nowhere:fail", ERR_NOT_FOUND }, { "store_commit", ERR_INPUT }, { "store_commit:", ERR_INPUT },
        { "store_commit:explode", ERR_INPUT }, { "store_commit:fail:x", ERR_INPUT }, { "store_commit:fail:0", ERR_INPUT },
        { "store_commit:fail:1:twice", ERR_INPUT }, { "store_commit:fail:1:", ERR_INPUT },
        { "store_commit:fail:1:once:", ERR_INPUT }, { "store_commit:fail,", ERR_NOT_FOUND },
        { "store_commit:fail,nowhere:fail", ERR_NOT_FOUND },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_ERR(fault_arm(str_from(cases[i].spec)), cases[i].want);
        CHECK_STR(str_from(hits(2)), "..");
    }
}

TEST(a_crash_is_a_kill_that_nothing_catches)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (fault_arm(S("store_commit:crash:2")) == OK)
            hits(2);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(every_point_is_documented)
{
    for (int i = 0; i < N_FAULTS; i++)
        CHECK(fault_name((enum fault)i)[0] && fault_doc((enum fault)i)[0]);
}
