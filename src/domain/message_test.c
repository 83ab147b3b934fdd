// SPDX-License-Identifier: Apache-2.0
#include "domain/message.h"

#include "base/test.h"

static enum err read_message(struct arena *a, str text, struct message *out)
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    TRY(json_parse(text, &j));
    return message_from_json(a, j, out);
}

static void read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "r");
    char piece[4096];

    CHECK(f != NULL);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0; )
        buf_add(out, str_of(piece, n));
    fclose(f);
}

TEST(message_of_the_public_sample_is_read)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf text = {0};
    struct message m;

    read_file("tests/data/messages/normalized.json", &text);
    CHECK_OK(read_message(a, buf_str(&text), &m));
    CHECK_STR(m.session_id, "1b4e28ba-2fa1-41d2-883f-0016d3cca427");
    CHECK_STR(m.platform, "telegram");
    CHECK_STR(m.user_id, "123456789");
    CHECK_STR(m.text, "请备份今天的日志");
    CHECK_INT(m.n_attachments, 1);
    CHECK_STR(m.attachments[0].type, "image");
    CHECK_STR(m.attachments[0].url, "https://example.com/1.jpg");
    CHECK_INT(m.attachments[0].size, -1);
    CHECK_INT(json_array_size(m.prev_messages), 0);
    CHECK_STR(m.id, "");
}

#define FULL \
    "{\"id\":\"i\",\"session_id\":\"1b4e28ba-2fa1-41d2-883f-0016d3cca427\",\"external_id\":\"7\",\"chat_id\":\"c\"," \
    "\"thread_id\":\"t\",\"chat_type\":\"group\",\"agent\":\"main\",\"reply_to\":\"6\",\"created_at\":\"2026-01-31T12:00:00.250Z\"," \
    "\"sender\":{\"platform\":\"rest\",\"user_id\":\"u\",\"user_name\":\"Ann\"}," \
    "\"content\":{\"text\":\"hi\",\"attachments\":[{\"type\":\"file\",\"name\":\"a.txt\",\"mime\":\"text/plain\"," \
    "\"size\":3,\"blob\":\"ab\"}]},\"context\":{\"prev_messages\":[{\"role\":\"user\",\"content\":\"x\"}]}}"

TEST(message_comes_back_as_it_was_written)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(json_decrefp) json_t *want = NULL, *got = NULL;
    struct message m;

    CHECK_OK(json_parse(S(FULL), &want));
    CHECK_OK(message_from_json(a, want, &m));
    CHECK_INT(m.created_at % 1000, 250);
    got = message_to_json(&m);
    CHECK_STR(json_print(a, got), json_print(a, want).p);
}

TEST(message_keeps_its_context_after_the_json_is_gone)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct message m;

    CHECK_OK(read_message(a, S(FULL), &m));
    CHECK_STR(json_text_str(m.prev_messages, "0.content"), "x");
}

TEST(message_error_names_the_field)
{
    static const struct { const char *json, *want; } cases[] = {
        { "[]",                                           "a message must be a JSON object"                  },
        { "{}",                                           "content.text is missing"                          },
        { "{\"content\":null}",                           "content.text is missing"                          },
        { "{\"content\":\"hi\"}",                         "content must be an object"                        },
        { "{\"chat_type\":\"channel\"}",                  "chat_type must be private or group"               },
        { "{\"content\":{\"text\":\"\"}}",                "content.text is missing"                          },
        { "{\"content\":{\"text\":5}}",                   "content.text must be a string"                    },
        { "{\"content\":{\"text\":\"x\",\"attachments\":{}}}", "content.attachments must be an array"        },
        { "{\"content\":{\"attachments\":[5]}}",          "content.attachments.0 must be an object"          },
        { "{\"content\":{\"attachments\":[{\"url\":\"u\"}]}}", "content.attachments.0.type is missing"       },
        { "{\"content\":{\"attachments\":[{\"type\":\"image\"}]}}", "content.attachments.0.url is missing"   },
        { "{\"content\":{\"attachments\":[{\"type\":\"image\",\"url\":\"u\",\"size\":-1}]}}",
          "content.attachments.0.size must be a whole number, 0 or more" },
        { "{\"content\":{\"text\":\"x\"},\"sender\":[]}", "sender must be an object"                         },
        { "{\"content\":{\"text\":\"x\"},\"sender\":{\"user_id\":12}}", "sender.user_id must be a string"    },
        { "{\"content\":{\"text\":\"x\"},\"session_id\":\"abc\"}", "session_id must be a UUID"               },
        { "{\"content\":{\"text\":\"x\"},\"id\":true}",   "id must be a string"                              },
        { "{\"content\":{\"text\":\"x\"},\"context\":{\"prev_messages\":\"\"}}", "context.prev_messages must be an array" },
        { "{\"content\":{\"text\":\"x\"},\"context\":{\"prev_messages\":[1]}}", "context.prev_messages.0 must be an object" },
        { "{\"content\":{\"text\":\"x\"},\"created_at\":\"yesterday\"}",
          "created_at must be a time such as 2026-01-31T12:00:00Z" },
        { "{\"content\":{\"text\":\"x\"},\"created_at\":-5}", "created_at must be a time such as 2026-01-31T12:00:00Z" },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        struct message m;

        CHECK_ERR(read_message(a, str_from(cases[i].json), &m), ERR_INPUT);
        CHECK_STR(str_from(failed_text()), cases[i].want);
    }
}

TEST(message_field_and_list_have_a_maximum)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf text = {0}, list = {0};
    struct message m;

    buf_add(&text, S("{\"content\":{\"text\":\"x\"},\"external_id\":\""));
    for (int i = 0; i <= MESSAGE_ID_MAX; i++)
        buf_add_char(&text, 'x');
    buf_add(&text, S("\"}"));
    CHECK_ERR(read_message(a, buf_str(&text), &m), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "external_id is longer than 512 bytes");

    buf_add(&list, S("{\"content\":{\"attachments\":[{\"type\":\"a\",\"url\":\"u\"}"));
    for (int i = 0; i < MESSAGE_ATTACHMENTS_MAX; i++)
        buf_add(&list, S(",{\"type\":\"a\",\"url\":\"u\"}"));
    buf_add(&list, S("]}}"));
    CHECK_ERR(read_message(a, buf_str(&list), &m), ERR_INPUT);
    CHECK_STR(str_from(failed_text()), "content.attachments holds more than 64");
}

TEST(uuid_is_36_hexadecimal_digits_and_dashes)
{
    static const struct { const char *in; bool want; } cases[] = {
        { "1b4e28ba-2fa1-41d2-883f-0016d3cca427", true }, { "1B4E28BA-2FA1-41D2-883F-0016D3CCA427", true },
        { "", false }, { "1b4e28ba-2fa1-41d2-883f-0016d3cca42", false }, { "1b4e28ba-2fa1-41d2-883f-0016d3cca4277", false },
        { "1b4e28ba02fa1-41d2-883f-0016d3cca427", false }, { "1b4e28ba-2fa1-41d2-883f-0016d3cca42g", false },
        { "1b4e28ba--fa1-41d2-883f-0016d3cca427", false },
    };
    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_INT(uuid_valid(str_from(cases[i].in)), cases[i].want);
}
