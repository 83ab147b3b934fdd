// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/metrics.h"
#include "channel/deliver.h"
#include "config/config.h"
#include "gateway/alerts.h"
#include "gateway/test_scene.h"
#include "runtime/failure.h"

static void want_event(struct mailbox *m, const char *want)
{
    CLEANUP(bus_event_unrefp) struct bus_event *e = NULL;

    UNTIL((e = mailbox_take(m)) != NULL);
    CHECK_STR(e->json, want);
}

TEST(what_fails_again_and_again_is_told_once_and_so_is_that_it_works)
{
    CLEANUP(scene_end) struct scene s;

    scene_start(&s, 10);
    scene_pair(&s, "anna");             /* the owner */
    scene_restart(&s, 10);
    struct message m = { .platform = S("fake"), .chat_id = S("anna"), .user_id = S("anna"), .user_name = S("anna"), .text = S("hello") };
    struct received r;

    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    scene_settle(&s);
    UNTIL(s.n_sent == 1);
    CLEANUP(mailbox_freep) struct mailbox *box = mailbox_new(s.gateway.bus, 10);
    struct alerts *al = alerts_new(&s.gateway);
    int64_t before = metric_value(METRIC_alerts);

    mailbox_join(box, S("alert"));
    failure_tell("tool ssh", "gone");
    failure_tell("tool python", "another");
    failure_over("tool ssh");           /* in between it worked: it begins anew */
    failure_tell("tool ssh", "gone");
    failure_tell("tool ssh", "gone");
    CHECK_INT(metric_value(METRIC_alerts) - before, 0);
    failure_tell("tool ssh", "gone \"away\"");
    failure_tell("tool ssh", "gone");
    CHECK_INT(metric_value(METRIC_alerts) - before, 1);
    want_event(box, "{\"type\":\"alert\",\"key\":\"tool ssh\",\"state\":\"raised\",\"text\":\"gone \\\"away\\\"\"}");
    UNTIL(s.n_sent == 2);
    CHECK(str_find(buf_str(&s.sent), S("Something fails again and again: tool ssh: gone")) != STR_NONE);
    failure_over("tool ssh");
    failure_over("tool ssh");
    want_event(box, "{\"type\":\"alert\",\"key\":\"tool ssh\",\"state\":\"resolved\",\"text\":\"\"}");
    UNTIL(s.n_sent == 3);
    CHECK(str_find(buf_str(&s.sent), S("It works again: tool ssh")) != STR_NONE);
    for (int i = 0; i < 5; i++)
        failure_tell("tool ssh", "gone");
    CHECK_INT(metric_value(METRIC_alerts) - before, 1);     /* once an hour */
    alerts_free(al);
    failure_tell("tool ssh", "nobody listens any more");
}
