// SPDX-License-Identifier: Apache-2.0
/* test_scene.h: for tests: a gateway without servers and channels of its own, over a store in a temporary home, with a
 * model that echoes, and a chat platform "fake" that takes everything. */
#pragma once
#include "gateway/dispatch.h"
#include "gateway/intake.h"
#include "net/server.h"
#include "store/test_home.h"

/* What the model answers to a last message with `when` in it, as the data of one event; the last has when NULL. */
struct scripted { const char *when, *data; };
#define MODEL_SAYS(words) "{\"choices\":[{\"delta\":{\"content\":\"" words "\"},\"finish_reason\":\"stop\"}]}"
#define MODEL_CALLS(id, name, arguments) \
    "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"" id "\",\"function\":{\"name\":\"" name \
    "\",\"arguments\":\"" arguments "\"}}]},\"finish_reason\":\"tool_calls\"}]}"

struct scene {
    struct test_home home;
    struct gateway   gateway;
    struct server   *model, *http;  /* http: NULL until scene_serve() */
    struct fibers    fibers;        /* the servers' */
    bool             model_held;    /* it says a first word and waits with the rest */
    bool             platform_held; /* a send waits */
    struct waiters   released;      /* woken by scene_release() */
    size_t           n_asked, n_said;
    struct buf       asked;         /* the last request's body */
    size_t           embeds;        /* numbers of a vector of the model; 0: as many as are asked for */
    const struct scripted *script;  /* NULL: it echoes */
    size_t           n_sent;
    struct buf       sent;          /* what the platform got, one line each */
};

void    scene_start(struct scene *, size_t max_sessions) AWAITS;
/* With up to two settings, "agents=[...]"; NULL: none. */
void    scene_start_with(struct scene *, size_t max_sessions, const char *setting, const char *other) AWAITS;
/* The gateway's parts anew over the same store, as after a restart. */
void    scene_restart(struct scene *, size_t max_sessions) AWAITS;
/* The same as after a death: what ran counts as begun and not ended. */
void    scene_die(struct scene *, size_t max_sessions) AWAITS;
void    scene_end(struct scene *) AWAITS;
void    scene_release(struct scene *);              /* model and platform */
void    scene_settle(struct scene *) AWAITS;        /* until no session is at work */

/* Opens the gateway's HTTP server; the URL. */
const char *scene_serve(struct scene *) AWAITS;

struct message scene_message(const char *session, const char *external_id, const char *text);     /* by rest */
int64_t scene_say(struct scene *, const char *session, const char *text) AWAITS;
/* A stored message that nobody was told of, as a crash leaves it. */
int64_t scene_leave(struct scene *, const char *session, const char *text) AWAITS;
/* "state text|state text" of every message, oldest first; replies: "text|text". */
str     scene_inbox(struct scene *) AWAITS;
str     scene_replies(struct scene *) AWAITS;
void    scene_pair(struct scene *, const char *user) AWAITS;      /* on "fake", before a restart; the first is the owner */

#define SESSION_A "00000000-0000-4000-8000-00000000000a"
#define SESSION_B "00000000-0000-4000-8000-00000000000b"
/* Gives way until it holds. */
#define UNTIL(cond) do { while (!(cond)) CHECK_OK(fiber_yield()); } while (0)
