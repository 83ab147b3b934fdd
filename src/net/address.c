// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/* The first `bits` of `bytes`. */
struct prefix { unsigned char bytes[16]; unsigned bits; };

/* https://www.iana.org/assignments/iana-ipv4-special-registry, multicast, and one that only looks public. */
static const struct prefix closed_4[] = {
    { { 0 }, 8 },                       /* this host: Linux connects 0.0.0.0 to itself */
    { { 10 }, 8 },
    { { 100, 64 }, 10 },                /* behind a provider's NAT; Alibaba's metadata is 100.100.100.200 */
    { { 127 }, 8 },
    { { 169, 254 }, 16 },               /* link-local; the clouds' metadata */
    { { 172, 16 }, 12 },
    { { 192, 0, 0 }, 24 },              /* protocol assignments; Oracle's metadata is 192.0.0.192 */
    { { 192, 0, 2 }, 24 },              /* documentation */
    { { 192, 88, 99 }, 24 },            /* 6to4 relays */
    { { 192, 168 }, 16 },
    { { 198, 18 }, 15 },                /* benchmarks */
    { { 198, 51, 100 }, 24 },           /* documentation */
    { { 203, 0, 113 }, 24 },            /* documentation */
    { { 168, 63, 129, 16 }, 32 },       /* Azure's wire server: served by the host, whoever asks */
    { { 224 }, 3 },                     /* multicast, reserved, broadcast */
};

/* https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies in 2000::/3. */
static const struct prefix closed_6[] = {
    { { 0x20, 0x01 }, 23 },             /* protocol assignments, Teredo among them */
    { { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation */
    { { 0x20, 0x02 }, 16 },             /* 6to4: any IPv4 address in disguise */
    { { 0x3f, 0xff }, 20 },             /* documentation */
};
static const struct prefix global_6 = { { 0x20 }, 3 };
static const struct prefix carries_4[] = {
    { { [10] = 0xff, [11] = 0xff }, 96 },       /* IPv4-mapped */
    { { 0x00, 0x64, 0xff, 0x9b }, 96 },         /* NAT64 (RFC 6052): all of IPv4 in a network that has IPv6 only */
};

static bool begins(const unsigned char *address, const struct prefix *p)
{
    unsigned whole = p->bits / 8, rest = p->bits % 8;

    return memcmp(address, p->bytes, whole) == 0
           && (rest == 0 || ((address[whole] ^ p->bytes[whole]) >> (8 - rest)) == 0);
}

static bool begins_any(const unsigned char *address, const struct prefix *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (begins(address, &list[i]))
            return true;
    return false;
}

static bool is_public_4(const unsigned char *address)
{
    return !begins_any(address, closed_4, N_ELEMENTS(closed_4));
}

static bool is_public_6(const unsigned char *address)
{
    return begins(address, &global_6) && !begins_any(address, closed_6, N_ELEMENTS(closed_6));
}

/* Four bytes for an IPv4 address, also one within IPv6; sixteen for another; none for other families. */
static size_t bytes_of(const struct sockaddr *a, const unsigned char **ret)
{
    if (a->sa_family == AF_INET) {
        *ret = (const unsigned char *)&((const struct sockaddr_in *)a)->sin_addr;
        return 4;
    }
    if (a->sa_family != AF_INET6)
        return 0;
    *ret = ((const struct sockaddr_in6 *)a)->sin6_addr.s6_addr;
    if (!begins_any(*ret, carries_4, N_ELEMENTS(carries_4)))
        return 16;
    *ret += 12;
    return 4;
}

bool address_is_ours(const struct sockaddr *a)
{
    const unsigned char *bytes, *other;
    size_t n = bytes_of(a, &bytes);
    struct ifaddrs *all;
    bool ours = false;

    if (getifaddrs(&all) != 0)
        return true;        /* nobody knows: then rather not */
    for (const struct ifaddrs *i = all; i && n && !ours; i = i->ifa_next)
        ours = i->ifa_addr && bytes_of(i->ifa_addr, &other) == n && memcmp(bytes, other, n) == 0;
    freeifaddrs(all);
    return ours;
}

bool address_is_public(const struct sockaddr *a)
{
    const unsigned char *bytes;
    size_t n = bytes_of(a, &bytes);

    return n && (n == 4 ? is_public_4(bytes) : is_public_6(bytes)) && !address_is_ours(a);
}

void address_text(const struct sockaddr *a, char text[ADDRESS_TEXT_SIZE])
{
    const void *bytes = a->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
                                                : (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr;

    if (inet_ntop(a->sa_family, bytes, text, ADDRESS_TEXT_SIZE) == NULL)
        text[0] = '\0';
}
