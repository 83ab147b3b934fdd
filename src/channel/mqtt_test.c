// SPDX-License-Identifier: Apache-2.0
/* MQTT's packets, topics and payloads; byte sequences are those of the standard's own figures and examples where it has them. */
#include "base/test.h"

#include "channel/mqtt.h"

static const struct mqtt_publish hello = { .topic = { "a/b", 3 }, .payload = { "hi", 2 }, .id = 10, .qos = 1, .dup = true };

TEST(packets_are_written_as_the_standard_draws_them)
{
    CLEANUP(buf_done) struct buf b = {0}, c = {0};

    mqtt_add_publish(&b, &hello, false);
    mqtt_add_puback(&b, 10);
    mqtt_add_subscribe(&b, 1, (const str[]){ S("a/b"), S("c/+") }, 2, false);
    mqtt_add_simple(&b, MQTT_PINGREQ);
    buf_add_hex(&c, buf_str(&b));
    CHECK_STR(buf_str(&c), "3a090003612f62000a6869" "4002000a" "820e00010003612f62010003632f2b01" "c000");
}

TEST(a_packet_is_whole_or_it_waits)
{
    CLEANUP(buf_done) struct buf b = {0};
    struct mqtt_packet p;
    struct mqtt_publish m;
    size_t used;

    mqtt_add_publish(&b, &hello, true);
    for (size_t cut = 0; cut < b.len; cut++) {
        CHECK_OK(mqtt_take(str_take(buf_str(&b), cut), &p, &used));
        CHECK_INT(used, 0);
    }
    CHECK_OK(mqtt_take(buf_str(&b), &p, &used));
    CHECK_INT(used, b.len);
    CHECK_OK(mqtt_read_publish(&p, true, &m));
    CHECK_STR(m.topic, "a/b");
    CHECK_STR(m.payload, "hi");
    CHECK(m.id == 10 && m.qos == 1 && m.dup && !m.retain);
    CHECK_ERR(mqtt_take(S("\x30\xff\xff\xff\xff\x01"), &p, &used), ERR_INPUT);
    CHECK_ERR(mqtt_take(S("\x30\xff\xff\xff\x7f"), &p, &used), ERR_LIMIT);
}

TEST(what_no_broker_sends_is_refused)
{
    static const struct { unsigned flags; str body; } cases[] = {
        { 2, { "\0\3a/b\0\0hi", 9 } }, { 4, { "\0\3a/b\0\1hi", 9 } }, { 6, { "\0\3a/b\0\1hi", 9 } }, { 0, { "\0\3a", 3 } },
        { 0, { "\0\0hi", 4 } }, { 0, { "\0\1\xff", 3 } }, { 2, { "\0\3a/b", 5 } }, { 0, { "", 0 } },
    };
    struct mqtt_publish m;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++)
        CHECK_ERR(mqtt_read_publish(&(struct mqtt_packet){ MQTT_PUBLISH, cases[i].flags, cases[i].body }, false, &m), ERR_INPUT);
}

TEST(answers_say_whose_they_are_and_whether_it_is_good)
{
    static const struct { enum mqtt_type type; bool v5; str body; unsigned number, reason; } cases[] = {
        { MQTT_CONNACK, false, { "\1\0", 2 }, 1, 0 },       { MQTT_CONNACK, false, { "\0\5", 2 }, 0, 5 },
        { MQTT_CONNACK, true, { "\0\x87\0", 3 }, 0, 0x87 }, { MQTT_PUBACK, false, { "\1\2", 2 }, 258, 0 },
        { MQTT_PUBACK, true, { "\0\1\x97\0", 4 }, 1, 0x97 }, { MQTT_SUBACK, false, { "\0\1\1\x80\0", 5 }, 1, 0x80 },
        { MQTT_SUBACK, true, { "\0\1\0\1", 4 }, 1, 1 },
    };
    unsigned number, reason;

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_OK(mqtt_read_answer(&(struct mqtt_packet){ cases[i].type, 0, cases[i].body }, cases[i].v5, &number, &reason));
        CHECK_INT(number, cases[i].number);
        CHECK_INT(reason, cases[i].reason);
    }
    CHECK_ERR(mqtt_read_answer(&(struct mqtt_packet){ MQTT_SUBACK, 0, S("\0\1") }, false, &number, &reason), ERR_INPUT);
    CHECK_STR(str_from(mqtt_reason(true, 0x87)), "not authorized");
}

