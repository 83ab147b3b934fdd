// SPDX-License-Identifier: Apache-2.0
/* models.h: which models answer, for every role.  Looked for at start, after a reload, and again while there is none: in the
 * configuration, the environment, or as a local server (model/set.h). */
#pragma once
#include "gateway/gateway.h"

struct models;

struct models *models_new(struct gateway *);    /* the search begins in a fiber of gateway->services */
void           models_free(struct models *);
void           models_forget(struct models *);  /* the configuration changed: look anew */

/* Would the settings now in force give a set?  Asks nobody.  ERR_INPUT, ERR_AUTH: what is wrong, where, and what may be meant. */
enum err       models_check(void) MUST_USE;

/* What is in use now, for those who look at all of it; NULL: there is no model.  Look again after an await. */
struct model_set;
struct model_set *models_set(const struct models *);
/* Of the settings now in force, with the local model that runs; texts in the arena. */
struct model_set_settings;
void           models_settings(const struct models *, struct arena *, struct model_set_settings *out);

/* What a conversation is to use: for MODEL_MAIN what it chose comes first.  route NULL: there is none, and `why_not` says why.
 * While the first search runs this waits for it. */
struct model_choice {
    const struct model_route *route;
    str           why_not;
    const char   *variant;          /* canary.h: for metrics; NULL: nothing is tried */
    const char   *instructions;     /* file of the workspace in the place of AGENTS.md; NULL: that one */
};
enum err models_choice(struct gateway *, struct arena *, str session_id, enum model_role, struct model_choice *out) AWAITS MUST_USE;
/* The very model that a program asks for: "provider/model", or a name of the server in use.  ERR_NOT_FOUND: there is none. */
enum err models_by_name(struct gateway *, struct arena *, str name, struct model_choice *out) AWAITS MUST_USE;
/* What an agent asks, where no conversation has chosen otherwise. */
struct agent;
enum err models_of_agent(struct gateway *, struct arena *, const struct agent *, struct model_choice *out) AWAITS MUST_USE;
/* From now on this conversation uses another model: "provider/model", or a name of the server in use.  ERR_NOT_FOUND: there is none. */
enum err models_choose(struct gateway *, struct arena *, str session_id, str name) AWAITS MUST_USE;
/* For a person who writes `said`: the model in use and what else there is. */
enum err models_describe(struct gateway *, struct arena *, str session_id, str said, struct buf *) AWAITS MUST_USE;
json_t  *models_status(const struct models *);  /* {"name", "label", "endpoint", "source", "roles": {role: [labels]}, "local", "canary"} or
                                                 * {"error"} */
