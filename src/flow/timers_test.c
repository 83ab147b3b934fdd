// SPDX-License-Identifier: Apache-2.0
#include "flow/timers.h"

#include "base/test.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/fiber.h"
#include "store/test_home.h"

enum { MINUTE = 60 * 1000 };

/* A teller that keeps what it is told, a row of the store each, and what it lost. */
struct desk {
    struct test_home home;
    struct timers   *timers;
    struct fibers    fibers;
    struct buf       told, lost;
    const char      *refuse;        /* why nobody can be told */
    enum err         broken;        /* what telling fails with */
};

static int64_t start_at(void)
{
    int64_t ms;

    CHECK_OK(time_parse(S("2026-11-21T08:00:00Z"), &ms));
    return ms;
}

static enum err add(void *arg, struct arena *a, const struct flow_firing *f, struct batch *b, void **ret_own) AWAITS
{
    struct desk *d = arg;

    TRY(fiber_yield());
    if (d->refuse)
        return failed(ERR_NOT_FOUND, "%s", d->refuse);
    if (d->broken)
        return failed(d->broken, "broken");
    *ret_own = arena_printf(a, "%.*s@%lld%s+%u ", STR(f->timer->text), (long long)(f->due - start_at()) / MINUTE, f->late ? " late" : "",
                            f->missed);
    /* the same a second time is a conflict */
    batch_add(b, "meta.add", "cc", arena_printf(a, "told %lld %lld", (long long)f->timer->id, (long long)f->due), "x");
    return OK;
}

static void stored(void *arg, const struct batch *b UNUSED, void *own)
{
    struct desk *d = arg;

    buf_add(&d->told, str_from(own));
}

static void lost(void *arg, const struct flow_firing *f, const char *why)
{
    struct desk *d = arg;

    buf_addf(&d->lost, "%.*s: %s ", STR(f->timer->text), why);
}

static void open_timers(struct desk *d)
{
    d->timers = timers_new(d->home.store, &(struct flow_teller){ add, stored, lost, d });
}

static void desk_start(struct desk *d) AWAITS
{
    *d = (struct desk){ .home = home_new() };
    d->fibers.independent = true;
    clock_fake(start_at());
    open_timers(d);
}

static void run(struct desk *d)
{
    fibers_spawn(&d->fibers, "timers", timers_run, d->timers);
}

static void stop(struct desk *d) AWAITS
{
    fibers_done(&d->fibers);
    d->fibers = (struct fibers){ .independent = true };
}

static void desk_end(struct desk *d) AWAITS
{
    stop(d);
    timers_free(d->timers);
    buf_done(&d->told);
    buf_done(&d->lost);
    clock_real();
    home_done(&d->home);
}

static int64_t set(struct desk *d, const char *text, int minutes, const char *rule) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    int64_t at = start_at() + (int64_t)minutes * MINUTE;

    timers_add(b, &(struct flow_timer){ .kind = S("reminder"), .scope = S("user:anna"), .person = S("anna"), .session_id = S("s"),
                                        .text = str_from(text), .taint = S(""), .language = S("en"), .first_at = at, .next_at = at,
                                        .rule = str_from(rule), .zone = S("UTC"), .created_at = start_at() });
    CHECK_OK(store_commit(d->home.store, b));
    timers_changed(d->timers);
    return row_int(batch_rows(b, 0), 0, 0);
}

/* The store has a thread of its own: until everything that is due has become of something. */
static void settle(struct desk *d) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct rows r;

    for (int i = 0; i < 3; i++)
        do {
            CHECK_OK(fiber_yield());
            CHECK_OK(store_read(d->home.store, a, &r, "timers.due", "ii", clock_wall_ms(), (int64_t)1));
        } while (r.n && !d->broken);
    /* What was committed before this has woken whoever waited for it. */
    struct batch *b = batch_new(a);

    batch_add(b, "session.touch", "si", S("nobody"), (int64_t)0);
    CHECK_OK(store_commit(d->home.store, b));
    CHECK_OK(fiber_yield());
}

static void pass(struct desk *d, int minutes) AWAITS
{
    clock_advance((uint64_t)minutes * MINUTE);
    settle(d);
}

static void check_list(struct desk *d, const char *want) AWAITS
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    CLEANUP(buf_done) struct buf b = { 0 };
    struct flow_timers list;

    CHECK_OK(timers_list(d->home.store, a, S("user:anna"), &list));
    for (size_t i = 0; i < list.n; i++)
        buf_addf(&b, "%.*s %.*s %s%.*s|", STR(list.p[i].text), STR(list.p[i].state), list.p[i].next_at ? "+" : "-", STR(list.p[i].error));
    CHECK_STR(buf_str(&b), want);
}

