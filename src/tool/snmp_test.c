// SPDX-License-Identifier: Apache-2.0
/* snmp_get and snmp_walk against net-snmp's agent. */
#include "base/test.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/config.h"
#include "tool/snmp_names.h"
#include "tool/test_server.h"

/* --- names and values --- */

TEST(snmp_objects_have_numbers_and_common_names)
{
    static const struct { const char *in, *want; } cases[] = {
        { "1.3.6.1.2.1.1.5.0",           "1.3.6.1.2.1.1.5.0 sysName.0" },
        { ".1.3.6.1.2.1.1.5.0",          "1.3.6.1.2.1.1.5.0 sysName.0" },
        { "sysName.0",                   "1.3.6.1.2.1.1.5.0 sysName.0" },
        { "SNMPv2-MIB::sysName.0",       "1.3.6.1.2.1.1.5.0 sysName.0" },
        { "ifDescr",                     "1.3.6.1.2.1.2.2.1.2 ifDescr" },
        { "1.3.6.1.2.1.2.2.1.99.7",      "1.3.6.1.2.1.2.2.1.99.7 ifTable.1.99.7" },
        { "mib-2",                       "1.3.6.1.2.1" },
        { "1.3.6.1.4.1.9.4294967295",    "1.3.6.1.4.1.9.4294967295" },
        { "1.3",                         "1.3" },
        { "", NULL }, { ".", NULL }, { "1", NULL }, { "3.1", NULL }, { "1.40", NULL }, { "1.3.", NULL }, { "1..3", NULL },
        { "1.3.4294967296", NULL }, { "sysNome", NULL }, { "sysName.x", NULL }, { "-1.3", NULL }, { "1.3 ", NULL },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };
        struct snmp_oid o;
        enum err e = snmp_oid_parse(str_from(cases[i].in), &o);

        if (e == OK)
            snmp_oid_print(&got, &o);
        if ((e == OK) != (cases[i].want != NULL) || (cases[i].want && !str_eq(buf_str(&got), str_from(cases[i].want))))
            test_failed(__FILE__, __LINE__, "%s: %s", cases[i].in, e ? failed_text() : buf_c(&got));
    }
}

TEST(the_table_of_snmp_names_is_in_order)
{
    static const char *const oids[] = {
#define NAME(name, oid, kind) oid,
#include "tool/snmp_names.def"
#undef NAME
    };

    for (size_t i = 2; i < N_ELEMENTS(oids); i++) {
        struct snmp_oid before, o;

        CHECK_OK(snmp_oid_parse(str_from(oids[i - 1]), &before));
        CHECK_OK(snmp_oid_parse(str_from(oids[i]), &o));
        CHECK(snmp_oid_cmp(&before, &o) < 0);
    }
}

