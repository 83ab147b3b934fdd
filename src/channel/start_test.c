// SPDX-License-Identifier: Apache-2.0
/* The life of channels, with platforms that do what the script says and a clock that is set by hand. */
#include "base/test.h"

#include "base/json.h"
#include "base/metrics.h"
#include "channel/registry.h"
#include "channel/start.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "store/test_home.h"

/* ---- two platforms ---- */

static struct script {
    enum err check, run;            /* what they return */
    bool     checks_for_ever, holds, off;
    unsigned checks, runs;
    const struct channel_host *host;
    struct waiters never;
} one, two;

static enum err hold(struct script *p) AWAITS
{
    for (;;)
        TRY(wait_on(&p->never, "a test"));
}

static enum err checked(struct script *p, str *ret_who) AWAITS
{
    p->checks++;
    if (p->checks_for_ever)
        TRY(hold(p));
    *ret_who = S("@bot (1)");
    return p->check ? failed(p->check, "who are you") : OK;
}

static enum err ran(struct script *p, const struct channel_host *host) AWAITS
{
    p->runs++;
    p->host = host;
    if (p->holds)
        TRY(hold(p));
    return p->run ? failed(p->run, "it broke") : OK;
}

static enum err check_one(struct arena *a UNUSED, str *ret_who) AWAITS { return checked(&one, ret_who); }
static enum err check_two(struct arena *a UNUSED, str *ret_who) AWAITS { return checked(&two, ret_who); }
static enum err run_one(const struct channel_host *host) AWAITS { return ran(&one, host); }
static enum err run_two(const struct channel_host *host) AWAITS { return ran(&two, host); }
static bool configured_one(void) { return !one.off; }
static bool configured_two(void) { return !two.off; }

/* Its settings are those of a platform that there is. */
static const struct channel first = { .name = "telegram", .title = "One", .check = check_one, .run = run_one, .configured = configured_one };
static const struct channel second = { .name = "second", .title = "Two", .check = check_two, .run = run_two, .configured = configured_two };
static const struct channel called = { .name = "second", .title = "Two", .check = check_two, .configured = configured_two };

/* ---- a scene ---- */

static struct buf taken;        /* "CHAT TEXT;" each */

static enum err take(const struct channel_host *host UNUSED, const struct message *m, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_addf(&taken, "%.*s %.*s;", STR(m[i].chat_id), STR(m[i].text));
    return OK;
}

static struct test_home start(const struct channel *other) AWAITS
{
    struct test_home home = home_new();

    one.holds = true;
    two.holds = true;
    CHECK_OK(config_load_for_test(home.folder, NULL));
    clock_fake(1000000000);
    channel_add_for_test(&first);
    channel_add_for_test(other);
    CHECK_OK(channels_start(home.store, NULL, take, NULL, NULL));
    for (int i = 0; i < 20; i++)
        CHECK_OK(fiber_yield());
    return home;
}

static void end(struct test_home *home)
{
    channels_stop();
    channel_add_for_test(NULL);
    home_done(home);
    buf_done(&taken);
    taken = (struct buf){ 0 };
    one = two = (struct script){ 0 };
}

static void after(uint64_t ms) AWAITS
{
    clock_advance(ms);
    for (int i = 0; i < 20; i++)
        CHECK_OK(fiber_yield());
}

static void check_state(const struct channel *c, const char *state, const char *text)
{
    CLEANUP(json_decrefp) json_t *j = channel_status(c);

    CHECK_STR(json_text_str(j, "state"), state);
    CHECK_STR(json_text_str(j, "text"), text);
}

TEST(a_channel_is_as_its_last_exchange_was)
{
    CLEANUP(end) struct test_home home = start(&second);

    check_state(&first, "connecting", "");
    one.host->health(one.host, ERR_NET, "no way there");
    check_state(&first, "connecting", "no way there");
    one.host->health(one.host, OK, "polling");
    check_state(&first, "connected", "polling");
    CHECK_INT(metric_value_for(METRIC_FAMILY_channel_state, "telegram", "connected"), 1);
    one.host->health(one.host, ERR_REMOTE, "it answers 500");
    check_state(&first, "degraded", "it answers 500");
    CHECK_INT(metric_value_for(METRIC_FAMILY_channel_state, "telegram", "connected"), 0);
    CHECK_INT(metric_value_for(METRIC_FAMILY_channel_state, "telegram", "degraded"), 1);
    one.host->health(one.host, OK, "polling");
    check_state(&first, "connected", "polling");
}

TEST(a_send_that_is_refused_degrades_until_one_goes_out)
{
    CLEANUP(end) struct test_home home = start(&second);
    int64_t out = metric_value_for(METRIC_FAMILY_channel_messages, "telegram", "out");

    one.host->health(one.host, OK, "polling");
    channels_sent(&first, SEND_MESSAGE, ERR_LIMIT, S("slowly"));
    check_state(&first, "connected", "polling");
    channels_sent(&first, SEND_MESSAGE, ERR_AUTH, S("no right to write"));
    check_state(&first, "degraded", "no right to write");
    one.host->health(one.host, OK, "polling");
    check_state(&first, "degraded", "no right to write");
    channels_sent(&first, SEND_EDIT, OK, S(""));
    channels_sent(&first, SEND_MESSAGE, OK, S(""));
    check_state(&first, "connected", "polling");
    CHECK_INT(metric_value_for(METRIC_FAMILY_channel_messages, "telegram", "out"), out + 1);
}