TEST(a_timer_fires_at_its_time_and_once)
{
    struct desk d;

    desk_start(&d);
    run(&d);
    set(&d, "tea", 5, "");
    set(&d, "cake", 3, "");
    settle(&d);
    CHECK_STR(buf_str(&d.told), "");
    pass(&d, 2);
    CHECK_STR(buf_str(&d.told), "");
    pass(&d, 1);
    CHECK_STR(buf_str(&d.told), "cake@3+0 ");
    pass(&d, 2);
    pass(&d, 60);
    CHECK_STR(buf_str(&d.told), "cake@3+0 tea@5+0 ");
    check_list(&d, "");
    desk_end(&d);
}

TEST(a_new_timer_is_seen_at_once_while_another_is_waited_for)
{
    struct desk d;

    desk_start(&d);
    run(&d);
    set(&d, "late", 500, "");
    settle(&d);
    set(&d, "now", 0, "");
    settle(&d);
    CHECK_STR(buf_str(&d.told), "now@0+0 ");
    desk_end(&d);
}

TEST(a_recurrence_fires_each_time)
{
    struct desk d;

    desk_start(&d);
    run(&d);
    set(&d, "up", 1, "FREQ=MINUTELY;COUNT=3");
    for (int i = 0; i < 5; i++)
        pass(&d, 1);
    CHECK_STR(buf_str(&d.told), "up@1+0 up@2+0 up@3+0 ");
    desk_end(&d);
}

TEST(what_was_due_while_nobody_was_there_is_told_once_with_how_many_were_missed)
{
    struct desk d;

    desk_start(&d);
    set(&d, "once", 5, "");
    set(&d, "daily", 10, "FREQ=DAILY");
    set(&d, "to come", 60 * 24 * 30, "");
    clock_advance((uint64_t)3 * 24 * 60 * MINUTE + 30 * MINUTE);
    run(&d);
    settle(&d);
    CHECK_STR(buf_str(&d.told), "once@5 late+0 daily@4330 late+3 ");
    check_list(&d, "daily active +|to come active +|");
    desk_end(&d);
}

TEST(after_a_restart_it_goes_on_and_repeats_nothing)
{
    struct desk d;

    desk_start(&d);
    run(&d);
    set(&d, "up", 1, "FREQ=MINUTELY");
    pass(&d, 1);
    stop(&d);
    timers_free(d.timers);
    home_reopen(&d.home);
    open_timers(&d);
    run(&d);
    settle(&d);
    CHECK_STR(buf_str(&d.told), "up@1+0 ");
    pass(&d, 1);
    CHECK_STR(buf_str(&d.told), "up@1+0 up@2+0 ");
    desk_end(&d);
}

TEST(who_cannot_be_told_is_kept_as_failed_and_a_recurrence_goes_on)
{
    struct desk d;

    desk_start(&d);
    d.refuse = "nobody is there";
    run(&d);
    set(&d, "once", 1, "");
    set(&d, "again", 1, "FREQ=MINUTELY");
    pass(&d, 1);
    CHECK_STR(buf_str(&d.lost), "once: nobody is there again: nobody is there ");
    check_list(&d, "again active +nobody is there|once failed -nobody is there|");
    d.refuse = NULL;
    pass(&d, 1);
    CHECK_STR(buf_str(&d.told), "again@2+0 ");
    check_list(&d, "again active +|once failed -nobody is there|");
    desk_end(&d);
}

TEST(what_no_store_takes_is_lost_and_keeps_nothing_else_from_firing)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct desk d;

    desk_start(&d);
    int64_t id = set(&d, "stuck", 1, "");

    batch_add(b, "meta.add", "cc", arena_printf(a, "told %lld %lld", (long long)id, (long long)start_at() + MINUTE), "x");
    CHECK_OK(store_commit(d.home.store, b));
    set(&d, "free", 1, "");
    run(&d);
    pass(&d, 1);
    CHECK_STR(buf_str(&d.told), "free@1+0 ");
    CHECK(d.lost.len > 0);
    desk_end(&d);
}

TEST(while_the_store_is_broken_it_is_tried_again)
{
    struct desk d;

    desk_start(&d);
    d.broken = ERR_IO;
    run(&d);
    set(&d, "tea", 1, "");
    pass(&d, 1);
    CHECK_STR(buf_str(&d.told), "");
    d.broken = OK;
    pass(&d, 1);
    CHECK_STR(buf_str(&d.told), "tea@1+0 ");
    desk_end(&d);
}

TEST(one_that_is_taken_back_does_not_fire)
{
    CLEANUP(arena_freep) struct arena *a = arena_new();
    struct batch *b = batch_new(a);
    struct desk d;

    desk_start(&d);
    run(&d);
    int64_t id = set(&d, "tea", 1, "");

    settle(&d);
    batch_add(b, "timers.remove", "is", id, S("user:anna"));
    CHECK_OK(store_commit(d.home.store, b));
    pass(&d, 5);
    CHECK_STR(buf_str(&d.told), "");
    desk_end(&d);
}