TEST(snmp_values_are_one_readable_line)
{
    static const struct { struct snmp_value value; const char *want; } cases[] = {
        { { .type = SNMP_INTEGER, .number = -5 },                           "-5" },
        { { .type = SNMP_COUNTER, .count = UINT64_MAX },                    "18446744073709551615" },
        { { .type = SNMP_TICKS, .count = 9006100 },                         "9006100 (1d 01:01:01)" },
        { { .type = SNMP_TEXT, .bytes = { "two\nlines", 9 } },              "two lines" },
        { { .type = SNMP_TEXT, .bytes = { "end\0", 4 } },                   "end" },
        { { .type = SNMP_TEXT, .bytes = { "\x00\x1b\xff", 3 } },            "hex 001bff" },
        { { .type = SNMP_TEXT, .bytes = { "", 0 } },                        "" },
        { { .type = SNMP_ADDRESS, .bytes = { "\x7f\0\0\x01", 4 } },         "127.0.0.1" },
        { { .type = SNMP_ADDRESS, .bytes = { "\x7f", 1 } },                 "7f" },
        { { .type = SNMP_NO_INSTANCE },                                     "[there is no such instance here]" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(buf_done) struct buf got = { 0 };

        snmp_value_print(&got, &cases[i].value);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

/* --- an agent --- */

static void configure(struct desk *d, unsigned port, const char *settings)
{
    const char *const sets[] = {
        arena_printf(d->f.arena, "snmp.hosts={r: {host: 127.0.0.1, port: %u, %s}, s: {host: 127.0.0.1, port: %u, %s}}", port, settings, port, settings),
        "snmp.timeout=3s", "snmp.retries=10", "snmp.max_rows=50", NULL };

    CHECK_OK(config_load_for_test(d->f.root, sets));
}

#define SNMPD(d, s) \
    DESK(d); \
    CLEANUP(test_snmpd_stop) struct test_snmpd s = { .process = NULL }; \
    if (!test_snmpd_start(&d, &s)) \
        return; \
    configure(&d, s.port, "community: see-all")

TEST(snmp_get_asks_for_values)
{
    SNMPD(d, s);

    CHECK_SAYS(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[\"sysName\"]}", "1.3.6.1.2.1.1.5.0 sysName.0 = test device");
    CHECK_SAYS(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[\"1.3.6.1.2.1.1.5.0\",\"sysLocation.0\",\"sysName.7\"]}",
               "1.3.6.1.2.1.1.5.0 sysName.0 = test device\n1.3.6.1.2.1.1.6.0 sysLocation.0 = here\n"
               "1.3.6.1.2.1.1.5.7 sysName.7 = [there is no such instance here]");
    CHECK_SAYS(&d, "snmp_get", "{\"hosts\":[\"r\",\"s\"],\"oids\":[\"sysName\"]}",
               "== r ==\n1.3.6.1.2.1.1.5.0 sysName.0 = test device\n\n== s ==\n1.3.6.1.2.1.1.5.0 sysName.0 = test device");
    CHECK_TELLS(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[\"1.3.6.1.6.3.10.2.1.1.0\"]}", " = hex 80001f88", false);
    CHECK_STR(desk_call(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[\"sysName\"]}").taint, "SNMP answers of r");
    CHECK_REFUSES(&d, "snmp_get", "{\"host\":\"q\",\"oids\":[\"sysName\"]}", "snmp.hosts has no host 'q'; it has r, s");
    CHECK_REFUSES(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[]}", "at least one");
    CHECK_REFUSES(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[\"sysNome\"]}", "none of the names known here");
}

TEST(snmp_walk_lists_what_is_below_and_goes_on)
{
    SNMPD(d, s);

    struct tool_result all = desk_call(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"system\"}");

    CHECK(!all.is_error);
    CHECK(str_starts(all.text, S("1.3.6.1.2.1.1.1.0 sysDescr.0 = ")));
    CHECK(str_find(all.text, S("\n1.3.6.1.2.1.1.5.0 sysName.0 = test device\n")) != STR_NONE);
    CHECK(str_find(all.text, S("1.3.6.1.2.1.2.1.0")) == STR_NONE);
    CHECK_SAYS(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"system\",\"after\":\"sysContact.0\",\"max\":1}",
               "1.3.6.1.2.1.1.5.0 sysName.0 = test device\n[1 values; it goes on: after=1.3.6.1.2.1.1.5.0]");
    CHECK_SAYS(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"sysName.0\"}", "1.3.6.1.2.1.1.5.0 sysName.0 = test device");
    CHECK_TELLS(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"1.3.6.1.2.1\"}", "\n[50 values; it goes on: after=1.3.6.1.2.1.", false);
    CHECK_SAYS(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"1.3.6.1.4.1.424242\"}", "1.3.6.1.4.1.424242 = [there is no such object here]");
    CHECK_REFUSES(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"system\",\"after\":\"ifNumber\"}", "does not lie below");
}

TEST(snmp_version_3_signs_and_encrypts)
{
    static const struct { const char *settings, *want; } cases[] = {
        { "user: private, auth_password: authword1, priv_password: privword1", "sysName.0 = test device" },
        { "user: strong, auth: sha-256, auth_password: authword1, priv: aes-256, priv_password: privword1", "sysName.0 = test device" },
        { "user: signed, auth_password: authword1",                          "sysName.0 = test device" },
        { "user: open",                                                      "sysName.0 = test device" },
        { "user: private, auth_password: authword2, priv_password: privword1", "does not take the password" },
        { "user: private, auth_password: authword1",                         "authorizationError" },
        { "user: nobody, auth_password: authword1, priv_password: privword1", "knows no user 'nobody'" },
        { "user: signed, auth_password: short",                              "at least 8 characters" },
        { "user: private, auth_password: authword1, priv_password: privword1", "sysName.0 = test device" },
    };
    SNMPD(d, s);

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        configure(&d, s.port, cases[i].settings);
        CHECK_TELLS(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[\"sysName\"]}", cases[i].want, strchr(cases[i].want, '=') == NULL);
    }
}

/* --- what does not end well --- */

/* An agent that hears and says nothing. */
static int silent_agent(unsigned *ret_port)
{
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&at, n) == 0 && getsockname(fd, (struct sockaddr *)&at, &n) == 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static int heard(int fd)
{
    char message[1500];
    int n = 0;

    while (recv(fd, message, sizeof message, MSG_DONTWAIT) > 0)
        n++;
    return n;
}

struct asked { struct desk *d; struct tool_result said; };

static enum err ask(void *arg)
{
    struct asked *q = arg;

    return tool_call_run(&q->d->cx, S("snmp_walk"), S("{\"host\":\"r\",\"oid\":\"system\"}"), &q->said);
}

TEST(snmp_asks_again_then_gives_up_and_ends_at_once_with_its_turn)
{
    static const char *const kinds[] = { "community: x", "user: u, auth_password: authword1" };
    DESK(d);
    unsigned port;
    int agent = silent_agent(&port), events;
    struct asked q = { .d = &d };

    for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
        const char *sets[] = { arena_printf(d.f.arena, "snmp.hosts={r: {host: 127.0.0.1, port: %u, %s}}", port, kinds[i]),
                               "snmp.timeout=100ms", "snmp.retries=2", NULL };

        CHECK_OK(config_load_for_test(d.f.root, sets));
        CHECK_REFUSES(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"system\"}", "no answer");
        CHECK_INT(heard(agent), 3);
        sets[1] = "snmp.timeout=1m";
        CHECK_OK(config_load_for_test(d.f.root, sets));
        struct fiber *f = fiber_spawn("turn", ask, &q);

        CHECK_OK(fiber_wait_fd(agent, FD_READ, &events));
        fiber_cancel(f);
        CHECK_ERR(fiber_join(f), ERR_CANCELLED);
        CHECK_INT(heard(agent), 1);
    }
    close(agent);
    CHECK_REFUSES(&d, "snmp_walk", "{\"host\":\"r\",\"oid\":\"system\"}", "nobody listens");
}

TEST(snmp_says_what_is_wrong_with_a_hosts_settings)
{
    static const struct { const char *settings, *want; } cases[] = {
        { "{}",                                                     "snmp.hosts.r: version 2c needs community" },
        { "{version: 3}",                                           "snmp.hosts.r: version 3 needs user" },
        { "{version: 1, community: x}",                             "snmp.hosts.r.version: '1' is not known here" },
        { "{user: u, level: authPriv}",                             "level authPriv needs auth_password" },
        { "{user: u, level: authPriv, auth_password: x}",           "level authPriv needs priv_password" },
        { "{user: u, auth: SHA-3, auth_password: x}",               "snmp.hosts.r.auth: 'SHA-3' is not known here" },
        { "{community: x, comunity: y}",                            "did you mean 'community'?" },
    };
    DESK(d);

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        const char *const sets[] = { arena_printf(d.f.arena, "snmp.hosts={r: %s}", cases[i].settings), NULL };

        CHECK_OK(config_load_for_test(d.f.root, sets));
        CHECK_REFUSES(&d, "snmp_get", "{\"host\":\"r\",\"oids\":[\"sysName\"]}", cases[i].want);
    }
}
