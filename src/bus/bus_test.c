// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"
#include "bus/bus.h"

TEST(a_watcher_gets_what_its_topics_say_in_order)
{
    struct bus *b = bus_new();
    struct mailbox *m = mailbox_new(b, 8);
    static const char *const want[] = { "a1", "b1", "a2" };

    mailbox_join(m, S("a"));
    mailbox_join(m, S("a"));
    mailbox_join(m, S("b"));
    bus_publish(b, S("a"), "delta", 1, S("a1"));
    bus_publish(b, S("b"), "delta", 1, S("b1"));
    bus_publish(b, S("c"), "delta", 1, S("c1"));
    bus_publish(b, S("a"), "reply", 1, S("a2"));
    for (size_t i = 0; i < N_ELEMENTS(want); i++) {
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(m);

        CHECK(e != NULL);
        CHECK_STR(e->json, want[i]);
    }
    CHECK(mailbox_take(m) == NULL);
    mailbox_free(m);
    CHECK(!bus_watched(b, S("a"), "x"));
    bus_free(b);
}

TEST(a_slow_watcher_loses_events_and_is_told_others_are_not_harmed)
{
    struct bus *b = bus_new();
    struct mailbox *slow = mailbox_new(b, 2), *quick = mailbox_new(b, 8);

    mailbox_join(slow, S("t"));
    mailbox_join(quick, S("t"));
    for (int i = 0; i < 5; i++)
        bus_publish(b, S("t"), "delta", 1, S("{}"));
    CHECK_INT(mailbox_lost(slow), 3);
    CHECK_INT(mailbox_lost(slow), 0);
    CHECK_INT(mailbox_lost(quick), 0);
    mailbox_free(slow);
    CHECK(bus_watched(b, S("t"), "x"));
    mailbox_free(quick);
    bus_free(b);
}

TEST(a_mailbox_counts_its_topics_and_leaves_them)
{
    struct bus *b = bus_new();
    struct mailbox *m = mailbox_new(b, 2);

    mailbox_join(m, S("a"));
    mailbox_join(m, S("b"));
    mailbox_join(m, S("a"));
    CHECK_INT(mailbox_topics(m), 2);
    mailbox_free(m);
    CHECK(!bus_watched(b, S("a"), "x") && !bus_watched(b, S("b"), "x"));
    bus_free(b);
}

TEST(a_kind_brings_what_is_about_anything)
{
    struct bus *b = bus_new();
    struct mailbox *m = mailbox_new(b, 10), *both = mailbox_new(b, 10);
    static const struct { const char *topic, *name; bool arrives; } cases[] = {
        { "s1", "delta", true }, { "s2", "delta", true }, { "s1", "tool", false }, { "telegram", "channel", true }, { "s1", "other", false },
    };

    mailbox_join_kind(m, KIND_DELTA);
    mailbox_join_kind(m, KIND_CHANNEL);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        CHECK_INT(bus_watched(b, str_from(cases[i].topic), cases[i].name), cases[i].arrives);
        bus_publish(b, str_from(cases[i].topic), cases[i].name, 7, S("{}"));
        CLEANUP(bus_event_unrefp) struct bus_event *e = mailbox_take(m);

        CHECK_INT(e != NULL, cases[i].arrives);
        if (e)
            CHECK_STR(e->topic, cases[i].topic);
    }
    mailbox_join(both, S("s1"));
    mailbox_join_kind(both, bus_kind_named(S("delta")));
    bus_publish(b, S("s1"), "delta", 7, S("{}"));
    CLEANUP(bus_event_unrefp) struct bus_event *first = mailbox_take(both);
    CLEANUP(bus_event_unrefp) struct bus_event *second = mailbox_take(both);

    CHECK(first->kind == KIND_NONE && second->kind == KIND_DELTA);
    bus_publish_kind(b, S("s1"), "delta", 7, S("{}"));
    CLEANUP(bus_event_unrefp) struct bus_event *third = mailbox_take(both);

    CHECK(third->kind == KIND_DELTA && mailbox_take(both) == NULL);
    CHECK_INT(bus_kind_named(S("knowledge")), KIND_NONE);
    mailbox_free(m);
    mailbox_free(both);
    bus_free(b);
}
