// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "channel/in_flight.h"
#include "store/test_home.h"

TEST(a_new_process_knows_which_sends_the_former_one_had_begun)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "in-flight");

    CHECK_OK(in_flight_open(path));
    CHECK(in_flight_before(1));         /* nothing is known of a former process */
    in_flight_settled();
    in_flight_begin(1);
    in_flight_begin(2);
    in_flight_begin(2);
    in_flight_end(1);
    in_flight_end(9);
    CHECK_OK(in_flight_open(path));     /* as after a kill: nothing was said at the end */
    CHECK(!in_flight_before(1));
    CHECK(in_flight_before(2));
    CHECK(!in_flight_before(3));
    CHECK_OK(in_flight_open(path));     /* killed again before anything was done about it */
    CHECK(in_flight_before(2));
    in_flight_settled();
    CHECK_OK(in_flight_open(path));
    CHECK(!in_flight_before(2));
    in_flight_close();
}

TEST(after_another_boot_nothing_is_known)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "in-flight");

    CHECK_OK(in_flight_open(path));
    in_flight_settled();
    in_flight_close();
    int fd = open(path, O_WRONLY);

    CHECK(fd >= 0 && pwrite(fd, "another", 7, 0) == 7);
    close(fd);
    CHECK_OK(in_flight_open(path));
    CHECK(in_flight_before(1));
    in_flight_close();
}

TEST(more_sends_at_once_than_fit_make_every_row_doubtful)
{
    CLEANUP(home_done) struct test_home h = home_folder();
    const char *path = home_path(&h, "in-flight");

    CHECK_OK(in_flight_open(path));
    in_flight_settled();
    for (int64_t i = 1; i <= 1000; i++)
        in_flight_begin(i);
    CHECK_OK(in_flight_open(path));
    CHECK(in_flight_before(5000));
    in_flight_settled();
    for (int64_t i = 1; i <= 1000; i++)
        in_flight_begin(i);
    for (int64_t i = 1; i <= 1000; i++)
        in_flight_end(i);
    CHECK_OK(in_flight_open(path));
    CHECK(!in_flight_before(5000));
    in_flight_close();
}
