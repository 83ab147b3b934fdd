// SPDX-License-Identifier: Apache-2.0
/* What people write behind "PLATFORM:", with platforms that answer as tests/cassettes/PLATFORM/names.json says. */
#include "base/test.h"

#include <string.h>

#include "channel/platform_api.h"
#include "channel/registry.h"
#include "channel/test_cassette.h"
#include "config/config.h"

static const json_t *answers;       /* "METHOD PATH": {"status", "body", "want"}; another is not found */

static str path_of(const char *url)
{
    str rest = str_from(url);
    size_t slash = str_find(rest, S("//"));

    rest = str_skip(rest, slash == STR_NONE ? 0 : slash + 2);
    slash = str_find_char(rest, '/');
    return str_skip(rest, slash == STR_NONE ? rest.len : slash);
}

static enum err fetch(struct arena *a, const struct http_request *q, struct http_response *out, bool *ret_sent UNUSED)
{
    const char *method = q->method ? q->method : q->body.len ? "POST" : "GET";
    const json_t *c = json_object_get(answers, arena_printf(a, "%s %.*s", method, STR(path_of(q->url))));
    str want = json_text_str(c, "sends");

    if (c && want.len && str_find(q->body, want) == STR_NONE)
        test_failed(__FILE__, __LINE__, "%s: %.*s is not in %.*s", q->url, STR(want), STR(q->body));
    if (c)
        *out = cassette_response(a, c);
    else
        *out = (struct http_response){ .status = 404, .body = S("{\"ok\":false,\"error\":\"channel_not_found\",\"errcode\":\"M_NOT_FOUND\"}") };
    if (!out->status)
        out->status = 200;
    return OK;
}

static void configure(const json_t *file)
{
    const char *set[8] = {0};
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(file, "settings"), i, one)
        set[i] = json_string_value(one);
    CHECK_OK(config_load_for_test("/nonexistent", set));
}

static void check_case(const char *platform, const json_t *c)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    const struct channel *channel = channel_find(str_from(platform));
    str chat = S("");
    enum err e = channel->resolve(a, json_text_str(c, "to"), &chat);

    CHECK(channel->addresses);
    cassette_check_error(c, e);
    if (e == OK && !str_eq(chat, json_text_str(c, "chat_id")))
        test_failed(__FILE__, __LINE__, "%s:%s is %.*s", platform, json_text(c, "to"), STR(chat));
    if (e && str_find(str_from(failed_text()), json_text_str(c, "words")) == STR_NONE)
        test_failed(__FILE__, __LINE__, "%s:%s: %s", platform, json_text(c, "to"), failed_text());
}

static void check_platform(const char *platform) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *file = cassette_load(arena_printf(a, "%s/names", platform));
    const json_t *c;
    size_t i;

    configure(file);
    answers = json_object_get(file, "answers");
    channel_fetch = fetch;
    json_array_foreach(json_object_get(file, "cases"), i, c)
        check_case(platform, c);
    channel_fetch = http_fetch;
}

TEST(names_on_discord_are_found) { check_platform("discord"); }
TEST(names_on_feishu_are_found) { check_platform("feishu"); }
TEST(names_on_line_are_ids) { check_platform("line"); }
TEST(names_on_matrix_are_found) { check_platform("matrix"); }
TEST(names_on_mattermost_are_found) { check_platform("mattermost"); }
TEST(names_on_slack_are_found) { check_platform("slack"); }
TEST(names_by_sms_are_numbers) { check_platform("sms"); }
TEST(names_on_telegram_are_found) { check_platform("telegram"); }
TEST(names_on_whatsapp_are_numbers) { check_platform("whatsapp"); }
TEST(names_on_xmpp_are_addresses) { check_platform("xmpp"); }
