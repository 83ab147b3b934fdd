// SPDX-License-Identifier: Apache-2.0
#include "base/test.h"

#include "gateway/access.h"
#include "gateway/test_scene.h"
#include "runtime/clock.h"

static struct message hello(struct arena *a, const char *user, int n)
{
    return (struct message){
        .platform = S("fake"), .chat_id = str_from(user), .user_id = str_from(user), .user_name = S("Somebody"),
        .external_id = str_from(arena_printf(a, "%s-%d", user, n)), .text = S("hello"),
    };
}

static size_t n_codes(struct scene *s, str *ret_last)
{
    struct rows r;

    CHECK_OK(store_read(s->home.store, s->home.arena, &r, "pairing.list", "i", clock_wall_ms()));
    if (r.n && ret_last)
        *ret_last = row_str(&r, r.n - 1, 0);
    return r.n;
}

static void offer(struct scene *s, const char *user, int n)
{
    struct message m = hello(s->home.arena, user, n);

    CHECK_OK(access_offer_pairing(&s->gateway, &m));
}

TEST(a_stranger_is_told_one_code_an_hour)
{
    struct scene s;
    str first, second;

    scene_start(&s, 10);
    clock_fake(1000000);
    offer(&s, "u", 1);
    offer(&s, "u", 1);
    offer(&s, "u", 2);
    CHECK_INT(n_codes(&s, &first), 1);
    UNTIL(s.n_sent == 1);
    clock_advance(61 * 60 * 1000);
    CHECK_INT(n_codes(&s, NULL), 0);
    offer(&s, "u", 3);                  /* the old code must not stand in the way of a new one */
    CHECK_INT(n_codes(&s, &second), 1);
    CHECK(!str_eq(first, second));
    UNTIL(s.n_sent == 2);
    scene_end(&s);
}

TEST(strangers_cannot_fill_the_store_with_codes)
{
    struct scene s;

    scene_start(&s, 10);
    for (int i = 0; i < 520; i++)
        offer(&s, arena_printf(s.home.arena, "u%d", i), 1);
    CHECK_INT(n_codes(&s, NULL), 500);
    scene_end(&s);
}

struct pairing { struct scene *s; str code; };

static enum err pair(void *arg) AWAITS
{
    struct pairing *p = arg;
    const char *role;
    str who;

    return access_pair(&p->s->gateway, p->s->home.arena, p->code, S(""), &who, &role);
}

TEST(two_of_one_name_may_pair_at_the_same_moment)
{
    struct scene s;
    struct rows r;
    str code;

    scene_start(&s, 10);
    offer(&s, "owner", 1);
    CHECK_INT(n_codes(&s, &code), 1);
    CHECK_OK(pair(&(struct pairing){ &s, code }));
    offer(&s, "u", 1);
    offer(&s, "v", 1);
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "pairing.list", "i", clock_wall_ms()));
    CHECK_INT(r.n, 2);
    {
        struct pairing p[2] = { { &s, row_str(&r, 0, 0) }, { &s, row_str(&r, 1, 0) } };
        CLEANUP(fibers_done) struct fibers both = { 0 };

        fibers_spawn(&both, "pair", pair, &p[0]);
        fibers_spawn(&both, "pair", pair, &p[1]);
        CHECK_OK(fibers_wait(&both));
    }
    CHECK(access_of(s.gateway.access, S("fake"), S("u")) != ACCESS_UNKNOWN);
    CHECK(access_of(s.gateway.access, S("fake"), S("v")) != ACCESS_UNKNOWN);
    scene_end(&s);
}

