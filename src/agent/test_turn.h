// SPDX-License-Identifier: Apache-2.0
/* test_turn.h: for tests of turns: a conversation in a temporary store, and a model that says what the test wrote down. */
#pragma once
#include "base/test.h"

#include "agent/history.h"
#include "agent/turn.h"
#include "model/detect.h"
#include "net/client.h"
#include "net/server.h"
#include "runtime/clock.h"
#include "store/test_home.h"

/* One entry a call: the data of an event; "!400 BODY": a refusal; "...": it says nothing for ever.  Keeps what it was asked. */
struct script {
    struct server *server;
    const char   **replies;
    size_t         next, n;
    struct buf     asked;       /* the last request's body */
    struct buf     all;         /* of every request, a line each */
    struct model   model, *models[1];
    struct model_route route;
    struct fibers  fibers;
};

#define TEXT(words) "{\"choices\":[{\"delta\":{\"content\":\"" words "\"},\"finish_reason\":\"stop\"}]}"
#define CALL(id, name, arguments) \
    "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"" id "\",\"function\":{\"name\":\"" name \
    "\",\"arguments\":\"" arguments "\"}}]},\"finish_reason\":\"tool_calls\"}]}"

struct scene { struct test_home home; struct script script; struct bus *bus; struct histories *histories; int64_t inbox_id; };

void        scene_start(struct scene *, const char **replies, size_t n) AWAITS;
void        scene_end(struct scene *) AWAITS;
void        scene_add_message(struct scene *, const char *text) AWAITS;
/* For the message added last. */
struct turn scene_turn(struct scene *, const char *text);
void        scene_end_turn(struct scene *, const struct turn *) AWAITS;
/* A message with all that comes of it. */
void        scene_say(struct scene *, const char *text) AWAITS;
/* The same, answered without a model. */
void        scene_past(struct scene *, const char *text, const char *result, const char *answer) AWAITS;
str         scene_journal(struct scene *) AWAITS;     /* kinds of the rows of the message added last */
bool        scene_asked(const struct scene *, const char *words);     /* are they in the last request? */
