// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "channel/deliver.h"
#include "channel/in_flight.h"
#include "config/config.h"
#include "gateway/answer.h"
#include "gateway/test_scene.h"
#include "runtime/clock.h"

static struct message from_owner(const char *text)
{
    return (struct message){ .platform = S("fake"), .chat_id = S("chat"), .user_id = S("owner"), .external_id = S("7"),
                             .text = str_from(text) };
}

/* A message whose reply was begun to be shown when the process died. */
static void leave_begun(struct scene *s, const char *how) AWAITS
{
    struct message m = from_owner("hi");
    struct batch *b = batch_new(s->home.arena), *b2 = batch_new(s->home.arena);
    struct received r;

    s->gateway.stopping = true;
    CHECK_OK(intake_receive(&s->gateway, s->home.arena, &m, 1, &r));
    batch_add(b, "outbox.stream_begin", "iSccccci", r.inbox_id, r.session_id, "fake", "chat", "", "7",
              "{\"text\":\"echo\",\"streaming\":true}", clock_wall_ms());
    CHECK_OK(store_commit(s->home.store, b));
    int64_t id = row_int(batch_rows(b, 0), 0, 0);

    in_flight_begin(id);
    if (strcmp(how, "opened") == 0)
        batch_add(b2, "outbox.stream_opened", "ic", id, "55");
    if (strcmp(how, "sent") == 0)
        batch_add(b2, "outbox.sent", "ici", id, "55", (int64_t)1);
    CHECK_OK(store_commit(s->home.store, b2));
}

TEST(a_reply_that_was_begun_before_a_crash_is_ended_where_it_began)
{
    static const struct { const char *how, *sent, *state; } cases[] = {
        { "opened", "edit echo: hi\n", "sent"    },
        { "sent",   "edit echo: hi\n", "sent"    },     /* by delivery.unknown=resend, which could not know better */
        { "lost",   "",                "unknown" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct scene s;
        struct rows r;

        scene_start(&s, 10);
        leave_begun(&s, cases[i].how);
        scene_restart(&s, 10);
        CHECK_OK(dispatch_resume(&s.gateway));
        scene_settle(&s);
        CHECK_STR(scene_replies(&s), "echo: hi");
        UNTIL(s.n_sent == (cases[i].sent[0] ? 1 : 0));
        deliver_stop(1000);
        CHECK_STR(buf_str(&s.sent), cases[i].sent);
        CHECK_OK(store_read(s.home.store, s.home.arena, &r, "admin.outbox_list", "ci", "", (int64_t)10));
        CHECK_INT(r.n, 1);
        CHECK_STR(row_str(&r, 0, 6), cases[i].state);
        scene_end(&s);
    }
}

TEST(what_was_begun_for_a_message_that_was_dropped_is_not_left_sending)
{
    struct scene s;
    struct rows r;

    scene_start(&s, 10);
    leave_begun(&s, "opened");
    struct batch *b = batch_new(s.home.arena);

    batch_add(b, "inbox.drop", "ii", (int64_t)1, (int64_t)1);
    CHECK_OK(store_commit(s.home.store, b));
    scene_restart(&s, 10);
    UNTIL(s.n_sent == 1);
    deliver_stop(1000);
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "admin.outbox_list", "ci", "", (int64_t)10));
    CHECK_STR(row_str(&r, 0, 6), "sent");
    scene_end(&s);
}

TEST(a_long_reply_is_stored_in_parts_that_go_out_in_order)
{
    struct message m = from_owner(NULL);
    CLEANUP(buf_done) struct buf text = { 0 };
    struct received r;
    struct scene s;

    for (int i = 0; i < 1500; i++)
        buf_addf(&text, "word%d ", i);
    m.text = buf_str(&text);
    scene_start(&s, 10);
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    scene_settle(&s);
    UNTIL(s.n_sent == 4);
    deliver_stop(1000);
    size_t first = str_find(buf_str(&s.sent), S("word0 ")), last = str_find(buf_str(&s.sent), S("word1499"));

    CHECK(first < last && last != STR_NONE);
    scene_end(&s);
}

TEST(why_something_failed_is_told_to_the_owner_alone)
{
    static const struct { const char *user, *want; } cases[] = {
        { "owner",  "This did not work: http://10.0.0.7 is closed." },
        { "friend", "This did not work. My owner can see why." },
    };
    struct scene s;

    scene_start(&s, 10);
    scene_pair(&s, "owner");
    scene_pair(&s, "friend");
    scene_restart(&s, 10);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct message m = from_owner("hi");
        struct answer a = { .arena = s.home.arena, .message = &m };

        m.user_id = str_from(cases[i].user);
        answer_failed(&s.gateway, &a, failed(ERR_NET, "http://10.0.0.7 is closed"));
        CHECK_STR(a.text, cases[i].want);
        CHECK_STR(a.error, "http://10.0.0.7 is closed");
    }
    scene_end(&s);
}
