// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "base/fault.h"
#include "gateway/test_scene.h"
#include "runtime/clock.h"

TEST(a_message_that_comes_again_is_taken_once_whatever_comes_with_it)
{
    struct message first = scene_message(SESSION_A, "1", "one");
    struct message m[] = { scene_message(SESSION_A, "1", "one"), scene_message(SESSION_A, "2", "two"),
                           scene_message(SESSION_A, "2", "two again"), scene_message(SESSION_B, "3", "three") };
    struct received one, out[N_ELEMENTS(m)];
    struct scene s;

    scene_start(&s, 100);
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &first, 1, &one));
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, m, N_ELEMENTS(m), out));
    CHECK(!one.duplicate && out[0].duplicate && !out[1].duplicate && out[2].duplicate && !out[3].duplicate);
    CHECK_INT(out[0].inbox_id, one.inbox_id);
    CHECK(str_eq(out[0].message_id, one.message_id));
    CHECK_INT(out[2].inbox_id, out[1].inbox_id);
    CHECK_STR(out[1].session_id, SESSION_A);
    CHECK_STR(out[3].state, "ready");
    scene_settle(&s);
    CHECK_INT(s.n_asked, 3);
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &first, 1, &one));
    CHECK_STR(one.state, "done");
    scene_end(&s);
}

TEST(the_new_ones_of_a_batch_are_answered_though_the_old_ones_cannot_be_looked_up)
{
    struct message m[] = { scene_message(SESSION_A, "1", "one"), scene_message(SESSION_A, "2", "two") };
    struct received out[2];
    struct scene s;

    scene_start(&s, 100);
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m[0], 1, out));
    scene_settle(&s);
    s.model_held = true;
    CHECK_OK(fault_arm(S("store_query:fail:1:once")));
    CHECK(intake_receive(&s.gateway, s.home.arena, m, 2, out) != OK);
    fault_disarm_all();
    scene_release(&s);
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "done one|done two");
    scene_end(&s);
}

TEST(what_is_too_old_is_stored_and_not_answered)
{
    struct message m = scene_message(SESSION_A, "1", "old");
    struct received r;
    struct scene s;

    scene_start(&s, 100);
    m.created_at = clock_wall_ms() - 25 * 3600 * 1000;
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    CHECK(r.expired);
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "expired old");
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    CHECK_STR(r.state, "expired");
    CHECK_INT(s.n_asked, 0);
    scene_end(&s);
}

TEST(when_the_disk_is_full_nothing_was_received)
{
    struct message m = scene_message(SESSION_A, "1", "one");
    struct received r;
    struct scene s;

    scene_start(&s, 100);
    CHECK_OK(fault_arm(S("store_commit:fail")));
    CHECK_ERR(intake_receive(&s.gateway, s.home.arena, &m, 1, &r), ERR_IO);
    fault_disarm_all();
    CHECK_STR(scene_inbox(&s), "");
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &m, 1, &r));
    scene_settle(&s);
    CHECK_STR(scene_replies(&s), "echo: one");
    scene_end(&s);
}
