// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/memory_scopes.h"
#include "gateway/sessions.h"
#include "gateway/test_scene.h"

/* A message of the chat, stored; its session. */
static str say_in(struct scene *s, const char *platform, const char *chat, const char *user, const char *type)
{
    struct arena *a = s->home.arena;
    struct message m = { .platform = str_from(platform), .chat_id = str_from(chat), .user_id = str_from(user), .text = S("/help"),
                         .chat_type = str_from(type) };
    struct received r;

    CHECK_OK(intake_receive(&s->gateway, a, &m, 1, &r));
    scene_settle(s);
    return r.session_id;
}

/* "chat user:anna agent *user:anna": what they see, and where it goes by itself. */
static str described(struct scene *s, str session, const char *person, const char *role)
{
    struct arena *a = s->home.arena;
    struct person p = { str_from(person), str_from(role) };
    CLEANUP(buf_done) struct buf b = { 0 };
    struct memory_scopes m;

    CHECK_OK(memory_scopes_of(&s->gateway, a, session, &p, &m));
    for (size_t i = 0; i < m.n; i++)
        buf_addf(&b, "%.*s ", STR(scope_text(a, m.visible[i])));
    buf_addf(&b, "*%.*s", STR(m.may_save ? scope_text(a, m.own) : S("nothing")));
    return arena_str(a, buf_str(&b));
}

TEST(a_private_chat_shows_the_persons_memories_and_a_group_does_not)
{
    static const struct { const char *platform, *chat, *type, *person, *role, *want; } cases[] = {
        { "fake", "p1", "private", "anna", "user", "chat:fake/p1/ user:anna agent: global *user:anna" },
        { "fake", "g1", "group", "anna", "user", "chat:fake/g1/ agent: global *chat:fake/g1/" },
        { "fake", "u1", "", "anna", "user", "chat:fake/u1/ agent: global *chat:fake/u1/" },        /* not told: as a group */
        { "fake", "p2", "private", "gast", "guest", "chat:fake/p2/ *nothing" },
        { "fake", "p3", "private", "who", "", "chat:fake/p3/ *nothing" },
        { "rest", "r1", "", "owner", "owner", "chat:rest/r1/ user:owner agent: global *user:owner" },
        { "rest", "r2", "group", "owner", "owner", "chat:rest/r2/ agent: global *chat:rest/r2/" },
    };
    struct scene s;

    scene_start(&s, 4);
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        str session = say_in(&s, cases[i].platform, cases[i].chat, "owner", cases[i].type);

        CHECK_STR(described(&s, session, cases[i].person, cases[i].role), cases[i].want);
    }
    CHECK_STR(described(&s, S("nowhere"), "anna", "owner"), "*nothing");
    scene_end(&s);
}

TEST(a_chat_that_was_a_group_once_stays_one)
{
    struct scene s;

    scene_start(&s, 4);
    str session = say_in(&s, "fake", "c", "owner", "");

    CHECK_STR(described(&s, session, "anna", "user"), "chat:fake/c/ agent: global *chat:fake/c/");
    say_in(&s, "fake", "c", "owner", "private");
    CHECK_STR(described(&s, session, "anna", "user"), "chat:fake/c/ user:anna agent: global *user:anna");
    say_in(&s, "fake", "c", "owner", "group");
    CHECK_STR(described(&s, session, "anna", "user"), "chat:fake/c/ agent: global *chat:fake/c/");
    say_in(&s, "fake", "c", "owner", "private");
    say_in(&s, "fake", "c", "owner", "");
    CHECK_STR(described(&s, session, "anna", "user"), "chat:fake/c/ agent: global *chat:fake/c/");
    scene_end(&s);
}

static void bind(struct scene *s, str session, const char *project)
{
    struct batch *b = batch_new(s->home.arena);

    batch_add(b, "session.set_project", "sc", session, project);
    CHECK_OK(store_commit(s->home.store, b));
    sessions_forget(s->gateway.sessions, session);
}

