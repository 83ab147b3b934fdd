// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/sessions.h"
#include "store/test_home.h"

#define ID "11111111-1111-4111-8111-111111111111"

static void add(struct test_home *h, str id)
{
    struct batch *b = batch_new(h->arena);

    batch_add(b, "session.ensure", "ssssssi", id, S("rest"), id, S("7"), S(""), S("title"), (int64_t)1);
    CHECK_OK(store_commit(h->store, b));
}

static void choose(struct test_home *h, str model)
{
    struct batch *b = batch_new(h->arena);

    batch_add(b, "session.set_model", "ss", S(ID), model);
    CHECK_OK(store_commit(h->store, b));
}

TEST(a_conversation_is_remembered_until_its_row_changes)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct gateway g = { .store = h.store, .sessions = sessions_new() };
    struct session_place p;

    CHECK_OK(sessions_find(&g, h.arena, S(ID), &p));
    CHECK_INT(p.platform.len, 0);
    add(&h, S(ID));
    CHECK_OK(sessions_find(&g, h.arena, S(ID), &p));    /* that it was not there is not kept */
    CHECK_STR(p.platform, "rest");
    CHECK_STR(p.thread_id, "7");
    choose(&h, S("small"));
    CHECK_OK(sessions_find(&g, h.arena, S(ID), &p));
    CHECK_STR(p.model, "");
    sessions_forget(g.sessions, S(ID));
    CHECK_OK(sessions_find(&g, h.arena, S(ID), &p));
    CHECK_STR(p.model, "small");
    sessions_free(g.sessions);
}

TEST(of_many_conversations_only_some_are_remembered_and_all_are_found)
{
    CLEANUP(home_done) struct test_home h = home_new();
    struct gateway g = { .store = h.store, .sessions = sessions_new() };
    struct session_place p;

    for (int i = 0; i < 1200; i++) {
        str id = str_from(arena_printf(h.arena, "session-%d", i));

        add(&h, id);
        CHECK_OK(sessions_find(&g, h.arena, id, &p));
        CHECK_STR(p.chat_id, id.p);
    }
    CHECK_OK(sessions_find(&g, h.arena, S("session-0"), &p));
    CHECK_STR(p.chat_id, "session-0");
    sessions_free(g.sessions);
}
