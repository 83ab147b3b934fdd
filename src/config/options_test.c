// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include <ctype.h>

#include "base/json.h"
#include "config/load.h"
#include "config/value.h"

TEST(every_option_is_documented_in_a_sentence)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        const char *doc = options[i].doc;

        if (strlen(doc) < 12 || !strchr(doc, ' ') || !(isupper((unsigned char)doc[0])) || doc[strlen(doc) - 1] == '.')
            test_failed(__FILE__, __LINE__, "%s: its doc is no sentence: \"%s\"", options[i].path, doc);
    }
}

TEST(every_default_passes_its_own_check)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf printed = {0};
        struct config c = {0}, again = {0};

        CHECK_OK(value_parse(a, &options[i], str_from(options[i].otherwise), &c));
        if (options[i].type == OPTION_SECRET || options[i].type == OPTION_RAW)
            continue;
        value_print(&printed, &options[i], &c);
        CHECK_OK(value_parse(a, &options[i], buf_str(&printed), &again));
        CHECK(value_same(&options[i], &c, &again));
    }
}

TEST(no_two_options_share_a_path_or_an_environment_name)
{
    for (size_t i = 0; i < N_OPTIONS; i++) {
        CLEANUP(buf_done) struct buf x = {0};

        option_env_name(&x, &options[i]);
        CHECK(!option_is_section(str_from(options[i].path)));
        for (size_t j = 0; j < i; j++) {
            CLEANUP(buf_done) struct buf y = {0};

            option_env_name(&y, &options[j]);
            CHECK(!str_eq(buf_str(&x), buf_str(&y)));
        }
    }
}

