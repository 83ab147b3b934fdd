// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/test_scene.h"
#include "gateway/topics.h"

/* What comes of a filter, as "topic name|topic name": of a message that is answered. */
static void watch(const char *names, const char *platform, const char *session, const char *want)
{
    CLEANUP(buf_done) struct buf got = { 0 };
    struct topics t;
    struct scene s;

    scene_start(&s, 100);
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct mailbox *m = mailbox_new(s.gateway.bus, 1000);

    CHECK_OK(topics_set_list(&t, str_from(names), str_from(platform), str_from(session)));
    topics_join(&t, m);
    (void)scene_say(&s, SESSION_A, "one");
    scene_settle(&s);
    for (;;) {
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(m);
        CLEANUP(json_decrefp) json_t *j = NULL;
        str json;

        if (e == NULL)
            break;
        CHECK_OK(topics_event(&s.gateway, a, &t, e, &json));
        if (json.p == NULL)
            continue;
        CHECK_OK(json_parse(json, &j));
        CHECK_STR(json_text_str(j, "session_id"), SESSION_A);
        CHECK_STR(json_text_str(j, "platform"), "rest");
        if (!str_eq(json_text_str(j, "event.type"), S("delta")) || str_find(buf_str(&got), S("delta")) == STR_NONE)
            buf_addf(&got, "%s%s %s", got.len ? "|" : "", json_text(j, "topic"), json_text(j, "event.type"));
    }
    mailbox_free(m);
    scene_end(&s);
    CHECK_STR(buf_str(&got), want);
}

TEST(a_program_gets_the_kinds_it_asked_for)
{
    watch("message", "", "", "message received|message reply");
    watch("message,delta", "", "", "message received|delta delta|message reply");
    watch("channel,alert", "", "", "");
}

TEST(and_only_of_the_platform_or_conversation_it_named)
{
    watch("message", "rest", "", "message received|message reply");
    watch("message", "telegram", "", "");
    watch("message", "", SESSION_A, "message received|message reply");
    watch("message", "", SESSION_B, "");
}

TEST(what_is_no_topic_is_told_and_changes_nothing)
{
    CLEANUP(json_decrefp) json_t *names = json_pack("[ss]", "message", "mesage");
    struct topics t = { 0 };

    CHECK_OK(topics_set_list(&t, S("tool"), S(""), S("")));
    CHECK_ERR(topics_set(&t, names, S(""), S("")), ERR_INPUT);
    CHECK_ERR(topics_set_list(&t, S(""), S(""), S("")), ERR_INPUT);
    CHECK_ERR(topics_set_list(&t, S("message"), S(""), S("no-uuid")), ERR_INPUT);
    CHECK(t.kinds[KIND_TOOL] && !t.kinds[KIND_MESSAGE]);
}