TEST(everybody_writes_their_own_and_few_write_for_others)
{
    static const struct { const char *role, *kind, *want; } cases[] = {
        { "user",     "",        "user:anna"        },
        { "user",     "chat",    "chat:fake/p/"     },
        { "user",     "project", "AUTH"             },
        { "user",     "agent",   "AUTH"             },
        { "user",     "global",  "AUTH"             },
        { "user",     "planet",  "INPUT"            },
        { "operator", "project", "project:apollo"   },
        { "operator", "global",  "AUTH"             },
        { "admin",    "agent",   "agent:"           },
        { "owner",    "global",  "global"           },
        { "guest",    "",        "AUTH"             },
        { "guest",    "user",    "AUTH"             },
    };
    struct scene s;

    scene_start(&s, 4);
    str session = say_in(&s, "fake", "p", "owner", "private"), group = say_in(&s, "fake", "g", "owner", "group");
    struct person anna = { S("anna"), S("user") };
    struct memory_scopes m;
    struct scope to;

    bind(&s, session, "apollo");
    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct person p = { S("anna"), str_from(cases[i].role) };

        CHECK_OK(memory_scopes_of(&s.gateway, s.home.arena, session, &p, &m));
        enum err e = memory_scopes_choose(&m, str_from(cases[i].kind), &to);

        CHECK_STR(e ? str_from(e == ERR_AUTH ? "AUTH" : "INPUT") : scope_text(s.home.arena, to), cases[i].want);
    }
    CHECK_OK(memory_scopes_of(&s.gateway, s.home.arena, group, &anna, &m));
    CHECK_OK(memory_scopes_choose(&m, S("user"), &to));
    CHECK_STR(scope_text(s.home.arena, to), "user:anna");
    CHECK_ERR(memory_scopes_choose(&m, S("project"), &to), ERR_INPUT);
    scene_end(&s);
}

TEST(who_may_change_what_is_remembered)
{
    static const struct { const char *role, *chat, *scope, *person; bool want; } cases[] = {
        { "user",  "p", "user:anna",     "anna",  true  },
        { "user",  "p", "user:bert",     "bert",  false },
        { "user",  "p", "chat:fake/p/",  "",      true  },
        { "user",  "g", "chat:fake/g/",  "anna",  true  },
        { "user",  "g", "chat:fake/g/",  "bert",  false },
        { "admin", "g", "chat:fake/g/",  "bert",  true  },
        { "admin", "g", "chat:fake/p/",  "bert",  false },      /* not this chat's */
        { "user",  "g", "user:anna",     "anna",  false },      /* a group does not see it */
        { "user",  "p", "global",        "anna",  false },
        { "owner", "p", "global",        "bert",  true  },
    };
    struct scene s;

    scene_start(&s, 4);
    str sessions[] = { say_in(&s, "fake", "p", "owner", "private"), say_in(&s, "fake", "g", "owner", "group") };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct person p = { S("anna"), str_from(cases[i].role) };
        struct memory_item item = { .person = str_from(cases[i].person) };
        struct memory_scopes m;

        CHECK_OK(scope_parse(s.home.arena, str_from(cases[i].scope), &item.scope));
        CHECK_OK(memory_scopes_of(&s.gateway, s.home.arena, sessions[cases[i].chat[0] == 'g'], &p, &m));
        CHECK_INT(memory_scopes_may_change(&m, &item), cases[i].want);
    }
    scene_end(&s);
}

TEST(a_projects_name_is_a_word_in_any_script)
{
    CHECK(memory_project_valid(S("apollo-11_b")));
    CHECK(memory_project_valid(S("阿波罗")));
    CHECK(!memory_project_valid(S("")));
    CHECK(!memory_project_valid(S("two words")));
    CHECK(!memory_project_valid(S("a/b")));
    CHECK(!memory_project_valid(S("a\xff")));
    CHECK(!memory_project_valid(S("a\xc2\x85")));
    CHECK(!memory_project_valid(S("0123456789012345678901234567890123456789012345678901234567890123456789")));
}
