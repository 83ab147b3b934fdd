// SPDX-License-Identifier: Apache-2.0
#include "domain/tool.h"

#include "base/test.h"

static const struct tool sample = {
    .name = "sample",
    .schema = "{\"type\":\"object\",\"required\":[\"path\"],\"additionalProperties\":false,\"properties\":{"
              "\"path\":{\"type\":\"string\"},\"lines\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100},"
              "\"mode\":{\"enum\":[\"read\",\"write\"]},\"ratio\":{\"type\":\"number\"},\"all\":{\"type\":\"boolean\"},"
              "\"list\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}},\"maybe\":{\"type\":[\"string\",\"null\"]},"
              "\"opts\":{\"type\":\"object\",\"required\":[\"deep\"],\"properties\":{\"deep\":{\"type\":\"integer\"}}}}}",
};

TEST(tool_arguments_are_checked_against_the_schema)
{
    static const struct { const char *arguments, *want; } cases[] = {
        { "{\"path\":\"a\"}",                               "" },
        { "{\"path\":\"a\",\"lines\":1,\"mode\":\"read\",\"ratio\":1,\"all\":true,\"list\":[],\"maybe\":null,"
          "\"opts\":{\"deep\":1,\"other\":2}}",             "" },
        { "[]",                                             "the arguments must be a JSON object" },
        { "{}",                                             "path is missing" },
        { "{\"path\":1}",                                   "path must be of type string" },
        { "{\"path\":null}",                                "path must be of type string" },
        { "{\"path\":\"a\",\"lines\":\"3\"}",               "lines must be of type integer" },
        { "{\"path\":\"a\",\"lines\":1.5}",                 "lines must be of type integer" },
        { "{\"path\":\"a\",\"lines\":0}",                   "lines must be at least 1" },
        { "{\"path\":\"a\",\"lines\":101}",                 "lines must be at most 100" },
        { "{\"path\":\"a\",\"mode\":\"rw\"}",               "mode must be one of \"read\", \"write\"" },
        { "{\"path\":\"a\",\"file\":\"b\"}",                "there is no argument 'file'" },
        { "{\"path\":\"a\",\"list\":[\"x\",1]}",            "list.1 must be of type string" },
        { "{\"path\":\"a\",\"maybe\":1}",                   "maybe is of none of the types it may have" },
        { "{\"path\":\"a\",\"opts\":{}}",                   "opts.deep is missing" },
        { "{\"path\":\"a\",\"opts\":{\"deep\":\"x\"}}",     "opts.deep must be of type integer" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(json_decrefp) json_t *j = NULL;

        CHECK_OK(json_parse(str_from(cases[i].arguments), &j));
        CHECK_ERR(tool_check_arguments(&sample, j), *cases[i].want ? ERR_INPUT : OK);
        if (*cases[i].want)
            CHECK_STR(str_from(failed_text()), cases[i].want);
    }
}

TEST(tool_with_a_broken_schema_is_a_bug)
{
    static const struct tool broken = { .name = "broken", .schema = "{" };
    CLEANUP(json_decrefp) json_t *j = json_object();

    CHECK_ERR(tool_check_arguments(&broken, j), ERR_BUG);
}
