// SPDX-License-Identifier: Apache-2.0
/* kept.h: what the tools reminder, lists and notes have in common: whose things they show, a call that runs again after a crash, and
 * which things people mean by what they say. */
#pragma once
#include "gateway/memory_scopes.h"
#include "gateway/tool_host.h"

struct kept {
    const struct tool_context *cx;
    struct gateway *gateway;
    struct memory_scopes scopes;
    str          scope;         /* scope_text(): the person's own, in a group the group's */
    bool         chinese;
    str          answered;      /* the call has run before, and this was its answer: nothing is to be done; "": it has not */
    struct buf   text;          /* the answer */
    bool         refused;       /* which is a no */
    str          taint;         /* of the answer */
    str          key;           /* private: of the call; "": it has none */
};

/* ERR_AUTH: nothing is kept for guests. */
enum err kept_begin(const struct tool_context *, const char *tool, const json_t *arguments, struct kept *out) AWAITS MUST_USE;
void     kept_done(struct kept *);
void     kept_result(const struct kept *, struct tool_result *out);

/* Adds the answer to the batch that makes it true: a call that runs again gives the same and does nothing. */
void     kept_add_answer(const struct kept *, struct batch *);
/* The same where the answer has the number of the row that was put into this table just before (timers, notes). */
void     kept_add_answer_with_id(const struct kept *, struct batch *, const char *table, str before, str after);

/* The answer is a no; OK, for the caller to return. */
enum err kept_refuse(struct kept *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Whose words a new thing holds besides those of whom it belongs to. */
str      kept_taint(const struct kept *);
/* Something of `person` is shown. */
void     kept_shown(struct kept *, str person, str taint);
/* Is it this person's to change: in a group what they themselves made. */
bool     kept_may_change(const struct kept *, str person);

/* ---- which ---- */

struct kept_thing { int64_t number; str text; str also; /* what else people may call it by */ };

/* Marks what `which` means: a number ("12", "#12"), "all", the text itself, or words of it.  How many. */
size_t   kept_match(const struct kept_thing *, size_t n, str which, bool *marks);
bool     kept_is_all(str which);
