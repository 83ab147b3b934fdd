// SPDX-License-Identifier: Apache-2.0
#include "runtime/fiber.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/internal.h"

enum { SLICES_A_ROUND = 128, ROUND_US = 5000, STEPS_A_TURN = 64, TRIM_AFTER_US = 1000000 };

static struct list all = LIST_INIT(all), ready = LIST_INIT(ready);
static size_t      n_alive;
static uint64_t    last_id, slice_warn_us, trim_at = UINT64_MAX;

/* Per thread, so that pool threads have none; under the thread engine each fiber's thread sets its own. */
static _Thread_local struct fiber *current;

static struct err_context *(*thread_err_context)(void);
static struct log_context *(*thread_log_context)(void);

static struct err_context *current_err_context(void)
{
    if (current == NULL)
        return thread_err_context();
    if (current->text == NULL)
        current->text = NEW(struct err_context);
    return current->text;
}

static struct log_context *current_log_context(void)
{
    return current ? &current->log : thread_log_context();
}

void fibers_start(uint64_t slice_warn_ms)
{
    slice_warn_us = slice_warn_ms * 1000;
    if (thread_err_context)
        return;
    thread_err_context = err_context_hook;
    thread_log_context = log_context_hook;
    err_context_hook = current_err_context;
    log_context_hook = current_log_context;
}

struct fiber *fiber_self(void)
{
    return current;
}

const char *fiber_name(const struct fiber *f)
{
    return f->name;
}

struct log_context *fiber_log_context(void)
{
    return log_context_hook();
}

const char *fiber_failed_text(const struct fiber *f)
{
    return f->text ? f->text->text : "";
}

uint64_t time_after(uint64_t ms)
{
    uint64_t now = clock_ms();

    return ms < UINT64_MAX - now ? now + ms : UINT64_MAX;
}

/* --- scheduling --- */

static void wake(struct fiber *f, enum err why)
{
    if (f->state != FIBER_PARKED)
        return;
    f->state = FIBER_READY;
    f->woken = why;
    list_remove(&f->link);
    list_push_back(&ready, &f->link);
}

void fiber_ready(struct fiber *f)
{
    wake(f, OK);
}

static uint64_t next_alarm(const struct fiber *f)
{
    uint64_t deadline = f->deadline ? f->deadline->at : UINT64_MAX;

    return deadline < f->wake_at ? deadline : f->wake_at;
}

/* The timer is left armed when its reason goes, since the next park mostly wants a later time; an alarm that
 * comes too early sets itself anew. */
static void arm_alarm(struct fiber *f)
{
    uint64_t at = next_alarm(f);

    if (at != UINT64_MAX && (f->timer.place == 0 || f->timer.at > at))
        timer_set_at(&f->timer, at);
}

static void on_alarm(void *arg)
{
    struct fiber *f = arg;

    if (f->state != FIBER_PARKED || f->deaf)
        return;
    if (next_alarm(f) > clock_ms())
        arm_alarm(f);
    else
        wake(f, f->deadline && f->deadline->at < f->wake_at ? ERR_TIMEOUT : OK);
}

static void suspend(struct fiber *f, enum fiber_state state, const char *why)
{
    f->state = state;
    f->why = why;
    f->steps = 0;
    f->trimmed = false;
    context_suspend(f->context);
    f->why = NULL;
    f->wake_at = UINT64_MAX;
}

static enum err interrupted(enum err e, const char *why)
{
    return e == ERR_CANCELLED ? failed(e, "cancelled while waiting for %s", why)
                              : failed(e, "out of time while waiting for %s", why);
}

static enum err check(const struct fiber *f, const char *why)
{
    if (f->cancelled)
        return interrupted(ERR_CANCELLED, why);
    if (f->deadline && f->deadline->at <= clock_ms())
        return interrupted(ERR_TIMEOUT, why);
    return OK;
}

enum err fiber_park(const char *why) AWAITS
{
    struct fiber *f = current;

    assert(f);      /* only a fiber can wait */
    if (FAULT(fiber_park))
        f->cancelled = true;
    TRY(check(f, why));
    arm_alarm(f);
    suspend(f, FIBER_PARKED, why);
    return f->woken ? interrupted(f->woken, why) : OK;
}

