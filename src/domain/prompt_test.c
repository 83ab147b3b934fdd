// SPDX-License-Identifier: Apache-2.0
#include "domain/prompt.h"

#include "base/test.h"

TEST(reply_comes_back_from_the_journal)
{
    static const char *const cases[] = {
        "{\"text\":\"hi\",\"stop\":\"end\",\"usage\":{\"input\":3,\"output\":1,\"cached\":2},\"model\":\"m\"}",
        "{\"text\":\"\",\"reasoning\":\"because\",\"calls\":[{\"id\":\"a\",\"name\":\"exec\",\"arguments\":\"{\\\"x\\\":1}\"},"
        "{\"id\":\"b\",\"name\":\"exec\",\"arguments\":\"not json\"}],\"stop\":\"calls\","
        "\"usage\":{\"input\":0,\"output\":0,\"cached\":0},\"model\":\"\"}",
        ("{\"text\":\"hi\",\"kept\":\"{\\\"api\\\":\\\"anthropic\\\"}\",\"stop\":\"end\","
         "\"usage\":{\"input\":9,\"output\":4,\"cached\":2,\"written\":3,\"reasoning\":1},\"model\":\"m\"}"),
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *j = NULL, *back = NULL;
        struct reply r;

        CHECK_OK(json_parse(str_from(cases[i]), &j));
        CHECK_OK(reply_from_json(a, j, &r));
        back = reply_to_json(&r);
        CHECK_STR(json_print(a, back), cases[i]);
    }
}

TEST(reply_that_a_disk_damaged_is_refused)
{
    static const char *const cases[] = {
        "[]", "{}", "{\"stop\":\"never\"}", "{\"stop\":\"end\",\"text\":5}", "{\"stop\":\"end\",\"calls\":{}}",
        "{\"stop\":\"end\",\"calls\":[{}]}", "{\"stop\":\"end\",\"calls\":[{\"id\":\"a\"}]}",
        "{\"stop\":\"end\",\"calls\":[{\"id\":1,\"name\":\"x\"}]}",
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(json_decrefp) json_t *j = NULL;
        struct reply r;

        CHECK_OK(json_parse(str_from(cases[i]), &j));
        CHECK_ERR(reply_from_json(a, j, &r), ERR_INPUT);
    }
}

TEST(roles_have_the_names_the_providers_use)
{
    CHECK_STR(str_from(role_name(ROLE_SYSTEM)), "system");
    CHECK_STR(str_from(role_name(ROLE_TOOL)), "tool");
    CHECK_STR(str_from(stop_reason_name(STOP_LENGTH)), "length");
}