TEST(values_are_read_and_printed)
{
    static const struct { const char *path, *in, *want; } cases[] = {
        { "server.port",            "0",                "0"             },
        { "server.port",            "65535",            "65535"         },
        { "server.port",            "65536",            "error: wants a port number, not '65536'"       },
        { "server.port",            "-1",               "error: wants a port number, not '-1'"          },
        { "server.port",            "eighty",           "error: wants a port number, not 'eighty'"      },
        { "server.workers",         "0",                "error: wants a whole number, 1..128, not '0'"  },
        { "server.workers",         "128",              "128"           },
        { "sandbox.memory",         "512M",             "512M"          },
        { "sandbox.memory",         "1GiB",             "1G"            },
        { "sandbox.memory",         "536870912",        "512M"          },
        { "sandbox.memory",         "1536M",            "1536M"         },
        { "sandbox.memory",         "99999999999999T",  "error: wants a size such as 512M, 16M..1T, not '99999999999999T'" },
        { "sandbox.memory",         "M",                "error: wants a size such as 512M, 16M..1T, not 'M'" },
        { "sandbox.memory",         "",                 "error: wants a size such as 512M, 16M..1T, not ''"  },
        { "sandbox.wall_time",      "90s",              "1m30s"         },
        { "sandbox.wall_time",      "301s",             "error: wants a duration such as 90s, 1s..300s, not '301s'" },
        { "model_provider.detect",  "Yes",              "true"          },
        { "model_provider.detect",  "off",              "false"         },
        { "model_provider.detect",  "maybe",            "error: wants true or false, not 'maybe'"       },
        { "language",               "zh",               "zh"            },
        { "language",               "fr",               "error: is one of auto|en|zh, not 'fr'"         },
        { "sandbox.enabled",        "exec, list_dir,",  "exec, list_dir" },
        { "sandbox.enabled",        "exec,rm",          "error: is one of exec|process|python|pytest|read_file|write_file|edit_file|list_dir|find_files|grep|http_fetch|web_search|ssh|snmp_get|snmp_walk|system_status|processes|service|archive_files|clean_files|backup|summarize|send_message|sessions|spawn_agent|plan|reminder|lists|notes|calculate|calendar|knowledge|memory_search|memory_save|memory_forget, not 'rm'" },
        { "database.url",           "postgresql://u:p@ss@h:1/d", "postgresql://u:***@h:1/d" },
        { "database.url",           "sqlite:/x y",      "error: wants an address, not '***'"            },
        { "model_provider.api_key", "sk-1234567",       "***"           },
        { "model_provider.model",   "a\nb",             "error: wants a text, not 'a\nb'"               },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf got = {0};
        const struct option *o = option_find(str_from(cases[i].path));
        struct config c = {0};

        CHECK(o);
        if (value_parse(a, o, str_from(cases[i].in), &c))
            buf_addf(&got, "error: %s", failed_text());
        else
            value_print(&got, o, &c);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(the_nearest_key_is_the_one_that_was_meant)
{
    static const struct { const char *section, *key, *want; } cases[] = {
        { "server",             "prot",         "port"          },
        { "server",             "hots",         "host"          },
        { "server",             "Port",         "port"          },
        { "",                   "sever",        "server"        },
        { "",                   "model-provider", "model_provider" },
        { "model_provider",     "apikey",       "api_key"       },
        { "",                   "api_key",      "model_provider.api_key" },
        { "platforms",          "telegramm",    "telegram"      },
        { "server",             "xyzzy",        ""              },
        { "",                   "",             ""              },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();

        CHECK_STR(option_nearest(a, str_from(cases[i].section), str_from(cases[i].key)), cases[i].want);
    }
}

TEST(edits_are_counted)
{
    CHECK_INT(edit_distance(S("port"), S("port"), 5), 0);
    CHECK_INT(edit_distance(S("prot"), S("port"), 5), 1);
    CHECK_INT(edit_distance(S("kitten"), S("sitting"), 5), 3);
    CHECK_INT(edit_distance(S(""), S("abc"), 5), 3);
    CHECK_INT(edit_distance(S("abcdef"), S("uvwxyz"), 3), 4);
}

TEST(variables_are_expanded)
{
    static const char *const env[] = { "A=1", "EMPTY=", "B=x y", NULL };
    static const struct { const char *in, *want; } cases[] = {
        { "plain",              "plain"         },
        { "${A}",               "1"             },
        { "<${A}${B}>",         "<1x y>"        },
        { "${NONE:-other}",     "other"         },
        { "${EMPTY:-other}",    "other"         },
        { "${A:-other}",        "1"             },
        { "${NONE:-}",          ""              },
        { "$${A}",              "${A}"          },
        { "$A $",               "$A $"          },
        { "${NONE}",            "error: names the environment variable NONE, which is not set" },
        { "${A",                "error: has '${' without its '}'" },
        { "${A-b}",             "error: has '${A-b}', which is not ${NAME} or ${NAME:-otherwise}; write $${ for a plain ${" },
        { "${}",                "error: has '${}', which is not ${NAME} or ${NAME:-otherwise}; write $${ for a plain ${" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        CLEANUP(buf_done) struct buf got = {0};
        str out;

        if (expand(a, env, str_from(cases[i].in), &out))
            buf_addf(&got, "error: %s", failed_text());
        else
            buf_add(&got, out);
        CHECK_STR(buf_str(&got), cases[i].want);
    }
}

TEST(the_schema_has_every_option)
{
    CLEANUP(json_decrefp) json_t *schema = config_schema();

    for (size_t i = 0; i < N_OPTIONS; i++) {
        CLEANUP(buf_done) struct buf at = {0};
        str rest = str_from(options[i].path), key;

        while (str_split(&rest, '.', &key))
            buf_addf(&at, "%sproperties.%.*s", at.len ? "." : "", STR(key));
        json_t *s = json_at(schema, buf_c(&at));

        CHECK(s);
        CHECK_STR(str_from(json_text(s, "description")), options[i].doc);
    }
    CHECK_INT(json_int(schema, "properties.server.properties.port.default", 0), 8000);
    CHECK(json_is_true(json_at(schema, "properties.delivery.properties.limits.default")));
    CHECK_STR(json_text_str(schema, "properties.sandbox.properties.enabled.default.4"), "read_file");
    CHECK_STR(json_text_str(schema, "properties.sandbox.properties.memory.default"), "512M");
}