TEST(what_fell_down_is_begun_again_later_and_later_and_says_why)
{
    CLEANUP(end) struct test_home home = start(&second);
    unsigned before;

    CHECK_INT(one.runs, 1);
    one.holds = false;
    one.run = ERR_NET;
    CHECK_OK(config_load_for_test(home.folder, (const char *const[]){ "platforms.telegram.stream=false", NULL }));
    channels_reload();
    after(0);
    check_state(&first, "connecting", "it broke");
    CHECK_INT(one.runs, 2);
    after(1000);
    CHECK_INT(one.runs, 3);
    for (int i = 0; i < 20; i++)
        after(60 * 1000);
    before = one.runs;
    after(25 * 1000);               /* at least half of the longest pause lies between two */
    CHECK_INT(one.runs, before);
    after(35 * 1000);
    CHECK_INT(one.runs, before + 1);
    check_state(&second, "connecting", "");
    CHECK_INT(two.runs, 1);
}

TEST(refused_credentials_and_wrong_settings_stop_a_channel)
{
    static const enum err cases[] = { ERR_AUTH, ERR_INPUT };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        two.run = cases[i];
        two.holds = false;
        CLEANUP(end) struct test_home home = home_new();

        CHECK_OK(config_load_for_test(home.folder, NULL));
        clock_fake(1000000000);
        channel_add_for_test(&second);
        CHECK_OK(channels_start(home.store, NULL, take, NULL, NULL));
        after(0);
        check_state(&second, "stopped", "it broke");
        after(24 * 60 * 60 * 1000);
        CHECK_INT(two.runs, 1);
    }
}

TEST(a_check_tells_and_only_refused_credentials_keep_it_from_running)
{
    two.check = ERR_AUTH;
    one.check = ERR_REMOTE;
    CLEANUP(end) struct test_home home = start(&second);
    CLEANUP(arena_freep) struct arena *a = arena_new();
    str who;

    check_state(&first, "connecting", "who are you");
    CHECK_INT(one.runs, 1);
    check_state(&second, "stopped", "who are you");
    CHECK_INT(two.runs, 0);
    CHECK_ERR(channels_check(a, &second, &who), ERR_AUTH);
    two.check = OK;
    CHECK_OK(channels_check(a, &second, &who));     /* let in again: it runs */
    CHECK_STR(who, "@bot (1)");
    after(0);
    CHECK_INT(two.runs, 1);
}

TEST(one_that_hangs_delays_no_other)
{
    one.checks_for_ever = true;
    CLEANUP(end) struct test_home home = start(&second);

    CHECK_INT(one.checks, 1);
    CHECK_INT(one.runs, 0);
    CHECK_INT(two.runs, 1);
    two.host->health(two.host, OK, "there");
    check_state(&second, "connected", "there");
    after(31 * 1000);               /* and it is not waited for for ever */
    CHECK_INT(one.runs, 1);
}

TEST(one_that_is_called_is_connected_by_what_comes_and_goes)
{
    two.check = ERR_NET;
    CLEANUP(end) struct test_home home = start(&called);

    check_state(&called, "connecting", "who are you");
    const struct channel_host *host = channels_host(&called);

    CHECK_OK(host->receive(host, &(struct message){ 0 }, 1));
    check_state(&called, "connected", "");
    two.check = OK;
    after(1000);
    check_state(&called, "connected", "@bot (1)");
    CHECK_INT(two.checks, 2);
}

TEST(a_reload_touches_what_it_changed)
{
    CLEANUP(end) struct test_home home = start(&second);
    const struct channel_host *host = one.host;

    channels_reload();
    CHECK_INT(one.runs + two.runs, 2);
    CHECK_OK(config_load_for_test(home.folder, (const char *const[]){ "platforms.telegram.webhook_secret=new", NULL }));
    channels_reload();
    after(0);
    CHECK_INT(one.runs, 2);
    CHECK_INT(two.runs, 1);
    two.off = true;
    channels_reload();
    check_state(&second, "off", "");
    CHECK(channels_host(&second) == NULL && channels_host(&first) == host);
    CHECK_INT(metric_value_for(METRIC_FAMILY_channel_state, "second", "connecting"), 0);
    two.off = false;
    channels_reload();
    after(0);
    CHECK_INT(two.runs, 2);
    CHECK_INT(one.runs, 2);
}

TEST(what_was_not_said_to_us_is_dropped_where_not_everybody_is_answered)
{
    CLEANUP(end) struct test_home home = start(&second);
    static const char chats[] = "chats=[{platform: telegram, chat: all, answer: all}, {platform: telegram, chat: none, answer: never}]";
    static const struct { const char *chat; bool overheard; } cases[] = {
        { "all", false }, { "all", true }, { "none", false }, { "none", true }, { "other", false }, { "other", true },
    };
    struct message m[N_ELEMENTS(cases)];

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        m[i] = (struct message){ .platform = S("telegram"), .chat_id = str_from(cases[i].chat), .overheard = cases[i].overheard,
                                 .text = cases[i].overheard ? S("overheard") : S("said") };
    CHECK_OK(config_load_for_test(home.folder, (const char *const[]){ chats, NULL }));
    CHECK_OK(one.host->receive(one.host, m, N_ELEMENTS(m)));
    CHECK_STR(buf_str(&taken), "all said;all overheard;other said;");
    CHECK_INT(metric_value_for(METRIC_FAMILY_channel_messages, "telegram", "in"), 3);
    CHECK_OK(one.host->receive(one.host, &m[5], 1));
    CHECK_INT(metric_value_for(METRIC_FAMILY_channel_messages, "telegram", "in"), 3);
}