TEST(the_first_to_pair_is_the_owner_and_everyone_after_is_a_user)
{
    struct scene s;
    const char *role;
    str code, who;

    scene_start(&s, 10);
    CHECK_INT(access_of(s.gateway.access, S("fake"), S("u")), ACCESS_UNKNOWN);
    CHECK_ERR(access_pair(&s.gateway, s.home.arena, S("AAAA-AAAA"), S(""), &who, &role), ERR_NOT_FOUND);
    offer(&s, "u", 1);
    CHECK_INT(n_codes(&s, &code), 1);
    CHECK_OK(access_pair(&s.gateway, s.home.arena, code, S(""), &who, &role));
    CHECK_STR(str_from(role), "owner");
    CHECK_ERR(access_pair(&s.gateway, s.home.arena, code, S(""), &who, &role), ERR_NOT_FOUND);
    offer(&s, "v", 1);
    CHECK_INT(n_codes(&s, &code), 1);
    CHECK_OK(access_pair(&s.gateway, s.home.arena, code, S(""), &who, &role));
    CHECK_STR(str_from(role), "user");
    CHECK_STR(who, "Somebody (v on fake)");
    scene_restart(&s, 10);
    CHECK_INT(access_of(s.gateway.access, S("fake"), S("u")), ACCESS_OWNER);
    CHECK_INT(access_of(s.gateway.access, S("fake"), S("v")), ACCESS_USER);
    CHECK_INT(access_of(s.gateway.access, S("other"), S("u")), ACCESS_UNKNOWN);
    CHECK_INT(access_of(s.gateway.access, S("rest"), S("anybody")), ACCESS_OWNER);
    scene_end(&s);
}

TEST(a_login_code_is_good_once_and_for_ten_minutes)
{
    char code[TOKEN_SIZE], cookie[TOKEN_SIZE];
    struct scene s;

    scene_start(&s, 10);
    clock_fake(1000000);
    access_login_code(s.gateway.access, code);
    CHECK_ERR(access_login(&s.gateway, S(""), cookie), ERR_AUTH);
    CHECK_OK(access_login(&s.gateway, str_from(code), cookie));
    CHECK_ERR(access_login(&s.gateway, str_from(code), cookie), ERR_AUTH);
    CHECK(access_cookie_valid(s.gateway.access, str_from(cookie)));
    CHECK(!access_token_valid(s.gateway.access, str_from(cookie)));
    scene_restart(&s, 10);
    CHECK(access_cookie_valid(s.gateway.access, str_from(cookie)));
    access_login_code(s.gateway.access, code);
    clock_advance(11 * 60 * 1000);
    CHECK_ERR(access_login(&s.gateway, str_from(code), cookie), ERR_AUTH);
    scene_end(&s);
}

TEST(however_many_browsers_log_in_the_token_stays_and_the_latest_browsers_do)
{
    char token[TOKEN_SIZE], code[TOKEN_SIZE], first[TOKEN_SIZE], last[TOKEN_SIZE];
    struct scene s;
    struct rows r;

    scene_start(&s, 10);
    clock_fake(1000000);
    CHECK_OK(access_new_token(&s.gateway, token));
    for (int i = 0; i < 100; i++) {
        clock_advance(1);
        access_login_code(s.gateway.access, code);
        CHECK_OK(access_login(&s.gateway, str_from(code), i == 0 ? first : last));
    }
    for (int i = 0; i < 2; i++) {
        CHECK(access_token_valid(s.gateway.access, str_from(token)));
        CHECK(!access_cookie_valid(s.gateway.access, str_from(first)));
        CHECK(access_cookie_valid(s.gateway.access, str_from(last)));
        scene_restart(&s, 10);
    }
    CHECK_OK(store_read(s.home.store, s.home.arena, &r, "token.valid", ""));
    CHECK(r.n <= 65);
    uint64_t before = access_epoch(s.gateway.access);

    CHECK_OK(access_new_token(&s.gateway, code));
    CHECK(access_epoch(s.gateway.access) != before);
    CHECK(!access_token_valid(s.gateway.access, str_from(token)));
    CHECK(!access_cookie_valid(s.gateway.access, str_from(last)));
    CHECK(access_token_valid(s.gateway.access, str_from(code)));
    scene_end(&s);
}
