// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "channel/registry.h"
#include "cli/channels.h"

static const struct channel *telegram(void)
{
    return channel_find(S("telegram"));
}

static const struct option *option(const char *path)
{
    return option_find(str_from(path));
}

TEST(what_was_answered_is_yaml_in_the_order_of_the_options)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    struct channel_answers all = { 3, { { option("platforms.telegram.api_url"), "http://x/?a='b'&${c}" },
                                        { option("platforms.telegram.token"), "{secret: telegram.token}" },
                                        { option("platforms.telegram.stream"), "false" } } };

    channel_render(&b, telegram(), &all);
    CHECK_STR(str_skip(buf_str(&b), str_find(buf_str(&b), S("platforms:\n"))),
              "platforms:\n  telegram:\n    token: {secret: telegram.token}\n    api_url: 'http://x/?a=''b''&$${c}'\n    stream: 'false'\n");
}

TEST(settings_of_the_channel_are_taken_from_the_command_line_and_others_left_there)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct flag set = { "", "set", "X", "" };
    struct cli c = { .arena = a, .n_given = 3, .given = { { &set, "token=1:a=b" }, { &set, "server.port=1" },
                                                          { &set, "platforms.telegram.stream=false" } } };
    struct channel_answers all = { 0 };

    CHECK_OK(channel_take_sets(&c, telegram(), &all));
    CHECK_INT(all.n, 2);
    CHECK_STR(str_from(all.row[0].value), "1:a=b");
    CHECK(all.row[1].option == option("platforms.telegram.stream"));
    CHECK_INT(c.n_given, 1);
    CHECK_STR(str_from(c.given[0].value), "server.port=1");
}

TEST(a_setting_that_a_channel_has_not_is_told_with_those_it_has)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct flag set = { "", "set", "X", "" };
    struct cli c = { .arena = a, .n_given = 1, .given = { { &set, "tokn=1" } } };
    struct channel_answers all = { 0 };

    CHECK_ERR(channel_take_sets(&c, telegram(), &all), ERR_INPUT);
    CHECK(str_find(str_from(failed_text()), S("token")) != STR_NONE);
    CHECK_INT(c.exit_code, CLI_USAGE);
}

TEST(what_every_channel_asks_for_is_a_live_setting_of_its_own)
{
    const struct channel *c;

    for (size_t i = 0; (c = channel_at(i)); i++) {
        CHECK(c->title && c->configured);
        for (size_t k = 0; k < c->n_keys; k++) {
            const struct option *o = option(c->keys[k].option);

            if (!o || !channel_owns(c, o) || o->when != OPTION_LIVE)
                test_failed(__FILE__, __LINE__, "%s asks for %s, which is no live setting of its own", c->name, c->keys[k].option);
            CHECK(c->keys[k].ask_en && c->keys[k].ask_zh);
        }
    }
}