void fiber_park_deaf(const char *why) AWAITS
{
    assert(current);
    current->deaf = true;
    suspend(current, FIBER_PARKED, why);
    current->deaf = false;
}

enum err fiber_check(void)
{
    return current ? check(current, "its turn") : OK;
}

enum err fiber_step(void) AWAITS
{
    assert(current);
    return ++current->steps < STEPS_A_TURN ? fiber_check() : fiber_yield();
}

enum err fiber_yield(void) AWAITS
{
    struct fiber *f = current;

    assert(f);
    TRY(fiber_check());
    list_push_back(&ready, &f->link);
    suspend(f, FIBER_READY, "its turn");
    return fiber_check();
}

enum err fiber_sleep(uint64_t ms) AWAITS
{
    assert(current);
    current->wake_at = time_after(ms);
    enum err e = fiber_park("the time to pass");

    current->wake_at = UINT64_MAX;
    return e;
}

/* --- life --- */

struct fiber *fiber_spawn(const char *name, enum err (*fn)(void *), void *arg)
{
    struct fiber *f = NEW(struct fiber);

    f->name = name;
    f->fn = fn;
    f->arg = arg;
    f->id = ++last_id;
    f->parent = current ? current->id : 0;
    f->log = *log_context_hook();
    f->wake_at = UINT64_MAX;
    f->timer = (struct timer){ .fn = on_alarm, .arg = f };
    f->since_us = monotonic_us();
    list_init(&f->sibling);
    list_push_back(&all, &f->all);
    list_push_back(&ready, &f->link);
    n_alive++;
    return f;
}

static void fiber_main(void *arg)
{
    struct fiber *f = arg;

    current = f;    /* under the thread engine this thread's own variable */
    f->result = f->fn(f->arg);
    f->state = FIBER_ENDED;
}

enum err fiber_reap(struct fiber *f)
{
    enum err e = f->result;

    assert(f->state == FIBER_ENDED);
    list_remove(&f->all);
    mem_freep(&f->text);
    mem_freep(&f);
    return e;
}

static void ended(struct fiber *f)
{
    if (f->context)
        context_free(f->context);
    f->context = NULL;
    f->state = FIBER_ENDED;
    timer_stop(&f->timer);
    n_alive--;
    if (f->group) {
        group_child_ended(f);
        fiber_reap(f);
    } else if (f->joiner) {
        fiber_ready(f->joiner);
    }
}

static void run_slice(struct fiber *f, uint64_t start_us)
{
    if (f->state == FIBER_NEW && f->cancelled) {
        current = f;
        f->result = failed(ERR_CANCELLED, "cancelled before it started");
        current = NULL;
        ended(f);
        return;
    }
    if (f->context == NULL)
        f->context = context_new(fiber_main, f);
    f->state = FIBER_RUNNING;
    current = f;
    context_resume(f->context);
    current = NULL;
    f->since_us = monotonic_us();
    if (f->since_us - start_us > slice_warn_us)
        log_event(LOG_WARN, "fiber.slow", F("fiber", f->name), F("ms", (f->since_us - start_us) / 1000),
                  F("before", f->state == FIBER_ENDED ? "its end" : f->why));
    if (f->state == FIBER_ENDED)
        ended(f);
}

/* Not all that are ready, and not for long: descriptors and timers wait meanwhile. */
void fibers_run_ready(void)
{
    uint64_t now = monotonic_us(), end = now + ROUND_US;

    if (trim_at == UINT64_MAX && !list_empty(&ready))
        trim_at = now + TRIM_AFTER_US;
    for (int i = 0; i < SLICES_A_ROUND && now < end; i++) {
        struct list *node = list_pop_front(&ready);

        if (node == NULL)
            return;
        run_slice(list_entry(node, struct fiber, link), now);
        now = monotonic_us();
    }
}

bool fibers_any_ready(void)
{
    return !list_empty(&ready);
}

void fiber_cancel(struct fiber *f)
{
    f->cancelled = true;
    if (!f->deaf)
        wake(f, ERR_CANCELLED);
}

enum err fiber_inherit(enum err result, const char *text, enum err interrupt)
{
    if (result == OK)
        return OK;
    if (result == ERR_CANCELLED && interrupt == ERR_TIMEOUT)
        return failed(ERR_TIMEOUT, "out of time");
    return failed(result, "%s", text);
}

