// SPDX-License-Identifier: Apache-2.0
#include "model/admission.h"

#include "base/test.h"

struct scene { struct admission admission; struct buf order; size_t most; };
struct caller { struct scene *scene; char session; unsigned steps; };

static enum err call(void *arg)
{
    struct caller *c = arg;
    struct scene *s = c->scene;

    TRY(admission_enter(&s->admission, str_of(&c->session, 1)));
    buf_add_char(&s->order, c->session);
    if (s->admission.inside > s->most)
        s->most = s->admission.inside;
    enum err e = OK;

    for (unsigned i = 0; i < c->steps && e == OK; i++)
        e = fiber_yield();
    admission_leave(&s->admission);
    return e;
}

static enum err run(struct scene *s, size_t places, const char *sessions)
{
    CLEANUP(fibers_done) struct fibers g = {0};
    struct caller callers[64];

    admission_init(&s->admission, places);
    for (size_t i = 0; sessions[i]; i++) {
        callers[i] = (struct caller){ s, sessions[i], 3 };
        fibers_spawn(&g, "caller", call, &callers[i]);
    }
    return fibers_wait(&g);
}

TEST(sessions_take_turns_however_many_calls_one_has)
{
    static const struct { size_t places; const char *come, *go; } cases[] = {
        { 1, "aaaab", "aabaa" }, { 1, "aaaabc", "aabcaa" }, { 1, "abc", "abc" }, { 2, "aaaaaabbc", "aaabcabaa" }, { 9, "aab", "aab" },
    };

    for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
        struct scene s = {0};

        CHECK_OK(run(&s, cases[i].places, cases[i].come));
        CHECK_STR(buf_str(&s.order), cases[i].go);
        CHECK(s.most <= cases[i].places);
        CHECK_INT(s.admission.inside + s.admission.waiting, 0);
        CHECK(list_empty(&s.admission.lines));
        buf_done(&s.order);
    }
}

TEST(who_gives_up_waiting_leaves_no_gap)
{
    struct scene s = {0};
    struct fiber *all[4];
    struct caller callers[4];

    admission_init(&s.admission, 1);
    for (size_t i = 0; i < N_ELEMENTS(all); i++) {
        callers[i] = (struct caller){ &s, (char)('a' + i), 3 };
        all[i] = fiber_spawn("caller", call, &callers[i]);
    }
    CHECK_OK(fiber_yield());
    CHECK_INT(s.admission.waiting, 3);
    fiber_cancel(all[1]);
    fiber_cancel(all[3]);
    CHECK_OK(fiber_join(all[0]));
    CHECK_ERR(fiber_join(all[1]), ERR_CANCELLED);
    CHECK_OK(fiber_join(all[2]));
    CHECK_ERR(fiber_join(all[3]), ERR_CANCELLED);
    CHECK_STR(buf_str(&s.order), "ac");
    CHECK_INT(s.admission.inside + s.admission.waiting, 0);
    buf_done(&s.order);
}

/* Cancelled after its place was given and before it ran: the place goes on to the next. */
TEST(a_place_given_to_one_who_was_cancelled_is_not_lost)
{
    struct scene s = {0};
    struct caller b = { &s, 'b', 0 }, c = { &s, 'c', 0 };

    admission_init(&s.admission, 1);
    CHECK_OK(admission_enter(&s.admission, S("a")));
    struct fiber *second = fiber_spawn("caller", call, &b), *third = fiber_spawn("caller", call, &c);

    CHECK_OK(fiber_yield());
    admission_leave(&s.admission);
    fiber_cancel(second);
    (void)fiber_join(second);
    CHECK_OK(fiber_join(third));
    CHECK_INT(s.admission.inside + s.admission.waiting, 0);
    buf_done(&s.order);
}

/* Round robin: nobody waits for more than one call of each other session. */
TEST(two_hundred_sessions_are_admitted_in_turn)
{
    struct scene s = {0};
    struct fibers g = {0};
    static struct caller callers[400];

    admission_init(&s.admission, 4);
    for (size_t i = 0; i < N_ELEMENTS(callers); i++) {
        callers[i] = (struct caller){ &s, (char)(i % 200), 2 };
        fibers_spawn(&g, "caller", call, &callers[i]);
    }
    CHECK_OK(fiber_yield());
    CHECK_INT(s.admission.waiting, 396);
    CHECK_OK(fibers_wait(&g));
    CHECK_INT(s.most, 4);
    CHECK_INT(s.order.len, 400);
    for (size_t session = 4; session < 200; session++)
        CHECK(str_find_char(str_take(buf_str(&s.order), 204), (char)session) != STR_NONE);
    buf_done(&s.order);
}
