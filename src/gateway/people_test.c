// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/access.h"
#include "gateway/people.h"
#include "gateway/test_scene.h"

static void check_person(struct scene *s, const char *platform, const char *user, const char *id, const char *role)
{
    struct person p = access_person(s->gateway.access, str_from(platform), str_from(user));

    CHECK_STR(p.id, id);
    CHECK_STR(p.role, role);
}

static struct people_change change(struct scene *s)
{
    return (struct people_change){ &s->gateway, access_people(s->gateway.access) };
}

TEST(somebody_has_one_role_on_every_platform_and_a_change_holds_at_once)
{
    struct scene s;

    scene_start(&s, 10);
    struct people_change c = change(&s);

    CHECK_OK(people_set_role(&c, S("bob"), S("operator")));
    CHECK_OK(people_link(&c, S("bob"), S("telegram:1")));
    CHECK_OK(people_link(&c, S("bob"), S("discord:x:y")));
    check_person(&s, "telegram", "1", "bob", "operator");
    check_person(&s, "discord", "x:y", "bob", "operator");
    CHECK_OK(people_set_role(&c, S("bob"), S("guest")));
    check_person(&s, "telegram", "1", "bob", "guest");
    CHECK_OK(people_unlink(&c, S("telegram:1")));
    check_person(&s, "telegram", "1", "1", "");
    scene_restart(&s, 10);
    c = change(&s);
    check_person(&s, "discord", "x:y", "bob", "guest");
    CHECK_OK(people_remove(&c, S("bob")));
    check_person(&s, "discord", "x:y", "x:y", "");
    CHECK_ERR(people_remove(&c, S("bob")), ERR_NOT_FOUND);
    scene_end(&s);
}

TEST(whoever_holds_the_machine_stays_the_owner)
{
    struct scene s;

    scene_start(&s, 10);
    struct people_change c = change(&s);

    check_person(&s, "cli", "anybody", "owner", "owner");
    CHECK_ERR(people_set_role(&c, S("owner"), S("user")), ERR_CONFLICT);
    CHECK_ERR(people_remove(&c, S("owner")), ERR_CONFLICT);
    CHECK_OK(people_link(&c, S("owner"), S("telegram:1")));
    check_person(&s, "telegram", "1", "owner", "owner");
    CHECK_ERR(people_set_role(&c, S("bob"), S("king")), ERR_INPUT);
    CHECK_ERR(people_set_role(&c, S("a b"), S("user")), ERR_INPUT);
    CHECK_ERR(people_link(&c, S("nobody"), S("telegram:2")), ERR_NOT_FOUND);
    CHECK_ERR(people_link(&c, S("owner"), S("telegram")), ERR_INPUT);
    CHECK_ERR(people_link(&c, S("owner"), S("telegram:*")), ERR_INPUT);
    CHECK_ERR(people_unlink(&c, S("telegram:2")), ERR_NOT_FOUND);
    scene_end(&s);
}

static enum err configure(struct scene *s, const char *users) AWAITS
{
    CLEANUP(json_decrefp) json_t *j = NULL;

    CHECK_OK(json_parse(str_from(users), &j));
    return people_configure(access_people(s->gateway.access), j);
}

TEST(the_configuration_comes_before_what_is_stored)
{
    static const char *const wrong[] = {
        "{}", "[1]", "[{\"role\":\"user\"}]", "[{\"name\":\"a\",\"role\":\"king\"}]", "[{\"name\":\"a\",\"role\":\"user\",\"colour\":1}]",
        "[{\"name\":\"a\",\"role\":\"user\",\"accounts\":[\"x\"]}]", "[{\"name\":\"a\",\"role\":\"user\",\"accounts\":[\"telegram:*\"]}]",
        "[{\"name\":\"owner\",\"role\":\"user\"}]", "[{\"name\":\"a\",\"role\":\"user\",\"accounts\":[\"t:1\"]},{\"name\":\"b\",\"role\":\"user\",\"accounts\":[\"t:1\"]}]",
    };
    struct scene s;

    scene_start(&s, 10);
    struct people_change c = change(&s);

    CHECK_OK(people_set_role(&c, S("bob"), S("user")));
    CHECK_OK(people_link(&c, S("bob"), S("telegram:1")));
    CHECK_OK(configure(&s, "[{\"name\":\"bob\",\"role\":\"admin\",\"accounts\":[\"discord:9\"]},"
                           "{\"name\":\"visitors\",\"role\":\"guest\",\"accounts\":[\"telegram:*\"]}]"));
    check_person(&s, "discord", "9", "bob", "admin");
    check_person(&s, "telegram", "1", "bob", "admin");
    check_person(&s, "telegram", "77", "77", "guest");
    CHECK_INT(access_of(s.gateway.access, S("telegram"), S("77")), ACCESS_USER);
    CHECK_ERR(people_set_role(&c, S("bob"), S("user")), ERR_CONFLICT);
    CHECK_ERR(people_unlink(&c, S("discord:9")), ERR_CONFLICT);
    for (size_t i = 0; i < N_ELEMENTS(wrong); i++)
        CHECK_ERR(configure(&s, wrong[i]), ERR_INPUT);
    check_person(&s, "discord", "9", "bob", "admin");
    CHECK_OK(configure(&s, "[]"));
    check_person(&s, "telegram", "1", "bob", "user");
    check_person(&s, "discord", "9", "9", "");
    scene_end(&s);
}

TEST(names_for_those_who_pair_are_free_and_plain)
{
    struct scene s;

    scene_start(&s, 10);
    struct people_change c = change(&s);
    struct arena *a = s.home.arena;

    CHECK_OK(people_set_role(&c, S("bob"), S("user")));
    CHECK_STR(str_from(people_free_id(c.people, a, S("Bob"), S("telegram"), S("5"))), "bob-2");
    CHECK_STR(str_from(people_free_id(c.people, a, S("\xe5\xbc\xa0 B."), S("telegram"), S("5"))), "b");
    CHECK_STR(str_from(people_free_id(c.people, a, S("\xe5\xbc\xa0"), S("telegram"), S("5"))), "5");
    CHECK_STR(str_from(people_free_id(c.people, a, S("owner"), S("telegram"), S("5"))), "owner-2");
    scene_end(&s);
}