enum err fiber_join(struct fiber *f) AWAITS
{
    enum err interrupt = OK;

    assert(current && f != current && f->group == NULL && f->joiner == NULL);
    f->joiner = current;
    if (f->state != FIBER_ENDED)
        interrupt = fiber_park(f->name);
    if (interrupt)
        fiber_cancel(f);
    while (f->state != FIBER_ENDED)
        fiber_park_deaf(f->name);
    enum err e = fiber_inherit(f->result, fiber_failed_text(f), interrupt);

    fiber_reap(f);
    return e;
}

/* --- deadlines --- */

void deadline_set(struct deadline *d, uint64_t ms_from_now)
{
    struct fiber *f = current;

    assert(f);
    d->at = time_after(ms_from_now);
    if (f->deadline && f->deadline->at < d->at)
        d->at = f->deadline->at;
    d->outer = f->deadline;
    d->fiber = f;
    f->deadline = d;
}

void deadline_clear(struct deadline *d)
{
    if (d->fiber == NULL)
        return;
    assert(d->fiber == current && current->deadline == d);
    current->deadline = d->outer;
    d->fiber = NULL;
}

uint64_t deadline_left(void)
{
    if (current == NULL || current->deadline == NULL || current->deadline->at == UINT64_MAX)
        return UINT64_MAX;
    uint64_t now = clock_ms();

    return current->deadline->at > now ? current->deadline->at - now : 0;
}

/* --- waiters --- */

enum err list_wait(struct list *l, const char *why) AWAITS
{
    assert(current);
    if (l->next == NULL)
        list_init(l);
    list_push_back(l, &current->link);
    enum err e = fiber_park(why);

    if (e)
        list_remove(&current->link);
    return e;
}

void list_wake_all(struct list *l)
{
    if (l->next)
        list_each(node, l)
            fiber_ready(list_entry(node, struct fiber, link));
}

enum err wait_on(struct waiters *w, const char *why) AWAITS
{
    return list_wait(&w->list, why);
}

void wait_out(struct waiters *w, const char *why) AWAITS
{
    assert(current);
    if (w->list.next == NULL)
        list_init(&w->list);
    list_push_back(&w->list, &current->link);
    fiber_park_deaf(why);
}

void wake_one(struct waiters *w)
{
    if (w->list.next && !list_empty(&w->list))
        fiber_ready(list_entry(w->list.next, struct fiber, link));
}

void wake_all(struct waiters *w)
{
    list_wake_all(&w->list);
}

/* --- for the loop and for debugging --- */

uint64_t fibers_trim(void)
{
    uint64_t now = monotonic_us();

    if (now < trim_at)
        return trim_at;
    trim_at = UINT64_MAX;
    list_each(node, &all) {
        struct fiber *f = list_entry(node, struct fiber, all);

        if (f->state != FIBER_PARKED || f->trimmed)
            continue;
        f->trimmed = now - f->since_us >= TRIM_AFTER_US;
        if (f->trimmed)
            context_trim(f->context);
        else
            trim_at = now + TRIM_AFTER_US;
    }
    return trim_at;
}

void fibers_drop(void)
{
    list_init(&all);
    list_init(&ready);
    n_alive = 0;
    current = NULL;
}

size_t fibers_alive(void)
{
    return n_alive;
}

static const char *const states[] = { "new", "ready", "running", "parked", "ended" };

void fibers_dump(int fd)
{
    list_each(node, &all) {
        const struct fiber *f = list_entry(node, struct fiber, all);

        dprintf(fd, "  fiber %llu of %llu, %s: %s %s\n", (unsigned long long)f->id, (unsigned long long)f->parent, f->name,
                states[f->state], f->why ? f->why : "");
    }
}

size_t fibers_list(struct fiber_info *out, size_t max)
{
    uint64_t now = monotonic_us();
    size_t n = 0;

    list_each(node, &all) {
        const struct fiber *f = list_entry(node, struct fiber, all);

        if (n++ >= max)
            continue;
        out[n - 1] = (struct fiber_info){
            .id = f->id, .parent = f->parent, .name = f->name, .state = states[f->state], .why = f->why ? f->why : "",
            .since_ms = (now - f->since_us) / 1000,
            .stack_used = f->context && f->state != FIBER_RUNNING ? context_stack_used(f->context) : 0,
        };
    }
    return n;
}
