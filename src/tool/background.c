// SPDX-License-Identifier: Apache-2.0
#include "tool/background.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "config/config.h"
#include "runtime/clock.h"
#include "tool/provenance.h"

enum { KEPT_MS = 3600000, KEPT_PER_SESSION = 8, KEPT_MAX = 64, STOP_MS = 5000, STOP_LOOK_MS = 5 };

static struct list all = LIST_INIT(all);    /* oldest first */
static struct fibers keepers = { .independent = true };

static bool is_theirs(const struct background *b, const struct tool_context *cx)
{
    return str_eq(b->owner.session_id, cx->session_id) && str_eq(b->owner.person.id, cx->person.id)
           && str_eq(b->owner.platform, cx->platform) && str_eq(b->owner.user, cx->user);
}

void background_unref(struct background *b)
{
    if (b == NULL || --b->refs)
        return;
    list_remove(&b->node);
    sandbox_command_free(b->command);
    arena_free(b->arena);
    free(b);
}

void background_unrefp(struct background **b)
{
    background_unref(*b);
    *b = NULL;
}

/* ---- how many ---- */

struct counts { size_t running, running_theirs, ended, ended_theirs; };

static struct counts count(const struct tool_context *cx)
{
    struct counts n = { 0 };

    list_each(node, &all) {
        const struct background *b = list_entry(node, struct background, node);

        n.running += !b->ended;
        n.ended += b->ended;
        n.running_theirs += !b->ended && str_eq(b->owner.session_id, cx->session_id);
        n.ended_theirs += b->ended && str_eq(b->owner.session_id, cx->session_id);
    }
    return n;
}

static enum err check_room(const struct tool_context *cx)
{
    const struct config *c = config_now();
    struct counts n = count(cx);

    if (n.running_theirs >= c->sandbox_background_per_session)
        return failed(ERR_LIMIT, "%zu processes of this conversation run already (sandbox.background_per_session): "
                      "end one with process kill", n.running_theirs);
    if (n.running >= c->sandbox_background_processes)
        return failed(ERR_LIMIT, "%zu processes run in the background already (sandbox.background_processes)", n.running);
    return OK;
}

/* The oldest that has ended makes room for one that has ended now. */
static void drop_oldest(const struct tool_context *cx)
{
    struct counts n = count(cx);

    list_each(node, &all) {
        struct background *b = list_entry(node, struct background, node);
        bool theirs = str_eq(b->owner.session_id, cx->session_id);

        if (!b->ended || (n.ended <= KEPT_MAX && (n.ended_theirs <= KEPT_PER_SESSION || !theirs)))
            continue;
        wake_all(&b->dropped);
        return;
    }
}

/* ---- a place ---- */

static struct tool_context copy_context(struct arena *a, const struct tool_context *cx)
{
    return (struct tool_context){
        .arena = a, .workspace = arena_c(a, str_from(cx->workspace)), .session_id = arena_str(a, cx->session_id),
        .platform = arena_str(a, cx->platform), .chat_id = arena_str(a, cx->chat_id), .user = arena_str(a, cx->user),
        .person = { arena_str(a, cx->person.id), arena_str(a, cx->person.role) }, .inbox_id = cx->inbox_id,
        .call_id = arena_str(a, cx->call_id), .taint = arena_str(a, cx->taint), .approval = cx->approval,
    };
}

static struct background *with_id(str id)
{
    list_each(node, &all) {
        struct background *b = list_entry(node, struct background, node);

        if (str_eq(str_from(b->id), id))
            return b;
    }
    return NULL;
}

static void choose_id(struct background *b)
{
    do
        snprintf(b->id, sizeof b->id, "p%05x", (unsigned)random_below(1 << 20));
    while (with_id(str_from(b->id)));
}

enum err background_new(const struct tool_context *cx, struct background **out, struct tool_context *ret_cx)
{
    struct background *b;

    TRY(check_room(cx));
    b = NEW(struct background);
    b->arena = arena_new();
    b->owner = copy_context(b->arena, cx);
    b->refs = 1;
    b->began_ms = clock_ms();
    list_init(&b->node);
    choose_id(b);
    *ret_cx = b->owner;
    *out = b;
    return OK;
}

/* ---- whose words ---- */

str background_taint(struct arena *a, const struct background *b)
{
    str reached = b->ended ? b->outcome.reached : sandbox_reached(b->command);

    if (b->failure && b->job.network)
        return S("what a command that was cut off may have fetched");
    return reached.len ? str_from(arena_printf(a, "what came from %.*s", STR(reached))) : b->owner.taint;
}