TEST(patterns_become_filters_and_say_who)
{
    static const struct { const char *pattern, *filter, *topic, *user, *chat; } cases[] = {
        { "home/{user}/ask", "home/+/ask", "home/ann/ask", "ann", "" },
        { "{chat}/{user}/#", "+/+/#", "kitchen/ann/a/b", "ann", "kitchen" },
        { "a/+/c", "a/+/c", "a/b/c", "", "" },
        { "a/b", "a/b", "a/b/c", NULL, NULL },
        { "#", "#", "$SYS/x", NULL, NULL },
        { "/{user}", "/+", "/ann", "ann", "" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CLEANUP(arena_freep) struct arena *a = arena_new();
        str filter, user, chat;

        CHECK_OK(mqtt_filter(a, str_from(cases[i].pattern), &filter));
        CHECK_STR(filter, cases[i].filter);
        CHECK_INT(mqtt_match(str_from(cases[i].pattern), str_from(cases[i].topic), &user, &chat), cases[i].user != NULL);
        if (cases[i].user) {
            CHECK_STR(user, cases[i].user);
            CHECK_STR(chat, cases[i].chat);
        }
    }
}

TEST(a_chat_does_not_reach_a_topic_of_others)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    static const char *const bad[] = { "", "a/b", "+", "#", "x#" };
    str topic;

    CHECK_OK(mqtt_topic(a, S("out/{chat}/text"), S("ann"), &topic));
    CHECK_STR(topic, "out/ann/text");
    for (size_t i = 0; i < N_ELEMENTS(bad); i++)
        CHECK_ERR(mqtt_topic(a, S("out/{chat}"), str_from(bad[i]), &topic), ERR_INPUT);
    CHECK_ERR(mqtt_filter(a, S("a/#/b"), &topic), ERR_INPUT);
    CHECK_ERR(mqtt_filter(a, S("a/b+"), &topic), ERR_INPUT);
    CHECK_ERR(mqtt_filter(a, S("a/{name}"), &topic), ERR_INPUT);
}

TEST(payloads_become_messages)
{
    static const char *const patterns[] = { "in/{chat}/{user}" };
    struct mqtt_rules plain = { .subscribe = patterns, .n_subscribe = 1, .text = S(""), .user = S(""), .chat = S(""), .id = S("") };
    struct mqtt_rules json = { .subscribe = patterns, .n_subscribe = 1, .text = S("/m/text"), .user = S("/from"), .chat = S(""), .id = S("/n") };
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct mqtt_publish p = { .topic = S("in/kitchen/ann"), .payload = S("hello"), .id = 3, .qos = 1 };
    struct message m;
    bool wanted;

    mqtt_decode(a, &p, &plain, S("d"), 5, &m, &wanted);
    CHECK(wanted);
    CHECK_STR(m.text, "hello");
    CHECK_STR(m.chat_id, "kitchen");
    CHECK_STR(m.user_id, "ann");
    CHECK_STR(m.external_id, "d");
    p.payload = S("{\"m\":{\"text\":\"hi\"},\"from\":7,\"n\":\"x1\",\"future\":[]}");
    mqtt_decode(a, &p, &json, S("d"), 5, &m, &wanted);
    CHECK(wanted);
    CHECK_STR(m.text, "hi");
    CHECK_STR(m.user_id, "7");
    CHECK_STR(m.external_id, "in/kitchen/ann#x1");
    p.payload = S("{\"m\":");
    mqtt_decode(a, &p, &json, S("d"), 5, &m, &wanted);
    CHECK(!wanted);
    p.payload = S("old");
    p.retain = true;
    mqtt_decode(a, &p, &plain, S("d"), 5, &m, &wanted);
    CHECK(!wanted);
    p.retain = false;
    CHECK(str_eq(mqtt_delivery(a, &p, 1), mqtt_delivery(a, &p, 1)) && !str_eq(mqtt_delivery(a, &p, 1), mqtt_delivery(a, &p, 2)));
}
