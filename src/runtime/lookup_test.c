// SPDX-License-Identifier: Apache-2.0
#include "runtime/lookup.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/test.h"
#include "runtime/clock.h"

TEST(a_numeric_host_is_its_own_address)
{
    struct addresses got;

    CHECK_OK(fiber_lookup("192.0.2.7", 8443, &got));
    CHECK_INT(got.n, 1);
    CHECK(got.items[0].any.sa_family == AF_INET && got.items[0].v4.sin_addr.s_addr == htonl(0xc0000207));
    CHECK_INT(ntohs(got.items[0].v4.sin_port), 8443);
    CHECK_OK(fiber_lookup("2001:db8::7", 443, &got));
    CHECK(got.n == 1 && got.items[0].any.sa_family == AF_INET6);
    CHECK_INT(ntohs(got.items[0].v6.sin6_port), 443);
}

TEST(localhost_is_this_machine)
{
    struct addresses got;

    CHECK_OK(fiber_lookup("localhost", 80, &got));
    CHECK(got.n > 0);
    for (size_t i = 0; i < got.n; i++)
        CHECK(got.items[i].any.sa_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&got.items[i].v6.sin6_addr)
                                                     : (ntohl(got.items[i].v4.sin_addr.s_addr) >> 24) == 127);
}

static enum err look_up(void *host) AWAITS
{
    struct addresses got;

    return fiber_lookup(host, 80, &got);
}

/* Whether the answer is already there or not: the asker's stack is gone, and nothing may be written to it. */
TEST(an_asker_that_leaves_is_not_waited_for)
{
    char host[] = "localhost";

    for (int i = 0; i < 20; i++) {
        struct fiber *f = fiber_spawn("lookup", look_up, host);

        CHECK_OK(fiber_yield());
        fiber_cancel(f);
        enum err e = fiber_join(f);

        CHECK(e == ERR_CANCELLED || e == OK);
    }
}

TEST(a_host_that_cannot_be_a_name_is_an_error)
{
    char long_name[400];
    struct addresses got;

    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    CHECK(fiber_lookup(long_name, 80, &got) != OK);
    CHECK(fiber_lookup("", 80, &got) != OK);
}