/* What it wrote is marked when it has ended: the call that started it accounted only for its own time.  It may have read any file
 * that was marked when it began, or since. */
static void mark_files(struct background *b, int64_t since, str read) AWAITS
{
    str whose = background_taint(b->arena, b);

    if (whose.len == 0)
        whose = read.len ? read : provenance_of(b->arena, ".");
    if (whose.len && provenance_mark_changed(b->owner.workspace, since, whose))
        log_event(LOG_WARN, "background.not_marked", F("process", b->id), F("error", failed_text()));
}

/* ---- its life ---- */

static enum err run(struct background *b) AWAITS
{
    TRY(sandbox_start(&b->job, &b->command));
    wake_all(&b->begun);
    return sandbox_follow(b->command, &b->outcome);
}

static enum err wait_dropped(struct background *b) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, KEPT_MS);
    return wait_on(&b->dropped, "being forgotten");
}

/* Its errors are told to those who look at it, not to the group. */
static enum err keep(void *arg) AWAITS
{
    struct background *b = arg;
    int64_t since = provenance_now();
    str read = provenance_of(b->arena, ".");

    bool doubt = b->owner.taint.len || read.len;

    if (doubt)
        provenance_begin();
    b->failure = run(b);
    b->why = b->failure ? arena_c(b->arena, str_from(failed_text())) : "";
    b->ended = true;
    b->closing = true;
    if (b->command)
        mark_files(b, since, read);
    if (doubt)
        provenance_end();
    b->closing = false;
    wake_all(&b->begun);
    drop_oldest(&b->owner);
    enum err e = b->command ? wait_dropped(b) : OK;

    list_remove(&b->node);      /* nobody finds it any more */
    background_unref(b);
    return e == ERR_CANCELLED ? e : OK;
}

enum err background_start(struct background *b)
{
    list_push_back(&all, &b->node);
    b->refs++;
    fibers_spawn(&keepers, "background", keep, b);
    while (!b->command && !b->ended)
        TRY(wait_on(&b->begun, "a process to begin"));
    return b->command ? OK : failed(b->failure, "%s", b->why);
}

/* ---- looking at it ---- */

struct background *background_find(const struct tool_context *cx, str id)
{
    struct background *b = with_id(id);

    if (b == NULL || !is_theirs(b, cx))
        return NULL;
    b->refs++;
    return b;
}

struct background **background_list(const struct tool_context *cx, size_t *ret_n)
{
    struct counts n = count(cx);
    struct background **list = arena_alloc(cx->arena, (n.running + n.ended + 1) * sizeof *list);

    *ret_n = 0;
    list_each(node, &all) {
        struct background *b = list_entry(node, struct background, node);

        if (is_theirs(b, cx))
            list[(*ret_n)++] = b;
    }
    return list;
}

/* OK: there was news. */
static enum err wait_news(struct background *b, uint64_t ms) AWAITS
{
    CLEANUP(deadline_clear) struct deadline d;

    deadline_set(&d, ms);
    return wait_on(sandbox_news(b->command), "a process");
}

enum err background_settle(struct background *b, uint64_t ms, uint64_t quiet_ms)
{
    uint64_t end = clock_ms() + ms;

    while (!b->ended) {
        uint64_t now = clock_ms(), left = end > now ? end - now : 0;
        bool pausing = quiet_ms && sandbox_output(b->command)->total > b->seen;

        if (left == 0)
            return fiber_check();
        enum err e = wait_news(b, pausing && quiet_ms < left ? quiet_ms : left);

        if (e == ERR_TIMEOUT && fiber_check() == OK && pausing)
            return OK;
        if (e && (e != ERR_TIMEOUT || fiber_check() != OK))
            return e;
    }
    return OK;
}

static bool any_runs(void)
{
    list_each(node, &all) {
        const struct background *b = list_entry(node, struct background, node);

        if (!b->ended || b->closing)
            return true;
    }
    return false;
}

/* Killed rather than cancelled, so that each comes to its end in order. */
void background_stop(void)
{
    uint64_t end = clock_ms() + STOP_MS;

    list_each(node, &all) {
        struct background *b = list_entry(node, struct background, node);

        if (!b->ended && b->command)
            (void)!sandbox_signal(b->command, SIGKILL);
    }
    while (any_runs() && clock_ms() < end && fiber_sleep(STOP_LOOK_MS) == OK)
        continue;
    fibers_done(&keepers);
    keepers = (struct fibers){ .independent = true };
}
