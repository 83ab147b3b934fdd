// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/submit.h"
#include "gateway/test_scene.h"

static struct message words(const char *session)
{
    return (struct message){ .text = S("hi"), .session_id = str_from(session), .user_id = S("somebody else"),
                             .user_name = S("Mallory"), .platform = S("telegram"), .created_at = 1 };
}

TEST(a_message_of_our_own_surfaces_is_the_owners_now_whatever_it_says_of_itself)
{
    struct message m = words("");
    struct received r;
    struct scene s;

    scene_start(&s, 10);
    CHECK_OK(submit(&s.gateway, s.home.arena, "web", &m, &r));
    CHECK_STR(m.platform, "web");
    CHECK_STR(m.user_id, "owner");
    CHECK_STR(m.user_name, "");
    CHECK(!r.expired);
    CHECK(uuid_valid(r.session_id));
    scene_settle(&s);
    scene_end(&s);
}

TEST(a_conversation_is_continued_from_every_surface_of_ours_and_no_others_is)
{
    struct message web = words(SESSION_A), rest = words(SESSION_A), chat, foreign;
    struct received r;
    struct scene s;

    scene_start(&s, 10);
    CHECK_OK(submit(&s.gateway, s.home.arena, "web", &web, &r));
    CHECK_STR(r.session_id, SESSION_A);
    CHECK_OK(submit(&s.gateway, s.home.arena, "rest", &rest, &r));
    CHECK_STR(r.session_id, SESSION_A);
    CHECK_STR(rest.platform, "web");
    chat = (struct message){ .platform = S("fake"), .chat_id = S("chat"), .user_id = S("u"), .text = S("x") };
    CHECK_OK(intake_receive(&s.gateway, s.home.arena, &chat, 1, &r));
    foreign = words(arena_c(s.home.arena, r.session_id));
    CHECK_ERR(submit(&s.gateway, s.home.arena, "rest", &foreign, &r), ERR_CONFLICT);
    scene_settle(&s);
    scene_end(&s);
}

struct speaker { struct scene *scene; const char *platform; struct received r; };

static enum err speak(void *arg) AWAITS
{
    struct speaker *x = arg;
    struct message m = words(SESSION_A);

    return submit(&x->scene->gateway, x->scene->home.arena, x->platform, &m, &x->r);
}

TEST(two_surfaces_that_begin_the_same_conversation_at_once_share_it)
{
    struct scene s;

    scene_start(&s, 10);
    struct speaker a = { &s, "web" }, b = { &s, "rest" };
    struct fibers g = { 0 };

    fibers_spawn(&g, "a", speak, &a);
    fibers_spawn(&g, "b", speak, &b);
    CHECK_OK(fibers_wait(&g));
    CHECK(str_eq(a.r.session_id, b.r.session_id));
    CHECK(a.r.inbox_id != b.r.inbox_id);
    scene_settle(&s);
    CHECK_STR(scene_inbox(&s), "done hi|done hi");
    scene_end(&s);
}
