// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/test.h"

static struct sockaddr_storage parsed(const char *text)
{
    struct sockaddr_storage s = { .ss_family = AF_INET6 };

    if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&s)->sin6_addr) != 1) {
        s.ss_family = AF_INET;
        CHECK(inet_pton(AF_INET, text, &((struct sockaddr_in *)&s)->sin_addr) == 1);
    }
    return s;
}

static void check_all(const char *const *texts, size_t n, bool want)
{
    for (size_t i = 0; i < n; i++) {
        struct sockaddr_storage s = parsed(texts[i]);
        char text[ADDRESS_TEXT_SIZE];

        address_text((struct sockaddr *)&s, text);
        CHECK_STR(str_from(text), texts[i]);
        if (address_is_public((struct sockaddr *)&s) != want)
            test_failed(__FILE__, __LINE__, "%s: public is not %d", texts[i], want);
    }
}

TEST(address_of_the_internet_is_public)
{
    static const char *const texts[] = {
        "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
        "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "168.63.129.17",
        "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:200::1", "2001:4860:4860::8888", "3fff:1000::1", "2003::1",
        "::ffff:8.8.8.8", "64:ff9b::808:808",
    };
    check_all(texts, N_ELEMENTS(texts), true);
}

TEST(address_of_this_machine_its_networks_and_its_cloud_is_not_public)
{
    static const char *const texts[] = {
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.100.100.200", "100.127.255.255", "127.0.0.1",
        "127.255.255.255", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
        "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "168.63.129.16", "224.0.0.1",
        "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:7f00:1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:4136:e378::1", "2001:db8::1",
        "2002:7f00:1::1", "2002:808:808::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "fc00::1", "fd00:ec2::254",
        "fd20:ce::254", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
    };
    check_all(texts, N_ELEMENTS(texts), false);
}

TEST(address_of_an_interface_is_ours)
{
    static const struct { const char *text; bool ours; } cases[] = {
        { "127.0.0.1", true }, { "::ffff:127.0.0.1", true }, { "127.0.0.2", false }, { "1.1.1.1", false }, { "2606:4700:4700::1111", false },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct sockaddr_storage s = parsed(cases[i].text);

        CHECK_INT(address_is_ours((struct sockaddr *)&s), cases[i].ours);
    }
}

TEST(address_of_another_family_is_not_public)
{
    struct sockaddr_un u = { .sun_family = AF_UNIX, .sun_path = "/run/x" };
    struct sockaddr none = { .sa_family = AF_UNSPEC };
    char text[ADDRESS_TEXT_SIZE];

    CHECK(!address_is_public((struct sockaddr *)&u));
    CHECK(!address_is_public(&none));
    address_text((struct sockaddr *)&u, text);
    CHECK_STR(str_from(text), "");
}
