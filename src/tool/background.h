// SPDX-License-Identifier: Apache-2.0
/* background.h: commands that go on after the call that started them.
 *
 * Each belongs to the session and the person that started it; for everybody else it does not exist.  Neither the end of
 * the call or the turn, nor /stop, nor /new ends it: it ends by itself, by a signal, when its time is over
 * (sandbox.background_wall_time), or with the gateway.  What has ended can be read for an hour, the latest few of a session. */
#pragma once
#include "domain/tool.h"
#include "tool/sandbox_command.h"

struct background {
    char        id[12];             /* "p3f9a1": not to be guessed, and none of an earlier run of the gateway */
    const char *shown;              /* the command, as it was asked for */
    struct sandbox_job job;         /* what it points to lives in its own arena */
    struct sandbox_command *command;    /* NULL: it never began */
    uint64_t    began_ms;           /* clock_ms() */
    uint64_t    seen;               /* bytes of its output that were read */
    bool        writing;            /* somebody writes to it */
    bool        ended, closing;     /* closing: what it wrote is being accounted for */
    enum err    failure;            /* ended: OK and the outcome, or why there is none */
    const char *why;
    struct sandbox_outcome outcome; /* its output is read from the command */

    struct tool_context owner;      /* private: as far as it is copied */
    struct arena *arena;            /* private */
    struct waiters begun, dropped;  /* private */
    unsigned     refs;              /* private */
    struct list  node;              /* private */
};

/* A place for a command of this caller's, not running: its job is to be filled from what lives in *ret_cx's arena.
 * ERR_LIMIT: there are too many (sandbox.background_processes, sandbox.background_per_session).  The caller gives it back
 * with background_unref(), after background_start() too. */
enum err background_new(const struct tool_context *, struct background **out, struct tool_context *ret_cx) MUST_USE;
/* Returns as soon as it runs, or with the error that sandbox_start() has. */
enum err background_start(struct background *) AWAITS MUST_USE;
/* The caller's own; the caller gives it back.  NULL: there is none of this id. */
struct background *background_find(const struct tool_context *, str id);
/* The caller's own, oldest first, in the context's arena; good until the next await. */
struct background **background_list(const struct tool_context *, size_t *ret_n);
void     background_unref(struct background *);     /* accepts NULL */
void     background_unrefp(struct background **);

/* Waits until it has ended, or `ms` are over, or its output, once it has begun behind `seen`, has paused for `quiet_ms` (0:
 * output ends no wait). */
enum err background_settle(struct background *, uint64_t ms, uint64_t quiet_ms) AWAITS MUST_USE;

/* Whose words it may tell: those in the context that started it, and what came from the hosts it reached. */
str      background_taint(struct arena *, const struct background *);
/* What a call tells of it: its output from byte `from` on, and its state.  Moves `seen`.  In process.c. */
struct tool_result background_page(const struct tool_context *, struct background *, uint64_t from);

/* Ends all of them, and waits until they have gone.  For the gateway's end, when no call runs any more and the store is open. */
void     background_stop(void) AWAITS;
