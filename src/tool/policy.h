// SPDX-License-Identifier: Apache-2.0
/* policy.h: what may be done, and by whom: a table whose first row that fits decides.  Pure: facts in, an answer out.
 *
 * The rows, in this order: the configuration's `policy`; those of approvals "always" (table policy_rows); the defaults of
 * policy_defaults.def.  A command is matched as the words a shell would make of it, never as a piece of text: one that
 * is more than simple words (shell_words.h) fits no row that names a command, and is asked for. */
#pragma once
#include "base/arena.h"
#include "base/json.h"
#include "domain/person.h"
#include "domain/tool.h"

enum decision { DECISION_ALLOW, DECISION_ASK, DECISION_DENY };
const char *decision_name(enum decision);       /* "allow", "ask", "deny" */

struct policy_facts {
    const struct person *person;
    str           platform, chat_id;
    const struct tool *tool;
    const json_t *arguments;
    const char   *workspace;
    str           taint;        /* whose words are in the context besides the owner's; "": nobody's */
};

struct policy_answer {
    enum decision decision;
    const char   *rule;         /* "policy row 3", "always 12", "default delete": what decided */
    const char   *why;          /* a sentence for a person and a model */
    bool          is_complex;   /* the command is more than words */
};

struct policy;

/* rows: the configuration's `policy` (array of maps) or NULL; roles: its `roles` or NULL.  ERR_INPUT names the row and
 * what is wrong with it. */
enum err policy_new(const json_t *rows, const json_t *roles, struct policy **out) MUST_USE;
void     policy_free(struct policy *);
/* A row of an approval; body is JSON as in the configuration. */
enum err policy_add_always(struct policy *, int64_t id, str body) MUST_USE;

void     policy_decide(const struct policy *, struct arena *, const struct policy_facts *, struct policy_answer *out);
/* Is there a call of this tool that it does not deny?  Arguments and taint are not looked at: what a model is shown. */
bool     policy_may_use(const struct policy *, const struct policy_facts *);
bool     policy_has_role(const struct policy *, str role);
/* The built-in role that theirs is like: "owner", "admin", "operator", "user", "guest"; "": they have none. */
const char *policy_like(const struct policy *, const struct person *);
/* Has this person an owner's or an admin's role, to change people and settings? */
bool     policy_is_admin(const struct policy *, const struct person *);
/* The narrowest row that would allow this call again for this person: what "always" writes.  NULL: there is none that
 * could be narrow: a complex command, one in a context that others have written in. */
json_t  *policy_row_for(const struct policy_facts *);
bool     policy_may_approve(const struct policy *, const struct person *, const struct policy_facts *);

/* The tools that are switched on and that this person may use, in the arena. */
const struct tool *const *policy_tools_for(const struct policy *, struct arena *, const struct policy_facts *, size_t *ret_n);

/* The policy in force: one a process, replaced on reload.  Before one is set, everything is denied. */
const struct policy *policy_now(void);
void     policy_use(struct policy *);           /* takes it over, frees the one before */
