// SPDX-License-Identifier: Apache-2.0
/* agents.h: the assistants that the configuration has beside the one of its main settings (`agents`): each with a persona, models,
 * tools and a workspace of its own, and with conversations of its own, for the agent is a part of what names a session.
 *
 * Who answers a new message: the agent that the message names, where the caller may name one (REST, /v1); the one that was chosen
 * for its chat (/agent); the one that `chats` names for it; the first whose `routes` fit it, in the order of the configuration; else
 * the one of the main settings, whose name is "". */
#pragma once
#include "config/config.h"
#include "gateway/gateway.h"

struct message;

/* Fits a message when every field that is set does. */
struct agent_route { str platform, chat, user; };

struct agent {
    str                name;            /* "": the one of the main settings */
    str                persona;         /* what it is told about itself; "": nothing more */
    struct string_list models;          /* "provider/model", in the order of asking; none: as the main settings say */
    struct string_list tools;           /* it has these at most; none: all that a person may use */
    const char        *workspace;       /* absolute; tools see nothing else */
    const struct agent_route *routes;
    size_t             n_routes;
};

struct agent_list { const struct agent *agents; size_t n; };

/* The configuration's `agents` (NULL: none), in the arena.  ERR_INPUT: "agents[1].tools[0]: there is no tool 'red_file' (did you
 * mean read_file?)".  Workspaces that are not set are HOME/agents/NAME/workspace. */
enum err agents_read(struct arena *, const struct json_t *rows, const char *home, struct agent_list *out) MUST_USE;
/* Of the settings now in force; asks nobody and makes nothing. */
enum err agents_check(void) MUST_USE;

struct agents;
/* Reads the settings and what was chosen for chats, makes the workspaces (0700).  Called again after a reload; on failure what was
 * in force stays. */
enum err agents_load(struct gateway *) AWAITS MUST_USE;
void     agents_free(struct agents *);
struct agent_list agents_all(const struct gateway *);   /* valid until the gateway ends, also after a reload */

/* NULL: there is none of that name; then agents_nearest() is what may be meant, or NULL. */
const struct agent *agents_find(const struct gateway *, str name);
const char         *agents_nearest(const struct gateway *, str name);
/* Of the conversation.  ERR_NOT_FOUND: its agent is not in the configuration any more. */
enum err agents_of_session(struct gateway *, struct arena *, str session_id, const struct agent **out) AWAITS MUST_USE;

/* Who is to answer it, where the message does not say. */
str      agents_for(const struct gateway *, const struct message *);
/* From now on this one answers in the chat of the message. */
enum err agents_choose(struct gateway *, struct arena *, const struct message *, const struct agent *) AWAITS MUST_USE;
